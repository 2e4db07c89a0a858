from __future__ import annotations

import json

import pytest
from botocore.session import Session

from sagemaker_mirror.mirror.jobs import billable_seconds, job_of, outputs_of, told_of
from sagemaker_mirror.mirror.snapshot import StepSnapshot

from .snapshots import at, row

HERE = "arn:aws:sagemaker:eu-central-1:123456789012:"


def step(metadata=None, **fields):
    return StepSnapshot.of(row("grow", "Succeeded", Metadata=metadata or {}, **fields))


def job(resource, kind="TrainingJob"):
    return job_of(step({kind: {"Arn": HERE + resource}}))


@pytest.mark.parametrize(
    ("kind", "resource", "name"),
    [
        ("TrainingJob", "training-job/grow-1", "grow-1"),
        ("ProcessingJob", "processing-job/sow-1", "sow-1"),
        ("TransformJob", "transform-job/score-1", "score-1"),
        ("Model", "model/wheat", "wheat"),
        ("RegisterModel", "model-package/wheat/3", HERE + "model-package/wheat/3"),
        ("TuningJob", "hyper-parameter-tuning-job/tune-1", "tune-1"),
        ("Endpoint", "endpoint/wheat", "wheat"),
        ("EndpointConfig", "endpoint-config/wheat", "wheat"),
    ],
)
def test_what_a_step_made_is_named(kind, resource, name):
    found = job(resource, kind)

    assert (found.arn, found.name) == (HERE + resource, name)
    assert found.kind is not None


def test_a_function_is_named_behind_a_colon():
    found = job_of(step({"Lambda": {"Arn": "arn:aws:lambda:eu-central-1:123456789012:function:notify"}}))

    assert (found.type, found.name, found.kind.service) == ("function", "notify", "lambda")


STEP_METADATA = Session().get_service_model("sagemaker").shape_for("PipelineExecutionStepMetadata")


def _filled(shape, name):
    """What SageMaker could say, by its own model."""
    if shape.type_name == "structure":
        return {member: _filled(inner, member) for member, inner in shape.members.items()}
    if shape.type_name == "list":
        return [_filled(shape.member, name)]
    if shape.type_name == "map":
        return {"a": "b"}
    arn = "arn:aws:bedrock:eu-central-1:123456789012:thing/x" if name.endswith("Arn") else "text"
    return True if shape.type_name == "boolean" else arn


@pytest.mark.parametrize("kind", STEP_METADATA.members)
def test_every_type_of_step_that_botocore_knows_is_told(kind):
    shape = STEP_METADATA.members[kind]
    found = step({kind: _filled(shape, kind)})

    named = [member for member in shape.members if member in ("Arn", "CheckJobArn")]
    assert (job_of(found) is not None) == bool(named)
    told = told_of(found).get("metadata", {})
    assert {*told, *named} == {*shape.members}
    assert json.loads(json.dumps(told)) == told


def test_what_a_tuning_job_found_is_told():
    best = {
        "TrainingJobName": "grow-7",
        "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "f1", "Value": 0.9},
    }
    found = job("hyper-parameter-tuning-job/grow", "TuningJob")

    assert outputs_of(found, {"BestTrainingJob": best}) == {"best_training_job": "grow-7", "best_objective": 0.9}


def test_a_check_names_its_job_elsewhere():
    found = job_of(step({"QualityCheck": {"CheckType": "x", "CheckJobArn": HERE + "processing-job/check-1"}}))

    assert found.type == "processing-job"


@pytest.mark.parametrize("metadata", [{}, {"Condition": {"Outcome": "True"}}, {"Fail": {"ErrorMessage": "no"}}])
def test_some_steps_make_nothing(metadata):
    assert job_of(step(metadata)) is None


def test_an_unknown_kind_of_job_is_known_by_its_arn_alone():
    found = job("mystery/x")

    assert found.kind is None
    assert outputs_of(found, {}) == {}
    assert found.named({"TrainingJobName": "X"}) is found


def test_a_description_tells_the_name_in_its_own_case():
    assert job("training-job/grow-abc").named({"TrainingJobName": "grow-AbC"}).name == "grow-AbC"
    assert job("training-job/grow-abc").named({}).name == "grow-abc"


def test_outputs_of_a_processing_job_by_name():
    outputs = [
        {"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train"}},
        {"OutputName": "features", "FeatureStoreOutput": {"FeatureGroupName": "g"}},
    ]
    description = {"ProcessingOutputConfig": {"Outputs": outputs}}

    assert outputs_of(job("processing-job/sow"), description) == {"outputs": {"train": "s3://b/train"}}


def test_outputs_of_the_others():
    artifact = {"ModelArtifacts": {"S3ModelArtifacts": "s3://b/model.tar.gz"}}
    assert outputs_of(job("training-job/x"), artifact) == {"model_artifact": "s3://b/model.tar.gz"}
    assert outputs_of(job("transform-job/x"), {"TransformOutput": {"S3OutputPath": "s3://b/out"}}) == {
        "outputs": {"transform": "s3://b/out"}
    }
    assert outputs_of(job("model/x"), {"Containers": [{"ModelDataUrl": "s3://b/m"}]}) == {
        "model_name": "x",
        "model_artifact": "s3://b/m",
    }
    package = {
        "ModelPackageGroupName": "wheat",
        "ModelPackageVersion": 3,
        "ModelApprovalStatus": "Approved",
        "ModelMetrics": {"ModelQuality": {"Statistics": {"S3Uri": "s3://b/metrics.json"}}},
    }
    assert outputs_of(job("model-package/wheat/3"), package) == {
        "model_package_arn": HERE + "model-package/wheat/3",
        "model_package_group": "wheat",
        "model_package_version": 3,
        "approval_status": "Approved",
        "metrics_s3_uri": "s3://b/metrics.json",
    }


def test_training_tells_what_is_billed():
    description = {"BillableTimeInSeconds": 40, "ResourceConfig": {"InstanceCount": 3}}

    assert billable_seconds(step(), job("training-job/x"), description) == {"billable_seconds": 120}


@pytest.mark.parametrize(
    ("resource", "description"),
    [
        (
            "processing-job/x",
            {
                "ProcessingStartTime": at(0),
                "ProcessingEndTime": at(30.4),
                "ProcessingResources": {"ClusterConfig": {"InstanceCount": 2}},
            },
        ),
        (
            "transform-job/x",
            {
                "TransformStartTime": at(0),
                "TransformEndTime": at(30.4),
                "TransformResources": {"InstanceCount": 2},
            },
        ),
    ],
)
def test_the_others_are_estimated(resource, description):
    assert billable_seconds(step(), job(resource), description) == {
        "billable_seconds": 61,
        "billable_seconds_estimated": True,
    }


@pytest.mark.parametrize("field", ["CacheHitResult", "SelectiveExecutionResult"])
def test_what_another_execution_paid_for_costs_nothing(field):
    reused = step(**{field: {"SourcePipelineExecutionArn": "another"}})

    assert billable_seconds(reused, job("training-job/x"), {"BillableTimeInSeconds": 40}) == {"billable_seconds": 0}


@pytest.mark.parametrize("resource", ["training-job/x", "processing-job/x", "model/x"])
def test_what_is_not_known_is_not_told(resource):
    assert billable_seconds(step(), job(resource), {}) == {}
