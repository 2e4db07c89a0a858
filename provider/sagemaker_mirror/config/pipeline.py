"""The section ``sagemakerPipeline``: which steps a pipeline has, and which waits for which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from sagemaker_mirror.config.fields import (
    FLAG,
    NOTHING,
    Keys,
    Scalar,
    Text,
    TextList,
    WrittenText,
    describe,
    is_open,
    key,
    whole_number,
    wrong,
)

STEP_CLASSES = ("Processing", "Training", "CreateModel", "Transform", "Metrics", "RegisterModel")
RUN_CONDITIONS = ("succeeded", "failed", "stopped", "any")
#: What every run may set beside the pipeline's parameters, in the trigger form.
RUN_SETTINGS = (
    "display_name",
    "max_parallel_steps",
    "selected_steps",
    "source_execution_arn",
    "force_recompile",
    "disable_cache",
    "execution_arn",
)
JOB_STEP_CLASSES = ("Processing", "Training", "Transform", "Metrics")


def _without_blanks(value: Any) -> Any:
    return [item for item in value if item is not None] if isinstance(value, list) else value


def _step_name(text: str) -> str:
    # The pattern of the service: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps.html
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        raise wrong(f"must be 1 to 64 letters, digits, '-' or '_', is {describe(text)}")
    return text


def _expiry(text: str) -> str:
    if is_open(text):
        return text
    date, clock = r"(?:\d+[YMWDymwd])", r"(?:\d+[HMShms])"
    if not re.fullmatch(rf"[Pp]?(?:{date}+|{date}*[Tt]{clock}+)", text):
        raise wrong(f"must be a duration like '10d', 'T16m', '30dT5h' or 'P1DT12H', is {describe(text)}")
    return text


StepName = Annotated[Text, AfterValidator(_step_name)]


class RetryPolicy(Keys):
    """When SageMaker runs a failed step again, by itself.

    The `developer guide <https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html>`__ has the
    meaning of each exception type.
    """

    exception_types: Annotated[
        TextList, key("What is tried again, such as `Step.THROTTLING`.", api="RetryPolicies[].ExceptionType")
    ]
    interval_seconds: Annotated[
        int | str,
        whole_number(parameter=None),
        key("Wait before the first retry.", api="RetryPolicies[].IntervalSeconds"),
    ] = 1
    backoff_rate: Annotated[
        float,
        Field(ge=1.0),
        key("Factor that the wait grows by.", api="RetryPolicies[].BackoffRate"),
    ] = 2.0
    max_attempts: Annotated[
        int | str | None,
        whole_number(1, 20, parameter=None),
        key("Largest number of attempts.", api="RetryPolicies[].MaxAttempts"),
    ] = None
    expire_after_mins: Annotated[
        int | str | None,
        whole_number(1, 14400, parameter=None),
        key("Time in which it is tried again, in minutes.", api="RetryPolicies[].ExpireAfterMin"),
    ] = None

    @model_validator(mode="after")
    def _one_limit(self) -> RetryPolicy:
        if (self.max_attempts is None) == (self.expire_after_mins is None):
            raise wrong("needs exactly one of max_attempts and expire_after_mins")
        known = RETRYABLE_STEP + RETRYABLE_JOB
        unknown = [name for name in self.exception_types if name not in known]
        if unknown:
            raise wrong(f"has unknown exception_types {', '.join(unknown)}; known are {', '.join(known)}")
        return self


RETRYABLE_STEP = ("Step.SERVICE_FAULT", "Step.THROTTLING")
RETRYABLE_JOB = ("SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT")


class RunAfter(Keys):
    """A step to wait for, and how it must have ended."""

    step: Annotated[Text, key("Name of the step.", api="DependsOn[].Step")]
    on: Annotated[
        Literal["succeeded", "failed", "stopped", "any"],
        key("How that step must have ended for this one to run.", api="DependsOn[].Trigger"),
    ] = "succeeded"


def _run_after(value: Any) -> Any:
    if isinstance(value, str | dict):
        value = [value]
    if isinstance(value, list):
        return [{"step": item} if isinstance(item, str) else item for item in value]
    return value


class StepConfig(Keys):
    """One step of a pipeline."""

    step_name: Annotated[StepName, key("Name of the step in SageMaker, and of its task in Airflow.", api="Name")]
    step_class: Annotated[
        Literal["Processing", "Training", "CreateModel", "Transform", "Metrics", "RegisterModel"],
        key("What the step does.", api="Type"),
    ]
    enable_cache: Annotated[
        bool | str,
        FLAG,
        key(
            "Whether SageMaker may reuse the result of an equal earlier run.",
            api="CacheConfig.Enabled",
            steps=JOB_STEP_CLASSES,
        ),
    ] = False
    cache_expire_after: Annotated[
        Text,
        AfterValidator(_expiry),
        key("How old a reused result may be.", api="CacheConfig.ExpireAfter", steps=JOB_STEP_CLASSES),
    ] = "10d"
    step_type: Annotated[
        Text | None,
        key("Section of the model that the step reads, where it isn't the one named after its class."),
    ] = None
    chain_input_source_step: Annotated[
        TextList,
        key("Steps whose outputs are inputs of this step.", steps=JOB_STEP_CLASSES),
    ] = ()
    chain_input_additional_prefix: Annotated[
        Text | None,
        key("What to read under the chained output.", api="TransformInput.DataSource", steps=("Transform",)),
    ] = None
    depends_on: Annotated[
        tuple[RunAfter, ...],
        BeforeValidator(_run_after),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string"},
                    {
                        "type": "array",
                        "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/RunAfter"}]},
                    },
                ]
            }
        ),
        key("Steps to wait for, by name or as `{step: ..., on: failed}`.", api="DependsOn"),
    ] = ()
    retry_policies: Annotated[
        tuple[RetryPolicy, ...],
        key("When SageMaker runs the step again by itself.", api="RetryPolicies"),
    ] = ()
    display_name: Annotated[Text | None, key("Name to show.", api="DisplayName")] = None
    description: Annotated[Text | None, key("What the step is for.", api="Description")] = None

    @model_validator(mode="after")
    def _retries_fit(self) -> StepConfig:
        for policy in self.retry_policies:
            for name in policy.exception_types:
                if name in RETRYABLE_JOB and self.step_class not in JOB_STEP_CLASSES:
                    raise wrong(
                        f"retries {name}, which steps of class {self.step_class} don't raise: they run no job"
                    )
        return self

    @property
    def name(self) -> str:
        """The step's name, as configured."""
        return self.step_name


class PipelineModel(Keys):
    """The steps that train, create and register one model."""

    steps: Annotated[tuple[StepConfig, ...], Field(min_length=1), key("The steps, in order.")]


PARAMETER_TYPES: Mapping[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (float, int),
    "Boolean": (bool,),
}


class Parameter(Keys):
    """A parameter of the pipeline; `${params.Name}` in any value of the conf stands for it."""

    type: Annotated[
        Literal["String", "Integer", "Float", "Boolean"], key("Type of the value.", api="Parameters[].Type")
    ] = "String"
    default: Annotated[
        Scalar | None,
        key("Value where a run gives none.", api="Parameters[].DefaultValue"),
    ] = None
    enum: Annotated[
        tuple[Scalar, ...],
        key("The values that are allowed.", api="Parameters[].EnumValues"),
    ] = ()
    minimum: Annotated[float | None, key("Smallest value, for Airflow's trigger form.")] = None
    maximum: Annotated[float | None, key("Largest value, for Airflow's trigger form.")] = None
    description: Annotated[Text | None, key("What the value is for; shown in Airflow's trigger form.")] = None

    def accepts(self, value: Any) -> bool:
        """Whether a value has the parameter's type."""
        if isinstance(value, bool) and self.type != "Boolean":
            return False
        return isinstance(value, PARAMETER_TYPES[self.type])

    @model_validator(mode="after")
    def _values_fit(self) -> Parameter:
        for value in (*self.enum, *(() if self.default is None else (self.default,))):
            if not self.accepts(value):
                raise wrong(f"is of type {self.type}, which {describe(value)} is not")
        if self.enum and self.type == "Boolean":
            raise wrong("is a Boolean, which takes no enum")
        if self.enum and self.default is not None and self.default not in self.enum:
            raise wrong(f"has the default {self.default!r}, which its enum lacks")
        if self.type not in ("Integer", "Float") and (self.minimum, self.maximum) != (None, None):
            raise wrong(f"is of type {self.type}, which has no minimum and maximum")
        return self


def _described(value: Any) -> Any:
    """A parameter without description is a String without default."""
    if isinstance(value, dict):
        return {name: {} if parameter is None else parameter for name, parameter in value.items()}
    return value


def _not_reserved(name: str) -> str:
    if name in RUN_SETTINGS:
        raise wrong("is reserved: the trigger form has a field of this name; choose another one")
    return name


ParameterName = Annotated[Text, Field(pattern=r"^[A-Za-z0-9_-]{1,256}$"), AfterValidator(_not_reserved)]


class SageMakerPipeline(Keys):
    """The pipeline: its steps by model, and what waits for what."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["models"]}, {"required": ["definition"]}]})

    pipeline_name: Annotated[
        WrittenText,
        Field(min_length=1),
        key("Name of the pipeline in SageMaker.", alias="pipelineName", api="PipelineName"),
    ]
    models: Annotated[
        Mapping[Text, PipelineModel], Field(min_length=1), key("The models and their steps, in order.")
    ] = NOTHING
    definition: Annotated[
        WrittenText | None,
        key("File beside this conf with the definition of a pipeline made otherwise; it stands for `models`."),
    ] = None
    dependencies: Annotated[
        TextList,
        BeforeValidator(_without_blanks),
        key("Order of steps, as in Airflow: `a >> [b, c] >> d`; blank: as the data flows.", api="DependsOn"),
    ] = ()
    parameters: Annotated[
        Mapping[ParameterName, Parameter],
        BeforeValidator(_described),
        Field(max_length=200),
        key("Parameters of the pipeline, by name.", api="Parameters"),
    ] = NOTHING
    parallelism: Annotated[
        int | str | None,
        whole_number(parameter=None),
        key(
            "How many steps of an execution run at once.",
            api="ParallelismConfiguration.MaxParallelExecutionSteps",
        ),
    ] = None
    description: Annotated[Text | None, key("What the pipeline is for.", api="PipelineDescription")] = None

    @model_validator(mode="after")
    def _one_source_of_steps(self) -> SageMakerPipeline:
        if not self.models and self.definition is None:
            raise wrong("needs 'models'")
        if self.definition is not None and (self.models or self.dependencies):
            given = "models" if self.models else "dependencies"
            raise wrong(f"has {given!r} and 'definition', which says what the steps are and wait for")
        return self
