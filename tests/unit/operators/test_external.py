"""The conf of a run from elsewhere, the folders that mirror, and what is done about each thing that was found."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from sagemaker_mirror.compat import AirflowFailException
from sagemaker_mirror.config import Parameter
from sagemaker_mirror.hooks.airflow_api import base_url
from sagemaker_mirror.operators.external_conf import typed
from sagemaker_mirror.operators.external_folders import folders_that_may_mirror
from sagemaker_mirror.operators.external_run import SageMakerExternalRunOperator, note_of

ARN = "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/harvest/execution/abcdefghijkl"


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        ({}, "7", "7"),
        ({"type": "Integer"}, "7", 7),
        ({"type": "Integer"}, "7.5", None),
        ({"type": "Integer", "minimum": 8}, "7", None),
        ({"type": "Float", "maximum": 8}, "7.5", 7.5),
        ({"type": "Float", "maximum": 7}, "7.5", None),
        ({"type": "Float"}, "much", None),
        ({"type": "Boolean"}, "True", True),
        ({"type": "Boolean"}, "false", False),
        ({"type": "Boolean"}, "1", None),
        ({"enum": ("north", "south")}, "south", "south"),
        ({"enum": ("north", "south")}, "west", None),
        ({"type": "Integer", "enum": (1, 2)}, "2", 2),
    ],
)
def test_a_text_becomes_what_the_param_takes(parameter, text, value):
    found = typed(Parameter(**parameter), text)
    assert found == value
    assert type(found) is type(value)


def folder(root, name, text):
    conf = root / name / "conf" / "conf.yaml"
    conf.parent.mkdir(parents=True)
    conf.write_text(text)


def test_only_folders_that_speak_of_it_are_worth_reading(tmp_path):
    folder(tmp_path, "a", "conf: {}")
    folder(tmp_path, "b", "conf: {airflow: {mirror_external: true}}")
    assert [found.name for found in folders_that_may_mirror(tmp_path)] == ["b"]


def test_what_holds_for_all_folders_may_speak_for_all(tmp_path):
    folder(tmp_path, "a", "conf: {}")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "base.yaml").write_text("conf: {airflow: {mirror_external: true}}")
    assert [found.name for found in folders_that_may_mirror(tmp_path)] == ["a"]


def test_a_problem_fails_without_being_tried_again():
    task = SageMakerExternalRunOperator(task_id="dispatch", trigger_dag_id="harvest", problem="AccessDenied")
    with pytest.raises(AirflowFailException, match="AccessDenied"):
        task.execute({})


GOING_ON = {"execution_arn": ARN, "is_folders": True, "start": "start", "summary": "summary"}


def reopening(**fields):
    return SageMakerExternalRunOperator(
        task_id="dispatch",
        trigger_dag_id="harvest",
        trigger_run_id="sagemaker__abcdefghijkl",
        going_on={**GOING_ON, **fields},
    )


def test_without_a_connection_an_execution_that_goes_on_is_reported():
    with pytest.raises(AirflowFailException, match=rf"{ARN} goes on.*sagemaker__abcdefghijkl.*airflow_api_conn_id"):
        reopening().execute({})


@pytest.fixture
def connected(monkeypatch):
    """Airflow's API as the operator sees it."""
    from sagemaker_mirror.hooks import airflow_api

    monkeypatch.setenv("AIRFLOW__SAGEMAKER_MIRROR__AIRFLOW_API_CONN_ID", "airflow_api")
    api = SimpleNamespace(state="failed", arn=ARN, cleared=[])
    api.task_state = lambda dag_id, run_id, task_id: api.state
    api.xcom = lambda dag_id, run_id, task_id: api.arn
    api.clear_failed = lambda dag_id, run_id: api.cleared.append((dag_id, run_id)) or ["sow", "summary"]
    monkeypatch.setattr(airflow_api, "AirflowApi", lambda conn_id: api)
    return api


def test_with_one_the_runs_failed_tasks_are_cleared(connected):
    reopening().execute({})
    assert connected.cleared == [("harvest", "sagemaker__abcdefghijkl")]


@pytest.mark.parametrize("state", ["skipped", "success", None])
def test_a_run_that_somebody_ended_stays_ended(connected, state):
    connected.state = state
    with pytest.raises(AirflowFailException, match="not re-opened"):
        reopening().execute({})
    assert connected.cleared == []


def test_a_run_that_follows_another_execution_by_now_stays_ended(connected):
    connected.arn = ARN[:-1] + "m"
    with pytest.raises(AirflowFailException, match="it follows"):
        reopening().execute({})
    assert connected.cleared == []


def test_the_tasks_of_a_dag_of_ones_own_are_left_alone(connected):
    with pytest.raises(AirflowFailException, match="other tasks"):
        reopening(is_folders=False).execute({})
    assert connected.cleared == []


def test_the_note_says_who_began_it():
    assert note_of({"execution_arn": ARN, "started_by": "maria"}).endswith(
        "outside Airflow by maria, a user of Studio."
    )
    assert note_of({"execution_arn": ARN, "started_by": None}).endswith("outside Airflow.")


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "127.0.0.1", "port": 8080}, "http://127.0.0.1:8080"),
        ({"host": "airflow.example", "schema": "https"}, "https://airflow.example"),
        ({"host": "https://airflow.example/team/", "port": 8443}, "https://airflow.example:8443/team"),
        ({}, "http://localhost"),
    ],
)
def test_the_address_of_airflow(fields, url):
    connection = SimpleNamespace(**{"host": None, "port": None, "schema": None, **fields})
    assert base_url(connection) == url
