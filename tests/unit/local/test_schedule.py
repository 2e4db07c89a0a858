from __future__ import annotations

import json
import string
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sagemaker_mirror.local.definition import Definition, parse_definition
from sagemaker_mirror.local.schedule import StepState, ready_steps, running_steps, unhandled_failures


def graph(**above: list[Any]) -> Definition:
    steps = [{"Name": name, "Type": "Processing", "DependsOn": names} for name, names in above.items()]
    return parse_definition(json.dumps({"Version": "2020-12-01", "Steps": steps}))


def states(**known: str) -> dict[str, StepState]:
    return {name: StepState(status) for name, status in known.items()}


DIAMOND = graph(A=[], B=["A"], C=["A"], D=["B", "C"])


def test_steps_wait_for_all_above() -> None:
    assert ready_steps(DIAMOND, {}) == ("A",)
    assert ready_steps(DIAMOND, states(A="Executing")) == ()
    assert ready_steps(DIAMOND, states(A="Succeeded")) == ("B", "C")
    assert ready_steps(DIAMOND, states(A="Succeeded", B="Succeeded", C="Executing")) == ()
    assert ready_steps(DIAMOND, states(A="Succeeded", B="Succeeded", C="Succeeded")) == ("D",)


def test_failure_and_stop_keep_back_what_lies_below() -> None:
    assert ready_steps(DIAMOND, states(A="Succeeded", B="Failed", C="Succeeded")) == ()
    assert ready_steps(DIAMOND, states(A="Stopped")) == ()


def test_run_conditions() -> None:
    handled = graph(
        A=[],
        Alarm=[{"Step": "A", "Trigger": "Failed"}],
        Stow=[{"Step": "A", "Trigger": "Stopped"}],
        Tidy=[{"Step": "A", "Trigger": "Any"}],
    )
    assert ready_steps(handled, states(A="Succeeded")) == ("Tidy",)
    assert ready_steps(handled, states(A="Failed")) == ("Alarm", "Tidy")
    assert ready_steps(handled, states(A="Stopped")) == ("Stow", "Tidy")
    assert ready_steps(handled, states(A="Stopping")) == ()
    assert unhandled_failures(handled, states(A="Failed")) == ()
    assert unhandled_failures(handled, states(A="Failed", Alarm="Failed")) == ("Alarm",)


def test_only_selected_steps_begin() -> None:
    assert ready_steps(DIAMOND, states(A="Succeeded"), {"C"}) == ("C",)


def test_only_the_taken_branch_begins() -> None:
    document = {
        "Version": "2020-12-01",
        "Steps": [
            {
                "Name": "Check",
                "Type": "Condition",
                "Arguments": {
                    "Conditions": [],
                    "IfSteps": [{"Name": "Yes", "Type": "Processing"}],
                    "ElseSteps": [{"Name": "No", "Type": "Processing"}],
                },
            },
            {"Name": "After", "Type": "Processing", "DependsOn": ["No"]},
        ],
    }
    definition = parse_definition(json.dumps(document))
    assert ready_steps(definition, {"Check": StepState("Succeeded", True)}) == ("Yes",)
    assert ready_steps(definition, {"Check": StepState("Succeeded", False)}) == ("No",)
    assert ready_steps(definition, {"Check": StepState("Failed")}) == ()


@st.composite
def graphs(draw: st.DrawFn) -> Definition:
    names = string.ascii_uppercase[: draw(st.integers(1, 12))]
    return graph(
        **{
            name: draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else []
            for index, name in enumerate(names)
        }
    )


@given(graphs(), st.data())
def test_every_step_begins_once_and_after_those_above(definition: Definition, data: st.DataObject) -> None:
    known: dict[str, StepState] = {}
    while True:
        ready = ready_steps(definition, known)
        for name in ready:
            assert name not in known
            assert all(known[above].status == "Succeeded" for above in definition.upstream(name))
            known[name] = StepState("Executing")
        running = running_steps(known)
        if not running:
            break
        known[data.draw(st.sampled_from(running))] = StepState("Succeeded")
    assert known.keys() == definition.steps.keys()
