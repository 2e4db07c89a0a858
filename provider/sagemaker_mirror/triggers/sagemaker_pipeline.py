"""The trigger that waits for a step of an execution, or for the whole of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from asgiref.sync import sync_to_async

from sagemaker_mirror.compat import (
    AIRFLOW_3_3,
    BaseTrigger,
    TriggerEvent,
    read_task_state,
    read_task_states,
    timezone,
)
from sagemaker_mirror.hooks.connection import AwsConnection
from sagemaker_mirror.mirror.arns import ExecutionArn
from sagemaker_mirror.mirror.retry import Attempt, tasks_that_may_resume
from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot
from sagemaker_mirror.mirror.stop import StopScope, stop_is_confirmed
from sagemaker_mirror.mirror.watch import Watch
from sagemaker_mirror.triggers.poller import Look, Looks, follow, hook_of
from sagemaker_mirror.triggers.threads import in_thread

# Airflow gives on_kill 30 seconds. The first question to its API in a triggerer can take half of them: the triggerer
# then loads the whole API into its own process. Without an answer nothing is stopped.
_CONFIRM_SECONDS = 24.0


@dataclass(frozen=True)
class Seen:
    """Why a trigger no longer waits.

    :param status: ``ended``, ``deadline`` or ``error``
    :param message: the status that SageMaker shows, or what is wrong
    :param snapshot: the look, where something has ended
    """

    status: str
    message: str
    snapshot: ExecutionSnapshot | None = None


class SageMakerPipelineTrigger(BaseTrigger):
    """Wait until a step of a pipeline execution has ended, or the whole execution.

    All triggers of a triggerer that wait for the same execution share one poll. The event says only that there is
    something to see: the task reads SageMaker again.

    :param pipeline_execution_arn: the execution
    :param step_name: the step to wait for; None is the whole execution
    :param poll_interval: seconds between two looks
    :param retried_attempt: the attempt that was there when the execution was retried, as
        :meth:`sagemaker_mirror.mirror.retry.Attempt.to_json` writes it: it no longer counts
    :param retried_at: when it was retried, in seconds since the epoch
    :param not_before: when the trigger may fire, in seconds since the epoch: Airflow 3 can fail a task that resumes
        within seconds of its deferral (apache/airflow #72716)
    :param deadline: when waiting ends, in seconds since the epoch; None: never. The owner stops the execution then.
    :param stop_scope: on whose failure the execution is stopped when this trigger is killed, see
        :class:`sagemaker_mirror.mirror.stop.StopScope`
    :param task: dag_id, run_id, task_id and map_index of the waiting task, whose state confirms a stop
    :param resumed_by: tasks of the same run that may resume an execution that failed: while one of them is
        unfinished, a failure is not the end
    :param aws_conn_id: the Airflow connection
    :param region_name: the AWS Region; None is the connection's
    :param verify: whether TLS certificates are verified, or a CA bundle
    :param botocore_config: arguments of botocore's ``Config``
    """

    def __init__(
        self,
        pipeline_execution_arn: str,
        step_name: str | None = None,
        poll_interval: float = 15,
        retried_attempt: dict[str, Any] | None = None,
        retried_at: float = 0.0,
        not_before: float = 0.0,
        deadline: float | None = None,
        stop_scope: str = StopScope.NEVER.value,
        task: Sequence[Any] | None = None,
        resumed_by: Sequence[str] = (),
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.pipeline_execution_arn = pipeline_execution_arn
        self.step_name = step_name
        self.poll_interval = poll_interval
        self.retried_attempt = retried_attempt
        self.retried_at = retried_at
        self.not_before = not_before
        self.deadline = deadline
        self.stop_scope = stop_scope
        self.task_key = task
        self.resumed_by = list(resumed_by)
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self._waiting_for: tuple[str, ...] = ()
        self._reported: str | None = None
        self._in_trouble = False

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments that make this trigger again."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "pipeline_execution_arn": self.pipeline_execution_arn,
                "step_name": self.step_name,
                "poll_interval": self.poll_interval,
                "retried_attempt": self.retried_attempt,
                "retried_at": self.retried_at,
                "not_before": self.not_before,
                "deadline": self.deadline,
                "stop_scope": self.stop_scope,
                "task": self.task_key,
                "resumed_by": self.resumed_by,
                "aws_conn_id": self.aws_conn_id,
                "region_name": self.region_name,
                "verify": self.verify,
                "botocore_config": self.botocore_config,
            },
        )

    @property
    def connection(self) -> AwsConnection:
        """The way to SageMaker; in the execution's Region where none is given, so that all triggers share a poll."""
        connection = AwsConnection.of(self.aws_conn_id, self.region_name, self.verify, self.botocore_config)
        region = connection.region_name or ExecutionArn.parse(self.pipeline_execution_arn).arn.region
        return replace(connection, region_name=region)

    @property
    def watch(self) -> Watch:
        """What is waited for."""
        return Watch(self.step_name, Attempt.from_json(self.retried_attempt), self.retried_at)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then fire one event."""
        try:
            async with follow(self.connection, self.pipeline_execution_arn, self.poll_interval) as looks:
                seen = await self.wait_for(self.watch, looks)
            await asyncio.sleep(max(0.0, self.not_before - time.time()))
        except asyncio.CancelledError:
            # From 3.3 on Airflow itself calls on_kill, and only where a user acted on the task.
            if not AIRFLOW_3_3:
                await self.on_kill()
            raise
        yield TriggerEvent(self._payload(seen))  # type: ignore[no-untyped-call]

    async def on_kill(self) -> None:
        """Stop the execution, if Airflow's own state confirms that this task or its run was marked failed."""
        if StopScope(self.stop_scope) is StopScope.NEVER or self.task_key is None:
            return
        stopping = asyncio.create_task(self._stop_if_confirmed(self.task_key))
        while not stopping.done():
            # Until a trigger has ended, a triggerer cancels it anew every second or so; the first time was enough.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(stopping)

    async def _stop_if_confirmed(self, task_key: Sequence[Any]) -> None:
        scope = StopScope(self.stop_scope)
        try:
            state = await asyncio.wait_for(sync_to_async(read_task_state)(*task_key), timeout=_CONFIRM_SECONDS)
        except Exception:
            self.log.exception(
                "The state of this task cannot be read, so execution %s is not stopped.",
                self.pipeline_execution_arn,
            )
            return
        if stop_is_confirmed(scope, state.task, state.run):
            await self._stop(f"the task is {state.task} and its run {state.run}")
        else:
            self.log.info(
                "The task is %s and its run %s: execution %s goes on.",
                state.task,
                state.run,
                self.pipeline_execution_arn,
            )

    async def wait_for(self, watch: Watch | None, looks: Looks) -> Seen:
        """Look until something has ended, or waiting longer is pointless; write changes of status into the log.

        :param watch: what is waited for; None: a look, whatever it shows
        :param looks: the poll
        """
        while True:
            look = await self._next(looks)
            if look is None:
                if self.stop_scope == StopScope.TASK_OR_RUN.value:
                    await self._stop("its deadline has passed")
                return Seen("deadline", "The deadline has passed.")
            if look.trouble is not None:
                if look.trouble.final:
                    self.log.error("SageMaker cannot be asked any more: %s", look.trouble.message)
                    return Seen("error", look.trouble.message)
                if not self._in_trouble:
                    self.log.warning("SageMaker cannot be asked; trying on: %s", look.trouble.message)
                self._in_trouble = True
                continue
            if self._in_trouble:
                self.log.info("SageMaker answers again.")
                self._in_trouble = False
            snapshot = look.snapshot
            if snapshot is None:
                continue
            line = _status_line(watch or self.watch, snapshot)
            if line != self._reported:
                self.log.info("%s", line)
                self._reported = line
            if watch is None:
                return Seen("ended", snapshot.status, snapshot)
            if watch.is_over(snapshot, timezone.utcnow()) and not await self._may_go_on(snapshot):
                return Seen("ended", watch.status(snapshot), snapshot)

    async def _may_go_on(self, snapshot: ExecutionSnapshot) -> bool:
        # Without an id this is ``airflow dags test``, which runs one task after the other: nobody would come.
        if not self.resumed_by or self.task_key is None or self.trigger_id is None:
            return False
        dag_id, run_id, _, map_index = self.task_key
        try:
            states = await sync_to_async(read_task_states)(dag_id, run_id, self.resumed_by, map_index)
        except Exception:
            self.log.exception(
                "The states of this run's tasks cannot be read: the execution's end is taken as final."
            )
            return False
        waiting_for = tasks_that_may_resume(snapshot, states)
        if waiting_for and waiting_for != self._waiting_for:
            self.log.info("The execution is %s, but may be resumed by: %s.", snapshot.status, ", ".join(waiting_for))
        self._waiting_for = waiting_for
        return bool(waiting_for)

    async def _next(self, looks: Looks) -> Look | None:
        if self.deadline is None:
            return await looks.next()
        try:
            return await asyncio.wait_for(looks.next(), max(0.0, self.deadline - time.time()))
        except asyncio.TimeoutError:
            return None

    async def _stop(self, why: str) -> None:
        self.log.warning("Stopping execution %s: %s.", self.pipeline_execution_arn, why)
        try:
            hook = await hook_of(self.connection)
            stopped = await in_thread("stop", hook.stop_execution, self.pipeline_execution_arn)
        except Exception:
            self.log.exception("Execution %s could not be stopped.", self.pipeline_execution_arn)
            return
        self.log.info("SageMaker stops it." if stopped else "It had ended or was stopping already.")

    def _payload(self, seen: Seen) -> dict[str, Any]:
        return {
            "status": seen.status,
            "message": seen.message,
            "pipeline_execution_arn": self.pipeline_execution_arn,
            "step_name": self.step_name,
        }


def _status_line(watch: Watch, snapshot: ExecutionSnapshot) -> str:
    what = "" if watch.step_name is None else f"Step {watch.step_name}: {watch.status(snapshot)}. "
    return f"{what}The execution is {snapshot.status}."
