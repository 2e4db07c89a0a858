"""The conf's ``airflow`` section."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sagemaker_mirror.compat import AIRFLOW_3
from sagemaker_mirror.factory import SageMakerPipelineDag, build_dags
from tests.unit.factory.serialise import serialise


def dag_with(configs, **section):
    configs.add("churn", airflow=section)
    dag = build_dags(configs.root)["churn"]
    assert "broken-config" not in dag.tags, dag.description
    return dag


def test_schedule_and_start(configs):
    dag = dag_with(configs, schedule="30 6 * * 1", start_date="2026-02-01", catchup=True, max_active_runs=3)
    assert dag.timetable.can_be_scheduled
    assert "30 6 * * 1" in str(serialise(dag)["dag"]["timetable"])
    assert dag.start_date.isoformat() == "2026-02-01T00:00:00+00:00"
    assert dag.catchup is True
    assert dag.max_active_runs == 3


def test_a_preset(configs):
    assert dag_with(configs, schedule="@daily").timetable.can_be_scheduled


def test_assets_start_a_run(configs):
    stored = serialise(dag_with(configs, schedule=["raw-churn", "model-package"]))
    text = str(stored["dag"])
    assert "raw-churn" in text
    assert "model-package" in text


def test_how_the_dag_is_shown(configs):
    dag = dag_with(
        configs,
        name="Churn, weekly",
        description="Who leaves?",
        tags=["marketing"],
        owner="data",
        links={"data": "https://example.com/data"},
    )
    assert dag.dag_display_name == "Churn, weekly"
    assert dag.description == "Who leaves?"
    assert {"marketing", "sagemaker", "churn", "Training"} <= set(dag.tags)
    assert {task.owner for task in dag.tasks} == {"data"}
    assert dag.owner_links == {"data": "https://example.com/data"}
    assert "- [data](https://example.com/data)" in dag.doc_md


def test_the_pipelines_description_is_the_dags(configs):
    file = configs.add("churn")
    file.write_text(file.read_text().replace("pipelineName:", "description: Who leaves?\n    pipelineName:"))
    assert build_dags(configs.root)["churn"].description == "Who leaves?"


def test_what_concerns_all_tasks(configs):
    dag = dag_with(
        configs,
        retries=2,
        retry_delay="5m",
        pool="ml",
        queue="big",
        priority_weight=7,
        default_args={"region_name": "x"},
    )
    for task in dag.tasks:
        assert task.retries == 2
        assert task.retry_delay == timedelta(minutes=5)
        assert (task.pool, task.queue, task.priority_weight) == ("ml", "big", 7)
        assert task.region_name == "x"


def test_the_conf_comes_before_the_loader(configs):
    dag = dag_with(
        configs,
        retries=2,
        default_args={"aws_conn_id": "conf"},
    )
    assert dag.get_task("fit").aws_conn_id == "conf"
    dag = build_dags(configs.root, default_args={"retries": 5, "aws_conn_id": "loader", "region_name": "loader"})[
        "churn"
    ]
    task = dag.get_task("fit")
    assert (task.retries, task.aws_conn_id, task.region_name) == (2, "conf", "loader")


def test_python_comes_before_the_conf(configs):
    configs.add("churn", airflow={"schedule": "@daily", "retries": 2, "pool": "ml"})
    dag = SageMakerPipelineDag("churn", configs=configs.root, schedule=None, default_args={"retries": 0})
    assert not dag.timetable.can_be_scheduled
    assert (dag.get_task("fit").retries, dag.get_task("fit").pool) == (0, "ml")


def notify(context):
    """Somebody's callback."""


PATH = f"{__name__}.notify"


def test_an_allowed_callback_is_the_dags(configs, monkeypatch):
    monkeypatch.setenv("AIRFLOW__SAGEMAKER_MIRROR__ALLOWED_CALLBACKS", f"os.remove_all, {PATH}")
    dag = dag_with(configs, on_failure_callback=PATH)
    assert dag.on_failure_callback is notify
    assert serialise(dag)["dag"]["has_on_failure_callback"] is True


@pytest.mark.parametrize("path", ["os.system", PATH.upper(), f"{PATH}s"])
def test_no_other_callback_is(configs, monkeypatch, path):
    monkeypatch.setenv("AIRFLOW__SAGEMAKER_MIRROR__ALLOWED_CALLBACKS", PATH)
    configs.add("churn", airflow={"on_failure_callback": path})
    dag = build_dags(configs.root)["churn"]
    assert set(dag.tags) == {"broken-config"}
    assert f"names {path!r}, which [sagemaker_mirror] allowed_callbacks in airflow.cfg does not" in dag.description


def test_a_callback_that_is_not_there(configs, monkeypatch):
    monkeypatch.setenv("AIRFLOW__SAGEMAKER_MIRROR__ALLOWED_CALLBACKS", "nowhere.to.be.found")
    configs.add("churn", airflow={"on_failure_callback": "nowhere.to.be.found"})
    assert "can't be imported" in build_dags(configs.root)["churn"].description


@pytest.mark.parametrize("said", [True, False])
def test_steps_wait_in_the_triggerer_unless_told_otherwise(configs, said):
    configs.add("churn")
    assert build_dags(configs.root)["churn"].get_task("fit").deferrable is True
    assert build_dags(configs.root, default_args={"deferrable": said})["churn"].get_task("fit").deferrable is said


@pytest.mark.skipif(not AIRFLOW_3, reason="in Airflow 2 every dataset has a URI")
def test_names_of_assets_load_no_aws_library(configs):
    import os
    import subprocess
    import sys

    configs.add("churn", airflow={"schedule": ["raw-churn"]})
    code = f"""
import sys
from sagemaker_mirror.factory import build_dags
assert build_dags({str(configs.root)!r})["churn"].timetable
assert "boto3" not in sys.modules
"""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
