"""What stands around the arguments of steps in a definition, described like botocore describes requests.

AWS publishes a JSON schema for definitions, but it is old and refuses what the service takes. This follows the
SageMaker developer guide ("Define a pipeline", "Caching pipeline steps", "Retry policy for pipeline steps"); names
that are not described here, such as ``StepDisplayName``, are shapes of the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
PARAMETER_TYPES: Mapping[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
}


def _structure(required: str = "", **members: str) -> dict[str, Any]:
    shapes = {name: {"shape": shape} for name, shape in members.items()}
    return {"type": "structure", "required": required.split(), "members": shapes}


def _list(member: str, least: int = 0) -> dict[str, Any]:
    return {"type": "list", "member": {"shape": member}, "min": least}


def _number(kind: str, least: float, most: float) -> dict[str, Any]:
    return {"type": kind, "min": least, "max": most}


SHAPES: Mapping[str, Any] = {
    "Definition": _structure(
        "Version Steps",
        Version="DefinitionVersion",
        Metadata="Anything",
        Parameters="DefinitionParameters",
        PipelineExperimentConfig="Anything",
        Steps="DefinitionSteps",
    ),
    "DefinitionVersion": {"type": "string", "enum": [VERSION]},
    "DefinitionParameters": _list("DefinitionParameter"),
    "DefinitionParameter": _structure(
        "Name Type",
        Name="PipelineParameterName",
        Type="DefinitionParameterType",
        DefaultValue="Anything",
        EnumValues="DefinitionEnumValues",
    ),
    "DefinitionParameterType": {"type": "string", "enum": list(PARAMETER_TYPES)},
    "DefinitionEnumValues": _list("Anything", least=1),
    "DefinitionSteps": _list("DefinitionStep", least=1),
    "DefinitionStep": _structure(
        "Name Type Arguments",
        Name="DefinitionStepName",
        Type="DefinitionStepType",
        Arguments="DefinitionArguments",
        DisplayName="StepDisplayName",
        Description="StepDescription",
        DependsOn="DefinitionDependsOn",
        CacheConfig="DefinitionCacheConfig",
        PropertyFiles="DefinitionPropertyFiles",
        RetryPolicies="DefinitionRetryPolicies",
    ),
    "DefinitionStepName": {"type": "string", "min": 1, "max": 64, "pattern": "[A-Za-z0-9_-]*"},
    "DefinitionStepType": {"type": "string", "enum": list(CALLS)},
    "DefinitionArguments": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Anything"}},
    # A name, or a name with a run condition.
    "DefinitionDependsOn": _list("Anything"),
    "DefinitionRunCondition": _structure("Step Trigger", Step="DefinitionStepName", Trigger="DefinitionTrigger"),
    "DefinitionTrigger": {"type": "string", "enum": ["Failed", "Stopped", "Any"]},
    "DefinitionCacheConfig": _structure("Enabled", Enabled="DefinitionFlag", ExpireAfter="DefinitionDuration"),
    "DefinitionFlag": {"type": "boolean"},
    # ISO 8601, of which the service takes the parts without P too: 30d, T16m, 30dT5h.
    "DefinitionDuration": {"type": "string", "pattern": r"(?i:(?=.*\d)P?(\d+[YMWD])*(T(\d+[HMS])+)?)"},
    "DefinitionPropertyFiles": _list("DefinitionPropertyFile"),
    "DefinitionPropertyFile": _structure(
        "PropertyFileName OutputName FilePath", PropertyFileName="Text", OutputName="Text", FilePath="Text"
    ),
    "Text": {"type": "string", "min": 1},
    "DefinitionRetryPolicies": _list("DefinitionRetryPolicy"),
    "DefinitionRetryPolicy": _structure(
        "ExceptionType",
        ExceptionType="DefinitionExceptionTypes",
        IntervalSeconds="DefinitionInterval",
        BackoffRate="DefinitionBackoffRate",
        MaxAttempts="DefinitionAttempts",
        ExpireAfterMin="DefinitionMinutes",
    ),
    "DefinitionExceptionTypes": _list("DefinitionExceptionType", least=1),
    "DefinitionExceptionType": {
        "type": "string",
        "enum": [
            "Step.SERVICE_FAULT",
            "Step.THROTTLING",
            "SageMaker.JOB_INTERNAL_ERROR",
            "SageMaker.CAPACITY_ERROR",
            "SageMaker.RESOURCE_LIMIT",
        ],
    },
    "DefinitionInterval": _number("integer", 0, 43_200),
    "DefinitionBackoffRate": _number("float", 0, float("inf")),
    "DefinitionAttempts": _number("integer", 1, 20),
    "DefinitionMinutes": _number("integer", 1, 14_400),
    "Anything": {"type": "document"},
}
