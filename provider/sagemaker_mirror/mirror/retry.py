"""When a task's second try resumes its execution, and which rows count afterwards.

AWS does not document which rows RetryPipelineExecution replaces, nor whether AttemptCount moves. So nothing of it
is assumed: a new attempt is a row that is under way, or one that is not the row that was there before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from sagemaker_mirror.mirror.snapshot import (
    COMPLETED_WITH_FAILURES,
    FAILED,
    STEP_ENDED,
    STOPPED,
    SUCCEEDED,
    ExecutionSnapshot,
    StepSnapshot,
)

_RESUMABLE = frozenset({FAILED, STOPPED, COMPLETED_WITH_FAILURES})
# In these states of Airflow a task does nothing any more, unless somebody clears it.
_FINISHED_TASKS = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


@dataclass(frozen=True)
class Attempt:
    """What tells one attempt of a step from another; JSON-ready, because triggers carry it.

    :param status: its StepStatus; None: SageMaker listed no attempt
    :param started: StartTime, ISO 8601
    :param ended: EndTime, ISO 8601
    :param count: AttemptCount
    """

    status: str | None = None
    started: str | None = None
    ended: str | None = None
    count: int | None = None

    @classmethod
    def of(cls, snapshot: ExecutionSnapshot, name: str) -> Attempt:
        """Take the latest attempt of a step."""
        row = snapshot.steps.get(name)
        return cls() if row is None else cls._of_row(row)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any] | None) -> Attempt | None:
        """Read what :meth:`to_json` wrote."""
        return None if fields is None else cls(**fields)

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON takes them."""
        return asdict(self)

    @classmethod
    def _of_row(cls, row: StepSnapshot) -> Attempt:
        return cls(
            status=row.status,
            started=row.start_time.isoformat() if row.start_time else None,
            ended=row.end_time.isoformat() if row.end_time else None,
            count=row.attempt,
        )


class Move(Enum):
    """What a task's second or later try does first."""

    FOLLOW = "follow"  # there is something to follow or to judge already
    AWAIT_END = "await the end"  # the step has failed, but its execution is still under way
    RESUME = "resume"  # RetryPipelineExecution
    REFUSE = "refuse"  # the execution has ended in a way that cannot be resumed


def next_move(snapshot: ExecutionSnapshot, name: str, failed: Attempt | None = None) -> Move:
    """Say what the second or later try of a step's task does.

    :param snapshot: the latest look
    :param name: the step's name
    :param failed: the attempt that the try set out to resume, where it had to await the end first
    """
    row = snapshot.steps.get(name)
    if failed is not None and Attempt.of(snapshot, name) != failed:
        return Move.FOLLOW  # somebody else retried it meanwhile, in Studio: that is the attempt to judge
    has_failed = row is not None and row.status in {FAILED, STOPPED}
    if row is not None and not has_failed:
        return Move.FOLLOW  # under way, succeeded, or a status nobody knows: whoever judges it is loud
    if snapshot.status in _RESUMABLE:
        return Move.RESUME
    if not has_failed:
        return Move.FOLLOW
    return Move.REFUSE if snapshot.status == SUCCEEDED else Move.AWAIT_END


def tasks_that_may_resume(snapshot: ExecutionSnapshot, task_states: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the tasks of steps that may still resume an execution that has ended, in a try of theirs to come.

    :param snapshot: the execution
    :param task_states: the states of its steps' tasks, in Airflow's words
    """
    if snapshot.status not in _RESUMABLE:
        return ()
    return tuple(task for task, state in task_states.items() if state not in _FINISHED_TASKS)


def retry_token(snapshot: ExecutionSnapshot) -> str:
    """Return the ClientRequestToken with which this end of an execution is retried.

    All who saw the same end send the same token, so that several failed siblings are one retry to SageMaker.

    :param snapshot: the execution after its end
    """
    ends = {
        name: Attempt.of(snapshot, name).to_json()
        for name, row in snapshot.steps.items()
        if row.status in {FAILED, STOPPED}
    }
    # An execution that was stopped before its first step has no rows; then only its own time tells its ends apart.
    modified = snapshot.last_modified_time
    text = json.dumps([snapshot.arn, modified.isoformat() if modified else None, ends], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def counts(snapshot: ExecutionSnapshot, name: str, retried: Attempt | None) -> bool:
    """Whether what SageMaker shows of a step is newer than the attempt that was retried.

    :param snapshot: the latest look
    :param name: the step's name
    :param retried: the attempt that was there when the execution was retried; None: it was not retried
    """
    if retried is None:
        return True
    row = snapshot.steps.get(name)
    if row is None:
        # Never listed before and not listed now: only the execution's own status tells old from new.
        return snapshot.under_way
    return row.status not in STEP_ENDED or Attempt.of(snapshot, name) != retried
