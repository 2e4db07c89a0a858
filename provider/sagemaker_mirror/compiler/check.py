"""Checks a whole pipeline definition: its envelope, and each step's arguments against botocore's model of the API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sagemaker_mirror.compiler.envelope import CACHEABLE, CALLS, PARAMETER_TYPES, SHAPES
from sagemaker_mirror.compiler.references import FUNCTIONS
from sagemaker_mirror.compiler.shapes import Finding, check_request, check_value, most

_EXECUTION_VARIABLES = frozenset(
    {
        "PipelineName",
        "PipelineArn",
        "PipelineExecutionId",
        "PipelineExecutionArn",
        "StartDateTime",
        "CurrentDateTime",
    }
)
_STEP_PROPERTY = re.compile(r"Steps\.([A-Za-z0-9_-]+)\..+")
_IN_STEP = re.compile(r"Steps\[(\d+)\]\.?(.*)", re.DOTALL)


@dataclass(frozen=True)
class DefinitionProblem:
    """Something in a definition that SageMaker would refuse.

    :param step: the name of the step it is in; ``None`` for the definition itself.
    :param path: where it is, from the step's (or the definition's) top.
    :param message: what is wrong.
    """

    step: str | None
    path: str
    message: str

    def __str__(self) -> str:
        place = f"step {self.step!r}: " if self.step is not None else ""
        return f"{place}{self.path}: {self.message}" if self.path else f"{place}{self.message}"


def check_definition(definition: Mapping[str, Any]) -> tuple[DefinitionProblem, ...]:
    """Tell everything that SageMaker would refuse in a definition, as far as that can be known here.

    References count as values of any type. Names of jobs and models may be missing: the pipeline service gives them.

    :param definition: the pipeline definition.
    :return: the problems, in the definition's order; ``str()`` of each names step and path.
    """
    findings = check_value("Definition", definition, SHAPES) or tuple(_check_meaning(definition))
    return tuple(_in_step(definition, finding) for finding in findings)


def _in_step(definition: Mapping[str, Any], finding: Finding) -> DefinitionProblem:
    match = _IN_STEP.match(finding.path)
    if match is None:
        return DefinitionProblem(None, finding.path, finding.message)
    step = definition["Steps"][int(match[1])]
    name = step.get("Name") if isinstance(step, dict) else None
    return DefinitionProblem(str(name or f"#{int(match[1]) + 1}"), match[2], finding.message)


class _Known:
    """What references may name."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.steps = [step["Name"] for step in definition["Steps"]]
        self.parameters = {parameter["Name"] for parameter in definition.get("Parameters", ())}


def _check_meaning(definition: Mapping[str, Any]) -> Iterator[Finding]:
    """Check what shapes can't say of a definition that has the right one."""
    known = _Known(definition)
    parameters = definition.get("Parameters", ())
    if len(parameters) > most("ParameterList"):
        yield Finding("Parameters", f"{len(parameters)} entries, more than the most, {most('ParameterList')}")
    for number, parameter in enumerate(parameters):
        yield from _at(f"Parameters[{number}]", _check_parameter(parameter))
    for number, step in enumerate(definition["Steps"]):
        if known.steps.index(step["Name"]) != number:
            yield Finding(f"Steps[{number}].Name", "is the name of another step too")
        yield from _at(f"Steps[{number}]", _check_step(step, known))


def _check_parameter(parameter: Mapping[str, Any]) -> Iterator[Finding]:
    enum = parameter.get("EnumValues", [])
    default = [parameter["DefaultValue"]] if "DefaultValue" in parameter else []
    types = PARAMETER_TYPES[parameter["Type"]]
    for value in (*enum, *default):
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            yield Finding("", f"{value!r} is no {parameter['Type']}")
        elif isinstance(value, str):
            yield from check_value("String1024", value)
    if enum and default and default[0] not in enum:
        yield Finding("DefaultValue", "is none of EnumValues")


def _check_step(step: Mapping[str, Any], known: _Known) -> Iterator[Finding]:
    kind, arguments = step["Type"], step["Arguments"]
    operation, given = CALLS[kind]
    yield from _at("Arguments", check_request(operation, arguments, given))
    for key in sorted(given.intersection(arguments)):
        yield Finding(f"Arguments.{key}", "is given by the pipeline service, and may not be set")
    yield from _at("Arguments", _check_references(arguments, known))
    yield from _check_depends_on(step, known)
    cache = step.get("CacheConfig")
    if cache and kind not in CACHEABLE:
        yield Finding("CacheConfig", f"steps of type {kind} can't be cached")
    if cache and cache["Enabled"] and "ExpireAfter" not in cache:
        yield Finding("CacheConfig.ExpireAfter", "is required")
    for number, policy in enumerate(step.get("RetryPolicies", ())):
        if {"MaxAttempts", "ExpireAfterMin"} <= policy.keys():
            yield Finding(f"RetryPolicies[{number}]", "has MaxAttempts and ExpireAfterMin; the service takes one")
    yield from _check_property_files(step)


def _check_depends_on(step: Mapping[str, Any], known: _Known) -> Iterator[Finding]:
    for number, entry in enumerate(step.get("DependsOn", ())):
        path, name = f"DependsOn[{number}]", entry
        if isinstance(entry, dict):
            yield from _at(path, check_value("DefinitionRunCondition", entry, SHAPES))
            name = entry.get("Step")
        if name not in known.steps:
            yield Finding(path, f"there is no step {name!r}")
        elif name == step["Name"]:
            yield Finding(path, "a step can't wait for itself")


def _check_property_files(step: Mapping[str, Any]) -> Iterator[Finding]:
    files = step.get("PropertyFiles", ())
    if files and step["Type"] != "Processing":
        yield Finding("PropertyFiles", "only processing steps have them")
        return
    config = step["Arguments"].get("ProcessingOutputConfig")
    outputs = config.get("Outputs") if isinstance(config, dict) else None
    names = [output.get("OutputName") for output in outputs or () if isinstance(output, dict)]
    for number, file in enumerate(files):
        if file["OutputName"] not in names:
            yield Finding(f"PropertyFiles[{number}].OutputName", f"the step has no output {file['OutputName']!r}")


def _check_references(value: Any, known: _Known) -> Iterator[Finding]:
    """Check what ``Get`` names, and that functions are written as the service takes them."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _at(f"[{number}]", _check_references(item, known))
    elif isinstance(value, dict) and len(value) > 1 and value.keys() & FUNCTIONS:
        yield Finding("", "a reference stands alone in its object")
    elif isinstance(value, dict) and "Get" in value:
        yield from _check_get(str(value["Get"]), known)
    elif isinstance(value, dict) and "Std:Join" in value:
        joined = value["Std:Join"]
        if isinstance(joined, dict) and joined.keys() == {"On", "Values"} and isinstance(joined["Values"], list):
            yield from _check_references(joined["Values"], known)
        else:
            yield Finding("", "Std:Join must have On and a list of Values")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _at(key, _check_references(item, known))


def _check_get(target: str, known: _Known) -> Iterator[Finding]:
    root, _, rest = target.partition(".")
    if root == "Steps":
        match = _STEP_PROPERTY.fullmatch(target)
        if match is None or match[1] not in known.steps:
            yield Finding("", f"{target!r} names no step of the pipeline")
    elif root == "Parameters":
        if rest not in known.parameters:
            yield Finding("", f"the pipeline has no parameter {rest!r}")
    elif root != "Execution" or rest not in _EXECUTION_VARIABLES:
        yield Finding("", f"{target!r} names nothing that the service knows")


def _at(path: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    for finding in findings:
        dot = "." if finding.path and not finding.path.startswith("[") else ""
        yield Finding(f"{path}{dot}{finding.path}", finding.message)
