"""Answers of SageMaker, in short."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot

ARN = "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/harvest/execution/abcdefghijkl"
NOON = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def row(name: str, status: str, start: float | None = 0, end: float | None = None, **fields: Any) -> dict[str, Any]:
    """A row of ListPipelineExecutionSteps; times in seconds after noon."""
    times = {"StartTime": start, "EndTime": end}
    return {
        "StepName": name,
        "StepStatus": status,
        **{key: at(value) for key, value in times.items() if value is not None},
        **fields,
    }


def description(status: str, **fields: Any) -> dict[str, Any]:
    """The answer of DescribePipelineExecution."""
    return {
        "PipelineExecutionArn": ARN,
        "PipelineExecutionStatus": status,
        "CreationTime": NOON,
        "LastModifiedTime": at(100),
        **fields,
    }


def look(status: str, *rows: dict[str, Any], **fields: Any) -> ExecutionSnapshot:
    """An execution of that status with these rows."""
    return ExecutionSnapshot.of(description(status, **fields), rows)
