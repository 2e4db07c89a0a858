"""Which steps can begin, and which never will. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from sagemaker_mirror.local.definition import Definition, StepDefinition
from sagemaker_mirror.local.records import ENDED_STEP


@dataclass(frozen=True)
class StepState:
    """What is known of a step that was begun.

    :param status: a step status of the API.
    :param outcome: of an ended condition step.
    """

    status: str
    outcome: bool | None = None


def ready_steps(
    definition: Definition, states: Mapping[str, StepState], selected: Set[str] | None = None
) -> tuple[str, ...]:
    """The steps that can begin now, in the definition's order.

    A step begins when each step above it has ended in a way that the edge asks for and, if it lies in a branch
    of a condition, when the branch was taken. Where that can't come to be any more, the step and those that
    need it are passed over.

    :param states: of the steps that were begun.
    :param selected: of a selective execution; None for all.
    """
    ready: list[str] = []
    for name, step in definition.steps.items():
        if name in states or (selected is not None and name not in selected):
            continue
        if _branch_taken(step, states) and all(
            dependency.step in states and states[dependency.step].status in dependency.ends
            for dependency in step.dependencies
        ):
            ready.append(name)
    return tuple(ready)


def _branch_taken(step: StepDefinition, states: Mapping[str, StepState]) -> bool:
    if step.branch is None:
        return True
    condition = states.get(step.branch.condition)
    return condition is not None and condition.outcome is step.branch.outcome


def running_steps(states: Mapping[str, StepState]) -> tuple[str, ...]:
    """The steps that were begun and haven't ended."""
    return tuple(name for name, state in states.items() if state.status not in ENDED_STEP)


def unhandled_failures(definition: Definition, states: Mapping[str, StepState]) -> tuple[str, ...]:
    """The failed and stopped steps for which no run condition provides; a Fail step is always one."""
    return tuple(
        name
        for name, state in states.items()
        if state.status in ("Failed", "Stopped")
        and (definition.steps[name].type == "Fail" or not definition.handles(name, state.status))
    )
