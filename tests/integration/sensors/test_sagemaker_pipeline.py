from __future__ import annotations

import pytest

from sagemaker_mirror.compat import AirflowException
from sagemaker_mirror.local.faults import StepFault
from sagemaker_mirror.sensors.sagemaker_pipeline import SageMakerPipelineExecutionSensor
from tests.integration.operators.tasks import after_looks, context_of, run

pytestmark = pytest.mark.parametrize("deferrable", [True, False])


def sensor(arn, deferrable, **arguments):
    arguments = {"poke_interval": 0.05, **arguments}
    return SageMakerPipelineExecutionSensor(
        task_id="wait", pipeline_execution_arn=arn, deferrable=deferrable, **arguments
    )


def test_an_execution_that_has_succeeded(started, local, deferrable):
    arn = started()
    local.wait(arn)
    task = sensor(arn, deferrable)

    assert run(task, context_of(task)).deferrals == 0


def test_an_execution_is_awaited(started, local, deferrable):
    held = local.faults.add(StepFault("sow", "hold"))
    task = sensor(started(), deferrable)

    with after_looks(local, 3, lambda: local.faults.remove(held)):
        assert run(task, context_of(task)).deferrals == int(deferrable)


def test_one_that_fails_fails_the_sensor(started, local, deferrable):
    local.faults.add(StepFault("sow", "fail"))
    task = sensor(started(), deferrable)

    with pytest.raises(AirflowException, match="The execution failed"):
        run(task, context_of(task))


def test_there_is_a_timeout_and_nothing_is_stopped(started, local, sagemaker, deferrable):
    local.faults.add(StepFault("sow", "hold"))
    arn = started()
    task = sensor(arn, deferrable, timeout=0.3)

    with pytest.raises(AirflowException, match=r"timeout|[Tt]ime"):
        run(task, context_of(task))
    status = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
    assert status == "Executing"
