"""What a definition must have so that a DAG can be built from it; SageMaker, which checks the rest, knows more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from sagemaker_mirror.config.fields import NOTHING, Keys, Scalar, Text
from sagemaker_mirror.config.pipeline import Parameter, ParameterName, StepName


class Dependency(Keys):
    """An entry of ``DependsOn``: a step, and how it must have ended."""

    model_config = ConfigDict(extra="allow")

    step: Annotated[Text, Field(alias="Step")]
    trigger: Annotated[Text, Field(alias="Trigger")] = "Succeeded"


def _dependency(value: Any) -> Any:
    return {"Step": value} if isinstance(value, str) else value


class Arguments(Keys):
    """The arguments of a step; those of a condition hold the steps of its branches."""

    model_config = ConfigDict(extra="allow")

    if_steps: Annotated[tuple[StepKeys, ...], Field(alias="IfSteps")] = ()
    else_steps: Annotated[tuple[StepKeys, ...], Field(alias="ElseSteps")] = ()


class StepKeys(Keys):
    """A step."""

    model_config = ConfigDict(extra="allow")

    name: Annotated[StepName, Field(alias="Name")]
    type: Annotated[Text, Field(alias="Type", min_length=1)]
    arguments: Annotated[Arguments | None, Field(alias="Arguments")] = None
    depends_on: Annotated[
        tuple[Annotated[Dependency, BeforeValidator(_dependency)], ...], Field(alias="DependsOn")
    ] = ()


# The two hold each other.
Arguments.model_rebuild()


class DefinedParameter(Parameter):
    """A parameter as a definition declares it."""

    model_config = ConfigDict(extra="allow")

    name: Annotated[ParameterName, Field(alias="Name")]
    type: Annotated[Literal["String", "Integer", "Float", "Boolean"], Field(alias="Type")]
    default: Annotated[Scalar | None, Field(alias="DefaultValue")] = None
    enum: Annotated[tuple[Scalar, ...], Field(alias="EnumValues")] = ()


class DefinitionKeys(Keys):
    """A definition."""

    model_config = ConfigDict(extra="allow")

    version: Annotated[Literal["2020-12-01"], Field(alias="Version")]
    metadata: Annotated[Mapping[str, Any], Field(alias="Metadata")] = NOTHING
    parameters: Annotated[tuple[DefinedParameter, ...], Field(alias="Parameters")] = ()
    steps: Annotated[tuple[StepKeys, ...], Field(alias="Steps", min_length=1)]
