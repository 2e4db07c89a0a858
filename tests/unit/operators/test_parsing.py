"""What importing and building operators costs and gives, as every parse of a DAG file does."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sagemaker_mirror.compat import DAG
from sagemaker_mirror.operators import sagemaker_pipeline
from sagemaker_mirror.operators.sagemaker_pipeline import (
    SageMakerPipelineExecutionOperator,
    SageMakerPipelineStartOperator,
    SageMakerPipelineStepOperator,
    SageMakerPipelineSummaryOperator,
    SageMakerPipelineUpsertOperator,
)
from sagemaker_mirror.sensors.sagemaker_pipeline import SageMakerPipelineExecutionSensor

ARN = "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/harvest/execution/abcdefghijkl"
HEAVY = ("boto3", "botocore", "aiobotocore", "pandas", "sagemaker", "moto")


def loaded_after(code):
    """The heavy modules that are loaded after some code, in a process of its own."""
    script = f"import sys, json\n{code}\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_importing_operators_sensor_and_links_loads_nothing_heavy():
    assert not loaded_after(
        "from sagemaker_mirror.operators.sagemaker_pipeline import *\n"
        "import sagemaker_mirror.sensors.sagemaker_pipeline, sagemaker_mirror.links.sagemaker"
    )


def test_building_tasks_loads_nothing_heavy():
    assert not loaded_after(
        "from sagemaker_mirror.compat import DAG\n"
        "from sagemaker_mirror.operators.sagemaker_pipeline import *\n"
        "with DAG('d', schedule=None):\n"
        "    SageMakerPipelineUpsertOperator(task_id='u', config_folder='f')\n"
        f"    SageMakerPipelineStepOperator(task_id='s', pipeline_execution_arn='{ARN}')\n"
    )


@pytest.mark.parametrize("name", sagemaker_pipeline.__all__)
def test_each_operator_has_the_amazon_providers_arguments(name):
    own = {
        "SageMakerPipelineUpsertOperator": {"config_folder": "f"},
        "SageMakerPipelineStartOperator": {"pipeline_name": "p"},
    }.get(name, {"pipeline_execution_arn": ARN})
    config = {"retries": {"mode": "standard"}}
    task = getattr(sagemaker_pipeline, name)(
        task_id="t", aws_conn_id="c", region_name="us-west-2", verify=False, botocore_config=config, **own
    )

    assert {"aws_conn_id", "region_name", "verify"} <= set(task.template_fields)
    assert (task.connection.aws_conn_id, task.connection.region_name, task.connection.verify) == (
        "c",
        "us-west-2",
        False,
    )
    assert json.loads(task.connection.botocore_config) == config


def test_a_name_that_no_operator_has_is_an_error():
    with pytest.raises(AttributeError, match="Nothing"):
        sagemaker_pipeline.Nothing  # noqa: B018


def test_the_region_is_that_of_the_execution_where_none_is_given():
    task = SageMakerPipelineStepOperator(task_id="sow", pipeline_execution_arn=ARN)

    assert task.connection.region_name == "eu-central-1"


def test_defaults_of_the_tasks():
    step = SageMakerPipelineStepOperator(task_id="sow", pipeline_execution_arn=ARN)
    summary = SageMakerPipelineSummaryOperator(task_id="summary", pipeline_execution_arn=ARN)

    assert step.step_name == "sow"
    assert str(getattr(step.trigger_rule, "value", step.trigger_rule)) == "none_failed"
    assert str(getattr(summary.trigger_rule, "value", summary.trigger_rule)) == "all_done"


def test_default_args_of_a_dag_reach_the_tasks():
    with DAG("d", schedule=None, default_args={"aws_conn_id": "c", "deferrable": True, "poll_interval": 7}):
        tasks = [
            SageMakerPipelineUpsertOperator(task_id="upsert", config_folder="f"),
            SageMakerPipelineStartOperator(task_id="start", pipeline_name="p"),
            SageMakerPipelineExecutionOperator(task_id="execution", pipeline_execution_arn=ARN),
            SageMakerPipelineStepOperator(task_id="sow", pipeline_execution_arn=ARN),
        ]

    assert {task.aws_conn_id for task in tasks} == {"c"}
    assert all(task.deferrable and task.poll_interval == 7 for task in tasks[2:])


@pytest.mark.parametrize("build", [SageMakerPipelineStepOperator, SageMakerPipelineExecutionSensor])
def test_tasks_survive_being_stored_with_their_dag(build):
    from airflow.serialization import serialized_objects

    serialize = getattr(serialized_objects, "DagSerialization", serialized_objects.SerializedDAG).to_dict
    with DAG("d", schedule=None) as dag:
        build(task_id="sow", pipeline_execution_arn="{{ ti.xcom_pull('start') }}")

    assert "xcom_pull" in json.dumps(serialize(dag))
