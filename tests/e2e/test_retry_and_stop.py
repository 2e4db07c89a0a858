"""Retries, clears and kills in Airflow, and what becomes of them in SageMaker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sagemaker_mirror.local.demo.environment import DemoEnvironment
from sagemaker_mirror.local.faults import StepFault
from tests.e2e.confs import RETRIED
from tests.e2e.runs import RUN_WITHIN, status_of

pytestmark = pytest.mark.e2e

WAITING = ["execution", "first"]


@pytest.fixture
def run(environment: DemoEnvironment) -> Iterator[str]:
    """A run of the pipeline whose first step is held, with the owner and that step waiting in the triggerer."""
    held = environment.sagemaker.faults.add(StepFault("first", "hold"))
    environment.airflow.unpause(RETRIED.name)
    run_id = environment.airflow.trigger(RETRIED.name)
    for task in WAITING:
        wait_for_trigger(environment, run_id, task)
    yield run_id
    environment.sagemaker.faults.remove(held)
    environment.airflow.wait_for_run(RETRIED.name, run_id, RUN_WITHIN)


def wait_for_trigger(environment: DemoEnvironment, run_id: str, task: str, try_number: int = 1) -> None:
    """Wait until a task's trigger has looked: a deferred task whose trigger has not begun has nobody to kill."""

    def looked() -> bool:
        tasks = {item["task_id"]: item for item in environment.airflow.task_instances(RETRIED.name, run_id)}
        return (
            task in tasks
            and tasks[task]["state"] == "deferred"
            and tasks[task]["try_number"] == try_number
            and "The execution is Executing." in environment.airflow.log(RETRIED.name, run_id, task, try_number)
        )

    environment.airflow.wait_until(f"{task} waits in the triggerer", looked, 120)


def newest(environment: DemoEnvironment) -> str:
    """Return the ARN of the execution that was started last."""
    summaries = environment.client("sagemaker").list_pipeline_executions(
        PipelineName=RETRIED.name, SortBy="CreationTime", SortOrder="Descending"
    )["PipelineExecutionSummaries"]
    return str(summaries[0]["PipelineExecutionArn"])


def retries(environment: DemoEnvironment) -> int:
    return environment.sagemaker.calls.counts().get("RetryPipelineExecution", 0)


def test_airflow_retries_a_step_in_the_same_execution(environment: DemoEnvironment) -> None:
    before = retries(environment)
    environment.sagemaker.faults.add(StepFault("first", "fail", times=1))
    environment.airflow.unpause(RETRIED.name)
    run_id = environment.airflow.trigger(RETRIED.name)

    assert environment.airflow.wait_for_run(RETRIED.name, run_id, RUN_WITHIN) == "success"
    states = environment.airflow.task_states(RETRIED.name, run_id)
    assert states == dict.fromkeys(["upsert", "start", "execution", "first", "second", "summary"], "success")
    assert retries(environment) == before + 1
    tasks = {task["task_id"]: task for task in environment.airflow.task_instances(RETRIED.name, run_id)}
    # In a triggerer that ends a later try, Airflow keeps the time at which the earlier one ended.
    assert all(task["duration"] >= 0 for task in tasks.values())
    assert tasks["execution"]["try_number"] == 1
    assert "may be resumed by: first" in environment.airflow.log(RETRIED.name, run_id, "execution")


def test_clearing_what_failed_resumes_the_same_execution(environment: DemoEnvironment) -> None:
    environment.sagemaker.faults.add(StepFault("first", "fail", times=2))
    environment.airflow.unpause(RETRIED.name)
    run_id = environment.airflow.trigger(RETRIED.name)
    assert environment.airflow.wait_for_run(RETRIED.name, run_id, RUN_WITHIN) == "failed"
    arn = newest(environment)
    environment.airflow.clear(RETRIED.name, run_id, only_failed=True)

    assert environment.airflow.wait_for_run(RETRIED.name, run_id, RUN_WITHIN) == "success"
    assert newest(environment) == arn
    assert status_of(environment, arn) == "Succeeded"


def test_marking_the_owner_failed_stops_the_execution(environment: DemoEnvironment, run: str) -> None:
    arn = newest(environment)
    environment.airflow.set_task_state(RETRIED.name, run, "execution", "failed")

    assert environment.sagemaker.wait(arn, 60) == "Stopped"


def test_marking_the_run_failed_stops_the_execution(environment: DemoEnvironment, run: str) -> None:
    arn = newest(environment)
    environment.airflow.set_run_state(RETRIED.name, run, "failed")

    assert environment.sagemaker.wait(arn, 60) == "Stopped"


def test_other_acts_stop_nothing(environment: DemoEnvironment, run: str) -> None:
    arn = newest(environment)
    airflow, begun = environment.airflow, environment.sagemaker.calls.after(0)[-1].number
    airflow.clear(RETRIED.name, run, "first")
    wait_for_trigger(environment, run, "first", try_number=2)
    environment.airflow.set_task_state(RETRIED.name, run, "first", "success")
    airflow.clear(RETRIED.name, run, "execution")
    wait_for_trigger(environment, run, "execution", try_number=2)
    environment.airflow.set_task_state(RETRIED.name, run, "execution", "success")
    airflow.wait_until(
        "its trigger was killed", lambda: "goes on" in airflow.log(RETRIED.name, run, "execution", 2), 60
    )

    assert status_of(environment, arn) == "Executing"
    assert "StopPipelineExecution" not in {call.operation for call in environment.sagemaker.calls.after(begun)}
