"""An Airflow DAG that brings data, trains on it, and tells of the new package: the pipeline is one group in it."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import Any

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.decorators import task

from sagemaker_mirror.factory import SageMakerPipelineTaskGroup

log = logging.getLogger(__name__)

with DAG(
    "nightly_training", schedule="@daily", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), catchup=False
) as dag:

    @task
    def bring_data() -> str:
        log.info("Last night's measurements are in S3.")
        return "s3://my-bucket/measurements/last-night.csv"

    @task
    def announce(registered: dict[str, Any]) -> None:
        log.info("%s waits for approval.", registered["model_package_arn"])

    data = bring_data()
    training = SageMakerPipelineTaskGroup("breast-cancer", configs="../../configs", parameters={"InputDataUrl": data})
    # What a step's task returns is its XCom: of a RegisterModel step, the ARN of the package.
    data >> training >> announce(training.pipeline.steps["register"].output)
