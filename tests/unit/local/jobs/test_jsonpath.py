from __future__ import annotations

from typing import Any

import pytest

from sagemaker_mirror.local.jobs.jsonpath import Path, PathError

ROW = ["7", "1.5", "2.5", "3.5", "yes"]
OBJECT = {"id": 7, "features": [1, 2, 3], "more": {"a": 1, "b-c": {"d": 2}}, "it's": 0}


@pytest.mark.parametrize(
    ("path", "value", "selected"),
    [
        ("$", ROW, ROW),
        ("$[1:]", ROW, ROW[1:]),
        ("$[:2]", ROW, ["7", "1.5"]),
        ("$[1:3]", ROW, ["1.5", "2.5"]),
        ("$[1:-1]", ROW, ["1.5", "2.5", "3.5"]),
        ("$[0]", ROW, "7"),
        ("$[-1]", ROW, "yes"),
        ("$[0,-1]", ROW, ["7", "yes"]),
        ("$[0, 2]", ROW, ["7", "2.5"]),
        ("$[*]", ROW, ROW),
        ("$.id", OBJECT, 7),
        ("$['id']", OBJECT, 7),
        ("$.features", OBJECT, [1, 2, 3]),
        ("$.features[1:]", OBJECT, [2, 3]),
        ("$.more.b-c.d", OBJECT, 2),
        ("$.more['b-c'].d", OBJECT, 2),
        ("$.more.['a','b-c']", OBJECT, {"a": 1, "b-c": {"d": 2}}),
        (r"$['it\'s']", OBJECT, 0),
        ("$['id','features']", OBJECT, {"id": 7, "features": [1, 2, 3]}),
        ("$.more.*", OBJECT, [1, {"d": 2}]),
        ("$[:1].x", [{"x": 1}, {"x": 2}], [1]),
        ("$[*].x", [{"x": 1}, {"x": 2}], [1, 2]),
        ("$[0,1].x", [{"x": 1}, {"x": 2}], [1, 2]),
    ],
)
def test_what_a_path_selects(path: str, value: Any, selected: Any) -> None:
    assert Path.parse(path).of(value) == selected


@pytest.mark.parametrize(
    "path", ["", "id", "$id", "$..id", "$[?(@.a > 1)]", "$[0:2,4:]", "$['a", "$[a]", "$.", "$['a','b'].c", "$[0:4:2]"]
)
def test_what_sagemaker_does_not_know_is_refused(path: str) -> None:
    with pytest.raises(PathError, match="Invalid JsonPath"):
        Path.parse(path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$[5]", ROW),
        ("$[-6]", ROW),
        ("$.id", ROW),
        ("$[0]", OBJECT),
        ("$[1:]", OBJECT),
        ("$.no", OBJECT),
        ("$.id.*", OBJECT),
    ],
)
def test_a_path_that_leads_nowhere_is_an_error(path: str, value: Any) -> None:
    with pytest.raises(PathError, match="JsonPath"):
        Path.parse(path).of(value)


def test_only_the_root_selects_everything() -> None:
    assert Path.parse("$").is_root
    assert not Path.parse("$[0:]").is_root
