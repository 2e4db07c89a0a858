from __future__ import annotations

import io
import json
import tarfile

import pytest

from sagemaker_mirror.local.demo.datasets import BREAST_CANCER_KEY, datasets

from .conftest import Execution, compiled, deploy, execute


def status_of(execution: Execution) -> dict[str, str]:
    return {name: step["StepStatus"] for name, step in execution.steps.items()}


def files_of(execution: Execution, model_package: dict) -> set[str]:
    """Names of the files in a registered model."""
    archive = execution.read(model_package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"])
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {member.name.removeprefix("./") for member in tar if member.isfile()}


def test_breast_cancer_runs_to_its_end(breast_cancer):
    assert not breast_cancer.reasons()
    assert breast_cancer.status == "Succeeded"
    assert status_of(breast_cancer) == dict.fromkeys(
        ["prepare", "train", "create-model", "score", "evaluate", "register"], "Succeeded"
    )


def test_digits_runs_to_its_end(digits):
    first = ["pca-prepare", "pca-train", "pca-register"]
    second = ["project", "train", "create-model", "score", "evaluate", "register"]

    assert not digits.reasons()
    assert digits.status == "Succeeded"
    assert status_of(digits) == dict.fromkeys([*first, *second], "Succeeded")


@pytest.mark.parametrize(
    ("execution", "group", "kind"),
    [
        ("breast_cancer", "breast-cancer-diagnosis", "binary_classification_metrics"),
        ("digits", "digits-pca-classifier-classifier", "multiclass_classification_metrics"),
    ],
)
def test_a_package_is_registered_with_metrics_that_beat_the_baseline(request, execution, group, kind):
    execution = request.getfixturevalue(execution)
    package = execution.package("register")
    statistics = package["ModelMetrics"]["ModelQuality"]["Statistics"]
    metrics = json.loads(execution.read(statistics["S3Uri"]))[kind]

    assert package["ModelPackageGroupName"] == group
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert statistics["ContentType"] == "application/json"
    assert metrics["accuracy"]["value"] > 0.95 > 0.65 > metrics["accuracy_best_constant_classifier"]["value"]
    assert files_of(execution, package) == {"model.joblib", "code/inference.py"}


def test_the_first_model_is_registered_too(digits):
    package = digits.package("pca-register")

    assert package["ModelPackageGroupName"] == "digits-pca-classifier-pca"
    assert "ModelMetrics" not in package
    assert files_of(digits, package) == {"model.joblib", "code/inference.py"}


def test_the_batch_result_pairs_ids_with_predictions(breast_cancer):
    job = breast_cancer.steps["score"]["Metadata"]["TransformJob"]["Arn"].rsplit("/", 1)[1]
    job = breast_cancer.local.client("sagemaker").describe_transform_job(TransformJobName=job)
    rows = breast_cancer.read(f"{job['TransformOutput']['S3OutputPath']}/features.csv.out").decode().splitlines()

    assert len(rows) == 200
    assert all(0 <= float(row.split(",")[1]) <= 1 for row in rows)
    assert len({int(row.split(",")[0]) for row in rows}) == 200


@pytest.mark.parametrize(
    ("folder", "first", "cached"),
    [
        ("breast-cancer", "breast_cancer", {"prepare", "train"}),
        ("digits-pca-classifier", "digits", {"pca-prepare", "pca-train", "project", "train"}),
    ],
)
def test_the_second_run_reuses_preparation_and_training(request, local, folder, first, cached):
    request.getfixturevalue(first)

    deploy(local, compiled(folder))
    second = execute(local, folder)

    assert second.status == "Succeeded", second.reasons()
    assert {name for name, step in second.steps.items() if "CacheHitResult" in step} == cached


def test_a_model_that_learned_nothing_is_not_registered(local, breast_cancer):
    """The measurements are lost, the labels are there: the model can only guess."""
    header, *rows = datasets()[BREAST_CANCER_KEY].decode().splitlines()
    blank = ["{},{},{}".format(row.split(",")[0], ",".join(["0"] * 30), row.split(",")[-1]) for row in rows]
    s3 = local.client("s3")
    s3.create_bucket(Bucket="lost-measurements")
    s3.put_object(Bucket="lost-measurements", Key=BREAST_CANCER_KEY, Body="\n".join([header, *blank]).encode())
    packages = local.client("sagemaker").list_model_packages(ModelPackageGroupName="breast-cancer-diagnosis")

    deploy(local, compiled("breast-cancer", bucket="lost-measurements"))
    execution = execute(local, "breast-cancer")

    assert execution.status == "Failed"
    assert status_of(execution)["evaluate"] == "Failed"
    assert "exit code: 1" in execution.reasons()["evaluate"]
    assert "no better than a constant guess (0.6250)" in execution.log("evaluate")
    assert "register" not in execution.steps
    after = local.client("sagemaker").list_model_packages(ModelPackageGroupName="breast-cancer-diagnosis")
    assert after["ModelPackageSummaryList"] == packages["ModelPackageSummaryList"]
