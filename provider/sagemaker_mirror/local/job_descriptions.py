"""What the Describe calls of jobs answer; also what other steps can refer to. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from sagemaker_mirror.local.records import Job, JobKind


def describe_job(job: Job) -> dict[str, Any]:
    """The response of DescribeProcessingJob, DescribeTrainingJob or DescribeTransformJob."""
    return {**_as_requested(job), **_DESCRIPTIONS[job.kind](job)}


def model_artifact_uri(job: Job) -> str:
    """Where a training job puts its model, as its container's contract has it."""
    prefix = str(job.request["OutputDataConfig"]["S3OutputPath"]).rstrip("/")
    return f"{prefix}/{job.name}/output/model.tar.gz"


def _as_requested(job: Job) -> dict[str, Any]:
    return {key: value for key, value in job.request.items() if key != "Tags"}


def _describe_processing(job: Job) -> dict[str, Any]:
    return {
        "ProcessingJobName": job.name,
        "ProcessingJobArn": job.arn,
        "ProcessingJobStatus": job.status,
        "ExitMessage": job.exit_message,
        "FailureReason": job.failure_reason,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "ProcessingStartTime": job.started,
        "ProcessingEndTime": job.ended,
    }


def _describe_training(job: Job) -> dict[str, Any]:
    seconds = math.ceil((job.ended - job.started).total_seconds()) if job.ended else None
    spot = bool(job.request.get("EnableManagedSpotTraining"))
    return {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary_status or ("Training" if job.status == "InProgress" else job.status),
        "ModelArtifacts": {"S3ModelArtifacts": job.model_artifacts or model_artifact_uri(job)},
        "FailureReason": job.failure_reason,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "TrainingStartTime": job.started,
        "TrainingEndTime": job.ended,
        "TrainingTimeInSeconds": seconds,
        "BillableTimeInSeconds": seconds,
        "EnableManagedSpotTraining": spot,
    }


def _describe_transform(job: Job) -> dict[str, Any]:
    return {
        "TransformJobName": job.name,
        "TransformJobArn": job.arn,
        "TransformJobStatus": job.status,
        "FailureReason": job.failure_reason,
        "CreationTime": job.created,
        "TransformStartTime": job.started,
        "TransformEndTime": job.ended,
    }


_DESCRIPTIONS: Mapping[JobKind, Callable[[Job], dict[str, Any]]] = {
    "ProcessingJob": _describe_processing,
    "TrainingJob": _describe_training,
    "TransformJob": _describe_transform,
}
