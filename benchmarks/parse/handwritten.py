"""The same DAGs as somebody would write them in Python: the floor that ours are measured against."""

from __future__ import annotations

from typing import Any

HEAD = """\
from datetime import datetime, timezone

from sagemaker_mirror.compat import DAG, Param, TaskGroup
from sagemaker_mirror.operators.sagemaker_pipeline import (
    SageMakerPipelineExecutionOperator,
    SageMakerPipelineStartOperator,
    SageMakerPipelineStepOperator,
    SageMakerPipelineSummaryOperator,
    SageMakerPipelineUpsertOperator,
)
"""
DAG_ARGUMENTS = ("description", "doc_md", "max_active_runs", "catchup")
# What a task is told beyond Airflow's and the operator's defaults.
TASK_ARGUMENTS = {
    "SageMakerPipelineUpsertOperator": ("config_folder", "configs_root"),
    "SageMakerPipelineStartOperator": ("pipeline_name", "pipeline_version_id"),
    "SageMakerPipelineExecutionOperator": ("pipeline_execution_arn", "deferrable"),
    "SageMakerPipelineStepOperator": ("pipeline_execution_arn", "deferrable", "step_name", "doc_md"),
    "SageMakerPipelineSummaryOperator": ("pipeline_execution_arn", "deferrable", "step_names"),
}


def write_dags(dags: dict[str, Any]) -> str:
    """Return a DAG file with the same DAGs, one statement for each thing.

    :param dags: what our factory made
    """
    parts = [HEAD]
    for number, dag in enumerate(dags.values()):
        parts += [f"\n# {dag.dag_id}", *_dag(f"dag_{number}", dag)]
    return "\n".join(parts) + "\n"


def _dag(name: str, dag: Any) -> list[str]:
    arguments = [f"{key}={getattr(dag, key)!r}" for key in DAG_ARGUMENTS]
    tags = sorted(dag.tags) if isinstance(dag.tags, set) else dag.tags  # a list in Airflow 2, whose order counts
    params = [
        f"{key!r}: Param({param.value!r}, description={param.description!r}, **{param.schema!r})"
        for key, param in dag.params.items()
    ]
    lines = [
        f"{name} = DAG({dag.dag_id!r}, schedule=None, start_date=datetime(2020, 1, 1, tzinfo=timezone.utc), "
        f"tags={tags!r}, {', '.join(arguments)}, params={{{', '.join(params)}}})"
    ]
    names: dict[str, str] = {}
    for child in dag.task_group.children.values():
        if hasattr(child, "task_id"):
            lines.append(_task(names, child, name, f"{name}.task_group"))
            continue
        group = f"group_{len(names)}"
        lines.append(
            f"{group} = TaskGroup({child.group_id!r}, prefix_group_id=False, parent_group={name}.task_group, "
            f"dag={name}, tooltip={child.tooltip!r})"
        )
        lines += [_task(names, task, name, group) for task in child.children.values()]
    for task in dag.tasks:
        below = sorted(task.downstream_task_ids)
        if below:
            lines.append(f"{names[task.task_id]} >> [{', '.join(names[other] for other in below)}]")
    return lines


def _task(names: dict[str, str], task: Any, dag: str, group: str) -> str:
    name = names[task.task_id] = f"task_{len(names)}"
    kind = type(task).__name__
    arguments = [f"{key}={getattr(task, key)!r}" for key in TASK_ARGUMENTS[kind]]
    if kind == "SageMakerPipelineStepOperator":
        arguments.append(f"step_class={task.custom_operator_name!r}")
    return f"{name} = {kind}(task_id={task.task_id!r}, dag={dag}, task_group={group}, {', '.join(arguments)})"
