"""What is sent to Airflow's own API, and with whose name, against a server on this machine."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from sagemaker_mirror.compat import AIRFLOW_3
from sagemaker_mirror.hooks.airflow_api import AirflowApi

API = "/team/api/v2" if AIRFLOW_3 else "/team/api/v1"
TASKS = f"{API}/dags/harvest/dagRuns/sagemaker__a%2Bb/taskInstances"


class Handler(BaseHTTPRequestHandler):
    """Answers what the server has for a path; notes what was asked."""

    def do_GET(self):
        self._answer(None)

    def do_POST(self):
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, body):
        self.server.asked.append((self.command, self.path, self.headers.get("Authorization"), body))
        status, answer = self.server.answers.get(self.path, (404, {"detail": "not found"}))
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def airflow():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.answers = [], {"/team/auth/token": (201, {"access_token": "made-for-you"})}
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def api(airflow, monkeypatch):
    """Return the API through a connection with these fields."""

    def connect(**fields):
        connection = {"conn_type": "http", "host": "http://127.0.0.1/team", "port": airflow.server_port, **fields}
        monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_API", json.dumps(connection))
        return AirflowApi("airflow_api")

    return connect


def test_a_task_that_is_not_there_has_no_state(airflow, api):
    airflow.answers[f"{TASKS}/summary"] = (200, {"state": "failed"})
    client = api(login="ana", password="secret")
    assert client.task_state("harvest", "sagemaker__a+b", "summary") == "failed"
    assert client.task_state("harvest", "sagemaker__a+b", "elsewhere") is None


@pytest.mark.parametrize("value", ["arn:aws:x", '"arn:aws:x"'])
def test_what_a_task_returned_is_a_text_in_all_versions(airflow, api, value):
    airflow.answers[f"{TASKS}/start/xcomEntries/return_value"] = (200, {"value": value})
    assert api(login="ana", password="secret").xcom("harvest", "sagemaker__a+b", "start") == "arn:aws:x"


def test_only_failed_tasks_of_the_one_run_are_cleared(airflow, api):
    path = f"{API}/dags/harvest/clearTaskInstances"
    airflow.answers[path] = (200, {"task_instances": [{"task_id": "sow"}, {"task_id": "summary"}]})
    assert api(login="ana", password="secret").clear_failed("harvest", "sagemaker__a+b") == ["sow", "summary"]
    command, asked, _, body = airflow.asked[-1]
    assert (command, asked) == ("POST", path)
    assert body == {"dry_run": False, "dag_run_id": "sagemaker__a+b", "only_failed": True, "reset_dag_runs": True}


def test_a_refusal_is_an_error(airflow, api):
    airflow.answers[f"{TASKS}/summary"] = (403, {"detail": "no"})
    with pytest.raises(httpx.HTTPStatusError, match="403"):
        api(login="ana", password="secret").task_state("harvest", "sagemaker__a+b", "summary")


@pytest.mark.skipif(not AIRFLOW_3, reason="2.11 has no tokens")
@pytest.mark.parametrize(
    ("fields", "before", "token"),
    [
        (
            {"login": "ana", "password": "secret"},
            [("POST", {"username": "ana", "password": "secret"})],
            "made-for-you",
        ),
        ({"password": "one-of-mine"}, [], "one-of-mine"),
        ({}, [("GET", None)], "made-for-you"),
    ],
)
def test_a_token_is_asked_for(airflow, api, fields, before, token):
    api(**fields).task_state("harvest", "sagemaker__a+b", "summary")
    *first, (_, _, authorization, _) = airflow.asked
    assert [(command, body) for command, _, _, body in first] == before
    assert authorization == f"Bearer {token}"


@pytest.mark.skipif(AIRFLOW_3, reason="Airflow 3 wants tokens")
def test_before_name_and_password_are_sent_as_they_are(airflow, api):
    api(login="ana", password="secret").task_state("harvest", "sagemaker__a+b", "summary")
    (_, _, authorization, _) = airflow.asked[-1]
    assert authorization == f"Basic {base64.b64encode(b'ana:secret').decode()}"
