from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sagemaker_mirror.local import LocalSageMaker
from sagemaker_mirror.operators.sagemaker_pipeline import (
    SageMakerPipelineStartOperator,
    SageMakerPipelineUpsertOperator,
)
from tests.integration.local.scripted_runner import ScriptedRunner

from .tasks import context_of, run

VALUES = {
    "SMP_ACCOUNTID": "123456789012",
    "SMP_REGION": "us-east-1",
    "SMP_S3BUCKETNAME": "mirror-tests",
    "SMP_ROLE": "arn:aws:iam::123456789012:role/SageMakerExecutionRole",
}
CONF = """
conf:
  models:
    wheat:
      source_directory: scripts
      prepare:
        image_uri: 123456789012.dkr.ecr.us-east-1.amazonaws.com/python:3
        instance_type: ml.m5.large
        entry_point: prepare.py
        channels: harvest
      train:
        image_uri: 123456789012.dkr.ecr.us-east-1.amazonaws.com/python:3
        instance_type: ml.m5.large
        entry_point: train.py
      evaluate:
        image_uri: 123456789012.dkr.ecr.us-east-1.amazonaws.com/python:3
        instance_type: ml.m5.large
        entry_point: prepare.py
        channels: harvest
  sagemakerPipeline:
    pipelineName: harvest
    models:
      wheat:
        steps:
          - step_name: sow
            step_class: Processing
            step_type: prepare
          - step_name: grow
            step_class: Training
            chain_input_source_step: [sow]
          - step_name: mow
            step_class: Processing
            step_type: prepare
    dependencies:
      - sow >> grow
      - sow >> mow
"""


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    """Airflow's tables: 2.11 looks for Variables there, and ``dag.test`` needs them in every version."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture
def runner() -> ScriptedRunner:
    return ScriptedRunner()


@pytest.fixture
def local(runner: ScriptedRunner, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSageMaker]:
    with LocalSageMaker(control=True, make_runner=lambda clients, work_dir: runner) as server:
        connection = {
            "conn_type": "aws",
            "login": "testing",
            "password": "testing",
            "extra": {"region_name": "us-east-1", "endpoint_url": server.endpoint_url},
        }
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
        # Two heartbeats are the shortest deferral.
        monkeypatch.setenv("AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL", "0")
        server.client("s3").create_bucket(Bucket=VALUES["SMP_S3BUCKETNAME"])
        yield server


@pytest.fixture
def sagemaker(local: LocalSageMaker) -> Any:
    return local.client("sagemaker")


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    """A configs root with one folder: ``harvest``."""
    conf = tmp_path / "harvest" / "conf" / "conf.yaml"
    conf.parent.mkdir(parents=True)
    conf.write_text(CONF)
    scripts = tmp_path / "harvest" / "scripts"
    scripts.mkdir()
    for name in ("prepare.py", "train.py"):
        (scripts / name).write_text(f"print('{name}')\n")
    return tmp_path


@pytest.fixture
def started(local: LocalSageMaker, configs: Path) -> Callable[..., str]:
    """Upsert the pipeline and start it: a function that returns the execution's ARN."""

    def start(**context_fields: Any) -> str:
        upsert = SageMakerPipelineUpsertOperator(
            task_id="upsert", config_folder="harvest", configs_root=str(configs), values=VALUES
        )
        written = run(upsert, context_of(upsert)).result
        task = SageMakerPipelineStartOperator(
            task_id="start",
            pipeline_name=written["pipeline_name"],
            pipeline_version_id=written["pipeline_version_id"],
        )
        return run(task, context_of(task, **context_fields)).result

    return start


@pytest.fixture
def task_log(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """What tasks wrote into their logs so far: Airflow 3 prints it, 2.11 uses logging."""
    caplog.set_level("INFO")

    def read() -> str:
        return capsys.readouterr().out + caplog.text

    return read
