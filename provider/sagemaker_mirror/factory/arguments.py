"""A conf's ``airflow:`` section as arguments of Airflow's DAG and of its tasks."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from sagemaker_mirror.compat import Asset
from sagemaker_mirror.config import AirflowSection, PipelineConfig
from sagemaker_mirror.factory.docs import dag_docs
from sagemaker_mirror.graph import StepGraph

TAG = "sagemaker"

# Airflow 2.11 and 3 differ in what they take for granted here, so it is always said.
UNSCHEDULED: dict[str, Any] = {
    "schedule": None,
    "start_date": datetime(2020, 1, 1, tzinfo=timezone.utc),
    "catchup": False,
}

# Keys of the section that are arguments of every task, as they are.
_TASK_KEYS = ("retries", "retry_delay", "pool", "queue", "priority_weight", "owner")


def dag_arguments(config: PipelineConfig, graph: StepGraph) -> dict[str, Any]:
    """Return what a folder says of its DAG, as arguments of Airflow's ``DAG``; its params are added later.

    :param config: the folder's configuration
    :param graph: its steps and edges
    """
    section = config.base.airflow
    arguments = {
        **UNSCHEDULED,
        "schedule": _schedule(section),
        "catchup": section.catchup,
        "max_active_runs": section.max_active_runs,
        "description": _description(config),
        "doc_md": dag_docs(config, graph),
        "tags": _tags(section, graph),
        "default_args": task_arguments(section),
        "owner_links": dict(section.links),
    }
    if section.start_date is not None:
        arguments["start_date"] = section.start_date
    if section.name is not None:
        arguments["dag_display_name"] = section.name
    return arguments


def task_arguments(section: AirflowSection) -> dict[str, Any]:
    """Return what a folder says of all its tasks, as Airflow's ``default_args``."""
    # Only what was written: Airflow has configurable defaults of its own for most of these.
    arguments = {key: getattr(section, key) for key in _TASK_KEYS if key in section.model_fields_set}
    if section.email:
        arguments["email"] = list(section.email)
    return {**arguments, **section.default_args}


def _schedule(section: AirflowSection) -> Any:
    if section.assets:
        return [Asset(name) for name in section.assets]
    return section.cron


def _description(config: PipelineConfig) -> str:
    pipeline = config.pipeline
    return config.base.airflow.description or pipeline.description or f"SageMaker pipeline {pipeline.pipeline_name}"


def _tags(section: AirflowSection, graph: StepGraph) -> list[str]:
    models = [step.model for step in graph.steps.values()]
    classes = [str(step.step_class) for step in graph.steps.values()]
    return list(dict.fromkeys([TAG, *section.tags, *models, *classes]))
