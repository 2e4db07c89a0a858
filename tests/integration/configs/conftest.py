"""The shipped folders, compiled and run on an embedded SageMaker with real jobs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest

from sagemaker_mirror.compiler import CompiledPipeline, Target, compile_pipeline
from sagemaker_mirror.config import load_folder
from sagemaker_mirror.graph import build_graph
from sagemaker_mirror.local import LocalSageMaker
from sagemaker_mirror.local.demo.datasets import upload
from tests.conftest import REPOSITORY

CONFIGS = REPOSITORY / "configs"
BUCKET = "sagemaker-mirror-demo"
MINUTES = 5


def compiled(folder: str, bucket: str = BUCKET) -> CompiledPipeline:
    values = {
        "SMP_ACCOUNTID": "123456789012",
        "SMP_REGION": "us-east-1",
        "SMP_S3BUCKETNAME": bucket,
        "SMP_ROLE": "arn:aws:iam::123456789012:role/SageMakerExecutionRole",
    }
    config = load_folder(CONFIGS / folder).resolve(values)
    return compile_pipeline(config, build_graph(config), Target.from_values(values), values)


@dataclass(frozen=True)
class Execution:
    """One run of a pipeline, to its end."""

    local: LocalSageMaker
    arn: str
    status: str
    steps: dict[str, dict[str, Any]]

    def reasons(self) -> dict[str, str]:
        return {name: step["FailureReason"] for name, step in self.steps.items() if "FailureReason" in step}

    def package(self, step: str) -> dict[str, Any]:
        """The model package that a step registered."""
        arn = self.steps[step]["Metadata"]["RegisterModel"]["Arn"]
        return self.local.client("sagemaker").describe_model_package(ModelPackageName=arn)

    def log(self, step: str) -> str:
        """What a processing step wrote, from CloudWatch Logs."""
        name = self.steps[step]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[1]
        # In ARNs names are in lower case; the log stream's is as it was given.
        job = self.local.client("sagemaker").describe_processing_job(ProcessingJobName=name)["ProcessingJobName"]
        logs, group = self.local.client("logs"), "/aws/sagemaker/ProcessingJobs"
        (stream,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
        events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
        return "\n".join(event["message"] for event in events)

    def read(self, uri: str) -> bytes:
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        return self.local.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def deploy(local: LocalSageMaker, pipeline: CompiledPipeline) -> None:
    """Put a pipeline and its code where SageMaker finds them."""
    sagemaker, s3 = local.client("sagemaker"), local.client("s3")
    for item in pipeline.uploads:
        content = BytesIO()
        item.write(content)
        s3.put_object(Bucket=item.bucket, Key=item.key, Body=content.getvalue())
    request = {
        "PipelineName": pipeline.name,
        "PipelineDefinition": pipeline.definition_json,
        "RoleArn": pipeline.role_arn,
    }
    known = {row["PipelineName"] for row in sagemaker.list_pipelines()["PipelineSummaries"]}
    (sagemaker.update_pipeline if pipeline.name in known else sagemaker.create_pipeline)(
        **request, **({} if pipeline.name in known else {"ClientRequestToken": pipeline.sha256})
    )


def execute(local: LocalSageMaker, pipeline_name: str) -> Execution:
    sagemaker = local.client("sagemaker")
    arn = sagemaker.start_pipeline_execution(PipelineName=pipeline_name)["PipelineExecutionArn"]
    status = local.wait(arn, timeout=MINUTES * 60)
    rows = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    return Execution(local, arn, status, {row["StepName"]: row for row in rows})


@pytest.fixture(scope="package")
def local() -> Iterator[LocalSageMaker]:
    with LocalSageMaker() as server:
        s3 = server.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        upload(s3, BUCKET)
        yield server


@pytest.fixture(scope="package")
def breast_cancer(local: LocalSageMaker) -> Execution:
    deploy(local, compiled("breast-cancer"))
    return execute(local, "breast-cancer")


@pytest.fixture(scope="package")
def digits(local: LocalSageMaker) -> Execution:
    deploy(local, compiled("digits-pca-classifier"))
    return execute(local, "digits-pca-classifier")
