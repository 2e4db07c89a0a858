"""A whole Airflow on 127.0.0.1, on SQLite, for one person: started, asked and stopped by the demo."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx

from sagemaker_mirror.local.demo.processes import Processes

# Scheduler and triggerer would serve logs on all interfaces; here the API server reads the files itself.
SERVICES = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
ENDED = ("success", "failed")  # states of a run
POLL = 0.5  # seconds between two looks at something that is awaited


class AirflowTimeout(RuntimeError):
    """Airflow was not where it should be in time."""


@dataclass(frozen=True)
class AirflowSettings:
    """What the demo's Airflow is made of.

    :param home: its ``AIRFLOW_HOME``, made by the demo.
    :param port: where the UI and the API listen, on 127.0.0.1.
    :param dags_folder: the folder with the loader.
    :param configs_folder: the root of the config folders.
    :param endpoint_url: the embedded SageMaker.
    :param region_name: the region that it plays.
    :param poll_interval: seconds between two looks at an execution.
    :param variables: ``SMP_*`` names and their values, as a start-up script would set them in MWAA.
    """

    home: Path
    port: int
    dags_folder: Path
    configs_folder: Path
    endpoint_url: str
    region_name: str
    poll_interval: int
    variables: Mapping[str, str]
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(64), repr=False)

    @property
    def url(self) -> str:
        """Return the address of the UI."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Return the environment of every Airflow process: ours, less what leads to a real AWS account."""
        connection = {
            "conn_type": "aws",
            "login": "local",
            "password": "local",
            "extra": {"region_name": self.region_name, "endpoint_url": self.endpoint_url},
        }
        options = {
            "CORE__DAGS_FOLDER": self.dags_folder,
            "CORE__LOAD_EXAMPLES": False,
            "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": True,
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "CORE__FERNET_KEY": "",
            # A task that resumes seconds after its deferral is safe only while the scheduler has few slots to
            # check and workers report often (apache/airflow #72716).
            "CORE__PARALLELISM": 4,
            "WORKERS__MIN_HEARTBEAT_INTERVAL": 1,
            "API__HOST": "127.0.0.1",
            "API__PORT": self.port,
            "API__BASE_URL": self.url,
            "API__WORKERS": 1,
            "API__SECRET_KEY": self.secret,
            "API_AUTH__JWT_SECRET": self.secret,
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db",
            "SAGEMAKER_MIRROR__CONFIGS_FOLDER": self.configs_folder,
            "SAGEMAKER_MIRROR__POLL_INTERVAL": self.poll_interval,
            "USAGE_DATA_COLLECTION__ENABLED": False,
        }
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "AWS_", "SMP_"))}
        # Each task starts a Python: byte code that is written once pays for itself within the first run.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        env |= {f"AIRFLOW__{name}": str(value) for name, value in options.items()}
        env |= {"AIRFLOW_HOME": str(self.home), "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection)}
        env |= {
            "AWS_DEFAULT_REGION": self.region_name,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONUNBUFFERED": "1",
        }
        return env | dict(self.variables)


@dataclass
class Airflow:
    """The services and their public API (https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html).

    :param settings: what to start.
    :param processes: where the services run.
    """

    settings: AirflowSettings
    processes: Processes
    _client: httpx.Client | None = field(default=None, init=False)

    def migrate(self) -> None:
        """Make the metadata database."""
        self.processes.run("db-migrate", [*_command(), "db", "migrate"], self.settings.environment())

    def start(self) -> None:
        """Start the services; :meth:`wait_until_healthy` says when they serve."""
        env = self.settings.environment()
        for name, arguments in SERVICES.items():
            self.processes.start(name, [*_command(), *arguments], env)

    def wait_until_healthy(self, timeout: float) -> None:
        """Wait for API server, scheduler, DAG processor and triggerer.

        :param timeout: seconds.
        :raises AirflowTimeout: one of them was not healthy in time.
        :raises ProcessDied: one of them ended.
        """

        def healthy() -> bool:
            try:
                answer = httpx.get(f"{self.settings.url}/api/v2/monitor/health", timeout=5)
            except httpx.TransportError:
                return False  # not listening yet
            return answer.is_success and all(part.get("status") == "healthy" for part in answer.json().values())

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
        run = self._request("POST", f"dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": dict(conf or {})})
        return str(run["dag_run_id"])

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
        return self.get(path, deserialize=True)["value"]

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1) -> str:
        """Return the text of a task's log."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        content = self.get(path, full_content=True)["content"]
        return "\n".join(str(line.get("event", line)) if isinstance(line, dict) else str(line) for line in content)

    def set_run_state(self, dag_id: str, run_id: str, state: str) -> None:
        """Mark a run, as the button of the UI does."""
        self._request("PATCH", f"dags/{dag_id}/dagRuns/{run_id}", json={"state": state})

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Return the answer of a GET of the public API."""
        return self._request("GET", path, params=params)

    def _request(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        if self._client is None:
            # Where all users are admins, the SimpleAuthManager hands a token to whoever on this machine asks.
            answer = httpx.get(f"{self.settings.url}/auth/token", timeout=30).raise_for_status()
            self._client = httpx.Client(
                base_url=f"{self.settings.url}/api/v2/",
                headers={"Authorization": f"Bearer {answer.json()['access_token']}"},
                timeout=60,
            )
        answer = self._client.request(method, path, **kwargs).raise_for_status().json()
        return cast(dict[str, Any], answer)

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


def _command() -> list[str]:
    return [sys.executable, "-m", "airflow"]
