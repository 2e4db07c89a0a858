"""What to do about a failure: one or two sentences for the log of its task, below the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sagemaker_mirror.mirror.snapshot import FAILED, STOPPED, ExecutionSnapshot, StepSnapshot

_NEW_RUN = "start a new run: an execution that goes on runs what it began with"
_CLEAR = "clear this task, which resumes the execution"

# FailureReason, in SageMaker's words, and what helps. The first that fits counts.
# https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-troubleshooting.html
_BY_REASON: Mapping[str, str] = {
    r"ResourceLimitExceeded|service limit|quota": (
        f"Ask for a higher quota of the instance type in Service Quotas, then {_CLEAR}; or give the step another "
        f"instance_type in its conf and {_NEW_RUN}."
    ),
    r"CapacityError|InsufficientCapacity|Unable to provision": (
        f"AWS had no such instance to spare. Later, {_CLEAR}; or give the step another instance_type in its conf and "
        f"{_NEW_RUN}."
    ),
    r"AccessDenied|not authorized|UnauthorizedOperation|does not have permission|Failed to assume|cannot assume": (
        f"Allow the execution role (sagemakerNetworkSecurity.role, or SMP_ROLE) what the reason names, then {_CLEAR}."
    ),
    r"NoSuchKey|NoSuchBucket|No S3 objects found|does not exist|matched no|404": (
        f"Look whether all that the reason names is there, then {_CLEAR}; after a change of the conf {_NEW_RUN}."
    ),
    r"MaxRuntimeExceeded|[Mm]ax(imum)? [Rr]untime": f"Give the step more time in its conf and {_NEW_RUN}.",
    r"InternalServerError|InternalFailure|Internal[ _]?Error|Throttling|ServiceUnavailable|SERVICE_FAULT": (
        f"The fault lies with AWS: {_CLEAR}."
    ),
    r"AlgorithmError|ExecuteUserScriptError|[Ee]xit [Cc]ode|Traceback|ClientError": (
        f"The job's program failed; the end of its log tells where. Mend the program or the conf and {_NEW_RUN}."
    ),
}
_OTHERWISE = f"To try the step again as it is, {_CLEAR}. After a change of the conf or the code, {_NEW_RUN}."


def step_advice(snapshot: ExecutionSnapshot, step: StepSnapshot | None) -> str:
    """Say what to do about a step whose task fails.

    :param snapshot: the look that says so
    :param step: the step's latest attempt; None: SageMaker never listed it
    """
    if step is None:
        others = _failed(snapshot)
        what = f"See what became of {others}" if others else "See why the execution ended"
        return f"{what}. This step had not begun; cleared, or cleared with the task above it, it runs with the rest."
    if not snapshot.under_way and snapshot.status not in (FAILED, STOPPED):
        return (
            f"SageMaker resumes no execution that is {snapshot.status}: clear the task that starts the execution, or "
            "start a new run."
        )
    if step.status == STOPPED:
        return f"The execution was stopped, in SageMaker or by marking a task or the run failed. To go on, {_CLEAR}."
    return _for_reason(step.failure_reason or "")


def execution_advice(snapshot: ExecutionSnapshot) -> str:
    """Say what to do about an execution that did not succeed.

    :param snapshot: the look that says so
    """
    failed = _failed(snapshot)
    if failed:
        return f"The reason is in the log of {failed}, with what to do about it."
    if snapshot.status == STOPPED:
        return "Clear the steps that have not succeeded to resume the execution, or start a new run."
    return _for_reason(snapshot.failure_reason or "").replace("this task", "a step's task")


def _for_reason(reason: str) -> str:
    return next((advice for pattern, advice in _BY_REASON.items() if re.search(pattern, reason)), _OTHERWISE)


def _failed(snapshot: ExecutionSnapshot) -> str:
    return ", ".join(name for name, step in snapshot.steps.items() if step.status == FAILED)
