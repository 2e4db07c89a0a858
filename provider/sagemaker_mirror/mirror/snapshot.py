"""One look at an execution: DescribePipelineExecution and all pages of ListPipelineExecutionSteps, as records.

Statuses stay the strings that SageMaker sent. Which of them we know stands here and not in botocore's model,
because older versions of botocore do not know all that SageMaker sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any

SUCCEEDED = "Succeeded"
FAILED = "Failed"
STOPPED = "Stopped"
COMPLETED_WITH_FAILURES = "CompletedWithFailures"

STEP_UNDER_WAY = frozenset({"Starting", "Executing", "Stopping"})
STEP_ENDED = frozenset({SUCCEEDED, FAILED, STOPPED})
EXECUTION_UNDER_WAY = frozenset({"Executing", "Stopping"})
EXECUTION_ENDED = frozenset({SUCCEEDED, FAILED, STOPPED, COMPLETED_WITH_FAILURES})


@dataclass(frozen=True)
class StepSnapshot:
    """The latest attempt of a step.

    :param name: the step's name
    :param status: StepStatus, as SageMaker sent it
    :param start_time: when this attempt began
    :param end_time: when it ended
    :param failure_reason: FailureReason
    :param attempt: AttemptCount
    :param cached_from: the ARN of the execution whose result the step cache served
    :param reused_from: the ARN of the execution whose result a selective execution reused
    :param metadata: Metadata: what the step made, such as ``{"TrainingJob": {"Arn": …}}``
    """

    name: str
    status: str
    start_time: datetime | None = None
    end_time: datetime | None = None
    failure_reason: str | None = None
    attempt: int | None = None
    cached_from: str | None = None
    reused_from: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> StepSnapshot:
        """Read a PipelineExecutionStep.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_PipelineExecutionStep.html
        """
        return cls(
            name=row["StepName"],
            status=row["StepStatus"],
            start_time=row.get("StartTime"),
            end_time=row.get("EndTime"),
            failure_reason=row.get("FailureReason"),
            attempt=row.get("AttemptCount"),
            cached_from=(row.get("CacheHitResult") or {}).get("SourcePipelineExecutionArn"),
            reused_from=(row.get("SelectiveExecutionResult") or {}).get("SourcePipelineExecutionArn"),
            metadata=row.get("Metadata") or {},
        )

    @property
    def seconds(self) -> float | None:
        """How long the attempt took; None while it runs."""
        if self.start_time is None or self.end_time is None:
            return None
        return (self.end_time - self.start_time).total_seconds()

    def _moment(self) -> float:
        # A row without any time is the newest while it runs: the attempt is about to start.
        moment = self.start_time or self.end_time
        if moment is not None:
            return moment.timestamp()
        return -inf if self.status in STEP_ENDED else inf


@dataclass(frozen=True)
class ExecutionSnapshot:
    """One look at an execution.

    :param arn: PipelineExecutionArn
    :param status: PipelineExecutionStatus, as SageMaker sent it
    :param steps: the latest attempt of each step that SageMaker lists, by name, in its order
    :param failure_reason: FailureReason
    :param display_name: PipelineExecutionDisplayName
    :param start_time: CreationTime
    :param last_modified_time: LastModifiedTime
    :param version_id: PipelineVersionId, where SageMaker tells
    :param selected_steps: the steps of a selective execution; None is a whole one
    :param created_by: the Studio user profile that started it, where SageMaker tells
    :param studio_domain_id: the Studio domain in which it was started, where SageMaker tells
    """

    arn: str
    status: str
    steps: Mapping[str, StepSnapshot] = field(default_factory=dict)
    failure_reason: str | None = None
    display_name: str | None = None
    start_time: datetime | None = None
    last_modified_time: datetime | None = None
    version_id: int | None = None
    selected_steps: frozenset[str] | None = None
    created_by: str | None = None
    studio_domain_id: str | None = None

    @classmethod
    def of(cls, description: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> ExecutionSnapshot:
        """Read the answers of DescribePipelineExecution and, called after it, of ListPipelineExecutionSteps.

        :param description: the answer of DescribePipelineExecution
        :param rows: PipelineExecutionSteps of all pages, oldest first
        """
        selective = description.get("SelectiveExecutionConfig")
        creator = description.get("CreatedBy") or {}
        return cls(
            arn=description["PipelineExecutionArn"],
            status=description["PipelineExecutionStatus"],
            steps=latest_attempts(StepSnapshot.of(row) for row in rows),
            failure_reason=description.get("FailureReason"),
            display_name=description.get("PipelineExecutionDisplayName"),
            start_time=description.get("CreationTime"),
            last_modified_time=description.get("LastModifiedTime"),
            version_id=description.get("PipelineVersionId"),
            selected_steps=(
                frozenset(step["StepName"] for step in selective["SelectedSteps"]) if selective else None
            ),
            created_by=creator.get("UserProfileName"),
            studio_domain_id=creator.get("DomainId"),
        )

    @property
    def under_way(self) -> bool:
        """Whether SageMaker still works on it."""
        return self.status in EXECUTION_UNDER_WAY

    @property
    def ended(self) -> bool:
        """Whether it has come to an end that we know."""
        return self.status in EXECUTION_ENDED


def latest_attempts(rows: Iterable[StepSnapshot]) -> dict[str, StepSnapshot]:
    """Keep one row per step: that of its latest attempt.

    The time of start decides first, since AttemptCount counts within a retry policy and AWS does not say what a
    RetryPipelineExecution does to it.

    :param rows: rows in SageMaker's order, oldest first
    """
    latest: dict[str, tuple[tuple[float, int], StepSnapshot]] = {}
    for row in rows:
        rank = (row._moment(), row.attempt or 0)
        if row.name not in latest or rank >= latest[row.name][0]:
            latest[row.name] = (rank, row)
    return {name: row for name, (_, row) in latest.items()}
