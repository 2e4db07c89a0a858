"""One run from end to end, and one that fails: the least that has to work on each version of Airflow."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from sagemaker_mirror.local.demo.environment import DemoEnvironment
from tests.e2e.runs import PIPELINE, RUN_WITHIN, begin, steps_of

pytestmark = pytest.mark.e2e

STEPS = ["prepare", "train", "create-model", "score", "evaluate", "register"]
OWN_TASKS = ["upsert", "start", "execution", "summary"]


def test_every_task_of_the_run_succeeds(environment: DemoEnvironment, first_run: str) -> None:
    states = environment.airflow.task_states(PIPELINE, first_run)
    assert states == dict.fromkeys([*OWN_TASKS, *STEPS], "success")
    assert environment.airflow.run_state(PIPELINE, first_run) == "success"


def test_the_package_is_registered_with_metrics_that_beat_guessing(
    environment: DemoEnvironment, first_run: str
) -> None:
    arn = steps_of(environment, PIPELINE, first_run)["register"]["Metadata"]["RegisterModel"]["Arn"]
    package = environment.client("sagemaker").describe_model_package(ModelPackageName=arn)
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    location = urlsplit(package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"])
    report = environment.client("s3").get_object(Bucket=location.netloc, Key=location.path.lstrip("/"))["Body"].read()
    metrics = json.loads(report)["binary_classification_metrics"]
    assert metrics["accuracy"]["value"] > metrics["accuracy_best_constant_classifier"]["value"]


def test_a_failed_step_fails_its_task_with_the_reason(environment: DemoEnvironment) -> None:
    run_id = begin(environment, "failing")
    airflow = environment.airflow
    assert airflow.wait_for_run("failing", run_id, RUN_WITHIN) == "failed"
    assert airflow.task_states("failing", run_id) == {
        "upsert": "success",
        "start": "success",
        "execution": "failed",
        "breaks": "failed",
        "never-starts": "upstream_failed",
        "summary": "failed",
    }
    log = airflow.log("failing", run_id, "breaks")
    assert "the moon is in the wrong quarter" in log
    assert "about to give up" in log  # from the job's own log


def test_a_broken_folder_is_a_dag_that_says_so(environment: DemoEnvironment) -> None:
    dag = environment.airflow.get("dags/broken/details")
    assert "broken-config" in {tag["name"] for tag in dag["tags"]}
    assert "conf.yaml:4:" in dag["doc_md"]
    assert "image_uri" in dag["doc_md"]
