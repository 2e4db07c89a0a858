"""Airflow's own scheduler and triggerer code, on its database: the task of a step ends, and no worker has seen it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest

from sagemaker_mirror.compat import STARTS_IN_TRIGGERER
from sagemaker_mirror.local.faults import StepFault
from tests.integration.operators.tasks import context_of

pytestmark = pytest.mark.skipif(not STARTS_IN_TRIGGERER, reason="Tasks do not start in this version's triggerer")

if STARTS_IN_TRIGGERER:
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.dagrun import DagRun
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.models.trigger import Trigger
    from airflow.sdk.serde import deserialize
    from airflow.utils.session import create_session
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    from tests.integration.operators.triggerer import event_of, supervised, trigger_of

DAG = """
from airflow.sdk import DAG
from sagemaker_mirror.operators.sagemaker_pipeline import SageMakerPipelineStepOperator

with DAG("{dag_id}", schedule=None):
    SageMakerPipelineStepOperator(
        task_id="grow", pipeline_execution_arn="{arn}", deferrable=True, poll_interval=0.05, retries={retries}
    )
"""
NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)


@pytest.fixture
def begun(tmp_path):
    """Start a run of a DAG with one step: a function that gives what the test asks of Airflow."""

    def begin(arn, retries=0):
        dag_id = tmp_path.name  # Airflow does not look twice within half a minute at what became of a DAG
        (tmp_path / "mirrored.py").write_text(DAG.format(arn=arn, retries=retries, dag_id=dag_id))
        with create_session() as session:
            session.merge(DagBundleModel(name="testing"))
        bag = BundleDagBag(dag_folder=str(tmp_path), bundle_path=tmp_path, bundle_name="testing")
        sync_bag_to_db(bag, "testing", None)
        with create_session() as session:
            dag = SerializedDagModel.get_dag(dag_id, session=session)
            run = dag.create_dagrun(
                run_id=dag_id,
                run_after=NOW,
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.TEST,
                state="running",
                session=session,
            )
            run.dag = dag
        return SimpleNamespace(operator=bag.dags[dag_id].get_task("grow"), run_id=run.run_id)

    return begin


def schedule(begun):
    """Have the scheduler take up what is due; the task instance that comes of it."""
    with create_session() as session:
        run = session.query(DagRun).filter_by(run_id=begun.run_id).one()
        run.dag = SerializedDagModel.get_dag(run.dag_id, session=session)
        due, _ = run.update_state(session=session, execute_callbacks=False)
        run.schedule_tis(due, session=session)
    return task_instance(begun)


def task_instance(begun):
    with create_session() as session:
        (ti,) = session.query(DagRun).filter_by(run_id=begun.run_id).one().get_task_instances(session=session)
        session.expunge_all()
        return ti


def end(begun, ti, xcoms):
    """Run its trigger, and have the triggerer take the event; the task instance that comes of it."""
    with supervised(xcoms):
        event = asyncio.run(event_of(trigger_of(begun.operator, ti)))
    Trigger.submit_event(ti.trigger_id, event)
    return task_instance(begun)


def seen_by_a_worker(ti):
    return bool(ti.hostname or ti.queued_dttm or ti.pid)


def test_a_step_that_succeeds(begun, started, local):
    arn = started()
    local.wait(arn)
    task = begun(arn)
    waiting, xcoms = schedule(task), {}
    ended = end(task, waiting, xcoms)

    assert (waiting.state, waiting.try_number) == ("deferred", 1)
    assert ended.state == "success"
    assert ended.duration >= 0
    assert xcoms["return_value"]["status"] == "Succeeded"
    assert not seen_by_a_worker(ended)


def test_one_that_fails_has_its_retries_and_a_worker_ends_those(begun, started, local):
    local.faults.add(StepFault("grow", "fail", times=1))
    arn = started()
    local.wait(arn)
    task, xcoms = begun(arn, retries=1), {}
    failed = end(task, schedule(task), xcoms)
    assert (failed.state, failed.try_number) == ("up_for_retry", 1)
    assert not seen_by_a_worker(failed)

    with create_session() as session:
        session.merge(failed).end_date = NOW  # the delay before the retry is over
    again = schedule(task)
    assert (again.state, again.try_number) == ("deferred", 2)
    ended = end(task, again, xcoms)

    assert (ended.state, ended.next_method) == ("scheduled", "resume")
    context = context_of(task.operator, try_number=2)
    assert task.operator.resume(context, **deserialize(ended.next_kwargs))["status"] == "Succeeded"
    assert local.calls.counts()["RetryPipelineExecution"] == 1
