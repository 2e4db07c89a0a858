"""The dispatcher on Airflow's own database: what it finds becomes runs there, once each."""

from __future__ import annotations

import json
import os
import pickle
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from sagemaker_mirror.compat import AIRFLOW_3_3
from sagemaker_mirror.factory.dispatcher import DISPATCHER_ID

from .conftest import CONF, VALUES

# There a scheduler has to say that an asset is active before it has a state store: tests/e2e has one.
pytestmark = pytest.mark.skipif(AIRFLOW_3_3, reason="the watermark lies in an asset's state store")


@pytest.fixture
def airflow(configs, local, tmp_path):
    """Run Airflow's command line in a home of its own, on a database that knows the DAGs."""
    conf = configs / "harvest" / "conf" / "conf.yaml"
    conf.write_text(CONF.replace("conf:\n", "conf:\n  airflow: {mirror_external: true}\n", 1))
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "pipelines.py").write_text(
        "from sagemaker_mirror.factory import build_dags  # Airflow's DAGs\n\nglobals().update(build_dags())\n"
    )
    environment = {
        **os.environ,
        **VALUES,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__SAGEMAKER_MIRROR__CONFIGS_FOLDER": str(configs),
    }

    def run(*arguments: str) -> str:
        command = [sys.executable, "-W", "ignore", "-m", "airflow", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    run("db", "migrate")
    run("dags", "reserialize")
    return run


def runs(home):
    """Return the runs of the folder's DAG and their confs."""
    with closing(sqlite3.connect(home / "airflow.db")) as database:
        rows = database.execute("SELECT run_id, conf FROM dag_run WHERE dag_id = 'harvest'").fetchall()
    # 2.11 pickles it.
    return {run_id: pickle.loads(conf) if isinstance(conf, bytes) else json.loads(conf) for run_id, conf in rows}


def test_each_execution_begun_elsewhere_becomes_one_run(airflow, started, sagemaker, tmp_path):
    started()
    airflow("dags", "test", DISPATCHER_ID)
    assert runs(tmp_path) == {}
    answers = [sagemaker.start_pipeline_execution(PipelineName="harvest") for _ in range(3)]
    arns = [answer["PipelineExecutionArn"] for answer in answers]
    for _ in range(2):
        airflow("dags", "test", DISPATCHER_ID)
        assert runs(tmp_path) == {
            f"sagemaker__{arn.rsplit('/', 1)[-1]}": {"execution_arn": arn, "started_by": None} for arn in arns
        }
