"""The core of the factory: a pipeline's tasks, added to any DAG or task group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagemaker_mirror.compat import AIRFLOW_3, DAG, AssetAlias, BaseOperator, TaskGroup
from sagemaker_mirror.config import PipelineConfig
from sagemaker_mirror.config.names import free
from sagemaker_mirror.factory.docs import step_docs
from sagemaker_mirror.factory.names import as_group_id
from sagemaker_mirror.graph import StepGraph, build_graph
from sagemaker_mirror.operators.sagemaker_pipeline import (
    SageMakerPipelineExecutionOperator,
    SageMakerPipelineStartOperator,
    SageMakerPipelineStepOperator,
    SageMakerPipelineSummaryOperator,
    SageMakerPipelineUpsertOperator,
)


@dataclass(frozen=True)
class PipelineTasks:
    """The tasks of one pipeline in one DAG, to hang tasks of one's own before or behind.

    :param upsert: writes the pipeline's definition to SageMaker; everything else is downstream of it
    :param start: starts the execution
    :param execution: owns the execution until it ends
    :param steps: each step's task, by the step's name, in the order of the conf
    :param summary: gives the verdict; downstream of everything else
    """

    upsert: BaseOperator
    start: BaseOperator
    execution: BaseOperator
    steps: Mapping[str, BaseOperator]
    summary: BaseOperator


def add_pipeline_tasks(
    config: PipelineConfig,
    parent: DAG | TaskGroup,
    *,
    configs_root: Path,
    values: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    param_names: Iterable[str] = (),
    run_settings: bool = False,
    graph: StepGraph | None = None,
) -> PipelineTasks:
    """Add the tasks that write, start and mirror one pipeline: one for each step, and four of our own.

    Steps keep the names of the conf as task ids (below the parent's prefix, where it has one), and each model is
    a task group. Our own tasks, and groups, give way where a name is taken: they get a trailing ``_``. Arguments
    that all tasks share (``aws_conn_id``, ``deferrable``, ``poll_interval``…) go into the ``default_args`` of the
    DAG or of the group.

    :param config: the folder's configuration
    :param parent: where the tasks go
    :param configs_root: the folder that the config folder lies in, on this machine
    :param values: values of placeholders (templated) that come before params, Variables and environment
    :param parameters: values of the pipeline's parameters for the execution (templated)
    :param param_names: params of the DAG that are parameters of the pipeline too; ``parameters`` come before them
    :param run_settings: whether the DAG has the trigger form's section ``SageMaker``, which tasks then read
    :param graph: the configuration's graph, where the caller has it already
    """
    graph = build_graph(config) if graph is None else graph
    group = parent.task_group if isinstance(parent, DAG) else parent
    ids = {name: _free_label(name, group, graph) for name in ("upsert", "start", "execution", "summary")}
    place: dict[str, Any] = {"dag": group.dag, "task_group": group}

    upsert = SageMakerPipelineUpsertOperator(
        task_id=ids["upsert"],
        config_folder=config.name,
        configs_root=str(configs_root),
        values=values,
        run_settings=run_settings,
        **place,
    )
    start = SageMakerPipelineStartOperator(
        task_id=ids["start"],
        # The ARN, for the Region in it: the connection's own may be another one.
        pipeline_name=_xcom(upsert, "pipeline_arn"),
        pipeline_version_id=_xcom(upsert, "pipeline_version_id"),
        parameters=parameters,
        param_names=list(param_names),
        run_settings=run_settings,
        **place,
    )
    waiting: dict[str, Any] = {"pipeline_execution_arn": _xcom(start), **_deferrable(group)}
    execution = SageMakerPipelineExecutionOperator(task_id=ids["execution"], **waiting, **place)
    steps = _add_steps(graph, group, waiting, step_docs(config))
    summary = SageMakerPipelineSummaryOperator(
        task_id=ids["summary"],
        step_names=list(steps),
        outlets=_outlets(config),
        **waiting,
        **place,
    )

    upsert.set_downstream(start)
    start.set_downstream([execution, *(task for name, task in steps.items() if not graph.upstream(name))])
    edges = graph.reduced_edges()
    for edge in edges:
        steps[edge.source].set_downstream(steps[edge.target])
    # Through the last steps it waits for all.
    before_others = {edge.source for edge in edges}
    summary.set_upstream([execution, *(task for name, task in steps.items() if name not in before_others)])
    return PipelineTasks(upsert, start, execution, steps, summary)


def _outlets(config: PipelineConfig) -> list[AssetAlias]:
    """Return the alias of the run's model packages: which there are, and of which groups, is known at its end."""
    # Airflow 2.11 asks the metadata database about an alias whenever it parses the DAG.
    return [AssetAlias(f"sagemaker-pipeline-{config.name}")] if AIRFLOW_3 else []


def _add_steps(
    graph: StepGraph, group: TaskGroup, waiting: Mapping[str, Any], docs: Mapping[str, str]
) -> dict[str, BaseOperator]:
    # A group without prefix inside one with prefix would lose its tasks that prefix.
    prefixes = bool(_prefix(group))
    # Such a step runs because another one failed; what SageMaker makes of it is known only when all are done.
    after_failure = {edge.target for edge in graph.edges if edge.on != "succeeded"}
    tasks: dict[str, BaseOperator] = {}
    groups: dict[str, TaskGroup] = {}
    for step in graph.steps.values():
        if step.model is not None and step.model not in groups:
            groups[step.model] = TaskGroup(
                group_id=_free_label(as_group_id(step.model), group, graph),
                prefix_group_id=prefixes,
                parent_group=group,
                dag=group.dag,
                tooltip=f"Model {step.model}",
            )
        tasks[step.name] = SageMakerPipelineStepOperator(
            task_id=step.name,
            step_name=step.name,
            step_class=step.step_class,
            doc_md=docs.get(step.name),
            trigger_rule="all_done" if step.name in after_failure else "none_failed",
            dag=group.dag,
            task_group=group if step.model is None else groups[step.model],
            **waiting,
        )
    return tasks


def _deferrable(group: TaskGroup) -> dict[str, bool]:
    """Return that tasks wait in the triggerer, unless somebody has said something about it."""
    # Airflow's own default is the worker, where each step, and the execution beside it, would hold a slot.
    said = "deferrable" in group.default_args or "deferrable" in group.dag.default_args
    return {} if said else {"deferrable": True}


def _free_label(label: str, group: TaskGroup, graph: StepGraph) -> str:
    prefix = _prefix(group)
    used = [name for name in group.used_group_ids if name]
    # As they are, too: Airflow 2 looks for a group's bare id among all ids.
    taken = {*used, *(name.removeprefix(prefix) for name in used if name.startswith(prefix))}
    # Where groups prefix, a step lies below its model's group and can't clash with what lies beside that.
    return free(label, taken if prefix else {*taken, *graph.steps})


def _prefix(group: TaskGroup) -> str:
    """Return what a group puts before the ids in it."""
    return f"{group.group_id}." if group.group_id and group.prefix_group_id else ""


def _xcom(task: BaseOperator, key: str | None = None) -> str:
    """Return the template of what a task returns, or of one key of it."""
    # Without map_indexes a trigger that renders its own arguments would look for its own map index.
    value = f"ti.xcom_pull(task_ids='{task.task_id}', map_indexes=-1)"
    return f"{{{{ {value} }}}}" if key is None else f"{{{{ {value}['{key}'] }}}}"
