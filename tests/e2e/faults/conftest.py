"""An Airflow on PostgreSQL and an embedded SageMaker, for all that goes wrong.

On SQLite, Airflow's scheduler ends where many runs begin at once: its API server then waits for itself.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sagemaker_mirror.local.demo.environment import DemoEnvironment, demo_environment, free_port
from tests.conftest import REPOSITORY
from tests.e2e.confs import write_conf
from tests.e2e.faults.confs import FAULTS
from tests.e2e.faults.jobs import IdleJobRunner
from tests.e2e.postgres import find_binaries, postgres

_SERVES_WITHIN = 60.0  # seconds
_USER = "airflow"


@pytest.fixture(scope="package")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty PostgreSQL database."""
    binaries = find_binaries()
    if binaries is None:
        missing = "PostgreSQL is not installed (Debian: apt install postgresql)"
        if os.environ.get("SERVICES_REQUIRED"):
            pytest.fail(missing)
        pytest.skip(missing)
    port, password = free_port(0), secrets.token_hex(16)
    with postgres(binaries, port, _USER, password, tmp_path_factory.mktemp("postgres") / "postgres.log"):
        wait_until_it_serves(binaries, port)
        yield f"postgresql+psycopg2://{_USER}:{password}@127.0.0.1:{port}/postgres"


@pytest.fixture(scope="package")
def environment(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoEnvironment]:
    configs = tmp_path_factory.mktemp("faults") / "configs"
    for conf in FAULTS:
        write_conf(configs, conf)
    with demo_environment(
        configs=configs,
        dags=REPOSITORY / "dags",
        home=tmp_path_factory.mktemp("demo"),
        port=0,
        sagemaker_port=0,
        make_runner=IdleJobRunner,
        options={"DATABASE__SQL_ALCHEMY_CONN": database},
    ) as environment:
        environment.airflow.wait_for_dags([conf.name for conf in FAULTS], 120)
        yield environment


def wait_until_it_serves(binaries: Path, port: int) -> None:
    deadline = time.monotonic() + _SERVES_WITHIN
    command = [binaries / "pg_isready", "--quiet", "--host", "127.0.0.1", "--port", str(port)]
    while subprocess.run(command, check=False).returncode != 0:
        assert time.monotonic() < deadline, "PostgreSQL does not serve"
        time.sleep(0.2)
