"""An Airflow DAG that runs whenever a run of another one has registered a new model package."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import Any

try:
    from airflow.sdk import DAG, Asset, task
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import task

log = logging.getLogger(__name__)

with DAG(
    "deployment",
    # The asset is called like the model package group.
    schedule=[Asset("breast-cancer-diagnosis")],
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
) as dag:

    @task
    def deploy(**context: Any) -> None:
        events = context.get("triggering_asset_events") or context["triggering_dataset_events"]
        for package in (event.extra for of_asset in events.values() for event in of_asset):
            log.info("%s, version %s", package["model_package_arn"], package["model_package_version"])
            log.info("Its metrics: %s", package["metrics"])

    deploy()
