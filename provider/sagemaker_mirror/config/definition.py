"""The steps of a pipeline's definition, and what each of them waits for.

The definition is a public contract of AWS (schema version 2020-12-01): ``DependsOn`` and references to other steps'
properties order the steps, a condition step holds the steps of its branches.
https://docs.aws.amazon.com/sagemaker/latest/dg/define-pipeline.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sagemaker_mirror.config.places import KeyPath
from sagemaker_mirror.config.problems import did_you_mean
from sagemaker_mirror.config.topology import find_cycles
from sagemaker_mirror.config.wiring import Condition, Edge

VERSION = "2020-12-01"

TRIGGERS: Mapping[str, Condition] = {
    "Succeeded": "succeeded",
    "Failed": "failed",
    "Stopped": "stopped",
    "Any": "any",
}
"""Run conditions of ``DependsOn`` as a definition and as a conf write them; the plain form asks for success."""

BRANCHES: Mapping[str, str] = {"IfSteps": "True", "ElseSteps": "False"}
"""Where a condition step holds other steps, and the outcome that they run on, as SageMaker writes it."""

# What orders steps otherwise, or is none of the step's own.
_NO_REFERENCES = frozenset({"Name", "Type", "DependsOn", *BRANCHES})
_STEP_REFERENCE = re.compile(r"Steps\.([A-Za-z0-9_-]+)")


@dataclass(frozen=True)
class Branch:
    """The side of a condition step on which a step lies.

    :param condition: the condition step.
    :param outcome: ``True`` or ``False``, as SageMaker writes Metadata.Condition.Outcome.
    """

    condition: str
    outcome: str


@dataclass(frozen=True)
class DefinedStep:
    """A step of a definition.

    :param name: its name.
    :param type: its Type, such as ``Training``.
    :param depends_on: the steps that its ``DependsOn`` names, and the Trigger of each.
    :param reads: the steps whose properties it refers to.
    :param branch: where it lies under a condition step.
    :param path: the way to it in the definition.
    """

    name: str
    type: str
    depends_on: Mapping[str, str]
    reads: tuple[str, ...]
    branch: Branch | None
    path: KeyPath

    def edges(self) -> Iterator[Edge]:
        """Give the edges to the step: as it says, as its data flows, and from the condition that it lies under."""
        # Of a Trigger that is newer than this table we only know that the step waits; SageMaker knows the rest.
        upstream = {
            name: Edge(name, self.name, "explicit", TRIGGERS.get(on, "any")) for name, on in self.depends_on.items()
        }
        for name in self.reads:
            upstream.setdefault(name, Edge(name, self.name, "chained"))
        if self.branch is not None:
            upstream.setdefault(self.branch.condition, Edge(self.branch.condition, self.name, "branch"))
        yield from upstream.values()


def defined_steps(definition: Mapping[str, Any]) -> Iterator[DefinedStep]:
    """Give the steps of a definition, those in branches after their condition.

    :param definition: the definition, which SageMaker accepts.
    """
    yield from _steps(definition["Steps"], None, ("Steps",))


def _steps(items: Sequence[Mapping[str, Any]], branch: Branch | None, path: KeyPath) -> Iterator[DefinedStep]:
    for index, item in enumerate(items):
        name, here = item["Name"], (*path, index)
        reads: dict[str, None] = {}
        _find_references(_own(item), reads)
        yield DefinedStep(name, item["Type"], dict(_depends_on(item)), tuple(reads), branch, here)
        for side, outcome in branches_of(item):
            inside = item["Arguments"].get(side) or ()
            yield from _steps(inside, Branch(name, outcome), (*here, "Arguments", side))


def find_mistakes(steps: Sequence[DefinedStep]) -> Iterator[tuple[KeyPath, str]]:
    """Find what keeps steps from being a graph.

    :param steps: the steps.
    :return: the way to each mistake in the definition, and what is wrong.
    """
    known: dict[str, DefinedStep] = {}
    for step in steps:
        if step.name in known:
            yield (*step.path, "Name"), f"two steps have the name {step.name!r}"
        known.setdefault(step.name, step)
    pairs: list[tuple[str, str]] = []
    for step in known.values():
        for edge in step.edges():
            if edge.source not in known:
                message = f"step {step.name!r} waits for {edge.source!r}, but there is no such step"
                yield step.path, message + did_you_mean(edge.source, known)
            elif edge.source == edge.target:
                yield step.path, f"{step.name!r} waits for itself"
            else:
                pairs.append((edge.source, edge.target))
    for cycle in find_cycles(list(known), pairs):
        message = f"these steps wait for each other: {' >> '.join((*cycle, cycle[0]))}"
        yield known[cycle[0]].path, message


def branches_of(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the branches of a step, and the outcome that each runs on; only condition steps have any.

    :param item: the step as the definition has it.
    """
    if item.get("Type") == "Condition" and isinstance(item.get("Arguments"), Mapping):
        yield from ((side, outcome) for side, outcome in BRANCHES.items() if side in item["Arguments"])


def _own(item: Mapping[str, Any]) -> dict[str, Any]:
    """What a step says of itself. Not only its arguments refer to others: a check's baselines stand beside them."""
    own = {key: value for key, value in item.items() if key not in _NO_REFERENCES}
    if item["Type"] == "Condition":
        own["Arguments"] = {key: value for key, value in (item.get("Arguments") or {}).items() if key not in BRANCHES}
    return own


def _depends_on(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for entry in item.get("DependsOn") or ():
        if isinstance(entry, str):
            yield entry, "Succeeded"
        else:
            yield entry["Step"], entry.get("Trigger", "Succeeded")


def _find_references(value: Any, found: dict[str, None]) -> None:
    # No generator: definitions are large, and this runs whenever Airflow parses the DAG.
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(value.get("Get"), str):
            match = _STEP_REFERENCE.match(value["Get"])
            if match:
                found[match[1]] = None
        else:
            for item in value.values():
                _find_references(item, found)
    elif isinstance(value, list):
        for item in value:
            _find_references(item, found)
