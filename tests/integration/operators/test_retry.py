"""A second try resumes the same execution, whatever AWS does where its documentation is silent."""

from __future__ import annotations

from itertools import cycle, product

import pytest

from sagemaker_mirror.compat import AirflowException
from sagemaker_mirror.hooks.sagemaker_mirror import SageMakerMirrorHook
from sagemaker_mirror.local.faults import CallFault, StepFault
from sagemaker_mirror.operators.sagemaker_pipeline import SageMakerPipelineStepOperator

from .tasks import PLACES, after_looks, context_of, placed, run

AFTER_FAILURE = cycle(["finish_running", "continue_branches", "stop_running"])
VARIANTS = [
    {"retried_row": row, "attempt_count": count, "after_failure": next(AFTER_FAILURE)}
    for count, row in product(["moves", "stays", "absent"], ["replaced", "added"])
]


@pytest.fixture(params=VARIANTS, ids=lambda variant: "-".join(variant.values()))
def played(request, local):
    play(local, **request.param)


def play(local, **changes):
    local.variants = local.variants.updated(changes)


@pytest.fixture(params=[place for place in PLACES if place != "worker"])
def step(request):
    """Builds the task of a step."""

    def build(name, arn, **arguments):
        arguments = {"deferrable": True, "poll_interval": 0.05, **arguments}
        task = SageMakerPipelineStepOperator(task_id=name, pipeline_execution_arn=arn, **arguments)
        return placed(task, request.param)

    return build


def retries(local):
    return local.calls.counts().get("RetryPipelineExecution", 0)


def test_a_failed_step_is_resumed(step, started, local, sagemaker, runner, played):
    local.faults.add(StepFault("grow", "fail", times=1))
    arn = started()
    local.wait(arn)
    first, second = step("grow", arn), step("grow", arn)

    with pytest.raises(AirflowException):
        run(first, context_of(first))
    assert run(second, context_of(second, try_number=2)).result["status"] == "Succeeded"
    assert retries(local) == 1
    assert local.wait(arn) == "Succeeded"


@pytest.mark.parametrize("place", ["deferred", "worker"])
def test_a_try_that_nobody_asked_for_resumes_nothing(started, local, place):
    """Airflow resets what a scheduler that died had queued, and counts a try."""
    local.faults.add(StepFault("grow", "fail", times=1))
    arn = started()
    local.wait(arn)
    task = placed(
        SageMakerPipelineStepOperator(task_id="grow", pipeline_execution_arn=arn, poll_interval=0.05), place
    )

    with pytest.raises(AirflowException, match="The step failed"):
        run(task, context_of(task, try_number=2, max_tries=0))
    assert retries(local) == 0
    assert run(task, context_of(task, try_number=3, max_tries=2)).result["status"] == "Succeeded"
    assert retries(local) == 1


def test_a_step_that_fails_again_fails_its_task_again(step, started, local, played):
    local.faults.add(StepFault("grow", "fail", times=2))
    arn = started()
    local.wait(arn)
    second, third = step("grow", arn), step("grow", arn)

    with pytest.raises(AirflowException, match="The step failed"):
        run(second, context_of(second, try_number=2))
    local.wait(arn)
    assert run(third, context_of(third, try_number=3)).result["status"] == "Succeeded"
    assert retries(local) == 2


def test_siblings_that_failed_share_one_retry(step, started, local, runner, monkeypatch, played):
    local.faults.add(StepFault("grow", "fail", times=1))
    local.faults.add(StepFault("mow", "fail", times=1))
    arn = started()
    local.wait(arn)
    tasks = [step(name, arn) for name in ("grow", "mow")]
    # Both have seen the same end before either retries it.
    end, results = tasks[0].hook.read_execution(arn), []
    for task in tasks:
        show_first(monkeypatch, end)
        results.append(run(task, context_of(task, try_number=2)))

    assert [result.result["status"] for result in results] == ["Succeeded", "Succeeded"]
    assert local.wait(arn) == "Succeeded"
    assert attempts(runner, "sow") == 1


def show_first(monkeypatch, snapshot):
    """The next look shows that snapshot, whoever takes it; those after it what SageMaker says."""
    shown = [snapshot]
    look = SageMakerMirrorHook.read_execution
    monkeypatch.setattr(
        SageMakerMirrorHook, "read_execution", lambda hook, arn: shown.pop() if shown else look(hook, arn)
    )


def attempts(runner, name):
    return runner.steps().count(name)


def test_a_step_that_is_cleared_while_its_siblings_run_waits_for_them(step, started, local):
    play(local, after_failure="finish_running")
    held = local.faults.add(StepFault("mow", "hold"))
    local.faults.add(StepFault("grow", "fail", times=1))
    arn = started()
    local.wait_for_step(arn, "grow", "Failed")
    local.wait_for_step(arn, "mow", "Executing")
    task = step("grow", arn)
    with after_looks(local, 3, lambda: local.faults.remove(held)):
        done = run(task, context_of(task, try_number=2))

    assert done.result["status"] == "Succeeded"
    assert retries(local) == 1


def test_a_step_that_never_started_is_resumed_too(step, started, local, played):
    local.faults.add(StepFault("sow", "fail", times=1))
    arn = started()
    local.wait(arn)
    task = step("grow", arn)

    assert run(task, context_of(task, try_number=2)).result["status"] == "Succeeded"


@pytest.mark.parametrize("refusal", ["ConflictException", "ValidationException"])
def test_somebody_else_may_have_resumed_it(step, started, local, sagemaker, monkeypatch, refusal):
    play(local, retry_under_way=refusal)
    local.faults.add(StepFault("grow", "fail", times=1))
    arn = started()
    local.wait(arn)
    task = step("grow", arn)
    show_first(monkeypatch, task.hook.read_execution(arn))
    local.faults.add(StepFault("grow", "slow", seconds=0.3))
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)

    assert run(task, context_of(task, try_number=2)).result["status"] == "Succeeded"


def test_trouble_before_a_retry_is_waited_out(step, started, local):
    local.faults.add(StepFault("grow", "fail", times=1))
    arn = started()
    local.wait(arn)
    local.faults.add(CallFault("DescribePipelineExecution", "fail", times=2))
    task = step("grow", arn, botocore_config={"retries": {"total_max_attempts": 1}})

    assert run(task, context_of(task, try_number=2)).result["status"] == "Succeeded"
    assert retries(local) == 1


def test_a_step_that_has_succeeded_meanwhile_is_not_retried(step, started, local):
    arn = started()
    local.wait(arn)
    task = step("grow", arn)

    assert run(task, context_of(task, try_number=2)).result["status"] == "Succeeded"
    assert retries(local) == 0


def test_a_stopped_execution_is_resumed_where_aws_allows_it(step, started, local, sagemaker, played):
    held = local.faults.add(StepFault("sow", "hold"))
    arn = started()
    local.wait_for_step(arn, "sow", "Executing")
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    local.wait(arn)
    local.faults.remove(held)
    task = step("sow", arn)

    assert run(task, context_of(task, try_number=2)).result["status"] == "Succeeded"


def test_where_aws_does_not_allow_it_the_task_says_why(step, started, local, sagemaker):
    play(local, stopped_retry="refused")
    local.faults.add(StepFault("sow", "hold"))
    arn = started()
    local.wait_for_step(arn, "sow", "Executing")
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    local.wait(arn)
    task = step("sow", arn)

    with pytest.raises(AirflowException, match=r"SageMaker does not resume the execution: .*Stopped"):
        run(task, context_of(task, try_number=2))


def test_a_retry_whose_answer_never_arrived_is_no_second_one(step, started, local, runner):
    local.faults.add(StepFault("grow", "fail", times=1))
    arn = started()
    local.wait(arn)
    local.faults.add(CallFault("RetryPipelineExecution", "drop", times=1, after=True))
    task = step("grow", arn)

    assert run(task, context_of(task, try_number=2)).result["status"] == "Succeeded"
    assert attempts(runner, "grow") == 1  # the attempt that a fault failed ran no job
