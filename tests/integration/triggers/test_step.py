"""A step's task that starts in the triggerer and ends there: what is its own, beside what it shares with workers."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from sagemaker_mirror.compat import DAG, STARTS_IN_TRIGGERER, AirflowException, AirflowSkipException, TaskState
from sagemaker_mirror.local.faults import CallFault, StepFault
from sagemaker_mirror.operators.sagemaker_pipeline import (
    SageMakerPipelineStartOperator,
    SageMakerPipelineStepOperator,
)
from sagemaker_mirror.triggers.step_xcoms import RESUMPTION
from tests.integration.operators.tasks import TaskInstance, after_looks, context_of, kill, run

pytestmark = pytest.mark.skipif(not STARTS_IN_TRIGGERER, reason="Tasks do not start in this version's triggerer")

if STARTS_IN_TRIGGERER:
    from tests.integration.operators.triggerer import event_of, run_in_triggerer, supervised, trigger_of


def step(name, arn, **arguments):
    arguments = {"deferrable": True, "poll_interval": 0.05, **arguments}
    return SageMakerPipelineStepOperator(task_id=name, pipeline_execution_arn=arn, **arguments)


def state(event):
    return event.task_instance_state.value


def fire(trigger, xcoms):
    """The event of a trigger, and what it pushed."""
    with supervised(xcoms):
        return asyncio.run(event_of(trigger))


def retries(local):
    return local.calls.counts().get("RetryPipelineExecution", 0)


def test_templates_are_rendered(started, local):
    arn = started()
    local.wait(arn)
    with DAG("pipeline", schedule=None, params={"region": "us-east-1", "step": "grow"}):
        SageMakerPipelineStartOperator(task_id="start", pipeline_name="harvest")
        task = step(
            "watch",
            "{{ ti.xcom_pull(task_ids='start', map_indexes=-1) }}",
            step_name="{{ params.step }}",
            region_name="{{ params.region }}",
        )
    ti = TaskInstance("watch")
    with supervised({"return_value": arn}):
        trigger = trigger_of(task, ti)

    assert trigger.pipeline_execution_arn == arn
    assert trigger.connection.region_name == "us-east-1"
    assert state(fire(trigger, ti.xcoms)) == "success"
    assert ti.xcoms["return_value"]["step_name"] == "grow"


@pytest.mark.parametrize(
    "arguments",
    [
        {"pipeline_execution_arn": "{{ ti.xcom_pull('start') }}"},  # would wait for ever
        {"aws_conn_id": "{{ conn.other.conn_id }}"},
        {"step_name": "{% if true %}grow{% endif %}"},
        {"deferrable": False},
        {"pre_execute": print},
    ],
)
def test_what_needs_a_worker_starts_on_one(arguments):
    task = SageMakerPipelineStepOperator(
        **{"task_id": "grow", "pipeline_execution_arn": "x", "deferrable": True, **arguments}
    )

    assert not task.start_from_trigger


def test_a_subclass_starts_on_a_worker():
    class Louder(SageMakerPipelineStepOperator):
        pass

    assert not Louder(task_id="grow", pipeline_execution_arn="x", deferrable=True).start_from_trigger


@pytest.mark.parametrize("arguments", [{}, {"on_failure_callback": print}])
def test_where_nobody_started_an_execution_it_says_so(local, arguments):
    task = step("grow", "None", **arguments)

    with pytest.raises(AirflowException, match="no execution to follow"):
        run(task, context_of(task))


@pytest.mark.parametrize(
    ("fails", "arguments"),
    [
        (False, {"on_success_callback": print}),
        (False, {"on_execute_callback": print}),
        (False, {"outlets": []}),
        (True, {"on_failure_callback": print}),
        (True, {"on_retry_callback": print}),
        (True, {"email": "team@example.com"}),
    ],
)
def test_what_only_a_worker_does_at_the_end_is_left_to_one(started, local, fails, arguments):
    if fails:
        local.faults.add(StepFault("grow", "fail", reason="AlgorithmError: too dry"))
    arn = started()
    local.wait(arn)
    task = step("grow", arn, **arguments)
    context = context_of(task)
    event = fire(trigger_of(task, context["ti"]), context["ti"].xcoms)

    if arguments == {"outlets": []}:
        assert state(event) == "success"
    elif fails:
        with pytest.raises(AirflowException, match="too dry"):
            task.resume(context, event.payload)
    else:
        assert task.resume(context, event.payload)["status"] == "Succeeded"


def test_dags_that_fail_fast_have_a_worker_fail_their_tasks(started, local):
    local.faults.add(StepFault("grow", "fail"))
    arn = started()
    local.wait(arn)
    with DAG("pipeline", schedule=None, fail_fast=True):
        task = step("grow", arn, trigger_rule="all_success")
    event = fire(trigger_of(task, TaskInstance("grow")), {})

    assert event.payload["status"] == "ended"


def test_where_airflow_takes_no_xcom_a_worker_ends_the_task(started, local):
    arn = started()
    local.wait(arn)
    task = step("grow", arn)
    context = context_of(task)
    trigger = trigger_of(task, context["ti"])
    with supervised({}, broken=frozenset({"return_value"})):
        event = asyncio.run(event_of(trigger))

    assert task.resume(context, event.payload)["status"] == "Succeeded"


def test_the_links_are_there_while_the_task_waits_and_lead_somewhere_at_its_end(started, local):
    held = local.faults.add(StepFault("grow", "hold"))
    arn = started()
    task, seen = step("grow", arn), {}
    context = context_of(task)

    def look():
        seen.update(context["ti"].xcoms)
        local.faults.remove(held)

    with after_looks(local, 3, look):
        run_in_triggerer(task, context)

    xcoms = context["ti"].xcoms
    execution, job, log = (f"_link_{type(link).__name__}" for link in task.operator_extra_links)
    assert arn.rsplit("/", 1)[1] in seen[execution]
    assert job not in seen
    assert "training" in xcoms[job] or "jobs" in xcoms[job]
    assert "cloudwatch" in xcoms[log]


def test_what_an_earlier_try_left_is_gone(started, local, sagemaker):
    arn = started()
    local.wait(arn)
    first, selective = step("grow", arn), {"SourcePipelineExecutionArn": arn, "SelectedSteps": [{"StepName": "mow"}]}
    xcoms = run(first, context_of(first)).xcoms
    again = sagemaker.start_pipeline_execution(PipelineName="harvest", SelectiveExecutionConfig=selective)
    second = step("grow", again["PipelineExecutionArn"])

    with pytest.raises(AirflowSkipException):
        run(second, context_of(second, try_number=2, xcoms=xcoms))
    assert xcoms["return_value"] is xcoms["sagemaker_job"] is xcoms["sagemaker_job_logs"] is None
    assert xcoms["_link_SageMakerJobLink"] == ""
    execution = again["PipelineExecutionArn"].rsplit("/", 1)[1]
    assert execution in xcoms["_link_SageMakerPipelineExecutionLink"]


def test_nothing_is_returned_where_the_task_says_so(started, local):
    arn = started()
    local.wait(arn)
    task = step("grow", arn, do_xcom_push=False)
    context = context_of(task)
    run_in_triggerer(task, context)
    xcoms = context["ti"].xcoms

    assert "return_value" not in xcoms
    assert xcoms["_link_SageMakerJobLink"]


def test_siblings_that_failed_share_one_retry(started, local):
    for name in ("grow", "mow"):
        local.faults.add(StepFault(name, "fail", times=1))
    arn = started()
    local.wait(arn)
    tasks = [step(name, arn) for name in ("grow", "mow")]
    instances = [TaskInstance(task.task_id, try_number=2) for task in tasks]

    async def scenario():
        triggers = [trigger_of(task, ti) for task, ti in zip(tasks, instances, strict=True)]
        return await asyncio.gather(*map(event_of, triggers))

    with supervised({}):
        assert [event.payload["message"] for event in asyncio.run(scenario())] == ["The step succeeded."] * 2
    # Both have seen the same end, and asked for the same retry.
    assert local.wait(arn) == "Succeeded"
    calls = local.calls.after(0, "RetryPipelineExecution")
    assert len(calls) in (1, 2)


def test_a_triggerer_that_restarts_does_not_resume_a_second_time(started, local):
    """The trigger begins anew, in the same try; SageMaker has failed the step again meanwhile."""
    local.faults.add(StepFault("grow", "fail", times=2))
    arn = started()
    local.wait(arn)
    task = step("grow", arn)
    ti = TaskInstance("grow", try_number=2)
    with supervised(ti.xcoms):
        before = trigger_of(task, ti)

        async def until_resumed():
            running = asyncio.create_task(event_of(before))
            while not retries(local):
                await asyncio.sleep(0.005)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

        asyncio.run(until_resumed())
    local.wait(arn)
    assert RESUMPTION in ti.xcoms

    assert "The step failed" in fire(trigger_of(task, ti), ti.xcoms).payload["message"]
    assert retries(local) == 1


def test_one_that_restarts_before_sagemaker_was_asked_asks_it(started, local, monkeypatch):
    local.faults.add(StepFault("grow", "fail", times=1))
    arn = started()
    local.wait(arn)
    task = step("grow", arn)
    ti = TaskInstance("grow", try_number=2)
    trigger = trigger_of(task, ti)

    with monkeypatch.context() as patched:
        patched.setattr(
            "sagemaker_mirror.hooks.sagemaker_mirror.SageMakerMirrorHook.retry_execution",
            lambda hook, arn, token: (_ for _ in ()).throw(SystemExit),
        )
        with pytest.raises(SystemExit):
            fire(trigger, ti.xcoms)
    assert retries(local) == 0

    assert fire(trigger_of(task, ti), ti.xcoms).payload["message"] == "The step succeeded."
    assert retries(local) == 1


def test_the_next_try_forgets_what_the_last_one_asked_for(started, local):
    local.faults.add(StepFault("grow", "fail", times=2))
    arn = started()
    local.wait(arn)
    task = step("grow", arn)
    second = TaskInstance("grow", try_number=2)
    with pytest.raises(AirflowException):
        run(task, {"ti": second})
    local.wait(arn)
    third = TaskInstance("grow", try_number=3, xcoms=second.xcoms)

    assert run(task, {"ti": third}).result["status"] == "Succeeded"
    assert retries(local) == 2


@pytest.mark.parametrize("kind", ["throttle", "fail", "deny"])
def test_where_only_the_definition_tells_and_cannot_be_read_it_waits(started, local, kind):
    local.faults.add(StepFault("sow", "fail"))
    arn = started()
    local.wait(arn)
    local.faults.add(CallFault("DescribePipelineDefinitionForExecution", kind, times=2))
    task = step("grow", arn, botocore_config={"retries": {"total_max_attempts": 1}})

    with pytest.raises(AirflowException, match="never started"):
        run(task, context_of(task))
    assert local.calls.counts()["DescribePipelineDefinitionForExecution"] == 3


def test_its_timeout_ends_it_and_stops_nothing(started, local, sagemaker):
    local.faults.add(StepFault("sow", "hold"))
    arn = started()
    local.wait_for_step(arn, "sow", "Executing")
    task = step("sow", arn, execution_timeout=timedelta(seconds=0.5))

    with pytest.raises(AirflowException, match="execution_timeout"):
        run(task, context_of(task))
    assert sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Executing"


@pytest.mark.parametrize(("run_state", "expected"), [("failed", "Stopped"), ("running", "Executing")])
def test_it_stops_with_its_run_alone(started, local, sagemaker, monkeypatch, run_state, expected):
    asked = []

    def answer(*task_key):
        asked.append(task_key)
        return TaskState("failed", run_state)

    monkeypatch.setattr("sagemaker_mirror.triggers.sagemaker_pipeline.read_task_state", answer)
    local.faults.add(StepFault("sow", "hold"))
    arn = started()
    local.wait_for_step(arn, "sow", "Executing")
    task = step("sow", arn)
    ti = TaskInstance("sow")
    with supervised(ti.xcoms):
        kill(trigger_of(task, ti))

    assert asked == [(ti.dag_id, ti.run_id, "sow", -1)]
    if expected == "Stopped":
        local.wait(arn)
    assert sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == expected
