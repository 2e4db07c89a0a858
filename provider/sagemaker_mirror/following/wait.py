"""What a task waits for, until when, and what a look makes of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sagemaker_mirror.mirror.arns import ExecutionArn
from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot
from sagemaker_mirror.mirror.states import Outcome, needs_plan
from sagemaker_mirror.mirror.stop import StopScope
from sagemaker_mirror.mirror.watch import Watch

if TYPE_CHECKING:
    from sagemaker_mirror.hooks.sagemaker_mirror import SageMakerMirrorHook

# How much of its execution_timeout a task keeps for stopping the execution and saying so: a tenth, a minute at most.
_MARGIN_SHARE = 0.1
_MARGIN_SECONDS = 60.0


@dataclass(frozen=True)
class Wait:
    """What a task carries over its deferrals; JSON-ready.

    :param watch: what it waits for
    :param deadline: when it gives up, in seconds since the epoch
    :param stop_scope: on whose failure it stops the execution
    """

    watch: Watch
    deadline: float | None = None
    stop_scope: StopScope = StopScope.NEVER

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Wait:
        """Read what :meth:`to_json` wrote."""
        return cls(Watch.from_json(fields["watch"]), fields["deadline"], StopScope(fields["stop_scope"]))

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON takes them."""
        return {
            "watch": self.watch.to_json(),
            "deadline": self.deadline,
            "stop_scope": self.stop_scope.value,
        }


def judge(hook: SageMakerMirrorHook, execution_arn: str, watch: Watch, snapshot: ExecutionSnapshot) -> Outcome:
    """Say what a look makes of a task; reads the execution's definition where only that can tell.

    :param hook: the way to SageMaker
    :param execution_arn: the execution
    :param watch: what the task waits for
    :param snapshot: the latest look
    :raises UnknownStatusError: nobody knows the status that SageMaker sent
    :raises botocore.exceptions.ClientError: SageMaker refuses to show the definition
    """
    now = datetime.now(timezone.utc)
    plan = None
    if watch.step_name and watch.is_over(snapshot, now) and needs_plan(snapshot, watch.step_name):
        plan = hook.read_plan(execution_arn)
    return watch.judge(snapshot, now, plan)


def deadline_before(timeout: float, seconds: float) -> float:
    """Return when a task has to give up, a little before its ``execution_timeout``.

    :param timeout: when that is over, in seconds since the epoch
    :param seconds: how long it is
    """
    return timeout - min(seconds * _MARGIN_SHARE, _MARGIN_SECONDS)


def check_execution(execution_arn: str) -> None:
    """Make sure that there is an execution to follow.

    :param execution_arn: what a template rendered to
    :raises ValueError: it is none, as where an XCom was never pushed
    """
    try:
        ExecutionArn.parse(execution_arn)
    except ValueError as error:
        raise ValueError(
            f"There is no execution to follow (its ARN is {execution_arn!r}): look at the task that should have "
            "started it."
        ) from error
