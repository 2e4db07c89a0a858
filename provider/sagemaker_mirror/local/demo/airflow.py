"""A whole Airflow 3 on 127.0.0.1, on SQLite, for one person: started, asked and stopped by the demo."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast
from urllib.parse import quote

import httpx

from sagemaker_mirror.local.demo.processes import Processes
from sagemaker_mirror.local.demo.settings import AirflowSettings

ENDED = ("success", "failed")  # states of a run
_ATTEMPTS = 3
POLL = 0.5  # seconds between two looks at something that is awaited


class AirflowTimeout(RuntimeError):
    """Airflow was not where it should be in time."""


@dataclass
class Airflow:
    """The services and their public API (https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html).

    :param settings: what to start.
    :param processes: where the services run.
    """

    settings: AirflowSettings
    processes: Processes
    _client: httpx.Client | None = field(default=None, init=False)
    _writing: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    # Scheduler and triggerer would serve logs on all interfaces; here the API server reads the files itself.
    services: ClassVar[Mapping[str, Sequence[str]]] = {
        "api-server": ["api-server"],
        "scheduler": ["scheduler", "--skip-serve-logs"],
        "dag-processor": ["dag-processor"],
        "triggerer": ["triggerer", "--skip-serve-logs"],
    }
    health_path: ClassVar[str] = "api/v2/monitor/health"
    healthy_parts: ClassVar[Sequence[str]] = ("metadatabase", "scheduler", "triggerer", "dag_processor")

    @property
    def sign_in(self) -> tuple[str, str] | None:
        """Return the name and the password that the UI asks for; None where it asks for none."""
        return None

    def run_url(self, dag_id: str, run_id: str) -> str:
        """Return the address of a run in the UI."""
        return f"{self.settings.url}/dags/{dag_id}/runs/{quote(run_id)}"

    def options(self) -> dict[str, object]:
        """Return what only this version of Airflow is told, as ``SECTION__KEY``."""
        settings = self.settings
        return {
            "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": True,
            "CORE__EXECUTION_API_SERVER_URL": f"{settings.url}/execution/",
            "API__HOST": "127.0.0.1",
            "API__PORT": settings.port,
            "API__BASE_URL": settings.url,
            "API__WORKERS": 1,
            "API__SECRET_KEY": settings.secret,
            "API_AUTH__JWT_SECRET": settings.secret,
        }

    def environment(self) -> dict[str, str]:
        """Return the environment of this Airflow's processes."""
        return self.settings.environment(self.options())

    def prepare(self) -> None:
        """Make the metadata database."""
        self.run("db-migrate", "db", "migrate")
        if self.settings.database.exists():  # an option may have named another
            with contextlib.closing(sqlite3.connect(self.settings.database)) as database:
                database.execute("PRAGMA journal_mode = WAL")  # whoever reads does not wait for those who write

    def run(self, name: str, *arguments: str) -> None:
        """Run a command of Airflow to its end.

        :param name: what it is called in messages.
        :raises ProcessDied: it failed.
        """
        self.processes.run(name, [*_command(), *arguments], self.environment())

    def start(self, *names: str) -> None:
        """Start services; :meth:`wait_until_healthy` says when they serve.

        :param names: which; none means all.
        """
        env = self.environment()
        for name in names or self.services:
            self.processes.start(name, [*_command(), *self.services[name]], env)

    def wait_until_healthy(self, timeout: float) -> None:
        """Wait until the API answers, and scheduler, DAG processor and triggerer work.

        :param timeout: seconds.
        :raises AirflowTimeout: one of them was not healthy in time.
        :raises ProcessDied: one of them ended.
        """

        def healthy() -> bool:
            try:
                answer = httpx.get(f"{self.settings.url}/{self.health_path}", timeout=5)
            except httpx.TransportError:
                return False  # not listening yet
            return answer.is_success and all(
                answer.json()[part]["status"] == "healthy" for part in self.healthy_parts
            )

        self.wait_until("Airflow is healthy", healthy, timeout)

    def wait_for_dags(self, dag_ids: Iterable[str], timeout: float) -> None:
        """Wait until these DAGs have been parsed.

        :param dag_ids: their ids.
        :param timeout: seconds.
        :raises AirflowTimeout: some were not there in time; the message has the import errors.
        """
        wanted = set(dag_ids)

        def parsed() -> bool:
            return wanted <= {dag["dag_id"] for dag in self.get("dags", limit=1000)["dags"]}

        try:
            self.wait_until(f"there are DAGs {', '.join(sorted(wanted))}", parsed, timeout)
        except AirflowTimeout as error:
            errors = [item["stack_trace"] for item in self.get("importErrors")["import_errors"]]
            raise AirflowTimeout("\n".join([str(error), *errors])) from None

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run this DAG."""
        self._request("PATCH", f"dags/{dag_id}", json={"is_paused": False})

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Trigger a run by hand, as the button of the UI does.

        :param dag_id: the DAG.
        :param conf: values of the trigger form.
        :return: the run's id.
        """
        run = self._request("POST", f"dags/{dag_id}/dagRuns", json={**self._run_times(), "conf": dict(conf or {})})
        return str(run["dag_run_id"])

    def _run_times(self) -> dict[str, Any]:
        return {"logical_date": None}

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return the run's state."""
        return str(self.get(f"dags/{dag_id}/dagRuns/{run_id}")["state"])

    def wait_for_run(self, dag_id: str, run_id: str, timeout: float) -> str:
        """Wait until a run has ended.

        :param timeout: seconds.
        :return: the run's state.
        :raises AirflowTimeout: it had not ended in time.
        """

        def ended() -> bool:
            return self.run_state(dag_id, run_id) in ENDED

        self.wait_until(f"run {run_id} of {dag_id} has ended", ended, timeout)
        return self.run_state(dag_id, run_id)

    def wait_for_task(self, dag_id: str, run_id: str, task_id: str, state: str, timeout: float) -> None:
        """Wait until a task has a state.

        :param timeout: seconds.
        :raises AirflowTimeout: it did not have it in time.
        """

        def has_state() -> bool:
            return self.task_states(dag_id, run_id).get(task_id) == state

        self.wait_until(f"{task_id} is {state}", has_state, timeout)

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """Return the state of each of the run's tasks."""
        return {task["task_id"]: task["state"] for task in self.task_instances(dag_id, run_id)}

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the run's task instances."""
        tasks: list[dict[str, Any]] = []
        while True:
            page = self.get(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances", limit=100, offset=len(tasks))
            tasks += page["task_instances"]
            if not page["task_instances"] or len(tasks) >= page["total_entries"]:
                return tasks

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """Return what a task left under a key."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self.get(path, deserialize=True, stringify=False)["value"]

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1) -> str:
        """Return the text of a task's log."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        content = self.get(path, full_content=True)["content"]
        return "\n".join(text for line in content for text in _texts(line))

    def set_run_state(self, dag_id: str, run_id: str, state: str) -> None:
        """Mark a run, as the button of the UI does."""
        self._request("PATCH", f"dags/{dag_id}/dagRuns/{run_id}", json={"state": state})

    def set_task_state(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Mark a task, as the button of the UI does.

        :param state: ``success`` or ``failed``.
        """
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        self._request("PATCH", path, json={"new_state": state})

    def clear(
        self, dag_id: str, run_id: str, *task_ids: str, downstream: bool = False, only_failed: bool = False
    ) -> None:
        """Clear tasks of a run, as the button of the UI does; the run goes on.

        :param task_ids: which; none means all.
        :param downstream: with all that is below them.
        :param only_failed: of these, those that failed.
        """
        body: dict[str, Any] = {
            "dry_run": False,
            "dag_run_id": run_id,
            "reset_dag_runs": True,
            "only_failed": only_failed,
            "include_downstream": downstream,
        }
        if task_ids:
            body["task_ids"] = list(task_ids)
        self._request("POST", f"dags/{dag_id}/clearTaskInstances", json=body)

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Return the answer of a GET of the public API."""
        return self._request("GET", path, params=params)

    def _request(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        # On SQLite the API server gives up where others write for five seconds; nothing has been done then. Two
        # requests of ours that write at once would wait for each other.
        with contextlib.nullcontext() if method == "GET" else self._writing:
            for _ in range(_ATTEMPTS):
                answer = self.client.request(method, path, **kwargs)
                if answer.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
                    break
        return cast(dict[str, Any], answer.raise_for_status().json())

    @property
    def client(self) -> httpx.Client:
        """Return the way to the public API."""
        if self._client is None:
            self._client = self._make_client()
        return self._client

    def _make_client(self) -> httpx.Client:
        # Where all users are admins, the SimpleAuthManager hands a token to whoever on this machine asks.
        answer = httpx.get(f"{self.settings.url}/auth/token", timeout=30).raise_for_status()
        return httpx.Client(
            base_url=f"{self.settings.url}/api/v2/",
            headers={"Authorization": f"Bearer {answer.json()['access_token']}"},
            timeout=60,
        )

    def wait_until(self, what: str, done: Callable[[], bool], timeout: float) -> None:
        """Wait until something holds.

        :param what: what it is, for the message.
        :param done: whether it holds.
        :param timeout: seconds.
        :raises AirflowTimeout: it did not in time.
        :raises ProcessDied: one of Airflow's services ended.
        """
        deadline = time.monotonic() + timeout
        while not done():
            self.processes.check()
            if time.monotonic() > deadline:
                raise AirflowTimeout(f"Waited {timeout:.0f} s until {what}; the logs are in {self.processes.log_dir}")
            time.sleep(POLL)


def _texts(line: Any) -> Iterator[str]:
    if not isinstance(line, dict):
        yield str(line)
        return
    yield str(line["event"])
    for error in line.get("error_detail") or ():
        yield f"{error['exc_type']}: {error['exc_value']}"


def _command() -> list[str]:
    return [sys.executable, "-m", "airflow"]
