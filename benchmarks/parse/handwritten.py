"""The same DAGs as somebody would write them in Python: the floor that ours are measured against."""

from __future__ import annotations

import inspect
from typing import Any

HEAD = """\
from datetime import datetime, timezone

from sagemaker_mirror.compat import DAG, AssetAlias, Param, TaskGroup
from sagemaker_mirror.operators.sagemaker_pipeline import (
    SageMakerPipelineExecutionOperator,
    SageMakerPipelineStartOperator,
    SageMakerPipelineStepOperator,
    SageMakerPipelineSummaryOperator,
    SageMakerPipelineUpsertOperator,
)
"""
DAG_ARGUMENTS = ("description", "doc_md", "max_active_runs", "catchup")
# Who the task is and where it belongs, which is written in other ways.
PLACE = ("task_id", "dag", "task_group")


def arguments_of(task: Any) -> dict[str, Any]:
    """Return what a task was told beyond its defaults, and beyond who it is.

    :param task: an operator
    """
    # BaseOperator keeps them under this name in 2.11 and in 3.
    told = task._BaseOperator__init_kwargs
    defaults = {
        name: parameter.default for name, parameter in inspect.signature(type(task).__init__).parameters.items()
    }
    return {
        name: value
        for name, value in told.items()
        if name not in PLACE and value not in (None, []) and value != defaults.get(name, inspect.Parameter.empty)
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
    arguments = [f"{key}={_literal(key, value)}" for key, value in arguments_of(task).items()]
    return f"{name} = {kind}(task_id={task.task_id!r}, dag={dag}, task_group={group}, {', '.join(arguments)})"


def _literal(key: str, value: Any) -> str:
    if key == "outlets":
        return f"[{', '.join(f'AssetAlias({alias.name!r})' for alias in value)}]"
    # A member of an enumeration as its text.
    return repr(str(value)) if isinstance(value, str) else repr(value)
