"""What an execution makes of each task: the state table, as functions.

====================================================  =====================================================
SageMaker                                             outcome
====================================================  =====================================================
step not listed, execution under way                  waiting
Starting, Executing, Stopping                         waiting
Succeeded                                             success (also from the cache, or reused)
Failed, Stopped                                       failed
never listed, execution ended                         skipped where the step was not to run; failed where it was
a status nobody knows                                 :class:`UnknownStatusError`
====================================================  =====================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sagemaker_mirror.mirror.snapshot import (
    COMPLETED_WITH_FAILURES,
    FAILED,
    STEP_ENDED,
    STEP_UNDER_WAY,
    STOPPED,
    SUCCEEDED,
    ExecutionSnapshot,
    StepSnapshot,
)

if TYPE_CHECKING:
    # Importing it takes pydantic's models along, which no triggerer's event loop has the time for.
    from sagemaker_mirror.mirror.plan import Plan, Requirement


class UnknownStatusError(ValueError):
    """SageMaker sent a status that we do not know, so that nothing may be concluded from it."""


class Verdict(str, Enum):
    """What becomes of a task."""

    WAITING = "waiting"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Outcome:
    """A verdict and why.

    :param verdict: what becomes of the task
    :param reason: one sentence for the log
    """

    verdict: Verdict
    reason: str

    @property
    def final(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self.verdict is not Verdict.WAITING


def execution_outcome(snapshot: ExecutionSnapshot, *, tolerate_failures: bool = False) -> Outcome:
    """Say what becomes of a task that stands for the whole execution.

    :param snapshot: the latest look
    :param tolerate_failures: whether an execution that went on after failures, as its run conditions provided
        (``CompletedWithFailures``), is a success
    :raises UnknownStatusError: nobody knows its status
    """
    _check_execution(snapshot)
    if snapshot.under_way:
        return Outcome(Verdict.WAITING, f"The execution is {snapshot.status}.")
    if snapshot.status == SUCCEEDED:
        return Outcome(Verdict.SUCCESS, "The execution succeeded.")
    if snapshot.status == COMPLETED_WITH_FAILURES and tolerate_failures:
        return Outcome(Verdict.SUCCESS, "The execution completed; its run conditions provided for the failures.")
    return Outcome(Verdict.FAILED, _because(_EXECUTION_ENDS[snapshot.status], snapshot.failure_reason))


def step_outcome(snapshot: ExecutionSnapshot, name: str, plan: Plan | None = None) -> Outcome:
    """Say what becomes of the task of one step.

    :param snapshot: the latest look
    :param name: the step's name
    :param plan: what the execution's definition asks for; needed where :func:`needs_plan` says so
    :raises UnknownStatusError: nobody knows the step's status, or, where the step is not listed, the execution's
    :raises ValueError: the plan is needed and missing
    """
    row = snapshot.steps.get(name)
    if row is not None:
        return _listed(row)
    _check_execution(snapshot)
    if snapshot.under_way:
        return Outcome(Verdict.WAITING, "SageMaker has not begun the step.")
    if plan is None:
        raise ValueError(f"whether step {name} was to run can only be told from the execution's definition")
    return _never_listed(snapshot, name, plan)


def needs_plan(snapshot: ExecutionSnapshot, name: str) -> bool:
    """Whether only the execution's definition can tell what becomes of a step: it ended without listing it."""
    return snapshot.ended and name not in snapshot.steps


def unmirrored_steps(snapshot: ExecutionSnapshot, names: frozenset[str]) -> tuple[str, ...]:
    """Steps that SageMaker lists and no task stands for.

    :param snapshot: the latest look
    :param names: the steps that have a task
    """
    return tuple(name for name in snapshot.steps if name not in names)


_EXECUTION_ENDS = {
    FAILED: "The execution failed",
    STOPPED: "The execution was stopped",
    COMPLETED_WITH_FAILURES: "The execution completed with failures",
}


def _check_execution(snapshot: ExecutionSnapshot) -> None:
    if not snapshot.under_way and not snapshot.ended:
        raise UnknownStatusError(
            f"SageMaker says that execution {snapshot.arn} is {snapshot.status!r}, a status that this version does "
            "not know"
        )


def _listed(row: StepSnapshot) -> Outcome:
    if row.status in STEP_UNDER_WAY:
        return Outcome(Verdict.WAITING, f"The step is {row.status}.")
    if row.status not in STEP_ENDED:
        raise UnknownStatusError(
            f"SageMaker says that step {row.name} is {row.status!r}, a status that this version does not know"
        )
    if row.status == SUCCEEDED:
        if row.cached_from:
            return Outcome(Verdict.SUCCESS, f"Cache hit: the step's result is that of {row.cached_from}.")
        if row.reused_from:
            return Outcome(Verdict.SUCCESS, f"Reused: the step's result is that of {row.reused_from}.")
        return Outcome(Verdict.SUCCESS, "The step succeeded.")
    if row.status == STOPPED:
        return Outcome(Verdict.FAILED, _because("The step was stopped", row.failure_reason))
    return Outcome(Verdict.FAILED, _because("The step failed", row.failure_reason))


def _never_listed(snapshot: ExecutionSnapshot, name: str, plan: Plan) -> Outcome:
    if name not in plan.steps:
        return Outcome(Verdict.SKIPPED, "The definition that this execution runs has no step of this name.")
    reason = _why_not_to_run(snapshot, name, plan, {})
    if reason is not None:
        return Outcome(Verdict.SKIPPED, reason)
    if snapshot.status == SUCCEEDED:
        return Outcome(
            Verdict.FAILED,
            "SageMaker says that the execution succeeded but lists nothing of this step, which had to run; "
            "its history may have been removed.",
        )
    return Outcome(Verdict.FAILED, _because("The step never started", _EXECUTION_ENDS[snapshot.status]))


def _why_not_to_run(snapshot: ExecutionSnapshot, name: str, plan: Plan, known: dict[str, str | None]) -> str | None:
    """Say why a step that is not listed was not to run; None: it was, and a failure or a stop kept it back."""
    if name not in known:
        known[name] = None  # for a definition with a cycle, which SageMaker does not accept
        known[name] = _look_up(snapshot, name, plan, known)
    return known[name]


def _look_up(snapshot: ExecutionSnapshot, name: str, plan: Plan, known: dict[str, str | None]) -> str | None:
    if snapshot.selected_steps is not None and name not in snapshot.selected_steps:
        return "Not selected: this selective execution neither ran nor reused the step."
    step = plan.steps[name]
    if step.branch is not None:
        condition = snapshot.steps.get(step.branch.condition)
        if condition is None:
            if _why_not_to_run(snapshot, step.branch.condition, plan, known):
                return f"Condition {step.branch.condition} was not to be decided."
        else:
            taken = condition.metadata.get("Condition", {}).get("Outcome")
            if taken is not None and taken != step.branch.outcome:
                return f"Branch not taken: condition {step.branch.condition} was {taken}."
    for requirement in step.requirements:
        reason = _why_not_met(snapshot, requirement, plan, known)
        if reason is not None:
            return reason
    return None


def _why_not_met(
    snapshot: ExecutionSnapshot, requirement: Requirement, plan: Plan, known: dict[str, str | None]
) -> str | None:
    above = snapshot.steps.get(requirement.step)
    if above is None:
        if requirement.step in plan.steps and _why_not_to_run(snapshot, requirement.step, plan, known):
            return f"Step {requirement.step} above it did not run."
        return None
    if requirement.ends is not None and above.status == SUCCEEDED and SUCCEEDED not in requirement.ends:
        return f"Nothing to handle: step {requirement.step} succeeded."
    return None


def _because(what: str, why: str | None) -> str:
    return f"{what}: {why}" if why else f"{what}."
