from __future__ import annotations

from typing import Any

import pytest

from sagemaker_mirror.local.conditions import ConditionError, all_hold, holds


def compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


def same(value: Any) -> Any:
    return value


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (compare("Equals", "a", "a"), True),
        (compare("Equals", 1, "1"), False),
        (compare("GreaterThan", 2, 1), True),
        (compare("GreaterThanOrEqualTo", 1, 1.0), True),
        (compare("LessThan", 1, 1), False),
        (compare("LessThanOrEqualTo", 0.5, 1), True),
        (compare("LessThan", "2020-01-01", "2021-01-01"), True),
        ({"Type": "In", "QueryValue": "a", "Values": ["b", "a"]}, True),
        ({"Type": "Not", "Expression": compare("Equals", 1, 1)}, False),
        ({"Type": "Or", "Conditions": [compare("Equals", 1, 2), compare("Equals", 2, 2)]}, True),
    ],
)
def test_conditions(condition: dict[str, Any], expected: bool) -> None:
    assert holds(condition, same) is expected


def test_all_conditions_must_hold() -> None:
    assert all_hold([compare("Equals", 1, 1), compare("Equals", 2, 2)], same)
    assert not all_hold([compare("Equals", 1, 1), compare("Equals", 1, 2)], same)
    assert all_hold([], same)


def test_values_are_resolved() -> None:
    assert holds(compare("Equals", {"Get": "Parameters.X"}, 5), lambda value: 5 if isinstance(value, dict) else value)


@pytest.mark.parametrize(
    "condition",
    [
        {"Type": "Odd"},
        {},
        compare("LessThan", 1, "2"),
        compare("GreaterThan", True, 0),
        {"Type": "Equals", "LeftValue": 1},
        {"Type": "Not"},
    ],
)
def test_what_cannot_be_decided_is_an_error(condition: dict[str, Any]) -> None:
    with pytest.raises(ConditionError):
        holds(condition, same)
