"""What a person sees in Airflow of what happens in SageMaker, with every part of both running."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sagemaker_mirror.compat import AIRFLOW_3, STARTS_IN_TRIGGERER
from sagemaker_mirror.local.demo.environment import BUCKET, POLL_INTERVAL, DemoEnvironment
from sagemaker_mirror.local.demo.watch import execution_arn
from tests.e2e.runs import PIPELINE, RUN_WITHIN, begin, steps_of

pytestmark = pytest.mark.e2e


@pytest.mark.skipif(not AIRFLOW_3, reason="aliases would read the metadata database at each parse")
def test_the_package_is_an_event_of_an_asset_named_like_its_group(
    environment: DemoEnvironment, first_run: str
) -> None:
    arn = steps_of(environment, PIPELINE, first_run)["register"]["Metadata"]["RegisterModel"]["Arn"]
    events = environment.airflow.get("assets/events", source_run_id=first_run)["asset_events"]
    extras = {event["name"]: event["extra"] for event in events}
    packages = {name: extra["model_package_arn"] for name, extra in extras.items() if "model_package_arn" in extra}
    assert packages == {"breast-cancer-diagnosis": arn}


def test_a_second_run_trains_nothing_and_uploads_nothing(environment: DemoEnvironment, first_run: str) -> None:
    before = len(environment.sagemaker.calls.after(0))
    run_id = begin(environment, PIPELINE)
    assert environment.airflow.wait_for_run(PIPELINE, run_id, RUN_WITHIN) == "success"
    steps = steps_of(environment, PIPELINE, run_id)
    assert {name for name, step in steps.items() if "CacheHitResult" in step} == {"prepare", "train"}
    code = f"/{BUCKET}/{PIPELINE}/code/"
    calls = environment.sagemaker.calls.after(before)
    assert [call for call in calls if call.operation == "s3:PUT" and call.path.startswith(code)] == []
    assert [call.operation for call in calls if call.operation in ("CreatePipeline", "UpdatePipeline")] == []


def test_one_poll_serves_all_waiting_tasks_and_marking_the_run_failed_stops_the_execution(
    environment: DemoEnvironment,
) -> None:
    airflow, sagemaker = environment.airflow, environment.sagemaker
    run_id = begin(environment, "slow")
    waiting = ["execution", "one", "two", "three"]
    for task in waiting:
        airflow.wait_for_task("slow", run_id, task, "deferred", 120)
    arn = execution_arn(environment, "slow", run_id)
    assert arn is not None
    pool = airflow.get("pools/default_pool")
    assert (pool["running_slots"], pool["queued_slots"], pool["deferred_slots"]) == (0, 0, len(waiting))
    workers = {task["task_id"]: task["hostname"] for task in airflow.task_instances("slow", run_id)}
    if STARTS_IN_TRIGGERER:  # no worker has ever seen the tasks of steps
        assert [workers[step] for step in waiting if step != "execution"] == ["", "", ""]

    # Ten looks later: how far apart were they? Four tasks that polled for themselves would look four times as often.
    before = sagemaker.calls.after(0)[-1].number

    def were_ten() -> bool:
        return sagemaker.calls.counts(before).get("DescribePipelineExecution", 0) >= 10

    airflow.wait_until("there were ten looks", were_ten, 180)
    looks = sagemaker.calls.after(before, "DescribePipelineExecution")
    span = (looks[-1].received - looks[0].received).total_seconds()
    assert span >= (len(looks) - 1) * POLL_INTERVAL * 0.5

    airflow.set_run_state("slow", run_id, "failed")
    assert sagemaker.wait(arn, 120) == "Stopped"
    assert {row["StepStatus"] for row in steps_of(environment, "slow", run_id).values()} == {"Stopped"}


def test_dags_test_runs_the_pipeline_without_any_service(environment: DemoEnvironment, tmp_path: Path) -> None:
    env = environment.airflow.environment() | {
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
