"""Airflow's own database: parsing again must not make another version of a DAG."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sagemaker_mirror.compat import AIRFLOW_3
from tests.conftest import REPOSITORY


@pytest.fixture
def airflow(tmp_path: Path):
    """Return a function that runs Airflow's command line in a home of its own, in a fresh process."""
    env = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }

    def run(*arguments: str, hash_seed: int = 0) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "airflow", *arguments]
        done = subprocess.run(
            command, env=env | {"PYTHONHASHSEED": str(hash_seed)}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_parsing_again_after_a_run_makes_no_new_version(airflow, tmp_path):
    airflow("db", "migrate")
    airflow("dags", "reserialize", hash_seed=1)
    first = versions(tmp_path)
    assert {dag_id for dag_id, _ in first} >= {"breast-cancer", "digits-pca-classifier"}

    # Without a run Airflow would overwrite the only version instead of adding one.
    airflow("dags", "trigger", "breast-cancer")
    for hash_seed in (2, 3):
        airflow("dags", "reserialize", hash_seed=hash_seed)
    assert versions(tmp_path) == first


def versions(home: Path) -> list[tuple[str, str]]:
    """Return each stored version's DAG and hash."""
    with sqlite3.connect(home / "airflow.db") as database:
        stored = database.execute("SELECT dag_id, dag_hash FROM serialized_dag ORDER BY dag_id, dag_hash").fetchall()
        if AIRFLOW_3:
            (count,) = database.execute("SELECT count(*) FROM dag_version").fetchone()
            assert count == len(stored)
    return stored
