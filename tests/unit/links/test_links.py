from __future__ import annotations

import pytest

from sagemaker_mirror.links.sagemaker import (
    SageMakerJobLink,
    SageMakerJobLogsLink,
    SageMakerPipelineExecutionLink,
)
from sagemaker_mirror.mirror.jobs import Job
from sagemaker_mirror.operators.sagemaker_pipeline import SageMakerPipelineStepOperator

PARTITIONS = {
    "aws": ("eu-central-1", "console.aws.amazon.com"),
    "aws-cn": ("cn-north-1", "console.amazonaws.cn"),
    "aws-us-gov": ("us-gov-west-1", "console.amazonaws-us-gov.com"),
}


class TaskInstance:
    def __init__(self):
        self.xcoms = {}

    def xcom_push(self, key, value):
        self.xcoms[key] = value


@pytest.fixture(params=PARTITIONS)
def where(request):
    """An ARN's beginning, and the console of its partition."""
    region, console = PARTITIONS[request.param]
    return f"arn:{request.param}:sagemaker:{region}:123456789012:", f"https://{console}", region


def address(link, parts):
    return link.format_link(parts)


def test_an_execution_in_the_console(where):
    arn, console, region = where
    parts = SageMakerPipelineExecutionLink.parts(arn + "pipeline/harvest/execution/abc")

    assert address(SageMakerPipelineExecutionLink, parts) == (
        f"{console}/sagemaker/home?region={region}#/pipelines/harvest/executions/abc"
    )


def test_an_execution_in_studio():
    parts = SageMakerPipelineExecutionLink.parts(
        "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/harvest/execution/abc", "d-123"
    )

    assert address(SageMakerPipelineExecutionLink, parts) == (
        "https://studio-d-123.studio.eu-central-1.sagemaker.aws/pipelines/view/harvest/executions/abc/graph"
    )


@pytest.mark.parametrize(
    ("kind", "name", "page"),
    [
        ("training-job", "grow", "jobs/grow"),
        ("processing-job", "sow", "processing-jobs/sow"),
        ("transform-job", "score", "transform-jobs/score"),
        ("model", "wheat", "models/wheat"),
    ],
)
def test_a_job_in_the_console(where, kind, name, page):
    arn, console, region = where
    parts = SageMakerJobLink.parts(Job(f"{arn}{kind}/{name}", kind, name))

    assert address(SageMakerJobLink, parts) == f"{console}/sagemaker/home?region={region}#/{page}"


def test_the_log_of_a_job(where):
    arn, console, region = where
    parts = SageMakerJobLogsLink.parts(Job(arn + "training-job/grow-abc", "training-job", "grow-AbC"))

    assert address(SageMakerJobLogsLink, parts) == (
        f"{console}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/"
        "$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3DgrowX$252F".replace("growX", "grow-AbC")
    )


def test_there_is_no_link_where_there_is_no_page():
    isolated = "arn:aws-iso:sagemaker:us-iso-east-1:123456789012:"
    model = Job("arn:aws:sagemaker:eu-central-1:123456789012:model/wheat", "model", "wheat")

    assert SageMakerPipelineExecutionLink.parts(isolated + "pipeline/harvest/execution/abc") is None
    assert SageMakerJobLogsLink.parts(model) is None
    assert SageMakerJobLink.parts(Job("arn:aws:sagemaker:x:123456789012:mystery/x", "mystery", "x")) is None


def test_a_link_is_pushed_in_parts_and_read_back(monkeypatch):
    ti = TaskInstance()
    parts = SageMakerPipelineExecutionLink.parts(
        "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/harvest/execution/abc"
    )
    pushed = SageMakerPipelineExecutionLink.persist({"ti": ti}, parts)
    monkeypatch.setattr("sagemaker_mirror.links.sagemaker.read_xcom", lambda ti_key, key: ti.xcoms.get(key))
    task = SageMakerPipelineStepOperator(task_id="sow", pipeline_execution_arn="x")

    assert SageMakerPipelineExecutionLink().get_link(task, ti_key=None) == pushed
    assert SageMakerJobLink().get_link(task, ti_key=None) == ""
    assert SageMakerPipelineExecutionLink.persist({"ti": ti}, None) is None


def test_a_function_lies_in_the_console_of_its_own_service():
    job = Job("arn:aws:lambda:eu-central-1:123456789012:function:notify", "function", "notify")

    assert address(SageMakerJobLink, SageMakerJobLink.parts(job)) == (
        "https://console.aws.amazon.com/lambda/home?region=eu-central-1#/functions/notify"
    )
