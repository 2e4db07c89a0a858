"""Runs in Airflow and the executions that they mirror, as the tests look at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagemaker_mirror.local.demo.environment import DemoEnvironment
from sagemaker_mirror.local.demo.watch import execution_arn

PIPELINE = "breast-cancer"
RUN_WITHIN = 240.0  # seconds


def begin(environment: DemoEnvironment, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
    """Trigger a run, and return its id."""
    environment.airflow.unpause(dag_id)
    return environment.airflow.trigger(dag_id, conf)


def steps_of(environment: DemoEnvironment, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
    """Return what SageMaker lists of a run's execution, by step name."""
    arn = execution_arn(environment, dag_id, run_id)
    pages = environment.client("sagemaker").get_paginator("list_pipeline_execution_steps")
    rows = [row for page in pages.paginate(PipelineExecutionArn=arn) for row in page["PipelineExecutionSteps"]]
    return {row["StepName"]: row for row in rows}


def status_of(environment: DemoEnvironment, arn: str) -> str:
    """Return an execution's status."""
    answer = environment.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=arn)
    return str(answer["PipelineExecutionStatus"])


def executions_of(environment: DemoEnvironment, pipeline: str) -> list[str]:
    """Return the ARNs of a pipeline's executions."""
    pages = environment.client("sagemaker").get_paginator("list_pipeline_executions").paginate(PipelineName=pipeline)
    return [item["PipelineExecutionArn"] for page in pages for item in page["PipelineExecutionSummaries"]]


def calls_about(environment: DemoEnvironment, operation: str, arn: str) -> int:
    """Return how often SageMaker was asked for an operation on an execution, by whomever."""
    return sum(call.resource == arn for call in environment.sagemaker.calls.after(0, operation))
