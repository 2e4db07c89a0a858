from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from sagemaker_mirror.cli.bundle.policy import GRANTS, policy_document, resources_of
from sagemaker_mirror.config import load_folder
from tests.unit.cli.bundle.calls import called_actions, called_methods
from tests.unit.cli.conftest import VALUES, Result

PIPELINE = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/breast-cancer"
# What goes with calls, and is none itself.
IMPLIED = {"iam:PassRole", "kms:GenerateDataKey", "kms:Decrypt"}


def statements(folder: Path, values: dict[str, str] | None = None) -> dict[str, dict[str, Any]]:
    policy = policy_document(resources_of([load_folder(folder)], VALUES if values is None else values))
    assert policy["Version"] == "2012-10-17"
    found = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert len(found) == len(policy["Statement"])
    return found


def test_every_call_is_allowed_and_nothing_else(here: Path) -> None:
    found = statements(here / "configs/breast-cancer", {**VALUES, "SMP_KMS_KEY": "1234"})
    allowed = {action for statement in found.values() for action in statement["Action"]}
    assert allowed - IMPLIED == called_actions()


def test_the_calls_are_found_in_the_source() -> None:
    methods = called_methods()
    assert {"describe_pipeline", "list_pipeline_execution_steps", "upload_fileobj", "get_log_events"} <= methods


def test_actions_are_operations_and_each_has_a_reason() -> None:
    session = botocore.session.get_session()
    known = {
        f"{service}:{operation}"
        for service in ("sagemaker", "s3", "logs", "kms")
        for operation in session.get_service_model(service).operation_names
    }
    for grant in GRANTS:
        assert grant.action in known | IMPLIED
        assert grant.why.endswith((".", "?"))


def test_resources_are_this_pipeline_its_uploads_and_its_role(here: Path) -> None:
    found = statements(here / "configs/breast-cancer")
    assert found["WriteAndStartPipelines"]["Resource"] == [PIPELINE]
    assert found["FollowRetryAndStopExecutions"]["Resource"] == [f"{PIPELINE}/execution/*"]
    assert found["UploadCodeAndDataThatAreMissing"]["Resource"] == ["arn:aws:s3:::cellar/breast-cancer/*"]
    assert found["PassTheRolesOfPipelines"]["Resource"] == [VALUES["SMP_ROLE"]]
    assert found["PassTheRolesOfPipelines"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }
    assert "*" not in {resource for statement in found.values() for resource in statement["Resource"]}


def test_a_name_in_capitals_is_allowed_as_sagemaker_writes_it(here: Path) -> None:
    conf = here / "configs/breast-cancer/diagnosis/conf/conf.yaml"
    conf.write_text(re.sub(r"pipelineName: .*", "pipelineName: Breast-SMP_TEAM", conf.read_text()))
    found = statements(here / "configs/breast-cancer", {**VALUES, "SMP_TEAM": "Red"})
    names = [arn.rpartition("/")[2] for arn in found["WriteAndStartPipelines"]["Resource"]]
    assert names == ["Breast-Red", "breast-red"]


def test_names_without_value_stand_still(here: Path) -> None:
    found = statements(here / "configs/breast-cancer", {})
    assert found["WriteAndStartPipelines"]["Resource"] == [
        "arn:aws:sagemaker:SMP_REGION:SMP_ACCOUNTID:pipeline/breast-cancer"
    ]
    assert found["PassTheRolesOfPipelines"]["Resource"] == ["SMP_ROLE"]


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_partitions(here: Path, region: str, partition: str) -> None:
    found = statements(here / "configs/breast-cancer", {**VALUES, "SMP_REGION": region})
    own = {
        resource for sid, each in found.items() if sid != "PassTheRolesOfPipelines" for resource in each["Resource"]
    }
    assert {resource.split(":")[1] for resource in own} == {partition}


def test_a_staged_channel_is_where_its_bucket_is(here: Path) -> None:
    conf = here / "configs/breast-cancer/diagnosis/conf/conf.yaml"
    text = conf.read_text()
    staged = "train:\n                        s3BucketName: other\n                        inputBucketPrefix: /raw/\n"
    assert "train:\n                        dataFiles" in text
    conf.write_text(
        text.replace("train:\n                        dataFiles", f"{staged}                        dataFiles", 1)
    )
    found = statements(here / "configs/breast-cancer")
    assert "arn:aws:s3:::other/raw/breast-cancer/*" in found["UploadCodeAndDataThatAreMissing"]["Resource"]


def test_the_key_is_there_where_it_has_a_value(here: Path) -> None:
    assert "UseTheKeysOfTheBuckets" not in statements(here / "configs/breast-cancer")
    found = statements(here / "configs/breast-cancer", {**VALUES, "SMP_KMS_KEY": "1234"})
    assert found["UseTheKeysOfTheBuckets"]["Resource"] == ["arn:aws:kms:us-east-1:123456789012:key/1234"]
    found = statements(here / "configs/breast-cancer", {**VALUES, "SMP_KMS_KEY": "arn:aws:kms:x:1:key/5"})
    assert found["UseTheKeysOfTheBuckets"]["Resource"] == ["arn:aws:kms:x:1:key/5"]


def test_it_fits_into_a_role(call: Callable[..., Result], here: Path) -> None:
    assert call("bundle", "mwaa", "--version", "3.3.1", "-o", "out").code == 0
    policy = json.loads((here / "out/iam-policy.json").read_text())
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: without white space
    assert len(json.dumps(policy, separators=(",", ":"))) < 10_240
    assert all(re.fullmatch("[A-Za-z0-9]+", statement["Sid"]) for statement in policy["Statement"])
