"""The DAG that gives executions begun outside Airflow a run each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sagemaker_mirror import settings
from sagemaker_mirror.compat import AIRFLOW_3_3, DAG, Asset, AssetWatcher
from sagemaker_mirror.factory.arguments import TAG, UNSCHEDULED

DISPATCHER_ID = "sagemaker_mirror_dispatcher"

_DOCS = """\
Looks for executions of SageMaker pipelines that were begun outside Airflow (in Studio, by an SDK, on a schedule of
EventBridge), for the folders whose conf says `airflow.mirror_external: true`. Each becomes one run
`sagemaker__<execution id>` of the folder's DAG, with its parameters and, where SageMaker tells, who began it.

An execution that somebody retries in Studio after its run has ended is reported: a mapped task fails and says which.
With `[sagemaker_mirror] airflow_api_conn_id` the run is re-opened instead.

While this DAG is paused nothing is lost: it catches up.
"""


def dispatcher_dag(configs_root: Path, folders: Sequence[str], default_args: Mapping[str, Any]) -> DAG:
    """Return the dispatcher.

    In Airflow 3.3 a trigger watches the pipelines, so that it runs only when there is something to do. Before, it
    runs after each interval.

    :param configs_root: the folder that config folders lie in, on this machine
    :param folders: the folders that mirror such executions. Only the schedule is made of them: to run its tasks, none
        has to be known.
    :param default_args: arguments for its tasks, such as ``aws_conn_id``
    """
    # Here, because importing Airflow's own trigger operator costs more than most DAG files.
    from sagemaker_mirror.operators.external import MEMORY, SageMakerExternalExecutionsOperator
    from sagemaker_mirror.operators.external_run import SageMakerExternalRunOperator

    memory = _memory(MEMORY, folders)
    dag = DAG(
        DISPATCHER_ID,
        **{**UNSCHEDULED, "schedule": [memory] if memory else timedelta(seconds=settings.external_interval())},
        max_active_runs=1,
        # The conf is the switch. Who wants to wait with it pauses it.
        is_paused_upon_creation=False,
        description="Gives executions that were begun outside Airflow a run each",
        doc_md=_DOCS,
        tags=[TAG],
        # What fails here by itself is a worker that died, or Airflow out of reach.
        default_args={"retries": 2, "retry_delay": timedelta(seconds=30), **default_args},
    )
    find = SageMakerExternalExecutionsOperator(
        task_id="find", configs_root=str(configs_root), inlets=[memory] if memory else None, dag=dag
    )
    SageMakerExternalRunOperator.partial(
        task_id="dispatch",
        deferrable=False,
        map_index_template="{{ task.shown_as }}",
        dag=dag,
    ).expand_kwargs(find.output)
    return dag


def _memory(name: str, folders: Sequence[str]) -> Asset | None:
    """Return the asset whose state store has the watermarks, with what watches the pipelines; None before 3.3.

    It is the schedule and an inlet of the task. As an inlet it outlives an import error of the DAG file: a DAG that
    is stale loses its schedule's references to assets when any other DAG is deleted, and an asset without any
    reference loses what is in its store.
    """
    if not AIRFLOW_3_3:
        return None
    from sagemaker_mirror.triggers.external import SageMakerExternalExecutionsTrigger

    trigger = SageMakerExternalExecutionsTrigger(sorted(folders), settings.external_interval())
    return Asset(name, watchers=[AssetWatcher(name=f"{name}_watcher", trigger=trigger)])
