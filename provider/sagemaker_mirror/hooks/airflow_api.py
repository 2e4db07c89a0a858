"""Airflow's own public REST API, for what a task of Airflow 3 cannot do by itself: clear tasks of another run."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

import httpx

from sagemaker_mirror.compat import AIRFLOW_3, read_connection

if TYPE_CHECKING:
    from airflow.sdk import Connection

_SECONDS = 30.0


class AirflowApi:
    """A client of Airflow's public REST API: version 2 in Airflow 3, version 1 in Airflow 2.11.

    The connection is one of type HTTP: host (with or without ``https://``, and with a path where Airflow has one),
    port, login and password. In Airflow 3 login and password are exchanged for a token at ``/auth/token``; a password
    without login is such a token itself; with neither, a token is asked for as the SimpleAuthManager gives it where
    all users are admins. In Airflow 2.11 they are sent as they are (``[api] auth_backends`` has ``basic_auth``).

    https://airflow.apache.org/docs/apache-airflow/stable/security/api.html

    :param conn_id: the Airflow connection
    """

    def __init__(self, conn_id: str) -> None:
        self.conn_id = conn_id

    def task_state(self, dag_id: str, run_id: str, task_id: str) -> str | None:
        """Return the state of a task of a run; None: no state yet, or no such task.

        :param dag_id: the DAG
        :param run_id: its run
        :param task_id: the task
        :raises httpx.HTTPError: Airflow refuses, or is out of reach
        """
        answer = self._client.get(self._task(dag_id, run_id, task_id))
        return None if _missing(answer) else cast("str | None", answer.json()["state"])

    def xcom(self, dag_id: str, run_id: str, task_id: str) -> str | None:
        """Return what a task of a run has returned, as a text; None: nothing.

        :param dag_id: the DAG
        :param run_id: its run
        :param task_id: the task
        :raises httpx.HTTPError: Airflow refuses, or is out of reach
        """
        answer = self._client.get(f"{self._task(dag_id, run_id, task_id)}/xcomEntries/return_value")
        # Airflow 2.11 gives the text of it, 3 its JSON.
        return None if _missing(answer) else str(answer.json()["value"]).strip('"')

    def clear_failed(self, dag_id: str, run_id: str) -> list[str]:
        """Clear the failed tasks of a run, and those below them that never started; return their ids.

        :param dag_id: the DAG
        :param run_id: its run
        :raises httpx.HTTPError: Airflow refuses, or is out of reach
        """
        which = {"dry_run": False, "dag_run_id": run_id, "only_failed": True, "reset_dag_runs": True}
        answer = self._client.post(f"dags/{quote(dag_id, safe='')}/clearTaskInstances", json=which)
        return [task["task_id"] for task in answer.raise_for_status().json()["task_instances"]]

    @cached_property
    def _client(self) -> httpx.Client:
        connection = read_connection(self.conn_id)
        url = base_url(connection)
        if not AIRFLOW_3:
            auth = (connection.login or "", connection.password or "")
            return httpx.Client(base_url=f"{url}/api/v1/", auth=auth, timeout=_SECONDS)
        headers = {"Authorization": f"Bearer {_token(url, connection.login, connection.password)}"}
        return httpx.Client(base_url=f"{url}/api/v2/", headers=headers, timeout=_SECONDS)

    @staticmethod
    def _task(dag_id: str, run_id: str, task_id: str) -> str:
        dag, run, task = (quote(part, safe="") for part in (dag_id, run_id, task_id))
        return f"dags/{dag}/dagRuns/{run}/taskInstances/{task}"


def base_url(connection: Connection) -> str:
    """Return the address of Airflow, without a slash at its end.

    :param connection: an HTTP connection
    """
    host = (connection.host or "localhost").rstrip("/")
    if "://" not in host:
        host = f"{connection.schema or 'http'}://{host}"
    return str(httpx.URL(host).copy_with(port=connection.port) if connection.port else host).rstrip("/")


def _token(url: str, login: str | None, password: str | None) -> str:
    if password and not login:
        return password
    address = f"{url}/auth/token"
    if login:
        answer = httpx.post(address, json={"username": login, "password": password}, timeout=_SECONDS)
    else:
        answer = httpx.get(address, timeout=_SECONDS)
    return str(answer.raise_for_status().json()["access_token"])


def _missing(answer: httpx.Response) -> bool:
    if answer.status_code == httpx.codes.NOT_FOUND:
        return True
    answer.raise_for_status()
    return False
