"""Pipeline definitions: the JSON document (schema version 2020-12-01) as frozen records.

Edges come from ``DependsOn``, from references to other steps' properties, and from lying in a branch of a
condition step. See "Define a pipeline" in the SageMaker developer guide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sagemaker_mirror.local.cache import CacheConfig
from sagemaker_mirror.local.errors import ServiceError, validation
from sagemaker_mirror.local.retry_policy import RetryPolicy

SCHEMA_VERSION = "2020-12-01"
JOB_STEPS = frozenset({"Processing", "Training", "Transform"})

# Run conditions: which ends of the step above let a step run. The plain form of DependsOn means success.
TRIGGERS: Mapping[str, frozenset[str]] = {
    "Succeeded": frozenset({"Succeeded"}),
    "Failed": frozenset({"Failed"}),
    "Stopped": frozenset({"Stopped"}),
    "Any": frozenset({"Succeeded", "Failed", "Stopped"}),
}

_STEP_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
_STEP_REFERENCE = re.compile(r"Steps\.([A-Za-z0-9\-_]+)")
_PARAMETER_TYPES: Mapping[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
}


@dataclass(frozen=True)
class Dependency:
    """An edge.

    :param step: the step above.
    :param ends: its statuses that satisfy the edge.
    """

    step: str
    ends: frozenset[str] = TRIGGERS["Succeeded"]


@dataclass(frozen=True)
class Branch:
    """The side of a condition step on which a step lies."""

    condition: str
    outcome: bool


@dataclass(frozen=True)
class PropertyFile:
    """A JSON file among the outputs of a processing step."""

    output_name: str
    path: str


@dataclass(frozen=True)
class StepDefinition:
    """A step as defined."""

    name: str
    type: str
    arguments: Mapping[str, Any]
    dependencies: tuple[Dependency, ...]
    branch: Branch | None = None
    display_name: str | None = None
    description: str | None = None
    cache: CacheConfig | None = None
    retry_policies: tuple[RetryPolicy, ...] = ()
    property_files: Mapping[str, PropertyFile] = field(default_factory=dict)


@dataclass(frozen=True)
class Parameter:
    """A pipeline parameter as defined; ``default`` None means that a value must be given."""

    name: str
    type: str
    default: str | int | float | bool | None = None
    choices: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Definition:
    """A whole definition; ``steps`` are in an order in which they can run."""

    steps: Mapping[str, StepDefinition]
    parameters: Mapping[str, Parameter]
    experiment: Mapping[str, Any] | None = None

    def upstream(self, name: str) -> frozenset[str]:
        """The steps directly above a step, the condition whose branch it lies in included."""
        step = self.steps[name]
        above = {dependency.step for dependency in step.dependencies}
        return frozenset(above | ({step.branch.condition} if step.branch else set()))

    def ancestors(self, name: str) -> frozenset[str]:
        """All steps above a step."""
        found: set[str] = set()
        waiting = list(self.upstream(name))
        while waiting:
            above = waiting.pop()
            if above not in found:
                found.add(above)
                waiting.extend(self.upstream(above))
        return frozenset(found)

    def handles(self, name: str, status: str) -> bool:
        """Whether a run condition of another step provides for this step's end with that status."""
        return any(
            dependency.step == name and status in dependency.ends
            for step in self.steps.values()
            for dependency in step.dependencies
        )


def parse_definition(text: str) -> Definition:
    """Read a pipeline definition.

    :param text: the JSON document.
    :raises ServiceError: ValidationException that says what is wrong with it.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _refuse(f"it is no JSON: {error}") from error
    if not isinstance(document, dict) or document.get("Version") != SCHEMA_VERSION:
        raise _refuse(f"its Version is not {SCHEMA_VERSION}")
    if not isinstance(document.get("Steps"), list) or not document["Steps"]:
        raise _refuse("it has no Steps")
    steps: dict[str, StepDefinition] = {}
    for step in _read_steps(document["Steps"], None):
        if step.name in steps:
            raise _refuse(f"step names must be unique, but '{step.name}' occurs twice")
        steps[step.name] = step
    parameters = tuple(_read_parameter(item) for item in document.get("Parameters") or ())
    definition = Definition(
        steps=steps,
        parameters={parameter.name: parameter for parameter in parameters},
        experiment=document.get("PipelineExperimentConfig"),
    )
    return _in_running_order(definition)


def references(value: Any) -> Iterator[str]:
    """All ``Get`` expressions in a value, at any depth."""
    if isinstance(value, Mapping):
        if len(value) == 1 and isinstance(value.get("Get"), str):
            yield value["Get"]
        else:
            for item in value.values():
                yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def _read_steps(items: Any, branch: Branch | None) -> Iterator[StepDefinition]:
    if not isinstance(items, list):
        raise _refuse("Steps, IfSteps and ElseSteps are lists")
    for item in items:
        step = _read_step(item, branch)
        yield step
        if step.type == "Condition":
            yield from _read_steps(step.arguments.get("IfSteps") or [], Branch(step.name, True))
            yield from _read_steps(step.arguments.get("ElseSteps") or [], Branch(step.name, False))


def _read_step(item: Any, branch: Branch | None) -> StepDefinition:
    if not isinstance(item, dict) or not isinstance(item.get("Name"), str) or "Type" not in item:
        raise _refuse("every step has a Name and a Type")
    name = item["Name"]
    if not _STEP_NAME.fullmatch(name):
        raise _refuse(f"'{name}' is no name of a step (letters, digits, '-' and '_', at most 64)")
    arguments = item.get("Arguments") or {}
    if not isinstance(arguments, dict):
        raise _refuse(f"the Arguments of step '{name}' are no object")
    # A condition's nested steps have dependencies of their own.
    own_arguments = {"Conditions": arguments.get("Conditions")} if item["Type"] == "Condition" else arguments
    depends_on = item.get("DependsOn") or []
    if not isinstance(depends_on, list):
        raise _refuse(f"the DependsOn of step '{name}' is no list")
    try:
        return StepDefinition(
            name=name,
            type=item["Type"],
            arguments=arguments,
            dependencies=_read_dependencies(name, depends_on, own_arguments),
            branch=branch,
            display_name=item.get("DisplayName"),
            description=item.get("Description"),
            cache=CacheConfig.parse(item.get("CacheConfig")),
            retry_policies=tuple(RetryPolicy.parse(policy) for policy in item.get("RetryPolicies") or ()),
            property_files={
                entry["PropertyFileName"]: PropertyFile(entry["OutputName"], entry["FilePath"])
                for entry in item.get("PropertyFiles") or ()
            },
        )
    except KeyError as error:
        raise _refuse(f"step '{name}' lacks {error.args[0]}") from error
    except (ValueError, TypeError) as error:
        raise _refuse(f"step '{name}': {error}") from error


def _read_dependencies(name: str, depends_on: Any, arguments: Any) -> tuple[Dependency, ...]:
    found: dict[str, Dependency] = {}
    for entry in depends_on:
        source, trigger = (
            (entry.get("Step"), entry.get("Trigger", "Succeeded"))
            if isinstance(entry, dict)
            else (entry, "Succeeded")
        )
        if not isinstance(source, str):
            raise _refuse(f"DependsOn of step '{name}' names no step: {entry!r}")
        if trigger not in TRIGGERS:
            raise _refuse(f"step '{name}': Trigger '{trigger}' is none of {', '.join(TRIGGERS)}")
        found[source] = Dependency(source, TRIGGERS[trigger])
    for reference in references(arguments):
        match = _STEP_REFERENCE.match(reference)
        if match:
            found.setdefault(match[1], Dependency(match[1]))
    return tuple(found.values())


def _read_parameter(item: Any) -> Parameter:
    if not isinstance(item, dict) or not isinstance(item.get("Name"), str):
        raise _refuse("every parameter has a Name")
    name, kind, default = item["Name"], item.get("Type"), item.get("DefaultValue")
    if not isinstance(kind, str) or kind not in _PARAMETER_TYPES:
        raise _refuse(f"parameter '{name}' is of type {kind!r}, none of {', '.join(_PARAMETER_TYPES)}")
    if default is not None and not _fits(default, kind):
        raise _refuse(f"the default of parameter '{name}' is no {kind}")
    return Parameter(name, kind, default, tuple(item.get("EnumValues") or ()))


def _fits(value: Any, kind: str) -> bool:
    types = _PARAMETER_TYPES[kind]
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _in_running_order(definition: Definition) -> Definition:
    for name in definition.steps:
        for above in definition.upstream(name):
            if above not in definition.steps:
                raise _refuse(f"step '{name}' depends on '{above}', which does not exist")
    sorter = TopologicalSorter({name: sorted(definition.upstream(name)) for name in definition.steps})
    try:
        order = tuple(sorter.static_order())
    except CycleError as error:
        raise _refuse(f"its steps form a cycle: {' -> '.join(error.args[1])}") from error
    return Definition({name: definition.steps[name] for name in order}, definition.parameters, definition.experiment)


def _refuse(reason: str) -> ServiceError:
    return validation(f"Unable to parse pipeline definition: {reason}.")
