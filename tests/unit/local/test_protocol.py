from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from sagemaker_mirror.local.errors import ServiceError, conflict
from sagemaker_mirror.local.protocol import check_request, read_request, write_error, write_response

TOKEN = "t" * 32
ROLE = "arn:aws:iam::123456789012:role/R"


def request(**changes: Any) -> bytes:
    members = {"PipelineName": "p", "PipelineDefinition": "{}", "RoleArn": ROLE, "ClientRequestToken": TOKEN}
    return json.dumps({**members, **changes}).encode()


def test_members_that_the_model_does_not_know_are_let_pass() -> None:
    assert read_request("CreatePipeline", request(Novelty=1))["PipelineName"] == "p"


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        (
            {"PipelineName": None},
            "Value null at 'pipelineName' failed to satisfy constraint: Member must not be null",
        ),
        ({"PipelineName": "a b"}, "at 'pipelineName' failed to satisfy constraint: Member must satisfy regular"),
        ({"PipelineName": "a" * 257}, "Member must have length less than or equal to 256"),
        ({"PipelineName": 5}, "Member must be of type string"),
        ({"ClientRequestToken": "short"}, "Member must have length greater than or equal to 32"),
        (
            {"ParallelismConfiguration": {"MaxParallelExecutionSteps": 0}},
            "Value '0' at 'parallelismConfiguration.maxParallelExecutionSteps' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        ({"ParallelismConfiguration": {"MaxParallelExecutionSteps": True}}, "Member must be of type integer"),
        ({"Tags": [{"Key": "a"}]}, "Value null at 'tags.1.member.value'"),
    ],
)
def test_findings_are_worded_as_the_service_does(changes: dict[str, Any], finding: str) -> None:
    with pytest.raises(ServiceError) as refused:
        read_request("CreatePipeline", request(**changes))
    assert refused.value.code == "ValidationException"
    assert " detected: Value " in refused.value.message
    assert finding in refused.value.message


def test_enums_are_held_against_their_values() -> None:
    with pytest.raises(ServiceError, match=r"enum value set: \[Ascending, Descending\]"):
        read_request("ListPipelines", json.dumps({"SortOrder": "Sideways"}).encode())


def test_all_findings_are_told_at_once() -> None:
    with pytest.raises(ServiceError, match="2 validation errors detected"):
        read_request("CreatePipeline", b'{"PipelineName": "p"}')


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff"])
def test_what_is_no_json_object(body: bytes) -> None:
    with pytest.raises(ServiceError) as refused:
        read_request("CreatePipeline", body)
    assert refused.value.code == "SerializationException"


def test_requests_of_steps_may_hold_no_unknown_member() -> None:
    members = {
        "ProcessingJobName": "job",
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": "image"},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
    }
    check_request("CreateProcessingJob", members, unknown_members=False)
    with pytest.raises(ServiceError, match="Unknown member 'Odd'"):
        check_request("CreateProcessingJob", {**members, "Odd": 1}, unknown_members=False)


def test_responses_hold_no_null_and_show_times_as_seconds() -> None:
    moment = datetime(2026, 1, 1, 0, 0, 0, 250_000, tzinfo=timezone.utc)
    body = write_response(
        "DescribePipeline", {"PipelineName": "p", "PipelineDescription": None, "CreationTime": moment}
    )
    assert json.loads(body) == {"PipelineName": "p", "CreationTime": 1767225600.25}


def test_a_response_that_the_api_cannot_give_is_our_fault() -> None:
    with pytest.raises(ServiceError) as broken:
        write_response("DescribePipeline", {"Odd": 1})
    assert (broken.value.code, broken.value.status) == ("InternalFailure", 500)


def test_errors_carry_their_type() -> None:
    assert json.loads(write_error(conflict("no")))["__type"] == "ConflictException"
