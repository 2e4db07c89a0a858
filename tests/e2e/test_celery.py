"""What docker-compose.yaml runs, run here: CeleryExecutor, PostgreSQL, Redis, and a pipeline through all of them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from sagemaker_mirror.compat import AIRFLOW_3_3
from sagemaker_mirror.local.demo.processes import Processes
from tests.conftest import REPOSITORY
from tests.e2e.compose import POLL, Compose, clean_environment, read_services, write_env
from tests.e2e.postgres import find_binaries, postgres
from tests.required import require

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not AIRFLOW_3_3, reason="the containers have Airflow 3.3"),
]

HEALTHY_WITHIN = 180.0  # seconds
RUN_WITHIN = 180.0  # seconds
PIPELINE = "breast-cancer"


@pytest.fixture(scope="module")
def binaries() -> Path:
    """The folder of PostgreSQL's programs; Redis is on the path."""
    found = find_binaries()
    missing = "PostgreSQL or Redis is not installed (Debian: apt install postgresql redis-server)"
    require(found is not None and shutil.which("redis-server") is not None, missing, "SERVICES_REQUIRED")
    assert found is not None
    return found


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Client:
    """Airflow's public API, for the user ``admin``."""

    def __init__(self, url: str, password: str) -> None:
        answer = httpx.post(f"{url}/auth/token", json={"username": "admin", "password": password}).raise_for_status()
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        self.http = httpx.Client(base_url=f"{url}/api/v2/", headers=headers, timeout=60)

    def __call__(self, method: str, path: str, **kwargs: Any) -> Any:
        return self.http.request(method, path, **kwargs).raise_for_status().json()

    def close(self) -> None:
        self.http.close()


@pytest.fixture(scope="module")
def client(binaries: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """All services up and healthy."""
    home = tmp_path_factory.mktemp("compose")
    ui, sagemaker, database, redis = free_ports(4)
    variables = write_env()
    native = {
        "/opt/services": str(REPOSITORY / ".docker/services"),
        "/opt/airflow/dags": str(REPOSITORY / "dags"),
        "/opt/airflow/configs": str(REPOSITORY / "configs"),
        "/opt/airflow": str(home),
        "0.0.0.0": "127.0.0.1",
        "8080": str(ui),
        "5055": str(sagemaker),
        "@postgres:5432": f"@127.0.0.1:{database}",
        "@redis:6379": f"@127.0.0.1:{redis}",
    }
    base = {
        **clean_environment(),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), str(binaries), os.environ["PATH"]]),
        "AIRFLOW_HOME": str(home),
        "PYTHONUNBUFFERED": "1",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(database),
        "REDIS_BIND": "127.0.0.1",
        "REDIS_PORT": str(redis),
        "SAGEMAKER_PORT": str(sagemaker),
    }
    logs = home / "services"
    logs.mkdir()
    services = read_services(variables, native)
    # As the file's health check asks: on the port that redis-cli is told.
    services["redis"].health[1:1] = ["-p", str(redis)]
    processes = Processes(logs)
    user, password = "airflow", variables["POSTGRES_PASSWORD"]
    with postgres(binaries, database, user, password, logs / "postgres.log"):
        compose = Compose(services, processes, base)
        try:
            compose.wait_until_healthy("postgres", HEALTHY_WITHIN)
            command = [binaries / "createdb", "--username", user, services["postgres"].environment["POSTGRES_DB"]]
            subprocess.run(command, env={**base, "PGPASSWORD": password}, check=True)
            compose.up(HEALTHY_WITHIN)
            with closing(Client(f"http://127.0.0.1:{ui}", variables["AIRFLOW_ADMIN_PASSWORD"])) as client:
                yield client
        finally:
            processes.stop()


def wait_for_run(client: Client, dag_id: str, run_id: str) -> str:
    deadline = time.monotonic() + RUN_WITHIN
    while (state := client("GET", f"dags/{dag_id}/dagRuns/{run_id}")["state"]) not in ("success", "failed"):
        assert time.monotonic() < deadline, f"{dag_id} is still {state}"
        time.sleep(POLL)
    return state


def wait_for_dag(client: Client, dag_id: str) -> None:
    deadline = time.monotonic() + RUN_WITHIN
    while dag_id not in {dag["dag_id"] for dag in client("GET", "dags")["dags"]}:
        assert time.monotonic() < deadline, f"there is no {dag_id}: {client('GET', 'importErrors')}"
        time.sleep(POLL)


def test_a_pipeline_runs_through_all_services(client: Client) -> None:
    wait_for_dag(client, PIPELINE)
    client("PATCH", f"dags/{PIPELINE}", json={"is_paused": False})
    run = client("POST", f"dags/{PIPELINE}/dagRuns", json={"logical_date": None})["dag_run_id"]
    state = wait_for_run(client, PIPELINE, run)
    tasks = client("GET", f"dags/{PIPELINE}/dagRuns/{run}/taskInstances")["task_instances"]
    assert {task["task_id"]: task["state"] for task in tasks if task["state"] != "success"} == {}
    assert state == "success"
    assert {task["executor"] for task in tasks} <= {None, "CeleryExecutor"}
    # What a worker wrote is what the UI shows.
    log = client("GET", f"dags/{PIPELINE}/dagRuns/{run}/taskInstances/summary/logs/1", params={"full_content": True})
    assert "Succeeded" in str(log["content"])
