"""An Airflow DAG that brings data, trains, and tells of the new model package: the pipeline is one group in it."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import Any

from airflow.sdk import DAG, task

from sagemaker_mirror.factory import SageMakerPipelineTaskGroup

log = logging.getLogger(__name__)

with DAG(
    "nightly_training", schedule="@daily", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), catchup=False
) as dag:

    @task
    def bring_data() -> None:
        log.info("Last night's measurements are in S3.")

    @task
    def announce(registered: dict[str, Any]) -> None:
        log.info("%s waits for approval.", registered["model_package_arn"])

    training = SageMakerPipelineTaskGroup("breast-cancer", configs="../../configs")
    # What a step's task returns is its XCom: of a RegisterModel step, the ARN of the package.
    bring_data() >> training >> announce(training.pipeline.steps["register"].output)
