from __future__ import annotations

import pytest

from sagemaker_mirror.mirror.assets import AssetEvent, asset_events

from .snapshots import ARN, look, row

JOB = "arn:aws:sagemaker:eu-central-1:123456789012:processing-job/pipelines-abc-sow-1"
SOURCE = {"pipeline_execution_arn": ARN, "step_name": "sow", "job_arn": JOB}


def events(*, status="Succeeded", row_fields=None, **results):
    (step,) = look("Succeeded", row("sow", status, **(row_fields or {}))).steps.values()
    return list(asset_events(ARN, step, {"job_arn": JOB, **results}))


def test_an_output_that_always_lies_at_one_place_is_an_asset_of_its_uri():
    uri = "s3://fields/harvest/clean"
    assert events(outputs={"clean": uri}) == [AssetEvent(uri, {**SOURCE, "uri": uri})]


@pytest.mark.parametrize("uri", ["s3://b/harvest/abcdefghijkl/sow/clean", "s3://b/pipelines-abc-sow-1/output"])
def test_an_output_below_its_execution_is_an_asset_of_a_name_that_stays(uri):
    assert events(outputs={"clean": uri}) == [AssetEvent("harvest/sow/clean", {**SOURCE, "uri": uri})]


def test_a_model_is_an_output_too():
    assert [event.asset for event in events(model_artifact="s3://b/abcdefghijkl/model.tar.gz")] == [
        "harvest/sow/model"
    ]


def test_a_model_package_is_an_event_of_its_group():
    (event,) = events(
        model_package_arn=f"{ARN}/3", model_package_group="crops", model_package_version=3, metrics_s3_uri="s3://b/m"
    )
    assert event.asset == "crops"
    assert event.extra["model_package_arn"] == f"{ARN}/3"
    assert event.extra["model_package_version"] == 3
    assert event.extra["metrics_s3_uri"] == "s3://b/m"


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "Failed"},
        {"row_fields": {"CacheHitResult": {"SourcePipelineExecutionArn": ARN}}},
        {"row_fields": {"SelectiveExecutionResult": {"SourcePipelineExecutionArn": ARN}}},
    ],
)
def test_what_was_not_made_in_this_execution_is_no_event(changes):
    assert events(outputs={"clean": "s3://fields/clean"}, model_package_group="crops", **changes) == []


def test_a_step_without_results_makes_nothing():
    assert events() == []
    (step,) = look("Succeeded", row("sow", "Succeeded")).steps.values()
    assert list(asset_events(ARN, step, {})) == []
