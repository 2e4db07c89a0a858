"""What a definition can say instead of a literal: values that SageMaker fills in while an execution runs.

The forms are those of definitions of version 2020-12-01: ``{"Get": …}`` reads a parameter, a variable of the
execution or a property of a step; ``{"Std:Join": …}`` puts strings together.
"""

from __future__ import annotations

from typing import Any, TypeAlias

#: A literal or a reference, as JSON has it.
Value: TypeAlias = Any
#: A JSON object: the request of an API call, or a part of it.
Request: TypeAlias = "dict[str, Any]"

EXECUTION_ID: Request = {"Get": "Execution.PipelineExecutionId"}
EXECUTION_ARN: Request = {"Get": "Execution.PipelineExecutionArn"}

#: The functions of a definition; each stands alone in its object.
FUNCTIONS = frozenset({"Get", "Std:Join", "Std:JsonGet"})


def is_reference(value: Value) -> bool:
    """Tell whether a value is filled in by the service, so that nothing is known of its type before."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in FUNCTIONS


def join(separator: str, *values: Value) -> Request:
    """Put strings and references together when the execution runs."""
    return {"Std:Join": {"On": separator, "Values": list(values)}}


def step_property(step: str, path: str) -> Request:
    """Read a property of a step that has run.

    :param step: the step's name.
    :param path: a path into the response of the ``Describe`` call for the step's job.
    """
    return {"Get": f"Steps.{step}.{path}"}


def processing_output(step: str, output: str) -> Request:
    """Read where a processing job's output lies."""
    return step_property(step, f"ProcessingOutputConfig.Outputs['{output}'].S3Output.S3Uri")


def model_artifact(step: str) -> Request:
    """Read where a training job's ``model.tar.gz`` lies."""
    return step_property(step, "ModelArtifacts.S3ModelArtifacts")


def transform_output(step: str) -> Request:
    """Read the prefix below which a transform job's predictions lie."""
    return step_property(step, "TransformOutput.S3OutputPath")


def execution_uri(bucket: str, prefix: str | None, pipeline: str, step: str, *rest: str) -> Request:
    """Name a place in S3 that belongs to one step of one execution.

    :param bucket: the bucket's name.
    :param prefix: what its keys begin with.
    :param pipeline: the pipeline's name.
    :param step: the step's name.
    :param rest: further parts of the key.
    """
    above = [prefix.strip("/")] if prefix and prefix.strip("/") else []
    return join("/", "s3:/", bucket, *above, pipeline, EXECUTION_ID, step, *rest)
