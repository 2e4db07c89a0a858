"""What the guides build does what they say."""

from __future__ import annotations

from sagemaker_mirror.cli.folders import compile_folder
from sagemaker_mirror.hooks.pipelines import write_pipeline
from sagemaker_mirror.hooks.uploads import upload_missing
from sagemaker_mirror.local.demo.environment import REGION, VARIABLES
from tests.docs.commands import Sandbox

MINUTES = 3


def test_the_pipeline_of_your_own_pipeline_runs(sandbox: Sandbox) -> None:
    compiled = compile_folder(sandbox.folder / "configs/area", VARIABLES).compiled
    sagemaker = sandbox.sagemaker.client("sagemaker", REGION)
    upload_missing(sandbox.sagemaker.client("s3", REGION), compiled.uploads)
    write_pipeline(sagemaker, compiled)
    arn = sagemaker.start_pipeline_execution(
        PipelineName="area",
        ClientRequestToken="t" * 32,
        PipelineParameters=[{"Name": "Degree", "Value": "3"}],
    )["PipelineExecutionArn"]
    status = sandbox.sagemaker.wait(arn, MINUTES * 60)
    rows = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    assert {row["StepName"]: row.get("FailureReason") for row in rows if row["StepStatus"] != "Succeeded"} == {}
    assert status == "Succeeded"
