from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sagemaker_mirror.local import LocalSageMaker
from sagemaker_mirror.local.faults import StepFault

from .definitions import ROLE, create, definition, processing, start

TOKEN = "create-token-of-at-least-32-characters"


def code_and_message(raised: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_pipeline_is_described_as_it_was_created(sagemaker: Any) -> None:
    text = definition(processing("Prepare"))
    arn = sagemaker.create_pipeline(
        PipelineName="Wines",
        PipelineDisplayName="Wines-of-Portugal",
        PipelineDefinition=text,
        PipelineDescription="Quality from chemistry",
        RoleArn=ROLE,
        ParallelismConfiguration={"MaxParallelExecutionSteps": 3},
    )["PipelineArn"]
    assert arn == "arn:aws:sagemaker:us-east-1:123456789012:pipeline/wines"
    found = sagemaker.describe_pipeline(PipelineName="Wines")
    assert found["PipelineName"] == "Wines"
    assert found["PipelineDisplayName"] == "Wines-of-Portugal"
    assert found["PipelineDefinition"] == text
    assert found["PipelineDescription"] == "Quality from chemistry"
    assert found["RoleArn"] == ROLE
    assert found["PipelineStatus"] == "Active"
    assert found["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 3}
    assert found["CreationTime"] == found["LastModifiedTime"]
    assert "LastRunTime" not in found
    assert sagemaker.describe_pipeline(PipelineName=arn)["PipelineName"] == "Wines"


def test_a_definition_can_lie_in_s3(local: LocalSageMaker, sagemaker: Any) -> None:
    text = definition(processing("Prepare"))
    s3 = local.client("s3")
    s3.create_bucket(Bucket="definitions")
    s3.put_object(Bucket="definitions", Key="wines.json", Body=text.encode())
    location = {"Bucket": "definitions", "ObjectKey": "wines.json"}
    sagemaker.create_pipeline(PipelineName="wines", PipelineDefinitionS3Location=location, RoleArn=ROLE)
    assert sagemaker.describe_pipeline(PipelineName="wines")["PipelineDefinition"] == text
    with pytest.raises(ClientError) as raised:
        sagemaker.update_pipeline(
            PipelineName="wines", PipelineDefinitionS3Location={"Bucket": "definitions", "ObjectKey": "none"}
        )
    assert code_and_message(raised)[0] == "ValidationException"


def test_names_are_unique(sagemaker: Any) -> None:
    create(sagemaker, "wines", processing("Prepare"))
    with pytest.raises(ClientError) as raised:
        create(sagemaker, "wines", processing("Prepare"))
    code, message = code_and_message(raised)
    assert code == "ValidationException"
    assert "already exists" in message


def test_the_same_name_in_another_region_is_another_pipeline(local: LocalSageMaker, sagemaker: Any) -> None:
    create(sagemaker, "wines", processing("Prepare"))
    elsewhere = local.client("sagemaker", "cn-north-1")
    assert create(elsewhere, "wines", processing("Prepare")).startswith("arn:aws-cn:sagemaker:cn-north-1:")
    assert len(elsewhere.list_pipelines()["PipelineSummaries"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        {"PipelineDefinition": "{}"},
        {"PipelineDefinition": definition(processing("A", DependsOn=["B"]))},
        {},
        {"PipelineDefinition": "{}", "PipelineDefinitionS3Location": {"Bucket": "abc", "ObjectKey": "k"}},
        {"PipelineName": "no_underscores", "PipelineDefinition": definition(processing("A"))},
        {"RoleArn": "this-is-no-arn-of-a-role", "PipelineDefinition": definition(processing("A"))},
    ],
)
def test_what_does_not_fit_is_refused(sagemaker: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as raised:
        sagemaker.create_pipeline(**{"PipelineName": "wines", "RoleArn": ROLE, **arguments})
    assert code_and_message(raised)[0] == "ValidationException"
    assert sagemaker.list_pipelines()["PipelineSummaries"] == []


def test_a_repeated_token_creates_once(sagemaker: Any) -> None:
    first = create(sagemaker, "wines", processing("Prepare"), ClientRequestToken=TOKEN)
    assert create(sagemaker, "wines", processing("Prepare"), ClientRequestToken=TOKEN) == first
    with pytest.raises(ClientError) as raised:
        create(sagemaker, "wines", processing("Other"), ClientRequestToken=TOKEN)
    assert code_and_message(raised)[0] == "ConflictException"


def test_updates_of_the_definition_make_versions(sagemaker: Any) -> None:
    one, two = definition(processing("A")), definition(processing("B"))
    arn = create(sagemaker, "wines", processing("A"))
    updated = sagemaker.update_pipeline(PipelineName="wines", PipelineDefinition=two)
    assert updated == {"PipelineArn": arn, "PipelineVersionId": 2, "ResponseMetadata": updated["ResponseMetadata"]}
    assert sagemaker.update_pipeline(PipelineName="wines", PipelineDescription="x")["PipelineVersionId"] == 2

    assert sagemaker.describe_pipeline(PipelineName="wines")["PipelineDefinition"] == two
    assert sagemaker.describe_pipeline(PipelineName="wines", PipelineVersionId=1)["PipelineDefinition"] == one
    versions = sagemaker.list_pipeline_versions(PipelineName="wines")["PipelineVersionSummaries"]
    assert [version["PipelineVersionId"] for version in versions] == [2, 1]
    oldest = sagemaker.list_pipeline_versions(PipelineName="wines", SortOrder="Ascending", MaxResults=1)
    assert [version["PipelineVersionId"] for version in oldest["PipelineVersionSummaries"]] == [1]
    assert "NextToken" in oldest

    with pytest.raises(ClientError) as raised:
        sagemaker.describe_pipeline(PipelineName="wines", PipelineVersionId=3)
    assert code_and_message(raised)[0] == "ResourceNotFound"


def test_what_an_update_does_not_name_stays(sagemaker: Any) -> None:
    create(sagemaker, "wines", processing("A"), PipelineDescription="first")
    sagemaker.update_pipeline(PipelineName="wines", ParallelismConfiguration={"MaxParallelExecutionSteps": 2})
    found = sagemaker.describe_pipeline(PipelineName="wines")
    assert found["PipelineDescription"] == "first"
    assert found["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 2}
    assert found["LastModifiedTime"] > found["CreationTime"]


def test_versions_have_names(sagemaker: Any) -> None:
    arn = create(sagemaker, "wines", processing("A"))
    sagemaker.update_pipeline_version(
        PipelineArn=arn, PipelineVersionId=1, PipelineVersionDisplayName="first", PipelineVersionDescription="of all"
    )
    found = sagemaker.describe_pipeline(PipelineName="wines", PipelineVersionId=1)
    assert (found["PipelineVersionDisplayName"], found["PipelineVersionDescription"]) == ("first", "of all")
    (version,) = sagemaker.list_pipeline_versions(PipelineName="wines")["PipelineVersionSummaries"]
    assert version["PipelineVersionDisplayName"] == "first"


def test_an_execution_runs_the_version_that_it_names(local: LocalSageMaker, sagemaker: Any) -> None:
    create(sagemaker, "wines", processing("A"))
    sagemaker.update_pipeline(PipelineName="wines", PipelineDefinition=definition(processing("B")))
    first, latest = start(sagemaker, "wines", PipelineVersionId=1), start(sagemaker, "wines")
    local.wait(first)
    local.wait(latest)
    assert sagemaker.describe_pipeline_execution(PipelineExecutionArn=first)["PipelineVersionId"] == 1
    assert sagemaker.describe_pipeline_execution(PipelineExecutionArn=latest)["PipelineVersionId"] == 2
    text = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=first)["PipelineDefinition"]
    assert [step["Name"] for step in json.loads(text)["Steps"]] == ["A"]
    versions = sagemaker.list_pipeline_versions(PipelineName="wines")["PipelineVersionSummaries"]
    assert [version["LastExecutionPipelineExecutionArn"] for version in versions] == [latest, first]
    assert "LastRunTime" in sagemaker.describe_pipeline(PipelineName="wines")


def test_pipelines_are_listed(sagemaker: Any) -> None:
    for name in ("beans", "apples", "beers"):
        create(sagemaker, name, processing("A"))

    def names(**arguments: Any) -> list[str]:
        found = sagemaker.get_paginator("list_pipelines").paginate(PaginationConfig={"PageSize": 2}, **arguments)
        return [summary["PipelineName"] for page in found for summary in page["PipelineSummaries"]]

    assert names() == ["beers", "apples", "beans"]
    assert names(SortBy="Name", SortOrder="Ascending") == ["apples", "beans", "beers"]
    assert names(PipelineNamePrefix="be") == ["beers", "beans"]
    created = sagemaker.describe_pipeline(PipelineName="apples")["CreationTime"]
    hour = timedelta(hours=1)  # clients send whole seconds
    assert names(CreatedAfter=created - hour, CreatedBefore=created + hour) == ["beers", "apples", "beans"]
    assert names(CreatedAfter=created + hour) == names(CreatedBefore=created - hour) == []


def test_a_deleted_pipeline_is_gone_with_its_executions(local: LocalSageMaker, sagemaker: Any) -> None:
    create(sagemaker, "wines", processing("A"))
    arn = start(sagemaker, "wines")
    local.wait(arn)
    sagemaker.delete_pipeline(PipelineName="wines")
    for call in (
        lambda: sagemaker.describe_pipeline(PipelineName="wines"),
        lambda: sagemaker.update_pipeline(PipelineName="wines", PipelineDescription="x"),
        lambda: sagemaker.delete_pipeline(PipelineName="wines"),
        lambda: sagemaker.start_pipeline_execution(PipelineName="wines"),
        lambda: sagemaker.list_pipeline_versions(PipelineName="wines"),
        lambda: sagemaker.list_pipeline_executions(PipelineName="wines"),
        lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn),
        lambda: sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn),
        lambda: sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn),
        lambda: sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn),
        lambda: sagemaker.update_pipeline_execution(PipelineExecutionArn=arn),
        lambda: sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn),
    ):
        with pytest.raises(ClientError) as raised:
            call()
        code, message = code_and_message(raised)
        assert code == "ResourceNotFound"
        assert "does not exist" in message


def test_a_pipeline_that_runs_is_not_deleted(local: LocalSageMaker, sagemaker: Any) -> None:
    hold = local.faults.add(StepFault("A", "hold"))
    create(sagemaker, "wines", processing("A"))
    arn = start(sagemaker, "wines")
    with pytest.raises(ClientError) as raised:
        sagemaker.delete_pipeline(PipelineName="wines")
    assert code_and_message(raised)[0] == "ConflictException"
    local.faults.remove(hold)
    local.wait(arn)
    sagemaker.delete_pipeline(PipelineName="wines")


def test_tags(sagemaker: Any) -> None:
    arn = create(sagemaker, "wines", processing("A"), Tags=[{"Key": "team", "Value": "red"}])
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "white"}, {"Key": "year", "Value": "2026"}])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [
        {"Key": "team", "Value": "white"},
        {"Key": "year", "Value": "2026"},
    ]
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["team"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "year", "Value": "2026"}]
    with pytest.raises(ClientError) as raised:
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(50)])
    assert code_and_message(raised)[0] == "ValidationException"
