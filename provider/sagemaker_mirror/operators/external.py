"""Finds executions that were begun outside Airflow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagemaker_mirror.compat import Context, read_memory, read_run_states, timezone, write_memory
from sagemaker_mirror.config import ConfigError, PipelineConfig, load_folder
from sagemaker_mirror.config.names import free
from sagemaker_mirror.graph import build_graph
from sagemaker_mirror.mirror.external import (
    ListedExecution,
    RunKey,
    Watermark,
    examine,
    has_ended,
    in_question,
)
from sagemaker_mirror.operators.base import SageMakerPipelineBaseOperator
from sagemaker_mirror.operators.external_conf import run_conf
from sagemaker_mirror.operators.external_folders import folders_that_may_mirror, pipeline_place

if TYPE_CHECKING:
    from sagemaker_mirror.hooks.sagemaker_mirror import SageMakerMirrorHook

# The asset whose state store has what is remembered (Airflow 3.3), or the beginning of the Variables that have it.
MEMORY = "sagemaker_mirror_external"
# A task is mapped over 1,024 things at most ([core] max_map_length); what is left over comes with the next look.
_MOST_RUNS = 500


class SageMakerExternalExecutionsOperator(SageMakerPipelineBaseOperator):
    """Find executions that were begun outside Airflow: in Studio, by an SDK, on a schedule of EventBridge.

    It looks at the pipelines of all config folders whose conf says ``airflow.mirror_external: true``. The first look
    at a pipeline finds what is under way, each later one what was begun since. What has to be remembered from look to
    look lies, for each folder, in the state store of the asset ``sagemaker_mirror_external``, which has to be among
    the task's inlets (Airflow 3.3), else in the Variable ``sagemaker_mirror_external__<folder>``.

    The connection is the folder's own (``airflow.default_args``), else this task's.

    :param configs_root: the folder that config folders lie in, on this machine

    Return (XCom) a list of arguments of
    :class:`~sagemaker_mirror.operators.external_run.SageMakerExternalRunOperator`.
    """

    ui_color = "#e6f0fb"

    def __init__(self, *, configs_root: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configs_root = configs_root

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Look once at the pipelines of all folders that mirror such executions."""
        acts: list[dict[str, Any]] = []
        for folder in folders_that_may_mirror(Path(self.configs_root)):
            try:
                config = load_folder(folder)
            except ConfigError as error:
                self.log.warning("%s is not looked at; its own DAG shows why: %s", folder.name, error)
                continue
            if not config.base.airflow.mirror_external:
                continue
            try:
                acts += self._look(config, context, room=_MOST_RUNS - len(acts))
            except Exception as error:
                # Other folders shall not suffer for it. What is mapped over this list fails with it.
                self.log.exception("The executions of %s cannot be looked for", folder.name)
                problem = f"The executions of {folder.name} cannot be looked for: {type(error).__name__}: {error}"
                acts.append({"shown_as": folder.name, "trigger_dag_id": folder.name, "problem": problem})
        return acts

    def _look(self, config: PipelineConfig, context: Context, room: int) -> list[dict[str, Any]]:
        default_args = {
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "verify": self.verify,
            "botocore_config": self.botocore_config,
        }
        place = pipeline_place(config, default_args, context)
        hook = place.connection.hook()
        memory = read_memory(context, MEMORY, config.name)
        mark = Watermark.from_json(memory["watermark"]) if memory else None
        if mark is None or mark.pipeline != place.name:
            mark = Watermark.first(place.name, timezone.utcnow())
        rows = hook.list_executions(place.name, mark.listed_from, mark.complete_from)
        runs = _runs_of(in_question(rows, mark), config.name)
        rows = [_looked_at_again(row, hook) if has_ended(row, config.name, runs) else row for row in rows]
        found = examine(rows, mark, config.name, runs)
        self.log.info(
            "Pipeline %s: %d executions begun elsewhere have no run yet, %d go on although their run has ended.",
            place.name,
            len(found.new),
            len(found.going_on),
        )
        acts = [
            # What finds no room stays in mind, and is found again.
            *(_to_begin(config, row, hook) for row in found.new[: max(room, 0)]),
            *(_to_reopen(config, row) for row in found.going_on),
        ]
        remembered = {"watermark": found.watermark.to_json(), "connection": asdict(place.connection)}
        if remembered != memory:
            write_memory(context, MEMORY, config.name, remembered)
        return acts


def _runs_of(rows: Iterable[ListedExecution], dag_id: str) -> dict[RunKey, str]:
    wanted: dict[str, list[str]] = {}
    for key in dict.fromkeys(row.run(dag_id) for row in rows):
        wanted.setdefault(key.dag_id, []).append(key.run_id)
    return {
        RunKey(name, run_id): state
        for name, run_ids in wanted.items()
        for run_id, state in read_run_states(name, run_ids).items()
    }


def _looked_at_again(row: ListedExecution, hook: SageMakerMirrorHook) -> ListedExecution:
    # The list is older than the state of the run: both may have ended in between.
    return replace(row, status=hook.read_status(row.arn))


def _to_begin(config: PipelineConfig, row: ListedExecution, hook: SageMakerMirrorHook) -> dict[str, Any]:
    begin = hook.read_begin(row.arn)
    run = row.run(config.name)
    return {
        "shown_as": run.run_id,
        "trigger_dag_id": run.dag_id,
        "trigger_run_id": run.run_id,
        "conf": run_conf(config, row.arn, begin.started_by, begin.parameters),
    }


def _to_reopen(config: PipelineConfig, row: ListedExecution) -> dict[str, Any]:
    run = row.run(config.name)
    steps = build_graph(config).steps
    return {
        "shown_as": run.run_id,
        "trigger_dag_id": run.dag_id,
        "trigger_run_id": run.run_id,
        "going_on": {
            "execution_arn": row.arn,
            # A run of a DAG of one's own has tasks that are none of ours.
            "is_folders": run.dag_id == config.name,
            # In a folder's DAG our own tasks give way to steps of that name.
            "start": free("start", steps),
            "summary": free("summary", steps),
        },
    }
