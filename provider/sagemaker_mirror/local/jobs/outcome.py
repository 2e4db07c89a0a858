"""What becomes of a job, in the words that the Describe operations of SageMaker use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

REASON_LIMIT = 1024
"""Characters of ``FailureReason`` (and of ``ExitMessage``) that the Describe operations return."""

Status = Literal["Completed", "Failed", "Stopped"]


@dataclass(frozen=True)
class JobOutcome:
    """The end of a job.

    :param status: the job's status, as ``TrainingJobStatus`` and its sisters spell it
    :param failure_reason: ``FailureReason``, at most 1,024 characters
    :param exit_message: ``ExitMessage`` of a processing job: the first 1,024 characters of ``/opt/ml/output/message``
    :param model_artifacts: ``ModelArtifacts.S3ModelArtifacts`` of a training job
    :param secondary_status: ``MaxRuntimeExceeded`` where SageMaker, not a person, stopped the job
    """

    status: Status
    failure_reason: str | None = None
    exit_message: str | None = None
    model_artifacts: str | None = None
    secondary_status: str | None = None


class JobError(Exception):
    """A job failed for a reason that can be told.

    :param kind: ``ClientError``, ``AlgorithmError`` or ``InternalServerError``, the words SageMaker begins with
    :param message: the rest of the reason
    """

    def __init__(self, kind: Literal["ClientError", "AlgorithmError", "InternalServerError"], message: str) -> None:
        super().__init__(f"{kind}: {message}"[:REASON_LIMIT])


class JobStopped(Exception):
    """The job was told to stop while it was at something that can't go on.

    :param secondary_status: see :class:`JobOutcome`
    """

    def __init__(self, secondary_status: str | None = None) -> None:
        super().__init__(secondary_status)
        self.secondary_status = secondary_status


def algorithm_error(failure: str, code: int) -> str:
    """Return the reason that SageMaker gives when a container ends with a code other than 0.

    Of a long text the end is kept: that is where a traceback says what went wrong.

    :param failure: what was written to ``/opt/ml/output/failure``, or nothing
    :param code: the exit code
    """
    head, tail = "AlgorithmError: ", f", exit code: {code}"
    room = REASON_LIMIT - len(head) - len(tail)
    return f"{head}{failure.strip()[-room:]}{tail}"
