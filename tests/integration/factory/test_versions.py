"""Airflow's own database: parsing again must not make another version of a DAG."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sagemaker_mirror.compat import AIRFLOW_3
from tests.conftest import REPOSITORY

PARSES = 5  # by one process
# What `airflow dags reserialize` does, several times over, without loading Airflow for each.
PARSE = f"""
from airflow.cli.cli_parser import get_parser

options = get_parser().parse_args(["dags", "reserialize"])
for _ in range({PARSES}):
    options.func(options)
"""


class Airflow:
    """Airflow's command line in a home of its own, with the shipped DAGs and confs."""

    def __init__(self, home: Path) -> None:
        self.home = home
        for folder in ("dags", "configs"):
            shutil.copytree(REPOSITORY / folder, home / folder)
        self.env = {
            **os.environ,
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            # Else what was just written isn't looked at again for half a minute.
            "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
        }

    def __call__(self, *arguments: str) -> None:
        self._python(["-m", "airflow", *arguments])

    def parse(self, hash_seed: int) -> None:
        self._python(["-c", PARSE], PYTHONHASHSEED=str(hash_seed))

    def versions(self) -> list[tuple[str, str]]:
        """Return each stored version's DAG and hash."""
        with sqlite3.connect(self.home / "airflow.db") as database:
            stored = database.execute(
                "SELECT dag_id, dag_hash FROM serialized_dag ORDER BY dag_id, dag_hash"
            ).fetchall()
            if AIRFLOW_3:
                (count,) = database.execute("SELECT count(*) FROM dag_version").fetchone()
                assert count == len(stored)
        return stored

    def _python(self, arguments: list[str], **env: str) -> None:
        command = [sys.executable, "-W", "ignore", *arguments]
        done = subprocess.run(command, env=self.env | env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def airflow(tmp_path: Path) -> Airflow:
    airflow = Airflow(tmp_path)
    airflow("db", "migrate")
    return airflow


def test_twenty_parses_with_a_run_in_between_make_one_version(airflow: Airflow) -> None:
    airflow.parse(hash_seed=1)
    first = airflow.versions()
    assert {dag_id for dag_id, _ in first} >= {"breast-cancer", "digits-pca-classifier"}
    airflow.parse(hash_seed=2)
    assert airflow.versions() == first

    # Without a run Airflow would overwrite the only version instead of adding one.
    airflow("dags", "trigger", "breast-cancer")
    for hash_seed in (3, 4):
        airflow.parse(hash_seed)
    assert airflow.versions() == first

    # And what did change is another version: Airflow did look.
    conf = airflow.home / "configs/breast-cancer/diagnosis/conf/conf.yaml"
    conf.write_text(conf.read_text() + "\n# Changed.\n")
    airflow.parse(hash_seed=5)
    assert {dag_id for dag_id, _ in set(airflow.versions()) - set(first)} == {"breast-cancer"}
