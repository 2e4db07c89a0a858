"""What Airflow is asked for the states of tasks and runs; the answers are those of its own wire."""

from __future__ import annotations

import pytest

from sagemaker_mirror.compat import AIRFLOW_3, DAG, TaskState, read_run_states, read_task_state, read_task_states


@pytest.fixture
def supervisor(monkeypatch):
    """The answers of the execution API (Airflow 3)."""
    from airflow.sdk.execution_time import task_runner

    monkeypatch.setattr(
        task_runner.RuntimeTaskInstance,
        "get_task_states",
        staticmethod(lambda **query: {query["run_ids"][0]: {"sow": "failed", "grow_3": "running", "mow": None}}),
    )
    monkeypatch.setattr(
        task_runner.RuntimeTaskInstance, "get_dagrun_state", staticmethod(lambda dag_id, run_id: "running")
    )


@pytest.mark.skipif(not AIRFLOW_3, reason="2.11 has the database")
def test_states_come_from_the_execution_api(supervisor):
    assert read_task_state("d", "r", "sow") == TaskState("failed", "running")
    assert read_task_state("d", "r", "grow", 3) == TaskState("running", "running")
    assert read_task_state("d", "r", "elsewhere") == TaskState(None, "running")
    assert read_task_states("d", "r", ["sow", "mow", "elsewhere"]) == {"sow": "failed", "mow": None}


@pytest.fixture
def database():
    """A run in the database of 2.11, with one task that has failed."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.operators.empty import EmptyOperator
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    initdb()
    with DAG("d", schedule=None):
        tasks = {EmptyOperator(task_id="sow"): "failed", EmptyOperator(task_id="mow"): None}
    with create_session() as session:
        session.add(DagRun(dag_id="d", run_id="r", run_type="manual", state="running"))
        session.flush()
        session.add_all(TaskInstance(task, run_id="r", state=state) for task, state in tasks.items())
    yield
    with create_session() as session:
        session.query(TaskInstance).delete()
        session.query(DagRun).delete()


@pytest.mark.skipif(AIRFLOW_3, reason="Airflow 3 has no database for tasks")
def test_states_come_from_the_database(database):
    assert read_task_state("d", "r", "sow") == TaskState("failed", "running")
    assert read_task_state("d", "elsewhere", "sow") == TaskState(None, None)
    assert read_task_states("d", "r", ["sow", "mow", "elsewhere"]) == {"sow": "failed", "mow": None}


@pytest.mark.skipif(AIRFLOW_3, reason="Airflow 3 has no database for tasks")
def test_states_of_runs_come_from_the_database(database):
    assert read_run_states("d", ["r", "elsewhere"]) == {"r": "running"}
