"""One DAG for each config folder."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagemaker_mirror.compat import DAG, get_parsing_context
from sagemaker_mirror.config import ConfigError, ConfigFolder, PipelineConfig, discover, find_folder, load_folder
from sagemaker_mirror.factory.arguments import dag_arguments
from sagemaker_mirror.factory.broken import broken_dag
from sagemaker_mirror.factory.dispatcher import DISPATCHER_ID, dispatcher_dag
from sagemaker_mirror.factory.names import MAX_DAG_ID_LENGTH, as_dag_id, is_dag_id
from sagemaker_mirror.factory.params import add_params
from sagemaker_mirror.factory.tasks import add_pipeline_tasks
from sagemaker_mirror.graph import build_graph
from sagemaker_mirror.settings import find_configs

log = logging.getLogger(__name__)


def build_dags(configs: str | Path | None = None, *, default_args: Mapping[str, Any] | None = None) -> dict[str, DAG]:
    """Build one DAG for each config folder, named like the folder.

    A folder with errors becomes a DAG that shows them and fails with them; it leaves all others alone. When a task
    runs, only the folder of its DAG is opened. Where a folder mirrors executions that were begun outside Airflow,
    there is one DAG more, the dispatcher.

    Two lines make a DAG file::

        from sagemaker_mirror.factory import build_dags  # Airflow passes over files without this word

        globals().update(build_dags())

    :param configs: the configs root: absolute, or relative to the DAG file's folder or to the one above it;
        ``[sagemaker_mirror] configs_folder`` by default
    :param default_args: arguments for all tasks, such as ``aws_conn_id``, ``deferrable`` or ``retries``; what a
        folder says in its ``airflow`` section comes before them
    :return: the DAGs by their ids
    :raises FileNotFoundError: there is no configs root
    """
    dag_file = sys._getframe(1).f_code.co_filename
    root = find_configs(configs, dag_file)
    wanted = get_parsing_context().dag_id
    dags = {}
    mirroring = []
    for dag_id, folder in _wanted_folders(root, wanted).items():
        built = _build(dag_id, folder, default_args or {})
        dags[dag_id] = built.dag
        if built.mirrors_external and dag_id != wanted:
            mirroring.append(dag_id)
    if mirroring or wanted == DISPATCHER_ID:
        dags[DISPATCHER_ID] = dispatcher_dag(root, mirroring, default_args or {})
    for dag in dags.values():
        dag.fileloc = dag_file
    return dags


@dataclass(frozen=True)
class _Built:
    """The DAG of a folder.

    :param dag: the DAG
    :param mirrors_external: whether executions begun outside Airflow become runs of it
    """

    dag: DAG
    mirrors_external: bool = False


def _wanted_folders(root: Path, dag_id: str | None) -> dict[str, ConfigFolder]:
    """Return the folders to open, by DAG id: the one that Airflow runs a task of, else all."""
    if dag_id == DISPATCHER_ID:
        return {}
    if dag_id is not None and is_dag_id(dag_id):
        folder = find_folder(root, dag_id)
        if folder is not None:
            return {dag_id: folder}
    # Another DAG of the same file is wanted, or one that stands for a folder whose name is no DAG id.
    return _by_dag_id(discover(root))


def _by_dag_id(folders: Iterable[ConfigFolder]) -> dict[str, ConfigFolder]:
    wanted = {folder.name: folder for folder in folders}
    for name in [name for name in wanted if not is_dag_id(name) or name == DISPATCHER_ID]:
        wanted[as_dag_id(name, {*wanted, DISPATCHER_ID})] = wanted.pop(name)
    return wanted


def _build(dag_id: str, folder: ConfigFolder, default_args: Mapping[str, Any]) -> _Built:
    if dag_id != folder.name:
        return _Built(broken_dag(dag_id, folder, [_illegal_name(folder.name)]))
    try:
        # By its path where it has no files: then it can't be looked into, and loading it says why.
        config = load_folder(folder if folder.files else folder.path)
        return _Built(_pipeline_dag(folder, config, default_args), config.base.airflow.mirror_external)
    except ConfigError as error:
        return _Built(broken_dag(dag_id, folder, [str(problem) for problem in error.problems]))
    except Exception as error:
        # What Airflow refuses, what can't be read, or a bug of ours: nothing that other folders should suffer for.
        log.exception("There is no pipeline in %s", folder.path)
        return _Built(broken_dag(dag_id, folder, [f"{folder.path}: {type(error).__name__}: {error}"]))


def _pipeline_dag(folder: ConfigFolder, config: PipelineConfig, default_args: Mapping[str, Any]) -> DAG:
    graph = build_graph(config)
    arguments = dag_arguments(config, graph)
    arguments["default_args"] = {**default_args, **arguments["default_args"]}
    dag = DAG(folder.name, **arguments)
    add_pipeline_tasks(
        config,
        dag,
        configs_root=folder.path.parent,
        param_names=config.pipeline.parameters,
        run_settings=True,
        graph=graph,
    )
    add_params(dag, config, graph)
    # Airflow does this later, and then blames the whole DAG file.
    dag.validate()  # type: ignore[no-untyped-call]
    return dag


def _illegal_name(name: str) -> str:
    if name == DISPATCHER_ID:
        return f"{name}: the DAG that mirrors executions begun outside Airflow has that id, so no folder can have it"
    allowed = f"letters, digits, '-', '_' and '.', at most {MAX_DAG_ID_LENGTH} of them"
    return f"{name}: a folder's name becomes the id of its DAG, so it can only have {allowed}"
