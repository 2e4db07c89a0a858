from __future__ import annotations

from types import SimpleNamespace

import pytest

from sagemaker_mirror.config.pipeline import RUN_SETTINGS
from sagemaker_mirror.operators.run_settings import RunSettings, step_names


def settings(params=None, conf=None):
    return RunSettings.of({"params": params or {}, "dag_run": SimpleNamespace(conf=conf)})


def test_the_fields_are_those_of_the_form():
    assert tuple(RunSettings.__dataclass_fields__) == RUN_SETTINGS


def test_an_empty_form_sets_nothing():
    empty = dict.fromkeys(RUN_SETTINGS) | {"selected_steps": [], "force_recompile": False, "display_name": ""}

    assert settings(empty) == settings() == RunSettings()


def test_a_form_that_is_filled_in():
    assert settings({"display_name": "a", "max_parallel_steps": 3, "selected_steps": ["b", "c"]}) == RunSettings(
        display_name="a", max_parallel_steps=3, selected_steps=("b", "c")
    )


def test_what_a_run_was_triggered_with_comes_first():
    assert settings({"display_name": "a", "disable_cache": True}, {"display_name": "b", "disable_cache": False}) == (
        RunSettings(display_name="b")
    )


def test_what_does_nothing_beside_an_adoption_is_named():
    adopted = {"execution_arn": "arn", "display_name": "a", "force_recompile": True}

    assert settings(adopted).beside_adoption() == ("display_name", "force_recompile")
    assert settings({"execution_arn": "arn"}).beside_adoption() == ()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ()),
        ("", ()),
        ("None", ()),
        ("[]", ()),
        ([], ()),
        (["sow", "grow", "sow"], ("sow", "grow")),
        ("sow, grow", ("sow", "grow")),
        ("['sow', 'grow']", ("sow", "grow")),
    ],
)
def test_names_may_be_a_list_or_a_text(given, expected):
    assert step_names(given) == expected
