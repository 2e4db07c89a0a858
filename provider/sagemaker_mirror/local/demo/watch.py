"""A run of a DAG and the execution that it mirrors, put side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import httpx

from sagemaker_mirror.local.demo.display import Row
from sagemaker_mirror.local.demo.environment import DemoEnvironment


def rows(environment: DemoEnvironment, dag_id: str, run_id: str, steps: Sequence[str]) -> list[Row]:
    """Return the run's tasks as they are now: those before the steps, the steps, those after them.

    :param environment: both sides.
    :param dag_id: the DAG.
    :param run_id: its run.
    :param steps: the steps' names, in the order to show them in.
    """
    states = {task: state or "" for task, state in environment.airflow.task_states(dag_id, run_id).items()}
    arn = execution_arn(environment, dag_id, run_id) if states.get("start") == "success" else None
    listed = {step["StepName"]: step for step in _list_steps(environment, arn)} if arn else {}
    order = ["upsert", "start", *steps, *sorted(states.keys() - {"upsert", "start", *steps})]
    return [_row(task, states.get(task, ""), listed.get(task)) for task in order]


def execution_arn(environment: DemoEnvironment, dag_id: str, run_id: str) -> str | None:
    """Return the ARN of the execution that this run started, None before it has."""
    try:
        return str(environment.airflow.xcom(dag_id, run_id, "start"))
    except httpx.HTTPStatusError as error:
        if error.response.status_code == httpx.codes.NOT_FOUND:
            return None
        raise


def _list_steps(environment: DemoEnvironment, arn: str) -> list[dict[str, Any]]:
    pages = environment.client("sagemaker").get_paginator("list_pipeline_execution_steps")
    return [step for page in pages.paginate(PipelineExecutionArn=arn) for step in page["PipelineExecutionSteps"]]


def _row(task: str, state: str, step: dict[str, Any] | None) -> Row:
    if step is None:
        return Row(task, state)
    end = step.get("EndTime", datetime.now(timezone.utc))
    note = "cache hit" if "CacheHitResult" in step else step.get("FailureReason", "")
    began = step.get("StartTime")
    return Row(task, state, step["StepStatus"], (end - began).total_seconds() if began else None, note)
