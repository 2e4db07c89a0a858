"""What a person sees in Airflow of what happens in SageMaker, with every part of both running."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sagemaker_mirror.local.demo.environment import BUCKET, POLL_INTERVAL, DemoEnvironment
from sagemaker_mirror.local.demo.watch import execution_arn

pytestmark = pytest.mark.e2e

PIPELINE = "breast-cancer"
STEPS = ["prepare", "train", "create-model", "score", "evaluate", "register"]
OWN_TASKS = ["upsert", "start", "execution", "summary"]
RUN_WITHIN = 240.0  # seconds


def run(environment: DemoEnvironment, dag_id: str) -> str:
    environment.airflow.unpause(dag_id)
    return environment.airflow.trigger(dag_id)


def steps_of(environment: DemoEnvironment, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
    arn = execution_arn(environment, dag_id, run_id)
    pages = environment.client("sagemaker").get_paginator("list_pipeline_execution_steps")
    rows = [row for page in pages.paginate(PipelineExecutionArn=arn) for row in page["PipelineExecutionSteps"]]
    return {row["StepName"]: row for row in rows}


def execution_status(environment: DemoEnvironment, arn: str) -> str:
    answer = environment.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=arn)
    return str(answer["PipelineExecutionStatus"])


@pytest.fixture(scope="module")
def first_run(environment: DemoEnvironment) -> str:
    run_id = run(environment, PIPELINE)
    environment.airflow.wait_for_run(PIPELINE, run_id, RUN_WITHIN)
    return run_id


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


def test_the_package_is_an_event_of_an_asset_named_like_its_group(
    environment: DemoEnvironment, first_run: str
) -> None:
    arn = steps_of(environment, PIPELINE, first_run)["register"]["Metadata"]["RegisterModel"]["Arn"]
    events = environment.airflow.get("assets/events", source_run_id=first_run)["asset_events"]
    packages = {event["name"]: event["extra"]["model_package_arn"] for event in events if event["extra"]}
    assert packages == {"breast-cancer-diagnosis": arn}


def test_a_second_run_trains_nothing_and_uploads_nothing(environment: DemoEnvironment, first_run: str) -> None:
    before = len(environment.sagemaker.calls.after(0))
    run_id = run(environment, PIPELINE)
    assert environment.airflow.wait_for_run(PIPELINE, run_id, RUN_WITHIN) == "success"
    steps = steps_of(environment, PIPELINE, run_id)
    assert {name for name, step in steps.items() if "CacheHitResult" in step} == {"prepare", "train"}
    code = f"/{BUCKET}/{PIPELINE}/code/"
    calls = environment.sagemaker.calls.after(before)
    assert [call for call in calls if call.operation == "s3:PUT" and call.path.startswith(code)] == []
    assert [call.operation for call in calls if call.operation in ("CreatePipeline", "UpdatePipeline")] == []


def test_a_failed_step_fails_its_task_with_the_reason(environment: DemoEnvironment) -> None:
    run_id = run(environment, "failing")
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


def test_one_poll_serves_all_waiting_tasks_and_marking_the_run_failed_stops_the_execution(
    environment: DemoEnvironment,
) -> None:
    airflow, sagemaker = environment.airflow, environment.sagemaker
    run_id = run(environment, "slow")
    waiting = ["execution", "one", "two", "three"]
    for task in waiting:
        airflow.wait_for_task("slow", run_id, task, "deferred", 120)
    arn = execution_arn(environment, "slow", run_id)
    assert arn is not None

    # Ten looks later: how far apart were they? Four tasks that polled for themselves would look four times as often.
    begin = sagemaker.calls.after(0)[-1].number

    def were_ten() -> bool:
        return sagemaker.calls.counts(begin).get("DescribePipelineExecution", 0) >= 10

    airflow.wait_until("there were ten looks", were_ten, 180)
    looks = sagemaker.calls.after(begin, "DescribePipelineExecution")
    span = (looks[-1].received - looks[0].received).total_seconds()
    assert span >= (len(looks) - 1) * POLL_INTERVAL * 0.5

    airflow.set_run_state("slow", run_id, "failed")
    assert sagemaker.wait(arn, 120) == "Stopped"
    assert {row["StepStatus"] for row in steps_of(environment, "slow", run_id).values()} == {"Stopped"}


def test_a_broken_folder_is_a_dag_that_says_so(environment: DemoEnvironment) -> None:
    dag = environment.airflow.get("dags/broken/details")
    assert "broken-config" in {tag["name"] for tag in dag["tags"]}
    assert "conf.yaml:4:" in dag["doc_md"]
    assert "image_uri" in dag["doc_md"]


def test_dags_test_runs_the_pipeline_without_any_service(environment: DemoEnvironment, tmp_path: Path) -> None:
    env = environment.airflow.settings.environment() | {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
    }
    for command in (["db", "migrate"], ["dags", "reserialize"], ["dags", "test", PIPELINE]):
        ended = subprocess.run(
            [sys.executable, "-m", "airflow", *command],
            env=env,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout
    assert os.linesep in ended.stdout
    assert "state=success" in ended.stdout or "success" in ended.stdout.lower()
