from __future__ import annotations

import io
import json

import pytest
from botocore.exceptions import ClientError

from sagemaker_mirror.compiler import Upload
from sagemaker_mirror.hooks.connection import AwsConnection
from sagemaker_mirror.hooks.errors import may_pass
from sagemaker_mirror.hooks.executions import ExecutionRequest
from sagemaker_mirror.local.jobs import JobOutcome
from sagemaker_mirror.mirror.jobs import job_of

BUCKET = "mirror-tests"
ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"


@pytest.fixture
def hook(local):
    return AwsConnection().hook()


def upload(key, built, content=b"x"):
    def write(file):
        built.append(key)
        file.write(content)

    return Upload(BUCKET, key, "0" * 64, key, write)


def test_what_s3_has_is_not_even_built(hook, local):
    local.client("s3").put_object(Bucket=BUCKET, Key="there", Body=b"x")
    built = []
    uploaded = hook.upload_missing([upload("there", built), upload("missing", built, b"content")])

    assert [item.key for item in uploaded] == built == ["missing"]
    assert local.client("s3").get_object(Bucket=BUCKET, Key="missing")["Body"].read() == b"content"


def test_a_large_bundle_goes_through_a_file(hook, local):
    content = b"0123456789" * 1_000_000
    hook.upload_missing([upload("large", [], content)])
    body = io.BytesIO()
    local.client("s3").download_fileobj(BUCKET, "large", body)

    assert body.getvalue() == content


def test_an_execution_that_is_gone_says_what_to_do(hook, local):
    arn = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/gone/execution/abcdefghijkl"
    with pytest.raises(ClientError, match=r"does not exist any more: .* Clear the task that starts") as raised:
        hook.read_execution(arn)
    assert arn in str(raised.value)
    assert not may_pass(raised.value)


def test_all_pages_of_an_execution_are_read(hook, local):
    steps = [{"Name": f"step-{number}", "Type": "Fail", "Arguments": {"ErrorMessage": "x"}} for number in range(230)]
    condition = {"Name": "gate", "Type": "Condition", "Arguments": {"Conditions": [], "IfSteps": [], "ElseSteps": []}}
    definition = {"Version": "2020-12-01", "Steps": [condition, *steps]}
    hook.client.create_pipeline(PipelineName="many", PipelineDefinition=json.dumps(definition), RoleArn=ROLE)
    arn = hook.start_execution(ExecutionRequest("many", "t" * 32))
    local.wait(arn)

    listed = hook.read_execution(arn).steps
    assert len(listed) > 100
    assert len(local.calls.after(0, "ListPipelineExecutionSteps")) == -(-len(listed) // 100)


def test_an_end_is_never_seen_before_its_steps(hook, local, started):
    arn = started()
    local.wait(arn)
    begun = local.calls.after(0)[-1].number
    hook.read_execution(arn)

    assert [call.operation for call in local.calls.after(begun)] == [
        "DescribePipelineExecution",
        "ListPipelineExecutionSteps",
    ]


def test_the_end_of_a_jobs_log(hook, local, started, runner):
    def talk(request, stop, log):
        for number in range(30):
            log(f"line {number}")
        return JobOutcome("Completed")

    runner.jobs["grow"] = talk
    arn = started()
    local.wait(arn)
    job = job_of(hook.read_execution(arn).steps["grow"])
    job = job.named(hook.describe_job(job))

    assert hook.tail_log(job, 3) == ["line 27", "line 28", "line 29"]


def test_what_the_definition_asks_for_is_read_from_the_execution(hook, local, started):
    plan = hook.read_plan(started())

    assert {name: [needed.step for needed in step.requirements] for name, step in plan.steps.items()} == {
        "sow": [],
        "grow": ["sow"],
        "mow": ["sow"],
    }


def test_errors_of_sagemaker_are_not_hidden(hook):
    with pytest.raises(ClientError, match="ResourceNotFound"):
        hook.start_execution(ExecutionRequest("nowhere", "t" * 32))
