"""A run of what somebody else has made of the pipeline: ``on_drift: adopt`` mirrors as far as it matches."""

from __future__ import annotations

import json

import pytest

from sagemaker_mirror.compat import AirflowSkipException
from sagemaker_mirror.operators.sagemaker_pipeline import (
    SageMakerPipelineStartOperator,
    SageMakerPipelineStepOperator,
    SageMakerPipelineSummaryOperator,
    SageMakerPipelineUpsertOperator,
)

from .conftest import VALUES
from .tasks import context_of, run


def upsert(configs, **arguments):
    task = SageMakerPipelineUpsertOperator(
        task_id="upsert", config_folder="harvest", configs_root=str(configs), values=VALUES, **arguments
    )
    return run(task, context_of(task)).result


@pytest.fixture
def execution(configs, local, sagemaker):
    """An execution of a definition in which ``rake`` stands for ``mow``."""
    upsert(configs)
    definition = json.loads(sagemaker.describe_pipeline(PipelineName="harvest")["PipelineDefinition"])
    for step in definition["Steps"]:
        step["Name"] = {"mow": "rake"}.get(step["Name"], step["Name"])
    sagemaker.update_pipeline(PipelineName="harvest", PipelineDefinition=json.dumps(definition))
    adopted = upsert(configs, on_drift="adopt")
    start = SageMakerPipelineStartOperator(
        task_id="start", pipeline_name="harvest", pipeline_version_id=adopted["pipeline_version_id"]
    )
    arn = run(start, context_of(start)).result
    assert sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineVersionId"] == 2
    return arn


def step(arn, name):
    task = SageMakerPipelineStepOperator(task_id=name, pipeline_execution_arn=arn, poll_interval=0.05)
    return run(task, context_of(task))


def test_what_matches_is_mirrored_and_what_is_missing_is_skipped(execution):
    assert step(execution, "sow").result["status"] == "Succeeded"
    with pytest.raises(AirflowSkipException, match="has no step of this name"):
        step(execution, "mow")


def test_what_has_no_task_is_reported(execution, local, task_log):
    local.wait(execution)
    task = SageMakerPipelineSummaryOperator(
        task_id="summary", pipeline_execution_arn=execution, step_names=["sow", "grow", "mow"]
    )
    run(task, context_of(task))
    log = task_log()
    assert "no task here: rake" in log
    assert "mow   not run" in log


def test_a_run_without_step_cache_says_that_it_is_left_as_it_is(execution, configs, local, task_log):
    task = SageMakerPipelineUpsertOperator(
        task_id="upsert",
        config_folder="harvest",
        configs_root=str(configs),
        values=VALUES,
        on_drift="adopt",
        run_settings=True,
    )
    run(task, context_of(task, params={"disable_cache": True}))
    assert "its step cache is left as it is" in task_log()
