"""The owner of an execution, and the summary."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from sagemaker_mirror.compat import DAG, AirflowException, TaskDeferred, TaskState
from sagemaker_mirror.local.faults import CallFault, StepFault
from sagemaker_mirror.operators.sagemaker_pipeline import (
    SageMakerPipelineExecutionOperator,
    SageMakerPipelineStartOperator,
    SageMakerPipelineStepOperator,
    SageMakerPipelineSummaryOperator,
)

from .tasks import after_looks, context_of, first_event, kill, run, stored


@pytest.fixture
def airflow_says(monkeypatch):
    """Set what Airflow answers when it is asked for the state of a task and its run."""

    def say(task, run):
        def answer(*task_key):
            if isinstance(task, Exception):
                raise task
            return TaskState(task, run)

        monkeypatch.setattr("sagemaker_mirror.triggers.sagemaker_pipeline.read_task_state", answer)
        monkeypatch.setattr("sagemaker_mirror.operators.killing.read_task_state", answer)

    return say


def owner(arn, deferrable=True, **arguments):
    return SageMakerPipelineExecutionOperator(
        task_id="execution", pipeline_execution_arn=arn, deferrable=deferrable, poll_interval=0.05, **arguments
    )


def trigger_of(task):
    """The trigger that a task defers with."""
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context_of(task))
    return stored(deferred.value.trigger)


@pytest.fixture
def executing(started, local):
    """An execution whose first step is held."""
    local.faults.add(StepFault("sow", "hold"))
    arn = started()
    local.wait_for_step(arn, "sow", "Executing")
    return arn


def status(sagemaker, arn):
    return sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]


def test_the_owner_succeeds_with_its_execution(started, local):
    arn = started()
    local.wait(arn)
    task = owner(arn)

    assert run(task, context_of(task)).result == {"pipeline_execution_arn": arn, "status": "Succeeded"}


@pytest.mark.parametrize("deferrable", [True, False])
def test_the_owner_fails_with_its_execution(started, local, deferrable):
    local.faults.add(StepFault("grow", "fail"))
    task = owner(started(), deferrable)

    with pytest.raises(AirflowException, match="The execution failed"):
        run(task, context_of(task))


def test_an_execution_that_was_stopped_elsewhere_fails_the_owner(executing, sagemaker):
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=executing)
    task = owner(executing)

    with pytest.raises(AirflowException, match="was stopped"):
        run(task, context_of(task))


@pytest.mark.parametrize(("task", "run_state"), [("failed", "running"), ("failed", "failed"), ("skipped", "failed")])
def test_marked_failed_stops_the_execution(executing, local, airflow_says, task, run_state):
    airflow_says(task, run_state)
    kill(trigger_of(owner(executing)))

    assert local.wait(executing) == "Stopped"


@pytest.mark.parametrize(
    ("task", "run_state"),
    [
        ("success", "success"),  # marked success
        (None, "queued"),  # cleared
        ("deferred", "running"),  # cleared, and the next try waits already; or the triggerer restarts
        (RuntimeError("no answer"), None),
    ],
)
def test_without_that_confirmation_the_execution_goes_on(executing, sagemaker, airflow_says, task, run_state):
    airflow_says(task, run_state)
    kill(trigger_of(owner(executing)))

    assert status(sagemaker, executing) == "Executing"


def sow(arn):
    return SageMakerPipelineStepOperator(
        task_id="sow", pipeline_execution_arn=arn, deferrable=True, poll_interval=0.05
    )


@pytest.mark.parametrize("task", ["failed", "success", None])
def test_whatever_becomes_of_a_steps_task_the_execution_goes_on(executing, sagemaker, airflow_says, task):
    airflow_says(task, "running")
    operator = sow(executing)
    kill(trigger_of(operator))
    operator.on_kill()

    assert status(sagemaker, executing) == "Executing"


def test_steps_too_end_with_their_run(executing, local, airflow_says):
    """The owner may not be there: it had finished before a step was cleared, or its trigger had not begun."""
    airflow_says("failed", "failed")
    kill(trigger_of(sow(executing)))

    assert local.wait(executing) == "Stopped"


def test_conflicts_on_the_way_to_a_stop_are_tried_again(executing, local, airflow_says):
    local.faults.add(CallFault("StopPipelineExecution", "conflict", times=2))
    airflow_says("failed", "failed")
    kill(trigger_of(owner(executing)))

    assert local.wait(executing) == "Stopped"


def test_what_has_ended_needs_no_stop(started, local, sagemaker, airflow_says, task_log):
    held = local.faults.add(StepFault("sow", "hold"))
    arn = started()
    trigger = trigger_of(owner(arn))
    local.faults.remove(held)
    local.wait(arn)
    airflow_says("failed", "failed")
    asyncio.run(trigger.on_kill())

    assert status(sagemaker, arn) == "Succeeded"


@pytest.mark.parametrize(("task", "expected"), [("failed", "Stopped"), ("running", "Executing")])
def test_on_a_worker_a_kill_is_confirmed_too(executing, local, sagemaker, airflow_says, task, expected):
    airflow_says(task, "running")
    operator = owner(executing, deferrable=False)
    after_kill = []

    def kill_then_stop():
        operator.on_kill()
        after_kill.append(local.wait(executing) if expected == "Stopped" else status(sagemaker, executing))
        if expected != "Stopped":
            sagemaker.stop_pipeline_execution(PipelineExecutionArn=executing)

    with after_looks(local, 1, kill_then_stop), pytest.raises(AirflowException, match="was stopped"):
        run(operator, context_of(operator))
    assert after_kill == [expected]


@pytest.mark.parametrize("deferrable", [True, False])
def test_the_owner_stops_the_execution_before_its_own_timeout(executing, local, deferrable):
    task = owner(executing, deferrable, execution_timeout=timedelta(seconds=0.5))

    with pytest.raises(AirflowException, match=r"execution_timeout|was stopped"):
        run(task, context_of(task))
    assert local.wait(executing) == "Stopped"


def test_a_steps_timeout_stops_nothing(executing, sagemaker):
    task = SageMakerPipelineStepOperator(
        task_id="sow",
        pipeline_execution_arn=executing,
        deferrable=True,
        poll_interval=0.05,
        execution_timeout=timedelta(seconds=0.5),
    )

    with pytest.raises(AirflowException, match="execution_timeout"):
        run(task, context_of(task))
    assert status(sagemaker, executing) == "Executing"


def summary(arn, **arguments):
    return SageMakerPipelineSummaryOperator(
        task_id="summary",
        pipeline_execution_arn=arn,
        deferrable=True,
        poll_interval=0.05,
        step_names=["sow", "grow", "mow"],
        **arguments,
    )


def test_the_summary_tells_the_run_as_a_table(started, local, task_log):
    arn = started()
    local.wait(arn)
    task = summary(arn)
    result = run(task, context_of(task)).result

    assert {name: step["status"] for name, step in result["steps"].items()} == dict.fromkeys(
        ["sow", "grow", "mow"], "Succeeded"
    )
    log = task_log()
    assert log.index("step  status") < log.index("sow   Succeeded") < log.index("grow  Succeeded")


def test_the_summary_fails_when_the_execution_did(started, local, task_log):
    local.faults.add(StepFault("grow", "fail", reason="AlgorithmError: too dry"))
    arn = started()
    local.wait(arn)
    task = summary(arn)

    with pytest.raises(AirflowException, match="The execution failed"):
        run(task, context_of(task))
    log = task_log()
    assert (
        log.index("The execution failed")
        < log.index("What to do: The reason is in the log of grow")
        < log.index("step  ")
    )
    assert "too dry" in log
    assert "https://console.aws.amazon.com/sagemaker/home?region=us-east-1#/processing-jobs/" in log


def test_the_summary_waits_for_an_execution_that_was_resumed_and_owns_it(executing, local, airflow_says):
    airflow_says("failed", "failed")
    kill(trigger_of(summary(executing)))

    assert local.wait(executing) == "Stopped"


def test_steps_without_a_task_are_reported(started, local, task_log):
    arn = started()
    local.wait(arn)
    task = summary(arn)
    task.step_names = ["sow", "grow"]
    run(task, context_of(task))

    assert "no task here: mow" in task_log()


@pytest.fixture
def failed_run(started, local):
    """The owner of an execution whose step ``grow`` has failed once, in a DAG, and Airflow's states of its steps."""
    local.faults.add(StepFault("grow", "fail", times=1))
    arn = started()
    local.wait(arn)
    with DAG("pipeline", schedule=None):
        start = SageMakerPipelineStartOperator(task_id="start", pipeline_name="harvest")
        task = owner(arn)
        steps = [SageMakerPipelineStepOperator(task_id=name, pipeline_execution_arn=arn) for name in ("sow", "grow")]
        start.set_downstream([task, steps[0]])
        steps[0].set_downstream(steps[1])
    return task, {"sow": "success", "grow": "up_for_retry"}


def in_a_triggerer(trigger, states, monkeypatch):
    asked = []

    def answer(dag_id, run_id, task_ids, map_index):
        asked.append(tuple(task_ids))
        return dict(states)

    monkeypatch.setattr("sagemaker_mirror.triggers.sagemaker_pipeline.read_task_states", answer)
    trigger.trigger_id = 1
    return asked


def test_a_failure_is_not_the_end_while_a_step_may_resume(failed_run, local, sagemaker, monkeypatch):
    task, states = failed_run
    trigger = trigger_of(task)
    asked = in_a_triggerer(trigger, states, monkeypatch)

    async def scenario():
        ended = asyncio.create_task(first_event(trigger))
        while len(asked) < 2:
            await asyncio.sleep(0.005)
        sagemaker.retry_pipeline_execution(PipelineExecutionArn=task.pipeline_execution_arn)
        return await ended

    event = asyncio.run(scenario())
    assert set(asked) == {("grow", "sow")}
    assert event.payload["message"] == "Succeeded"
    assert task.resume(context_of(task), event.payload)["status"] == "Succeeded"


def test_when_no_step_can_resume_any_more_the_owner_fails(failed_run, monkeypatch):
    task, states = failed_run
    trigger = trigger_of(task)
    states["grow"] = "failed"
    in_a_triggerer(trigger, states, monkeypatch)

    event = asyncio.run(first_event(trigger))
    with pytest.raises(AirflowException, match="The execution failed"):
        task.resume(context_of(task), event.payload)


def test_in_dags_test_nobody_else_comes(failed_run):
    task, _ = failed_run

    with pytest.raises(AirflowException, match="The execution failed"):
        run(task, context_of(task))
