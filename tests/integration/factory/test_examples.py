"""dags/examples/, run by ``airflow dags test`` against the embedded SageMaker: in one home, in this order."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sagemaker_mirror.compat import AIRFLOW_3, AIRFLOW_VERSION
from sagemaker_mirror.local import LocalSageMaker
from sagemaker_mirror.local.jobs import JobOutcome
from tests.conftest import REPOSITORY
from tests.integration.local.scripted_runner import ScriptedRunner

BUCKET = "my-bucket"
VALUES = {
    "SMP_ACCOUNTID": "123456789012",
    "SMP_REGION": "us-east-1",
    "SMP_S3BUCKETNAME": BUCKET,
    "SMP_ROLE": "arn:aws:iam::123456789012:role/SageMakerExecutionRole",
}
METRICS = {"accuracy": {"value": 0.97}}
GROUP = "breast-cancer-diagnosis"


@pytest.fixture(scope="module")
def local() -> Iterator[LocalSageMaker]:
    runner = ScriptedRunner()
    with LocalSageMaker(control=True, make_runner=lambda clients, work_dir: runner) as server:
        s3 = server.client("s3")
        s3.create_bucket(Bucket=BUCKET)

        def evaluate(request: dict, stop: object, log: object) -> JobOutcome:
            (output,) = request["ProcessingOutputConfig"]["Outputs"]
            key = output["S3Output"]["S3Uri"].removeprefix(f"s3://{BUCKET}/")
            s3.put_object(Bucket=BUCKET, Key=f"{key}/model_evaluation_metrics.json", Body=json.dumps(METRICS))
            return JobOutcome("Completed")

        runner.jobs["evaluate"] = evaluate
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("airflow")


@pytest.fixture(scope="module")
def airflow(local: LocalSageMaker, home: Path) -> Callable[..., str]:
    """Run Airflow's command line, and return its output."""
    connection = {
        "conn_type": "aws",
        "login": "testing",
        "password": "testing",
        "extra": {"region_name": VALUES["SMP_REGION"], "endpoint_url": local.endpoint_url},
    }
    environment = {
        **os.environ,
        **VALUES,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags" / "examples"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__SAGEMAKER_MIRROR__POLL_INTERVAL": "1",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "0",
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
    }

    def run(*arguments: str) -> str:
        command = [sys.executable, "-W", "ignore", "-m", "airflow", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout + done.stderr

    run("db", "migrate")
    run("dags", "reserialize")
    return run


@pytest.fixture(scope="module")
def succeeds(airflow: Callable[..., str], local: LocalSageMaker) -> Callable[[str], str]:
    """Run a DAG to its end, which is that of one execution of ``breast-cancer``; return its output."""

    def run(dag_id: str) -> str:
        before = executions(local)
        output = airflow("dags", "test", dag_id)
        (execution,) = [row for row in executions(local) if row not in before]
        assert local.wait(execution) == "Succeeded"
        # 2.11 and 3.x say it differently.
        assert "state=success" in output or "successful" in output or "state:success" in output, output[-3000:]
        return output

    return run


def executions(local: LocalSageMaker) -> list[str]:
    """Return the executions of ``breast-cancer``, the newest first."""
    sagemaker = local.client("sagemaker")
    if not sagemaker.list_pipelines(PipelineNamePrefix="breast-cancer")["PipelineSummaries"]:
        return []
    rows = sagemaker.list_pipeline_executions(
        PipelineName="breast-cancer", SortBy="CreationTime", SortOrder="Descending"
    )
    return [row["PipelineExecutionArn"] for row in rows["PipelineExecutionSummaries"]]


def parameters(local: LocalSageMaker) -> dict[str, str]:
    """Return the parameters that the newest execution was started with."""
    rows = local.client("sagemaker").list_pipeline_parameters_for_execution(PipelineExecutionArn=executions(local)[0])
    return {row["Name"]: row["Value"] for row in rows["PipelineParameters"]}


def test_a_dag_for_each_folder(succeeds, local):
    succeeds("breast-cancer")
    measurements = f"s3://{BUCKET}/datasets/breast-cancer/measurements.csv"
    assert parameters(local).get("InputDataUrl", measurements) == measurements


def test_one_group_between_other_tasks(succeeds, local):
    output = succeeds("nightly_training")
    assert parameters(local) == {"InputDataUrl": "s3://my-bucket/measurements/last-night.csv"}
    assert f"model-package/{GROUP}/2 waits for approval." in output


def test_a_dag_with_a_task_of_ones_own(succeeds):
    assert "The execution is Succeeded." in succeeds("weekly_training")


def test_the_operators_alone(succeeds, local):
    succeeds("one_execution")
    assert parameters(local) == {"InputDataUrl": "s3://my-bucket/measurements.csv"}


def test_a_new_package_starts_the_deployment(succeeds, home, local):
    """The runs above have told of their packages: each event is kept, and the DAG that waits for them is queued."""
    names, extras, queued = recorded(home)
    packages = [extra for name, extra in zip(names, extras, strict=True) if name == GROUP]
    newest = packages[-1]

    assert queued == ["deployment"]
    # The last one was registered by an execution whose DAG has no summary.
    assert [package["model_package_version"] for package in packages] == [1, 2, 3]
    assert newest["model_package_arn"].endswith(f":model-package/{GROUP}/3")
    assert newest["pipeline_execution_arn"] == executions(local)[1]
    # Airflow takes nested values from an alias from 3.2 on.
    nested = not AIRFLOW_3 or AIRFLOW_VERSION >= (3, 2)
    assert (newest["metrics"] if nested else json.loads(newest["metrics"])) == METRICS
    if AIRFLOW_3:  # 2.11 keeps only events of datasets that a DAG names
        assert {"breast-cancer/prepare/train", "breast-cancer/train/model"} <= set(names)


def recorded(home: Path) -> tuple[list[str], list[dict], list[str]]:
    """Return the assets and extras of all events, and the DAGs that they queued."""
    asset, name = ("asset", "name") if AIRFLOW_3 else ("dataset", "uri")
    with sqlite3.connect(home / "airflow.db") as database:
        events = database.execute(
            f"SELECT {asset}.{name}, event.extra FROM {asset}_event event "
            f"JOIN {asset} ON {asset}.id = event.{asset}_id ORDER BY event.id"
        ).fetchall()
        queue = f"{asset}_dag_run_queue"
        queued = database.execute(f"SELECT target_dag_id FROM {queue}").fetchall()
    return [event[0] for event in events], [json.loads(event[1]) for event in events], [row[0] for row in queued]
