"""The same on Airflow 2.11: a web server in place of the API server, and a user with a password."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import quote

import httpx

from sagemaker_mirror.local.demo.airflow import Airflow

_USER = "admin"
_BACKENDS = "airflow.providers.fab.auth_manager.api.auth.backend"


@dataclass
class Airflow2(Airflow):
    """The services of Airflow 2.11 (https://airflow.apache.org/docs/apache-airflow/2.11.2/stable-rest-api-ref.html)."""

    _password: str = field(default_factory=lambda: secrets.token_urlsafe(12), init=False, repr=False)

    services: ClassVar[Mapping[str, Sequence[str]]] = {
        "webserver": ["webserver"],
        "scheduler": ["scheduler", "--skip-serve-logs"],
        "triggerer": ["triggerer", "--skip-serve-logs"],
    }
    health_path: ClassVar[str] = "health"
    healthy_parts: ClassVar[Sequence[str]] = ("metadatabase", "scheduler", "triggerer")

    @property
    def sign_in(self) -> tuple[str, str] | None:
        """Return the name and the password that the UI asks for."""
        return _USER, self._password

    def run_url(self, dag_id: str, run_id: str) -> str:
        """Return the address of a run in the UI."""
        return f"{self.settings.url}/dags/{dag_id}/grid?dag_run_id={quote(run_id)}"

    def options(self) -> dict[str, object]:
        """Return what only this version of Airflow is told, as ``SECTION__KEY``."""
        settings = self.settings
        return {
            "CORE__EXECUTOR": "LocalExecutor",
            "API__AUTH_BACKENDS": f"{_BACKENDS}.basic_auth,{_BACKENDS}.session",
            "WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
            "WEBSERVER__WEB_SERVER_PORT": settings.port,
            "WEBSERVER__BASE_URL": settings.url,
            "WEBSERVER__WORKERS": 1,
            "WEBSERVER__SECRET_KEY": settings.secret,
        }

    def environment(self) -> dict[str, str]:
        """Return the environment of this Airflow's processes."""
        # The SequentialExecutor, which Airflow 2 demands beside SQLite, stops its scheduler while a task runs. On a
        # database as ours the LocalExecutor works too, as it does in Airflow 3.
        return super().environment() | {"_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1"}

    def prepare(self) -> None:
        """Make the metadata database and its one user."""
        super().prepare()
        person = {"username": _USER, "password": self._password, "role": "Admin", "firstname": "Demo"}
        person |= {"lastname": "User", "email": "demo@localhost"}
        self.run("users-create", "users", "create", *(f"--{name}={value}" for name, value in person.items()))

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1) -> str:
        """Return the text of a task's log."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        answer = self.client.get(path, params={"full_content": True}, headers={"Accept": "text/plain"})
        return answer.raise_for_status().text

    def set_task_state(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Mark a task, as the button of the UI does.

        :param state: ``success`` or ``failed``.
        """
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        self._request("PATCH", path, json={"new_state": state, "dry_run": False})

    def _run_times(self) -> dict[str, Any]:
        return {}

    def _make_client(self) -> httpx.Client:
        return httpx.Client(base_url=f"{self.settings.url}/api/v1/", auth=self.sign_in, timeout=60)
