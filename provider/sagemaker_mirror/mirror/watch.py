"""What one waiting task waits for, when that has come about, and what it then means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sagemaker_mirror.mirror.retry import Attempt, counts
from sagemaker_mirror.mirror.snapshot import STEP_UNDER_WAY, ExecutionSnapshot
from sagemaker_mirror.mirror.states import Outcome, Verdict, execution_outcome, step_outcome

if TYPE_CHECKING:
    from sagemaker_mirror.mirror.plan import Plan

# How long SageMaker may take to show a new attempt after it accepted a retry, and to show the end of a step after
# the end of its execution. Beyond it, what is shown is judged.
SETTLE_SECONDS = 600.0


@dataclass(frozen=True)
class Watch:
    """What a task waits for.

    :param step_name: a step's end; None: that of the whole execution
    :param retried_attempt: the attempt of the step that was there when its execution was retried, which no longer
        counts; while the end of the whole execution is awaited, the one that is to be retried. None: no retry.
    :param retried_at: when it was retried, in seconds since the epoch
    :param tolerate_failures: see :func:`~sagemaker_mirror.mirror.states.execution_outcome`
    """

    step_name: str | None = None
    retried_attempt: Attempt | None = None
    retried_at: float = 0.0
    tolerate_failures: bool = False

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Watch:
        """Read what :meth:`to_json` wrote."""
        return cls(**{**fields, "retried_attempt": Attempt.from_json(fields["retried_attempt"])})

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON takes them."""
        return {
            "step_name": self.step_name,
            "retried_attempt": self.retried_attempt.to_json() if self.retried_attempt else None,
            "retried_at": self.retried_at,
            "tolerate_failures": self.tolerate_failures,
        }

    def status(self, snapshot: ExecutionSnapshot) -> str:
        """Return the status to report: the step's, or that of the execution.

        :param snapshot: the latest look
        """
        if self.step_name is None:
            return snapshot.status
        row = snapshot.steps.get(self.step_name)
        return row.status if row is not None else "not started"

    def is_over(self, snapshot: ExecutionSnapshot, now: datetime) -> bool:
        """Whether there is something to judge, be it only that nothing more will come.

        :param snapshot: the latest look
        :param now: the time of that look
        """
        if self.step_name is None:
            return not snapshot.under_way
        if not counts(snapshot, self.step_name, self.retried_attempt):
            return not snapshot.under_way and now.timestamp() - self.retried_at >= SETTLE_SECONDS
        row = snapshot.steps.get(self.step_name)
        if row is None:
            return not snapshot.under_way
        if row.status not in STEP_UNDER_WAY:
            return True
        return snapshot.ended and _seconds_since_end(snapshot, now) >= SETTLE_SECONDS

    def judge(self, snapshot: ExecutionSnapshot, now: datetime, plan: Plan | None = None) -> Outcome:
        """Say what becomes of the task.

        :param snapshot: the latest look
        :param now: the time of that look
        :param plan: what the definition asks for; needed where :func:`~.states.needs_plan` says so
        :raises UnknownStatusError: nobody knows the status that SageMaker sent
        """
        if not self.is_over(snapshot, now):
            return Outcome(Verdict.WAITING, f"SageMaker says: {self.status(snapshot)}.")
        if self.step_name is None:
            return execution_outcome(snapshot, tolerate_failures=self.tolerate_failures)
        outcome = step_outcome(snapshot, self.step_name, plan)
        if not outcome.final:
            return Outcome(
                Verdict.FAILED,
                f"The execution is {snapshot.status}, but {SETTLE_SECONDS:.0f} seconds later SageMaker still says of "
                f"the step: {self.status(snapshot)}.",
            )
        if not counts(snapshot, self.step_name, self.retried_attempt):
            return Outcome(
                outcome.verdict,
                f"{outcome.reason} (The execution was retried, but SageMaker showed no new attempt of the step.)",
            )
        return outcome


def _seconds_since_end(snapshot: ExecutionSnapshot, now: datetime) -> float:
    modified = snapshot.last_modified_time
    # Without a time nothing says how old the end is; waiting on would have no end.
    return (now - modified).total_seconds() if modified is not None else SETTLE_SECONDS
