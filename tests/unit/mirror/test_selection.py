from __future__ import annotations

import pytest

from sagemaker_mirror.mirror.plan import Plan
from sagemaker_mirror.mirror.selection import selection_problems

from .snapshots import look

PLAN = Plan.of(
    {
        "Steps": [
            {"Name": "sow", "Type": "Processing"},
            {"Name": "grow", "Type": "Training", "DependsOn": ["sow"]},
            {"Name": "mow", "Type": "Processing", "DependsOn": ["grow"]},
            {"Name": "weed", "Type": "Processing", "DependsOn": ["sow"]},
            {
                "Name": "dry",
                "Type": "Condition",
                "DependsOn": ["mow"],
                "Arguments": {"IfSteps": [{"Name": "water", "Type": "Lambda"}]},
            },
        ]
    }
)
DONE = look("Succeeded")


def problems(*selected, pipeline="harvest", source=DONE):
    return selection_problems(PLAN, selected, pipeline, source)


@pytest.mark.parametrize(
    "selected", [["sow"], ["grow", "mow"], ["sow", "grow", "weed"], ["mow", "dry", "water"], ["dry", "water"]]
)
def test_steps_that_hang_together_can_run_by_themselves(selected):
    assert problems(*selected) == ()


def test_what_lies_between_must_be_selected():
    assert "step grow lies between" in problems("sow", "mow")[0]
    assert "step dry lies between" in problems("mow", "water")[0]


def test_steps_must_be_connected():
    assert problems("grow", "weed") == ("selected steps must be connected, and weed is not connected to the others",)


def test_unknown_steps_are_named():
    assert problems("sow", "reap")[0].startswith("the pipeline has no step reap (it has sow, grow")


def test_there_are_one_to_fifty():
    many = Plan.of({"Steps": [{"Name": f"s{number}", "Type": "Fail"} for number in range(51)]})

    assert "0 steps" in problems()[0]
    assert "51 steps" in selection_problems(many, list(many.steps), "harvest", DONE)[0]


def test_the_source_is_of_the_same_pipeline_and_has_ended():
    assert problems("sow", pipeline="another") == ("the source execution is one of pipeline harvest, not of another",)
    assert problems("sow", pipeline="HARVEST") == ()  # ARNs are in lower case
    assert "is Executing; it must be Succeeded or Failed" in problems("sow", source=look("Executing"))[0]


def test_without_a_source_there_is_nothing_to_reuse():
    assert problems("sow", "grow", source=None) == ()
    assert "the results of grow are needed" in problems("mow", source=None)[0]
