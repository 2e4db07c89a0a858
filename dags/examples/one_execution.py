"""The operators alone, in an Airflow DAG: start a pipeline that somebody else keeps, and wait for its end."""

from __future__ import annotations

from datetime import datetime, timezone

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2.11
    from airflow import DAG

from sagemaker_mirror.operators.sagemaker_pipeline import (
    SageMakerPipelineExecutionOperator,
    SageMakerPipelineStartOperator,
)

with DAG("one_execution", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), catchup=False) as dag:
    start = SageMakerPipelineStartOperator(
        task_id="start", pipeline_name="breast-cancer", parameters={"InputDataUrl": "s3://my-bucket/measurements.csv"}
    )
    SageMakerPipelineExecutionOperator(task_id="execution", pipeline_execution_arn=start.output, deferrable=True)
