"""A conf's ``airflow:`` section as arguments of Airflow's DAG and of its tasks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from pkgutil import resolve_name
from typing import Any

from sagemaker_mirror.compat import Asset
from sagemaker_mirror.config import AirflowSection, ConfigError, PipelineConfig
from sagemaker_mirror.factory.docs import dag_docs
from sagemaker_mirror.graph import StepGraph
from sagemaker_mirror.settings import allowed_callbacks

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
    :raises ConfigError: the folder names a callback that is not allowed, or not there
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
    if section.on_failure_callback is not None:
        arguments["on_failure_callback"] = _callback(section.on_failure_callback, config)
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
    models = [step.model for step in graph.steps.values() if step.model is not None]
    classes = [str(step.step_class) for step in graph.steps.values()]
    return list(dict.fromkeys([TAG, *section.tags, *models, *classes]))


def _callback(path: str, config: PipelineConfig) -> Callable[..., Any]:
    """Return the function that a conf names, if the deployment's administrator allows it."""
    place = ("airflow", "on_failure_callback")
    if path not in allowed_callbacks():
        message = f"names {path!r}, which [sagemaker_mirror] allowed_callbacks in airflow.cfg does not"
        raise ConfigError([config.problem(place, message)])
    try:
        function: Callable[..., Any] = resolve_name(path)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError([config.problem(place, f"names {path!r}, which can't be imported: {error}")]) from error
    return function
