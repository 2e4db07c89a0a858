"""What goes over the wire, below boto3; and that moto answers what is not ours."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from sagemaker_mirror.local import LocalSageMaker

from .definitions import ROLE, create, processing, start
from .scripted_runner import ScriptedRunner

SIGNED = "AWS4-HMAC-SHA256 Credential=key/20260101/eu-west-1/sagemaker/aws4_request, SignedHeaders=host, Signature=0"


def call(local: LocalSageMaker, operation: str, body: bytes, **headers: str) -> tuple[int, dict[str, Any], Any]:
    request = urllib.request.Request(
        local.endpoint_url,
        body,
        {"X-Amz-Target": f"SageMaker.{operation}", "Content-Type": "application/x-amz-json-1.1", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response), response.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


def test_answers_are_json_1_1(local: LocalSageMaker) -> None:
    status, body, headers = call(local, "ListPipelines", b"{}", Authorization=SIGNED)
    assert (status, body) == (200, {"PipelineSummaries": []})
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert headers["x-amzn-RequestId"]


def test_the_region_is_that_of_the_signature(local: LocalSageMaker) -> None:
    members = {
        "PipelineName": "wines",
        "PipelineDefinition": json.dumps({"Version": "2020-12-01", "Steps": [processing("A")]}),
        "RoleArn": ROLE,
        "ClientRequestToken": "t" * 32,
    }
    _, body, _ = call(local, "CreatePipeline", json.dumps(members).encode(), Authorization=SIGNED)
    assert body["PipelineArn"].startswith("arn:aws:sagemaker:eu-west-1:")


def test_errors_are_typed(local: LocalSageMaker) -> None:
    status, body, _ = call(local, "DescribePipeline", b'{"PipelineName": "none"}', Authorization=SIGNED)
    assert status == 400
    assert body["__type"] == "ResourceNotFound"
    status, body, _ = call(local, "DescribePipeline", b"{}", Authorization=SIGNED)
    assert (status, body["__type"]) == (400, "ValidationException")
    status, body, _ = call(local, "DescribePipeline", b"{", Authorization=SIGNED)
    assert (status, body["__type"]) == (400, "SerializationException")


def test_calls_must_be_signed(local: LocalSageMaker) -> None:
    status, body, _ = call(local, "ListPipelines", b"{}")
    assert (status, body["__type"]) == (403, "MissingAuthenticationTokenException")


def test_moto_answers_the_rest(local: LocalSageMaker, sagemaker: Any) -> None:
    assert local.client("sts").get_caller_identity()["Account"] == "123456789012"
    s3 = local.client("s3")
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="a/ä b", Body=b"x" * 3_000_000)
    assert len(s3.get_object(Bucket="data", Key="a/ä b")["Body"].read()) == 3_000_000
    local.client("iam").create_role(RoleName="tester", AssumeRolePolicyDocument="{}")
    sagemaker.create_model_package_group(ModelPackageGroupName="models")
    assert sagemaker.describe_model_package_group(ModelPackageGroupName="models")["ModelPackageGroupName"] == "models"
    sagemaker.create_model(ModelName="model", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image"})
    arn = sagemaker.describe_model(ModelName="model")["ModelArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]


def test_jobs_that_no_step_made_are_motos(sagemaker: Any) -> None:
    sagemaker.create_training_job(
        TrainingJobName="by-hand",
        AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
        RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": "s3://data/out"},
        ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    assert sagemaker.describe_training_job(TrainingJobName="by-hand")["TrainingJobName"] == "by-hand"
    with pytest.raises(ClientError):
        sagemaker.describe_processing_job(ProcessingJobName="none")


def test_two_servers_listen_on_ports_of_their_own(local: LocalSageMaker, runner: ScriptedRunner) -> None:
    with LocalSageMaker(make_runner=lambda clients, folder: runner) as other:
        assert other.endpoint_url != local.endpoint_url
        assert other.endpoint_url.startswith("http://127.0.0.1:")
        create(other.client("sagemaker"), "wines", processing("A"))
        other.wait(start(other.client("sagemaker"), "wines"))
        assert local.client("sagemaker").list_pipelines()["PipelineSummaries"] == []


def test_a_taken_port_is_an_error(local: LocalSageMaker) -> None:
    port = int(local.endpoint_url.rpartition(":")[2])
    with pytest.raises(OSError):
        LocalSageMaker(port=port)


def test_a_stopped_server_answers_no_more_on_open_connections(runner: ScriptedRunner) -> None:
    with LocalSageMaker(make_runner=lambda clients, folder: runner) as local:
        session: Any = boto3.Session("local", "local", region_name="us-east-1")
        config = Config(retries={"total_max_attempts": 1})
        sagemaker = session.client("sagemaker", endpoint_url=local.endpoint_url, config=config)
        sagemaker.list_pipelines()
    with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
        sagemaker.list_pipelines()
