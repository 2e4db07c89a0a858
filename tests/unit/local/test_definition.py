from __future__ import annotations

import json
from typing import Any

import pytest

from sagemaker_mirror.local.definition import Branch, Dependency, parse_definition
from sagemaker_mirror.local.errors import ServiceError


def text(*steps: dict[str, Any], **extra: Any) -> str:
    return json.dumps({"Version": "2020-12-01", "Steps": list(steps), **extra})


def step(name: str, **extra: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Processing", "Arguments": {}, **extra}


def test_edges_come_from_depends_on_and_from_references() -> None:
    definition = parse_definition(
        text(
            step("Report", DependsOn=["Load"], Arguments={"A": [{"Get": "Steps.Clean.Outputs['x'].Uri"}]}),
            step("Clean"),
            step("Load"),
        )
    )
    assert definition.steps["Report"].dependencies == (Dependency("Load"), Dependency("Clean"))
    assert list(definition.steps)[-1] == "Report"
    assert definition.upstream("Report") == {"Load", "Clean"}


def test_references_within_joins_and_property_files_are_edges_too() -> None:
    joined = {"Std:Join": {"On": "/", "Values": [{"Get": "Steps.A.Uri"}, "x"]}}
    read = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.B.PropertyFiles.Report"}, "Path": "mse"}}
    definition = parse_definition(text(step("C", Arguments={"x": joined, "y": read}), step("A"), step("B")))
    assert definition.ancestors("C") == {"A", "B"}


def test_run_conditions_say_which_ends_satisfy_them() -> None:
    definition = parse_definition(
        text(
            step("Load"),
            step("Alarm", DependsOn=[{"Step": "Load", "Trigger": "Failed"}]),
            step("Tidy", DependsOn=[{"Step": "Load", "Trigger": "Any"}]),
            step("Stow", DependsOn=[{"Step": "Load", "Trigger": "Stopped"}]),
            step("Next", DependsOn=[{"Step": "Load"}]),
        )
    )
    ends = {name: item.dependencies[0].ends for name, item in definition.steps.items() if item.dependencies}
    assert ends == {
        "Alarm": {"Failed"},
        "Tidy": {"Succeeded", "Failed", "Stopped"},
        "Stow": {"Stopped"},
        "Next": {"Succeeded"},
    }
    assert definition.handles("Load", "Failed")
    assert not definition.handles("Next", "Failed")


def test_steps_within_a_condition_belong_to_its_branches() -> None:
    definition = parse_definition(
        text(
            {
                "Name": "Check",
                "Type": "Condition",
                "Arguments": {
                    "Conditions": [{"Type": "Equals", "LeftValue": {"Get": "Steps.A.X"}, "RightValue": 1}],
                    "IfSteps": [step("Good", Arguments={"X": {"Get": "Steps.B.X"}})],
                    "ElseSteps": [step("Bad")],
                },
            },
            step("A"),
            step("B"),
        )
    )
    assert definition.steps["Good"].branch == Branch("Check", True)
    assert definition.steps["Bad"].branch == Branch("Check", False)
    assert definition.upstream("Check") == {"A"}
    assert definition.upstream("Good") == {"Check", "B"}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("no json", "it is no JSON"),
        (json.dumps({"Version": "2019-01-01", "Steps": [step("A")]}), "its Version is not 2020-12-01"),
        (text(), "it has no Steps"),
        (text(step("A"), step("A")), "'A' occurs twice"),
        (text(step("A b")), "'A b' is no name of a step"),
        (text({"Name": "A"}), "has a Name and a Type"),
        (text(step("A", DependsOn=["B"])), "'A' depends on 'B', which does not exist"),
        (text(step("A", DependsOn="B")), "the DependsOn of step 'A' is no list"),
        (text(step("A", DependsOn=[{"Step": "B", "Trigger": "Never"}])), "Trigger 'Never' is none of Succeeded"),
        (text(step("A", DependsOn=["B"]), step("B", DependsOn=["A"])), "its steps form a cycle: "),
        (text(step("A", CacheConfig={"Enabled": True, "ExpireAfter": "soon"})), "no ISO 8601 duration"),
        (text(step("A", RetryPolicies=[{"ExceptionType": ["Odd"]}])), "'Odd' is not known"),
        (text(step("A", PropertyFiles=[{"PropertyFileName": "R"}])), "step 'A' lacks OutputName"),
        (text(step("A"), Parameters=[{"Name": "N", "Type": "Odd"}]), "parameter 'N' is of type 'Odd'"),
        (text(step("A"), Parameters=[{"Name": "N", "Type": "Integer", "DefaultValue": True}]), "is no Integer"),
    ],
)
def test_what_is_wrong_is_said(document: str, reason: str) -> None:
    with pytest.raises(ServiceError) as refused:
        parse_definition(document)
    assert refused.value.code == "ValidationException"
    assert refused.value.message.startswith("Unable to parse pipeline definition: ")
    assert reason in refused.value.message
