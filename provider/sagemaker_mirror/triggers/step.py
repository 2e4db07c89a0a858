"""The trigger in which the task of a step starts and ends, without a worker (Airflow 3.3.1 and later).

Ending in a triggerer skips what a worker does at the end of a task. What the task says goes out from here before its
end: every XCom and every link, over those of an earlier try. What only a worker can do is left to one, see
:mod:`sagemaker_mirror.triggers.worker_duties`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Any

from sagemaker_mirror import settings
from sagemaker_mirror.compat import (
    TaskFailedEvent,
    TaskSkippedEvent,
    TaskSuccessEvent,
    TriggerEvent,
)
from sagemaker_mirror.following.step import Ending, StepFollowing
from sagemaker_mirror.following.wait import Wait, check_execution, deadline_before
from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot
from sagemaker_mirror.mirror.states import Outcome, Verdict
from sagemaker_mirror.mirror.stop import StopScope
from sagemaker_mirror.mirror.watch import Watch
from sagemaker_mirror.triggers.poller import UNREACHABLE_SECONDS, Looks, follow, hook_of
from sagemaker_mirror.triggers.sagemaker_pipeline import SageMakerPipelineTrigger, Seen
from sagemaker_mirror.triggers.step_xcoms import StepXComs
from sagemaker_mirror.triggers.threads import in_thread
from sagemaker_mirror.triggers.worker_duties import worker_duties

_EVENTS = {Verdict.SUCCESS: TaskSuccessEvent, Verdict.SKIPPED: TaskSkippedEvent, Verdict.FAILED: TaskFailedEvent}


class SageMakerPipelineStepTrigger(SageMakerPipelineTrigger):
    """Follow a step of an execution from the start of its task to the task's end.

    The triggerer renders the arguments that are called like template fields of the task's operator.

    :param pipeline_execution_arn: the execution. (templated)
    :param step_name: the step. (templated)
    :param step_class: the step's class in its conf; None: there is no conf
    :param poll_interval: seconds between two looks; None is ``[sagemaker_mirror] poll_interval``
    :param execution_timeout: the task's, in seconds
    :param aws_conn_id: the Airflow connection. (templated)
    :param region_name: the AWS Region; None is that of the execution. (templated)
    :param verify: whether TLS certificates are verified, or a CA bundle. (templated)
    :param botocore_config: arguments of botocore's ``Config``
    """

    step_name: str
    # The triggerer sets it: the end of the task's execution_timeout.
    timeout_after: datetime | None = None

    def __init__(
        self,
        pipeline_execution_arn: str,
        step_name: str,
        step_class: str | None = None,
        poll_interval: float | None = None,
        execution_timeout: float | None = None,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            pipeline_execution_arn,
            step_name=step_name,
            poll_interval=settings.poll_interval() if poll_interval is None else poll_interval,
            stop_scope=StopScope.RUN.value,
            aws_conn_id=aws_conn_id,
            region_name=region_name,
            verify=verify,
            botocore_config=botocore_config,
        )
        self.step_class = step_class
        self.execution_timeout = execution_timeout

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments that make this trigger again."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "pipeline_execution_arn": self.pipeline_execution_arn,
                "step_name": self.step_name,
                "step_class": self.step_class,
                "poll_interval": self.poll_interval,
                "execution_timeout": self.execution_timeout,
                "aws_conn_id": self.aws_conn_id,
                "region_name": self.region_name,
                "verify": self.verify,
                "botocore_config": self.botocore_config,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Follow the step, and fire the event that ends its task, or one that has a worker end it."""
        ti: Any = self.task_instance
        self.task_key = [ti.dag_id, ti.run_id, ti.task_id, ti.map_index]
        self._xcoms = StepXComs(ti)
        self.deadline = self._deadline()
        wait = Wait(Watch(self.step_name), self.deadline, StopScope(self.stop_scope))
        try:
            check_execution(self.pipeline_execution_arn)
        except ValueError as error:
            yield await self._event(wait, Outcome(Verdict.FAILED, str(error)), None)
            return
        async with follow(self.connection, self.pipeline_execution_arn, self.poll_interval) as looks:
            wait, outcome, snapshot = await self._follow(wait, looks)
        yield await self._event(wait, outcome, snapshot)

    async def _follow(self, wait: Wait, looks: Looks) -> tuple[Wait, Outcome, ExecutionSnapshot | None]:
        try:
            await in_thread("xcoms", self._xcoms.begin, self.pipeline_execution_arn)
        except Exception:
            self.log.exception("The task's links cannot be pushed.")
        # A later try takes whatever it sees first, and may resume the execution.
        watch = wait.watch if self._xcoms.try_number == 1 else None
        resumed = await in_thread("xcoms", self._xcoms.remembered) if watch is None else None
        since = None
        while True:
            seen = await self.wait_for(watch, looks)
            if seen.snapshot is None:
                return wait, Outcome(Verdict.FAILED, _reason(seen)), None
            following = await self._following()
            judge = following.advance if watch else partial(following.try_again, resumed=resumed)
            try:
                judged = await in_thread("follow", judge, wait, seen.snapshot)
            except Exception as error:
                since = since or time.monotonic()
                if time.monotonic() - since >= UNREACHABLE_SECONDS or not await in_thread("follow", _may_pass, error):
                    raise
                self.log.warning("SageMaker cannot be asked for what this means; trying on: %s", error)
                continue
            if isinstance(judged, Outcome):
                return wait, judged, seen.snapshot
            wait, watch, since = judged, judged.watch, None

    async def _event(self, wait: Wait, outcome: Outcome, snapshot: ExecutionSnapshot | None) -> TriggerEvent:
        duties = worker_duties(self.task, self._xcoms.try_number, outcome.verdict)
        if duties:
            self.log.info("%s A worker ends the task, for its %s.", outcome.reason, ", ".join(duties))
            return self._to_worker(wait, outcome, snapshot)
        try:
            if snapshot is None:
                self.log.error("%s", outcome.reason)
                ending = Ending(outcome.verdict, outcome.reason)
            else:
                following = await self._following()
                ending = await in_thread("follow", following.end, snapshot, outcome)
            await in_thread("xcoms", self._xcoms.end, ending)
        except Exception:
            self.log.exception("The triggerer cannot end the task: a worker does.")
            return self._to_worker(wait, outcome, snapshot)
        return _EVENTS[ending.verdict]()

    async def _following(self) -> StepFollowing:
        return StepFollowing(
            await hook_of(self.connection),
            self.pipeline_execution_arn,
            self.step_name,
            step_class=self.step_class,
            log=self.log,
            remember=self._xcoms.remember,
        )

    def _to_worker(self, wait: Wait, outcome: Outcome, snapshot: ExecutionSnapshot | None) -> TriggerEvent:
        payload = self._payload(Seen("ended", outcome.reason))
        # The worker sees for itself whether the step has succeeded; why a retry failed, it could not.
        failed = outcome.verdict is Verdict.FAILED and snapshot is not None
        return TriggerEvent({**payload, "wait": wait.to_json(), "failed": failed})  # type: ignore[no-untyped-call]

    def _deadline(self) -> float | None:
        if self.timeout_after is None or self.execution_timeout is None:
            return None
        return deadline_before(self.timeout_after.timestamp(), self.execution_timeout)


def _may_pass(error: Exception) -> bool:
    from sagemaker_mirror.hooks.errors import may_pass

    return may_pass(error)


def _reason(seen: Seen) -> str:
    return "The task's execution_timeout has passed." if seen.status == "deadline" else seen.message
