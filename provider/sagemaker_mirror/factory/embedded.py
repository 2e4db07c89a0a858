"""A pipeline in a DAG file of one's own: as a whole DAG, or as one task group among other tasks."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sagemaker_mirror.compat import DAG, TaskGroup
from sagemaker_mirror.config import ConfigFolder, find_folder, load_folder
from sagemaker_mirror.factory.arguments import dag_arguments, task_arguments
from sagemaker_mirror.factory.names import as_group_id
from sagemaker_mirror.factory.params import add_params
from sagemaker_mirror.factory.tasks import PipelineTasks, add_pipeline_tasks
from sagemaker_mirror.graph import build_graph
from sagemaker_mirror.settings import find_configs


class SageMakerPipelineDag(DAG):
    """The DAG of one config folder, to change it or to add tasks to it.

    What the folder says of the DAG can be said differently with any argument of Airflow's ``DAG``::

        dag = SageMakerPipelineDag("churn", schedule="@weekly")
        dag.pipeline.summary >> notify

    :param config_folder: the folder's name below the configs root
    :param configs: the configs root: absolute, or relative to the DAG file's folder or to the one above it;
        ``[sagemaker_mirror] configs_folder`` by default
    :param dag_id: the DAG's id; the folder's name by default
    :param values: values of placeholders (templated) that come before params, Variables and environment
    :param parameters: values of the pipeline's parameters (templated), instead of those in the trigger form
    :param kwargs: other arguments of Airflow's ``DAG``; ``default_args`` are added to the folder's
    :raises FileNotFoundError: there is no such folder
    :raises ConfigError: the folder has errors
    """

    pipeline: PipelineTasks

    def __init__(
        self,
        config_folder: str,
        *,
        configs: str | Path | None = None,
        dag_id: str | None = None,
        values: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        dag_file = sys._getframe(1).f_code.co_filename
        root = find_configs(configs, dag_file)
        config = load_folder(_existing_folder(root, config_folder))
        graph = build_graph(config)
        arguments = {**dag_arguments(config, graph), **kwargs}
        arguments["default_args"] = {**task_arguments(config.base.airflow), **kwargs.get("default_args", {})}
        super().__init__(dag_id or config.name, **arguments)
        self.fileloc = dag_file
        self.pipeline = add_pipeline_tasks(
            config,
            self,
            configs_root=root,
            values=values,
            parameters=parameters,
            param_names=config.pipeline.parameters,
            run_settings=True,
            graph=graph,
        )
        add_params(self, config, graph)


class SageMakerPipelineTaskGroup(TaskGroup):
    """Write, start and mirror one pipeline between other tasks of a DAG.

    Used inside a DAG, like any task group::

        with DAG("nightly", schedule="@daily"):
            churn = SageMakerPipelineTaskGroup("churn", parameters={"InputDataUrl": extract.output})
            churn >> publish

    What is upstream of the group is upstream of ``upsert``; what is downstream of it waits for ``summary``, which
    fails when the execution did not succeed. Of the conf's ``airflow`` section only what concerns tasks is used.

    :param config_folder: the folder's name below the configs root
    :param configs: the configs root: absolute, or relative to the DAG file's folder or to the one above it;
        ``[sagemaker_mirror] configs_folder`` by default
    :param group_id: the group's id; made of the folder's name by default
    :param values: values of placeholders (templated) that come before params, Variables and environment
    :param parameters: values of the pipeline's parameters (templated), instead of the definition's defaults
    :param kwargs: other arguments of Airflow's ``TaskGroup``; ``default_args`` are added to the folder's
    :raises FileNotFoundError: there is no such folder
    :raises ConfigError: the folder has errors
    """

    pipeline: PipelineTasks

    def __init__(
        self,
        config_folder: str,
        *,
        configs: str | Path | None = None,
        group_id: str | None = None,
        values: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        root = find_configs(configs, sys._getframe(1).f_code.co_filename)
        config = load_folder(_existing_folder(root, config_folder))
        arguments = {"tooltip": f"SageMaker pipeline {config.pipeline.pipeline_name}", **kwargs}
        arguments["default_args"] = {**task_arguments(config.base.airflow), **kwargs.get("default_args", {})}
        super().__init__(group_id or as_group_id(config.name), **arguments)
        self.pipeline = add_pipeline_tasks(config, self, configs_root=root, values=values, parameters=parameters)


def _existing_folder(root: Path, name: str) -> ConfigFolder:
    folder = find_folder(root, name)
    if folder is None:
        raise FileNotFoundError(f"There is no config folder {name!r} in {root}: no conf/*.yaml below {root / name}")
    return folder
