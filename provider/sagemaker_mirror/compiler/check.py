"""Checks a whole pipeline definition: its envelope, and each step's arguments against botocore's model of the API.

AWS publishes a JSON schema for definitions, but it is old and refuses what the service takes. So the envelope is
spelled out here, after the SageMaker developer guide: "Define a pipeline", "Caching pipeline steps", "Retry policy
for pipeline steps".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sagemaker_mirror.compiler.references import FUNCTIONS
from sagemaker_mirror.compiler.shapes import Finding, check_request, check_value, most

VERSION = "2020-12-01"

#: For each type of step: the call whose request its arguments are, and the names that the pipeline service gives.
CALLS: Mapping[str, tuple[str, frozenset[str]]] = {
    "Processing": ("CreateProcessingJob", frozenset({"ProcessingJobName"})),
    "Training": ("CreateTrainingJob", frozenset({"TrainingJobName"})),
    "Model": ("CreateModel", frozenset({"ModelName"})),
    "Transform": ("CreateTransformJob", frozenset({"TransformJobName"})),
    "RegisterModel": ("CreateModelPackage", frozenset({"ModelPackageName", "CertifyForMarketplace"})),
}
CACHEABLE = frozenset({"Processing", "Training", "Transform"})
EXCEPTION_TYPES = frozenset(
    {
        "Step.SERVICE_FAULT",
        "Step.THROTTLING",
        "SageMaker.JOB_INTERNAL_ERROR",
        "SageMaker.CAPACITY_ERROR",
        "SageMaker.RESOURCE_LIMIT",
    }
)
TRIGGERS = frozenset({"Failed", "Stopped", "Any"})

_TOP_LEVEL = frozenset({"Version", "Metadata", "Parameters", "PipelineExperimentConfig", "Steps"})
_STEP = frozenset(
    {
        "Name",
        "Type",
        "Arguments",
        "DisplayName",
        "Description",
        "DependsOn",
        "CacheConfig",
        "PropertyFiles",
        "RetryPolicies",
    }
)
_PARAMETER = frozenset({"Name", "Type", "DefaultValue", "EnumValues"})
_RETRY_LIMITS = {
    "IntervalSeconds": (0, 43_200),
    "BackoffRate": (0, float("inf")),
    "MaxAttempts": (1, 20),
    "ExpireAfterMin": (1, 14_400),
}
_PARAMETER_TYPES: Mapping[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
}
_EXECUTION_VARIABLES = frozenset(
    ["PipelineName", "PipelineArn", "PipelineExecutionId", "PipelineExecutionArn", "StartDateTime", "CurrentDateTime"]
)
# ISO 8601, of which the service also takes the day part without the P: 30d, T16m, 30dT5h.
_EXPIRES_AFTER = re.compile(r"(?=.*\d)P?(\d+[YMWD])*(T(\d+[HMS])+)?", re.IGNORECASE)
_STEP_REFERENCE = re.compile(r"Steps\.([A-Za-z0-9_-]+)\.(.+)")


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
    return tuple(_problems(definition))


def _problems(definition: Mapping[str, Any]) -> Iterator[DefinitionProblem]:
    for key in sorted(definition.keys() - _TOP_LEVEL):
        yield DefinitionProblem(None, key, "is not known")
    if definition.get("Version") != VERSION:
        yield DefinitionProblem(None, "Version", f"{definition.get('Version')!r} is not {VERSION!r}")
    parameters = definition.get("Parameters", [])
    if len(parameters) > most("ParameterList"):
        yield DefinitionProblem(
            None, "Parameters", f"{len(parameters)} are more than the most, {most('ParameterList')}"
        )
    for number, parameter in enumerate(parameters):
        for finding in _check_parameter(parameter):
            yield DefinitionProblem(None, f"Parameters[{number}].{finding.path}".strip("."), finding.message)
    steps = [step for step in definition.get("Steps", []) if isinstance(step, dict)]
    if not steps or len(steps) != len(definition["Steps"]):
        yield DefinitionProblem(None, "Steps", "must be a list of at least one step")
    known = _Known(
        {name: steps.index(step) for step in reversed(steps) if isinstance(name := step.get("Name"), str)},
        frozenset(parameter.get("Name") for parameter in parameters),
    )
    for number, step in enumerate(steps):
        name = step.get("Name")
        for finding in _check_step(step, number, known):
            yield DefinitionProblem(
                name if isinstance(name, str) else f"#{number + 1}", finding.path, finding.message
            )


@dataclass(frozen=True)
class _Known:
    """What references may name: the steps, by name the number of the first one called so, and the parameters."""

    steps: Mapping[str, int]
    parameters: frozenset[Any]


def _check_parameter(parameter: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _check_keys(parameter, _PARAMETER, required=("Name", "Type"))
    yield from _at("Name", check_value("PipelineParameterName", parameter.get("Name")))
    types = _PARAMETER_TYPES.get(str(parameter.get("Type")))
    if types is None:
        yield Finding("Type", f"{parameter.get('Type')!r} is none of {', '.join(_PARAMETER_TYPES)}")
        return
    values = [*parameter.get("EnumValues", ()), *([parameter["DefaultValue"]] if "DefaultValue" in parameter else ())]
    for value in values:
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            yield Finding("", f"{value!r} is no {parameter['Type']}")
        elif isinstance(value, str):
            yield from _at("", check_value("String1024", value))
    if "EnumValues" in parameter and parameter.get("DefaultValue", parameter["EnumValues"][0]) not in values[:-1]:
        yield Finding("DefaultValue", "is none of EnumValues")


def _check_step(step: Mapping[str, Any], number: int, known: _Known) -> Iterator[Finding]:
    yield from _check_keys(step, _STEP, required=("Name", "Type", "Arguments"))
    name, kind = step.get("Name"), step.get("Type")
    yield from _at("Name", check_value("StepName", name))
    if isinstance(name, str) and known.steps.get(name) != number:
        yield Finding("Name", "is the name of another step too")
    yield from _at("DisplayName", check_value("StepDisplayName", step.get("DisplayName", "")))
    yield from _at("Description", check_value("StepDescription", step.get("Description", "")))
    if not isinstance(kind, str) or kind not in CALLS:
        yield Finding("Type", f"{kind!r} is none of {', '.join(CALLS)}")
    else:
        operation, given = CALLS[kind]
        arguments = step.get("Arguments")
        yield from _at("Arguments", check_request(operation, arguments, given))
        if isinstance(arguments, dict):
            for key in sorted(given & arguments.keys()):
                yield Finding(f"Arguments.{key}", "is given by the pipeline service, and may not be set")
    yield from _check_references(step.get("Arguments"), "Arguments", known)
    yield from _check_depends_on(step, known)
    yield from _check_cache(step)
    for position, policy in enumerate(step.get("RetryPolicies", ())):
        yield from _at(f"RetryPolicies[{position}]", _check_retry_policy(policy))
    yield from _check_property_files(step)


def _check_depends_on(step: Mapping[str, Any], known: _Known) -> Iterator[Finding]:
    for position, entry in enumerate(step.get("DependsOn", ())):
        path = f"DependsOn[{position}]"
        if isinstance(entry, dict):
            yield from _at(path, _check_keys(entry, frozenset({"Step", "Trigger"}), required=("Step", "Trigger")))
            if entry.get("Trigger") not in TRIGGERS:
                yield Finding(f"{path}.Trigger", f"{entry.get('Trigger')!r} is none of {', '.join(sorted(TRIGGERS))}")
            entry = entry.get("Step")
        if entry not in known.steps:
            yield Finding(path, f"there is no step {entry!r}")
        elif entry == step.get("Name"):
            yield Finding(path, "a step can't wait for itself")


def _check_cache(step: Mapping[str, Any]) -> Iterator[Finding]:
    if "CacheConfig" not in step:
        return
    cache = step["CacheConfig"]
    yield from _at("CacheConfig", _check_keys(cache, frozenset({"Enabled", "ExpireAfter"}), required=("Enabled",)))
    if step.get("Type") not in CACHEABLE:
        yield Finding("CacheConfig", f"steps of type {step.get('Type')} can't be cached")
    if not isinstance(cache.get("Enabled"), bool):
        yield Finding("CacheConfig.Enabled", f"{cache.get('Enabled')!r} is not a boolean")
    if cache.get("Enabled") is True and not _EXPIRES_AFTER.fullmatch(str(cache.get("ExpireAfter"))):
        yield Finding("CacheConfig.ExpireAfter", f"{cache.get('ExpireAfter')!r} is no duration such as 10d or T16m")


def _check_retry_policy(policy: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _check_keys(policy, frozenset({"ExceptionType", *_RETRY_LIMITS}), required=("ExceptionType",))
    for kind in policy.get("ExceptionType", ()):
        if kind not in EXCEPTION_TYPES:
            yield Finding("ExceptionType", f"{kind!r} is none of {', '.join(sorted(EXCEPTION_TYPES))}")
    for key, (least, largest) in _RETRY_LIMITS.items():
        value = policy.get(key, least)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= largest:
            yield Finding(key, f"{value!r} is not a number from {least} to {largest}")
    if "MaxAttempts" in policy and "ExpireAfterMin" in policy:
        yield Finding("", "has both MaxAttempts and ExpireAfterMin, of which the service takes one")


def _check_property_files(step: Mapping[str, Any]) -> Iterator[Finding]:
    files = step.get("PropertyFiles", ())
    if files and step.get("Type") != "Processing":
        yield Finding("PropertyFiles", "only processing steps have them")
        return
    keys = ("PropertyFileName", "OutputName", "FilePath")
    outputs = step.get("Arguments", {}).get("ProcessingOutputConfig", {}).get("Outputs", ())
    names = {output.get("OutputName") for output in outputs}
    for position, file in enumerate(files):
        path = f"PropertyFiles[{position}]"
        yield from _at(path, _check_keys(file, frozenset(keys), required=keys))
        if file.get("OutputName") not in names:
            yield Finding(f"{path}.OutputName", f"the step has no output {file.get('OutputName')!r}")


def _check_references(value: Any, path: str, known: _Known) -> Iterator[Finding]:
    """Check what ``Get`` names, and that functions are written as the service takes them."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _check_references(item, f"{path}[{number}]", known)
    elif isinstance(value, dict):
        if "Get" in value and len(value) == 1:
            yield from _check_get(value["Get"], path, known)
        elif "Std:Join" in value and len(value) == 1:
            joined = value["Std:Join"]
            if (
                not isinstance(joined, dict)
                or joined.keys() != {"On", "Values"}
                or not isinstance(joined["Values"], list)
            ):
                yield Finding(path, "Std:Join must have On and a list of Values")
            else:
                yield from _check_references(joined["Values"], path, known)
        elif len(value) > 1 and value.keys() & FUNCTIONS:
            yield Finding(path, "a reference stands alone in its object")
        else:
            for key, item in value.items():
                yield from _check_references(item, f"{path}.{key}", known)


def _check_get(target: Any, path: str, known: _Known) -> Iterator[Finding]:
    root, _, rest = str(target).partition(".")
    if root == "Steps":
        match = _STEP_REFERENCE.fullmatch(str(target))
        if match is None or match[1] not in known.steps:
            yield Finding(path, f"{target!r} names no step of the pipeline")
    elif root == "Parameters":
        if rest not in known.parameters:
            yield Finding(path, f"the pipeline has no parameter {rest!r}")
    elif root != "Execution" or rest not in _EXECUTION_VARIABLES:
        yield Finding(path, f"{target!r} names nothing that the service knows")


def _check_keys(value: Mapping[str, Any], known: frozenset[str], required: tuple[str, ...]) -> Iterator[Finding]:
    for key in sorted(value.keys() - known):
        yield Finding(key, "is not known")
    for key in required:
        if key not in value:
            yield Finding(key, "is required")


def _at(path: str, findings: Iterator[Finding] | tuple[Finding, ...]) -> Iterator[Finding]:
    for finding in findings:
        yield Finding(f"{path}.{finding.path}".strip("."), finding.message)
