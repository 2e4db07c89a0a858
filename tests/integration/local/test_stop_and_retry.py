from __future__ import annotations

import threading
from typing import Any, get_args, get_type_hints

import pytest
from botocore.exceptions import ClientError

from sagemaker_mirror.local import LocalSageMaker
from sagemaker_mirror.local.faults import StepFault
from sagemaker_mirror.local.jobs import JobOutcome
from sagemaker_mirror.local.variants import Variants

from .definitions import create, definition, output_of, processing, rows, start, statuses, training
from .scripted_runner import ScriptedRunner, until_stopped

TOKEN = "some-token-of-at-least-32-characters"


def retry(sagemaker: Any, arn: str, **extra: Any) -> None:
    assert sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, **extra)["PipelineExecutionArn"] == arn


def stop(sagemaker: Any, arn: str, **extra: Any) -> None:
    assert sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, **extra)["PipelineExecutionArn"] == arn


def status(sagemaker: Any, arn: str) -> str:
    found: str = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
    return found


# Stop


def test_stop_ends_running_jobs_and_begins_no_more(
    local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner
) -> None:
    runner.jobs["Prepare"] = until_stopped
    create(sagemaker, "wines", processing("Prepare"), training("Train", output_of("Prepare")))
    arn = start(sagemaker, "wines")
    runner.wait_for_job("Prepare")
    stop(sagemaker, arn)
    assert local.wait(arn) == "Stopped"
    assert statuses(sagemaker, arn) == {"Prepare": "Stopped"}
    assert sagemaker.describe_processing_job(ProcessingJobName=runner.ran[0])["ProcessingJobStatus"] == "Stopped"
    assert "FailureReason" not in sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)


def test_a_job_that_takes_its_time_shows_stopping(
    local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner
) -> None:
    asked, may_end = threading.Event(), threading.Event()

    def slow_to_stop(request: dict[str, Any], stop: threading.Event, log: Any) -> JobOutcome:
        stop.wait()
        asked.set()
        may_end.wait(30)
        return JobOutcome("Stopped")

    runner.jobs["Prepare"] = slow_to_stop
    create(sagemaker, "wines", processing("Prepare"))
    arn = start(sagemaker, "wines")
    runner.wait_for_job("Prepare")
    stop(sagemaker, arn)
    assert asked.wait(30)
    assert status(sagemaker, arn) == "Stopping"
    assert statuses(sagemaker, arn) == {"Prepare": "Stopping"}
    assert sagemaker.describe_processing_job(ProcessingJobName=runner.ran[0])["ProcessingJobStatus"] == "Stopping"
    with pytest.raises(ClientError, match="Only pipelines with 'Executing' status can be stopped"):
        stop(sagemaker, arn)
    with pytest.raises(ClientError, match="ConflictException"):
        retry(sagemaker, arn)
    with pytest.raises(ClientError, match="ConflictException"):
        sagemaker.delete_pipeline(PipelineName="wines")
    may_end.set()
    assert local.wait(arn) == "Stopped"


def test_a_job_that_ends_well_while_it_is_stopped_has_succeeded(
    local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner
) -> None:
    def nearly_done(request: dict[str, Any], stop: Any, log: Any) -> JobOutcome:
        stop.wait()
        return JobOutcome("Completed")

    runner.jobs["Prepare"] = nearly_done
    create(sagemaker, "wines", processing("Prepare"), processing("Next", DependsOn=["Prepare"]))
    arn = start(sagemaker, "wines")
    runner.wait_for_job("Prepare")
    stop(sagemaker, arn)
    assert local.wait(arn) == "Stopped"
    assert statuses(sagemaker, arn) == {"Prepare": "Succeeded"}


def test_an_ended_execution_is_not_stopped(local: LocalSageMaker, sagemaker: Any) -> None:
    create(sagemaker, "wines", processing("A"))
    arn = start(sagemaker, "wines")
    local.wait(arn)
    with pytest.raises(ClientError, match="Only pipelines with 'Executing' status can be stopped"):
        stop(sagemaker, arn)


def test_a_repeated_token_stops_once(local: LocalSageMaker, sagemaker: Any) -> None:
    hold = local.faults.add(StepFault("A", "hold"))
    create(sagemaker, "wines", processing("A"))
    arn = start(sagemaker, "wines")
    stop(sagemaker, arn, ClientRequestToken=TOKEN)
    assert local.wait(arn) == "Stopped"
    stop(sagemaker, arn, ClientRequestToken=TOKEN)
    local.faults.remove(hold)


@pytest.mark.parametrize(
    ("stopped_job", "reason"), [("Stopped", None), ("Failed", "ClientError: The job was stopped.")]
)
def test_a_job_that_is_stopped_by_itself(
    local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner, stopped_job: Any, reason: str | None
) -> None:
    local.variants = Variants(stopped_job=stopped_job)
    runner.jobs["Train"] = until_stopped
    create(
        sagemaker,
        "wines",
        training("Train", "s3://tests/data"),
        processing("Stow", DependsOn=[{"Step": "Train", "Trigger": "Stopped"}]),
    )
    arn = start(sagemaker, "wines")
    name = runner.wait_for_job("Train")
    sagemaker.stop_training_job(TrainingJobName=name)
    assert local.wait(arn) == ("CompletedWithFailures" if stopped_job == "Stopped" else "Failed")
    row = rows(sagemaker, arn)[0]
    assert (row["StepStatus"], row.get("FailureReason")) == (stopped_job, reason)
    assert ("Stow" in statuses(sagemaker, arn)) is (stopped_job == "Stopped")
    with pytest.raises(ClientError, match="ValidationException"):
        sagemaker.stop_training_job(TrainingJobName=name)


# What becomes of the others after a failure


def branches() -> list[dict[str, Any]]:
    return [
        processing("Bad"),
        processing("Below", DependsOn=["Bad"]),
        processing("Good"),
        processing("Next", DependsOn=["Good"]),
    ]


@pytest.mark.parametrize(
    ("after_failure", "expected"),
    [
        ("finish_running", {"Bad": "Failed", "Good": "Succeeded"}),
        ("continue_branches", {"Bad": "Failed", "Good": "Succeeded", "Next": "Succeeded"}),
        ("stop_running", {"Bad": "Failed", "Good": "Stopped"}),
    ],
)
def test_what_a_failure_does_to_others(
    local: LocalSageMaker, sagemaker: Any, after_failure: Any, expected: dict[str, str]
) -> None:
    local.variants = Variants(after_failure=after_failure)
    local.faults.add(StepFault("Bad", "fail"))
    hold = local.faults.add(StepFault("Good", "hold"))
    create(sagemaker, "wines", *branches())
    arn = start(sagemaker, "wines")
    local.wait_for_step(arn, "Bad", "Failed")
    local.faults.remove(hold)
    assert local.wait(arn) == "Failed"
    assert statuses(sagemaker, arn) == expected


# Retry


def all_variants() -> list[dict[str, str]]:
    choices = {name: get_args(hint) for name, hint in get_type_hints(Variants).items()}
    found: list[dict[str, str]] = [{}]
    for name in ("after_failure", "retried_row", "attempt_count"):
        found = [{**chosen, name: choice} for chosen in found for choice in choices[name]]
    return found


@pytest.mark.parametrize("chosen", all_variants(), ids=lambda chosen: "-".join(chosen.values()))
def test_retry_takes_up_failed_steps_in_all_variants(
    local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner, chosen: dict[str, str]
) -> None:
    local.variants = Variants().updated(chosen)
    local.faults.add(StepFault("Bad", "fail", times=1))
    create(sagemaker, "wines", *branches(), ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Failed"
    before = rows(sagemaker, arn)
    ran_before = list(runner.ran)

    retry(sagemaker, arn)
    assert local.wait(arn) == "Succeeded"
    assert "FailureReason" not in sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    found = rows(sagemaker, arn)
    bad = [row for row in found if row["StepName"] == "Bad"]
    if chosen["retried_row"] == "added":
        assert [row["StepStatus"] for row in bad] == ["Failed", "Succeeded"]
    else:
        assert [row["StepStatus"] for row in bad] == ["Succeeded"]
    counts = {"moves": 2, "stays": 1, "absent": None}
    assert bad[-1].get("AttemptCount") == counts[chosen["attempt_count"]]
    assert bad[-1]["StartTime"] > next(row for row in before if row["StepName"] == "Bad")["StartTime"]
    assert {row["StepName"]: row["StepStatus"] for row in found} == dict.fromkeys(
        ("Bad", "Below", "Good", "Next"), "Succeeded"
    )
    # What had succeeded before did not run again.
    again = {name.split("-")[2] for name in runner.ran[len(ran_before) :]}
    assert not again & {name.split("-")[2] for name in ran_before}


def test_until_its_new_attempt_begins_a_step_shows_the_old(local: LocalSageMaker, sagemaker: Any) -> None:
    local.faults.add(StepFault("Bad", "fail", times=1))
    create(sagemaker, "wines", processing("Bad"))
    arn = start(sagemaker, "wines")
    local.wait(arn)
    hold = local.faults.add(StepFault("Bad", "hold"))
    retry(sagemaker, arn)
    assert status(sagemaker, arn) == "Executing"
    (row,) = rows(sagemaker, arn)
    assert row["StepStatus"] in ("Starting", "Executing")
    assert "EndTime" not in row
    local.faults.remove(hold)
    assert local.wait(arn) == "Succeeded"


def test_a_retry_may_show_later(local: LocalSageMaker, sagemaker: Any) -> None:
    local.variants = Variants(retry_shows="later")
    local.faults.add(StepFault("A", "fail", times=1))
    create(sagemaker, "wines", processing("A"))
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Failed"
    hold = local.faults.add(StepFault("A", "hold"))
    retry(sagemaker, arn)
    with pytest.raises(ClientError, match="ConflictException"):
        retry(sagemaker, arn)
    assert status(sagemaker, arn) == "Failed"
    assert statuses(sagemaker, arn) == {"A": "Failed"}
    assert status(sagemaker, arn) == "Failed"
    assert status(sagemaker, arn) == "Executing"
    local.faults.remove(hold)
    assert local.wait(arn) == "Succeeded"


def test_who_waits_sees_a_retry_at_once(local: LocalSageMaker, sagemaker: Any) -> None:
    local.variants = Variants(retry_shows="later")
    local.faults.add(StepFault("A", "fail", times=1))
    create(sagemaker, "wines", processing("A"))
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Failed"
    retry(sagemaker, arn)
    assert local.wait(arn) == "Succeeded"


@pytest.mark.parametrize("stopped_retry", ["allowed", "refused"])
def test_retry_of_a_stopped_execution(local: LocalSageMaker, sagemaker: Any, stopped_retry: Any) -> None:
    local.variants = Variants(stopped_retry=stopped_retry)
    hold = local.faults.add(StepFault("A", "hold"))
    create(sagemaker, "wines", processing("A"), processing("B", DependsOn=["A"]))
    arn = start(sagemaker, "wines")
    stop(sagemaker, arn)
    assert local.wait(arn) == "Stopped"
    local.faults.remove(hold)
    if stopped_retry == "allowed":
        retry(sagemaker, arn)
        assert local.wait(arn) == "Succeeded"
        assert statuses(sagemaker, arn) == {"A": "Succeeded", "B": "Succeeded"}
    else:
        with pytest.raises(ClientError, match="ValidationException"):
            retry(sagemaker, arn)
        assert status(sagemaker, arn) == "Stopped"


@pytest.mark.parametrize("code", ["ConflictException", "ValidationException"])
def test_retry_of_what_is_executing_is_refused(local: LocalSageMaker, sagemaker: Any, code: Any) -> None:
    local.variants = Variants(retry_under_way=code)
    hold = local.faults.add(StepFault("A", "hold"))
    create(sagemaker, "wines", processing("A"))
    arn = start(sagemaker, "wines")
    with pytest.raises(ClientError, match=code):
        retry(sagemaker, arn)
    local.faults.remove(hold)
    assert local.wait(arn) == "Succeeded"
    with pytest.raises(ClientError, match="ValidationException"):
        retry(sagemaker, arn)


def test_a_repeated_token_retries_once(local: LocalSageMaker, sagemaker: Any) -> None:
    local.faults.add(StepFault("A", "fail", times=2))
    create(sagemaker, "wines", processing("A"))
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Failed"
    for _ in range(2):
        retry(sagemaker, arn, ClientRequestToken=TOKEN)
        assert local.wait(arn) == "Failed"
    assert rows(sagemaker, arn)[0]["AttemptCount"] == 2
    retry(sagemaker, arn, ClientRequestToken=TOKEN[::-1])
    assert local.wait(arn) == "Succeeded"


def test_a_retry_runs_the_version_of_its_execution(local: LocalSageMaker, sagemaker: Any) -> None:
    local.faults.add(StepFault("A", "fail", times=1))
    create(sagemaker, "wines", processing("A"))
    arn = start(sagemaker, "wines")
    local.wait(arn)
    sagemaker.update_pipeline(PipelineName="wines", PipelineDefinition=definition(processing("B")))
    retry(sagemaker, arn, ParallelismConfiguration={"MaxParallelExecutionSteps": 7})
    assert local.wait(arn) == "Succeeded"
    assert statuses(sagemaker, arn) == {"A": "Succeeded"}
    found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert found["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 7}


# Retry policies of steps


def policy(**extra: Any) -> list[dict[str, Any]]:
    return [{"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 0, **extra}]


def test_retry_policies_run_a_step_again_within_its_row(local: LocalSageMaker, sagemaker: Any) -> None:
    local.faults.add(StepFault("A", "fail", times=2, reason="InternalServerError: try again"))
    create(sagemaker, "wines", processing("A", RetryPolicies=policy(MaxAttempts=3)))
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Succeeded"
    (row,) = rows(sagemaker, arn)
    assert row["AttemptCount"] == 3


def test_retry_policies_end(local: LocalSageMaker, sagemaker: Any) -> None:
    local.faults.add(StepFault("A", "fail", reason="InternalServerError: try again"))
    local.faults.add(StepFault("B", "fail", reason="AlgorithmError: wrong"))
    create(
        sagemaker,
        "wines",
        processing("A", RetryPolicies=policy(MaxAttempts=1)),
        processing("B", RetryPolicies=policy()),
    )
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Failed"
    assert {row["StepName"]: row["AttemptCount"] for row in rows(sagemaker, arn)} == {"A": 2, "B": 1}


def test_a_stop_ends_the_wait_for_the_next_try(local: LocalSageMaker, sagemaker: Any) -> None:
    local.faults.add(StepFault("A", "fail", reason="InternalServerError: try again"))
    create(sagemaker, "wines", processing("A", RetryPolicies=policy(IntervalSeconds=3600)))
    arn = start(sagemaker, "wines")
    local.wait_for_step(arn, "A", "Executing")
    stop(sagemaker, arn)
    assert local.wait(arn) == "Stopped"
