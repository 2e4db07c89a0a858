"""The Airflow DAG of one config folder, with a schedule and a task of one's own."""

from __future__ import annotations

import logging

try:
    from airflow.sdk import task
except ImportError:  # Airflow 2.11
    from airflow.decorators import task

from sagemaker_mirror.factory import SageMakerPipelineDag

log = logging.getLogger(__name__)

dag = SageMakerPipelineDag(
    "breast-cancer",
    configs="../../configs",
    dag_id="weekly_training",
    schedule="@weekly",
    default_args={"retries": 1},
)


@task(dag=dag)
def announce(status: str) -> None:
    log.info("The execution is %s.", status)


announce(status="{{ ti.xcom_pull(task_ids='summary')['status'] }}").set_upstream(dag.pipeline.summary)
