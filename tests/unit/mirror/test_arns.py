from __future__ import annotations

import pytest

from sagemaker_mirror.mirror.arns import Arn, ExecutionArn


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "arn:aws:sagemaker:eu-central-1:123456789012:training-job/a-b",
            Arn("aws", "sagemaker", "eu-central-1", "123456789012", "training-job/a-b"),
        ),
        (
            "arn:aws-us-gov:iam::123456789012:role/service-role/R",
            Arn("aws-us-gov", "iam", "", "123456789012", "role/service-role/R"),
        ),
        ("arn:aws-cn:s3:::bucket/key", Arn("aws-cn", "s3", "", "", "bucket/key")),
    ],
)
def test_an_arn_is_read(text, expected):
    assert Arn.parse(text) == expected


def test_a_name_is_what_follows_the_type():
    assert Arn.parse("arn:aws:sagemaker:eu-central-1:123456789012:model-package/group/3").name == "group/3"


@pytest.mark.parametrize("text", ["", "None", "arn:aws:sagemaker", "pipeline/x", "arn:gcp:s3:::b"])
def test_what_is_no_arn_is_refused(text):
    with pytest.raises(ValueError, match="no ARN"):
        Arn.parse(text)


def test_the_arn_of_an_execution_names_pipeline_and_execution():
    execution = ExecutionArn.parse("arn:aws-cn:sagemaker:cn-north-1:123456789012:pipeline/harvest/execution/abc")

    assert (execution.pipeline_name, execution.execution_id) == ("harvest", "abc")
    assert execution.arn.partition == "aws-cn"


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/harvest",
        "arn:aws:states:eu-central-1:123456789012:pipeline/harvest/execution/abc",
    ],
)
def test_the_arn_of_something_else_is_refused(text):
    with pytest.raises(ValueError, match="not the ARN of a SageMaker pipeline execution"):
        ExecutionArn.parse(text)
