from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sagemaker_mirror.local import LocalSageMaker
from tests.integration.operators.conftest import VALUES, database, local, runner, sagemaker

__all__ = ["database", "local", "runner", "sagemaker"]


@pytest.fixture
def boto3_settings(local: LocalSageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let boto3 find the embedded SageMaker, as it finds AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", local.endpoint_url)


@pytest.fixture
def create(sagemaker: Any) -> Callable[..., str]:
    """Creates a pipeline, as the SageMaker SDK does; its ARN."""

    def run(name: str, *steps: dict[str, Any], **fields: Any) -> str:
        parameters = fields.pop("Parameters", [])
        definition = {"Version": "2020-12-01", "Metadata": {}, "Parameters": parameters, "Steps": list(steps)}
        request = {"RoleArn": VALUES["SMP_ROLE"], "PipelineDefinition": json.dumps(definition), **fields}
        return sagemaker.create_pipeline(PipelineName=name, ClientRequestToken=name * 8, **request)["PipelineArn"]

    return run


@pytest.fixture
def dags_test(local: LocalSageMaker, tmp_path: Path) -> Callable[..., tuple[str, dict[str, str]]]:
    """Runs a DAG without scheduler and triggerer: its output, and the states of its tasks."""
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "pipelines.py").write_text(
        "from sagemaker_mirror.factory import build_dags  # Airflow's DAGs\n\nglobals().update(build_dags())\n"
    )

    def run(dag_id: str, configs: Path, **params: Any) -> tuple[str, dict[str, str]]:
        environment = {
            **os.environ,
            **VALUES,
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__SAGEMAKER_MIRROR__CONFIGS_FOLDER": str(configs),
            "AIRFLOW__SAGEMAKER_MIRROR__POLL_INTERVAL": "1",
        }
        command = [sys.executable, "-m", "airflow", "dags", "test", dag_id, "--conf", json.dumps(params)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
        with sqlite3.connect(Path(os.environ["AIRFLOW_HOME"], "airflow.db")) as found:
            query = "SELECT task_id, state FROM task_instance WHERE dag_id = ?"
            return done.stdout + done.stderr, dict(found.execute(query, [dag_id]).fetchall())

    return run
