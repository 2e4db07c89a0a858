"""A pipeline from its description: what the conf's documentation promises, as the SDK's has it written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import (
    Parameter,
    ParameterBoolean,
    ParameterFloat,
    ParameterInteger,
    ParameterString,
)
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession

from tests.conformance.sdk.description import Project
from tests.conformance.sdk.models import create_model, register_model, transform
from tests.conformance.sdk.processing import metrics, processing
from tests.conformance.sdk.training import training

STEPS: dict[str, Callable[[Project, dict[str, Any]], Any]] = {
    "Processing": processing,
    "Training": training,
    "CreateModel": create_model,
    "Transform": transform,
    "Metrics": metrics,
    "RegisterModel": register_model,
}
PARAMETERS: dict[str, type[Parameter]] = {
    "String": ParameterString,
    "Integer": ParameterInteger,
    "Float": ParameterFloat,
    "Boolean": ParameterBoolean,
}


def definition(description: dict[str, Any]) -> dict[str, Any]:
    """The definition of one pipeline."""
    target = description["target"]
    session = PipelineSession(
        boto_session=boto3.Session(region_name=target["region"]), default_bucket=target["bucket"]
    )
    parameters = {name: _parameter(name, wanted) for name, wanted in description["parameters"].items()}
    project = Project(description, session, parameters)
    for step in project.steps:
        project.built[step["step_name"]] = STEPS[step["step_class"]](project, step)
    for source, destination in description["dependencies"]:
        step = project.built[destination]
        # Of a ModelStep's parts, the first one waits.
        (step.steps[0] if isinstance(step, ModelStep) else step).add_depends_on([project.built[source]])
    pipeline = Pipeline(
        name=project.pipeline,
        parameters=list(parameters.values()),
        steps=list(project.built.values()),
        sagemaker_session=session,
    )
    return json.loads(pipeline.definition())


def _parameter(name: str, wanted: dict[str, Any]) -> Parameter:
    more = {"enum_values": wanted["enum"]} if wanted.get("enum") else {}
    return PARAMETERS[wanted.get("type", "String")](name=name, default_value=wanted.get("default"), **more)
