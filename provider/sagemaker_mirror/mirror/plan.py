"""What must hold for each step to start, read from the definition that an execution runs.

The definition is a public contract of AWS (schema version 2020-12-01): ``DependsOn`` and references to other
steps' properties order the steps, a condition step holds the steps of its branches.
https://docs.aws.amazon.com/sagemaker/latest/dg/define-pipeline.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sagemaker_mirror.mirror.snapshot import FAILED, SUCCEEDED

# DependsOn entries with a run condition name it; the plain form asks for success.
_RUN_CONDITIONS: Mapping[str, frozenset[str]] = {
    "Succeeded": frozenset({SUCCEEDED}),
    "Failed": frozenset({FAILED}),
    "Completed": frozenset({SUCCEEDED, FAILED}),
}
_STEP_REFERENCE = re.compile(r"Steps\.([A-Za-z0-9_-]+)")


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
class Branch:
    """The side of a condition step on which a step lies.

    :param condition: the condition step
    :param outcome: ``True`` or ``False``, as SageMaker writes Metadata.Condition.Outcome
    """

    condition: str
    outcome: str


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
        return cls(dict(_steps(definition["Steps"], None)))


def _steps(items: Sequence[Mapping[str, Any]], branch: Branch | None) -> Iterator[tuple[str, PlannedStep]]:
    for item in items:
        name, kind = item["Name"], item["Type"]
        arguments = item.get("Arguments") or {}
        if kind == "Condition":
            yield name, PlannedStep(kind, _requirements(item, arguments.get("Conditions")), branch)
            yield from _steps(arguments.get("IfSteps") or (), Branch(name, "True"))
            yield from _steps(arguments.get("ElseSteps") or (), Branch(name, "False"))
        else:
            yield name, PlannedStep(kind, _requirements(item, arguments), branch)


def _requirements(item: Mapping[str, Any], arguments: Any) -> tuple[Requirement, ...]:
    found: dict[str, Requirement] = {}
    for entry in item.get("DependsOn") or ():
        if isinstance(entry, str):
            found[entry] = Requirement(entry)
        else:
            found[entry["Step"]] = Requirement(entry["Step"], _RUN_CONDITIONS.get(entry.get("Trigger", "Succeeded")))
    for name in _referenced_steps(arguments):
        found.setdefault(name, Requirement(name))
    return tuple(found.values())


def _referenced_steps(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if len(value) == 1 and isinstance(value.get("Get"), str):
            match = _STEP_REFERENCE.match(value["Get"])
            if match:
                yield match[1]
        else:
            for item in value.values():
                yield from _referenced_steps(item)
    elif isinstance(value, list):
        for item in value:
            yield from _referenced_steps(item)
