"""What must hold for each step to start, read from the definition that an execution runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sagemaker_mirror.graph import Branch, DefinedStep, defined_steps
from sagemaker_mirror.mirror.snapshot import FAILED, STOPPED, SUCCEEDED

__all__ = ["Branch", "Plan", "PlannedStep", "Requirement"]

# DependsOn entries with a run condition name it; the plain form asks for success.
_RUN_CONDITIONS: Mapping[str, frozenset[str]] = {
    "Succeeded": frozenset({SUCCEEDED}),
    "Failed": frozenset({FAILED}),
    "Stopped": frozenset({STOPPED}),
    "Completed": frozenset({SUCCEEDED, FAILED}),
    "Any": frozenset({SUCCEEDED, FAILED, STOPPED}),
}


@dataclass(frozen=True)
class Requirement:
    """An end that another step must come to.

    :param step: the step above
    :param ends: the statuses that satisfy it; None: a run condition that we do not know, which is never taken as
        a reason to skip
    """

    step: str
    ends: frozenset[str] | None = _RUN_CONDITIONS["Succeeded"]


@dataclass(frozen=True)
class PlannedStep:
    """A step of the definition.

    :param type: the step's Type, such as ``Training``
    :param requirements: all must hold
    :param branch: where it lies under a condition step
    """

    type: str
    requirements: tuple[Requirement, ...] = ()
    branch: Branch | None = None


@dataclass(frozen=True)
class Plan:
    """The steps of an execution's definition and what each waits for.

    :param steps: by name, in the definition's order
    """

    steps: Mapping[str, PlannedStep]

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> Plan:
        """Read a pipeline definition.

        :param definition: the JSON document
        """
        return cls(
            {
                step.name: PlannedStep(step.type, tuple(_requirements(step)), step.branch)
                for step in defined_steps(definition)
            }
        )


def _requirements(step: DefinedStep) -> Iterator[Requirement]:
    for name, trigger in step.depends_on.items():
        yield Requirement(name, _RUN_CONDITIONS.get(trigger))
    for name in step.reads:
        if name not in step.depends_on:
            yield Requirement(name)
