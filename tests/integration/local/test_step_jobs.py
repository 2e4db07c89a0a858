"""The jobs of steps: what Describe tells of them, their logs, and one run with real processes."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from sagemaker_mirror.local import LocalSageMaker
from sagemaker_mirror.local.jobs import JobOutcome

from .definitions import create, model, output_of, processing, rows, start, training, transform
from .scripted_runner import ScriptedRunner


def test_jobs_are_described(local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner) -> None:
    runner.jobs["Prepare"] = lambda request, stop, log: JobOutcome("Completed", exit_message="all rows used")
    create(
        sagemaker,
        "wines",
        processing("Prepare"),
        training("Train", output_of("Prepare")),
        model("Create", "Train"),
        transform("Score", "Create", output_of("Prepare")),
    )
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Succeeded"
    identity = arn.rpartition("/")[2]
    prepare, train, score = runner.ran
    assert prepare.startswith(f"pipelines-{identity}-Prepare-")

    job = sagemaker.describe_processing_job(ProcessingJobName=prepare)
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["ExitMessage"] == "all rows used"
    assert job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert job["ProcessingJobArn"] == rows(sagemaker, arn)[0]["Metadata"]["ProcessingJob"]["Arn"]

    job = sagemaker.describe_training_job(TrainingJobName=train)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://tests/models/{train}/output/model.tar.gz"
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"] >= 0
    assert job["ResourceConfig"]["InstanceCount"] == 1

    job = sagemaker.describe_transform_job(TransformJobName=score)
    assert job["TransformJobStatus"] == "Completed"
    assert job["TransformOutput"]["S3OutputPath"] == "s3://tests/predictions"


def test_the_artifact_that_a_job_tells_of_is_the_model(
    local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner
) -> None:
    uri = "s3://elsewhere/model.tar.gz"
    runner.jobs["Train"] = lambda request, stop, log: JobOutcome("Completed", model_artifacts=uri)
    create(sagemaker, "wines", training("Train", "s3://tests/data"), model("Create", "Train"))
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Succeeded"
    name = rows(sagemaker, arn)[1]["Metadata"]["Model"]["Arn"].rpartition("/")[2]
    assert sagemaker.describe_model(ModelName=name)["PrimaryContainer"]["ModelDataUrl"] == uri


def test_failed_jobs_are_described_too(local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner) -> None:
    runner.jobs["Train"] = lambda request, stop, log: JobOutcome("Failed", "AlgorithmError: no, exit code: 1")
    create(sagemaker, "wines", training("Train", "s3://tests/data"))
    assert local.wait(start(sagemaker, "wines")) == "Failed"
    job = sagemaker.describe_training_job(TrainingJobName=runner.ran[0])
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: no, exit code: 1"


@pytest.mark.parametrize("lines", [0, 3, 2500])
def test_output_goes_to_cloudwatch_logs(
    local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner, lines: int
) -> None:
    def talk(request: dict[str, Any], stop: threading.Event, log: Any) -> JobOutcome:
        for number in range(lines):
            log(f"line {number}\n" if number else "")
        return JobOutcome("Completed")

    runner.jobs["Prepare"] = talk
    create(sagemaker, "wines", processing("Prepare"))
    assert local.wait(start(sagemaker, "wines")) == "Succeeded"
    logs = local.client("logs")
    group = "/aws/sagemaker/ProcessingJobs"
    (stream,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=runner.ran[0])["logStreams"]
    assert stream["logStreamName"].startswith(f"{runner.ran[0]}/algo-1-")
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = logs.get_log_events(
            logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True, **token
        )
        if not page["events"]:
            break
        found.extend(event["message"] for event in page["events"])
        token = {"nextToken": page["nextForwardToken"]}
    assert found == [" ", *(f"line {number}" for number in range(1, lines))][:lines]


def test_a_running_job_can_be_read_along(local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner) -> None:
    read = threading.Event()

    def talk(request: dict[str, Any], stop: threading.Event, log: Any) -> JobOutcome:
        log("under way")
        return JobOutcome("Completed" if read.wait(30) else "Failed")

    runner.jobs["Prepare"] = talk
    create(sagemaker, "wines", processing("Prepare"))
    arn = start(sagemaker, "wines")
    logs = local.client("logs")
    group = "/aws/sagemaker/ProcessingJobs"
    while not (events := _events(logs, group)):
        assert not read.wait(0.05)
    assert events == ["under way"]
    read.set()
    assert local.wait(arn) == "Succeeded"


def _events(logs: Any, group: str) -> list[str]:
    groups = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    if not groups:
        return []
    return [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]


def test_real_processes_do_the_work(tmp_path: Path) -> None:
    with LocalSageMaker(data_dir=tmp_path / "data") as local:
        sagemaker, s3 = local.client("sagemaker"), local.client("s3")
        s3.create_bucket(Bucket="tests")
        s3.put_object(Bucket="tests", Key="raw/words.txt", Body=b"one two three")
        step = processing("Count", inputs={"raw": "s3://tests/raw"})
        step["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = [
            "/bin/sh",
            "-c",
            "echo counting; wc -w < /opt/ml/processing/input/raw/words.txt > /opt/ml/processing/output/count",
        ]
        create(sagemaker, "words", step)
        arn = start(sagemaker, "words")
        assert local.wait(arn, timeout=120) == "Succeeded", rows(sagemaker, arn)
        key = f"{arn.rpartition('/')[2]}/Count/count"
        assert s3.get_object(Bucket="tests", Key=key)["Body"].read().strip() == b"3"
        assert "counting" in _events(local.client("logs"), "/aws/sagemaker/ProcessingJobs")
