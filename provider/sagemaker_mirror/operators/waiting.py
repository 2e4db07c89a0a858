"""Waiting for an execution or one of its steps: deferred where there is a triggerer, else on the worker."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Any

from sagemaker_mirror import settings
from sagemaker_mirror.compat import AirflowException, BaseOperatorLink, Context, conf
from sagemaker_mirror.following.wait import Wait, check_execution, deadline_before, judge
from sagemaker_mirror.links.sagemaker import SageMakerPipelineExecutionLink
from sagemaker_mirror.mirror.arns import Arn
from sagemaker_mirror.mirror.snapshot import SUCCEEDED, ExecutionSnapshot
from sagemaker_mirror.mirror.states import Outcome
from sagemaker_mirror.mirror.stop import StopScope
from sagemaker_mirror.mirror.watch import Watch
from sagemaker_mirror.operators.base import AWS_TEMPLATE_FIELDS, SageMakerPipelineBaseOperator
from sagemaker_mirror.operators.killing import stop_if_marked_failed

# How long SageMaker may be out of reach for a task that waits on the worker; triggers have the same limit.
_UNREACHABLE_SECONDS = 900.0


class SageMakerPipelineWaitingOperator(SageMakerPipelineBaseOperator):
    """Base of the operators that wait for an execution, or for a step of it.

    :param pipeline_execution_arn: the execution. (templated)
    :param deferrable: wait in the triggerer. Otherwise the task holds its worker slot while it waits.
    :param poll_interval: seconds between two looks; None is ``[sagemaker_mirror] poll_interval``. All who wait for
        the same execution in a triggerer share their looks, and the shortest interval among them counts.
    """

    template_fields: Sequence[str] = (*AWS_TEMPLATE_FIELDS, "pipeline_execution_arn")
    operator_extra_links: Collection[BaseOperatorLink] = (SageMakerPipelineExecutionLink(),)
    stop_scope = StopScope.NEVER

    def __init__(
        self,
        *,
        pipeline_execution_arn: str,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pipeline_execution_arn = pipeline_execution_arn
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self._task: tuple[str, str, str, int] | None = None
        self._wait: Wait | None = None

    @abstractmethod
    def finish(self, context: Context, snapshot: ExecutionSnapshot, outcome: Outcome) -> Any:
        """Do what the outcome asks for: return the XCom, or raise.

        :param context: the task's context
        :param snapshot: the look that the outcome follows from
        :param outcome: success, failed or skipped
        """

    def execute(self, context: Context) -> Any:
        """Look once; where there is nothing to judge yet, wait."""
        return self.begin(context)

    def begin(self, context: Context) -> Any:
        """Do what ``execute`` does; Airflow 2 warns of an ``execute`` that is called by another one.

        :param context: the task's context
        """
        self.link_execution(context)
        return self.follow(context, self.first_wait())

    def resume(
        self, context: Context, event: dict[str, Any] | None = None, wait: dict[str, Any] | None = None
    ) -> Any:
        """Go on after a deferral: SageMaker is read again, whatever the event says.

        :param context: the task's context
        :param event: the trigger's; it is only logged, but where the trigger gave up we do not wait on
        :param wait: what the task waits for; a trigger that the task did not start itself has it in its event, and
            ``airflow dags test`` drops it, and begins anew
        """
        event = event or {}
        self.log.info("The trigger says: %s", event.get("message"))
        self._check_execution()
        wait = wait or event.get("wait")
        return self.follow(
            context,
            Wait.from_json(wait) if wait else self.first_wait(),
            fresh=False,
            patient=event.get("status") != "error",
        )

    def first_watch(self) -> Watch:
        """Return what the task waits for."""
        return Watch()

    def first_wait(self) -> Wait:
        """Return the wait of a try that begins now."""
        return Wait(self.first_watch(), self.deadline(), self.stop_scope)

    def resumed_by(self) -> tuple[str, ...]:
        """Return the tasks that may resume an execution which failed, so that its failure is not the end."""
        return ()

    def may_go_on(self, snapshot: ExecutionSnapshot) -> bool:
        """Whether a trigger has to find out if an execution that ended is going to be resumed.

        :param snapshot: the latest look
        """
        return self.deferrable and snapshot.status != SUCCEEDED and bool(self.resumed_by())

    def follow(self, context: Context, wait: Wait, *, fresh: bool = True, patient: bool = True) -> Any:
        """Look, then judge or wait, until there is an outcome.

        :param context: the task's context
        :param wait: what is waited for
        :param fresh: no trigger has waited for it yet
        :param patient: whether to wait on while SageMaker is out of reach
        """
        task = context["ti"]
        map_index = -1 if task.map_index is None else task.map_index
        self._task = (task.dag_id, task.run_id, task.task_id, map_index)
        self._wait = wait
        reported = None
        last_answer = time.monotonic()
        while True:
            patient = patient and time.monotonic() - last_answer < _UNREACHABLE_SECONDS
            snapshot = self._look(patient)
            if snapshot is not None:
                last_answer = time.monotonic()
                judged = self.advance(wait, snapshot)
                if isinstance(judged, Wait):
                    wait = self._wait = judged
                    line = f"SageMaker says: {wait.watch.status(snapshot)}."
                elif fresh and self.may_go_on(snapshot):
                    line = judged.reason
                else:
                    return self.finish(context, snapshot, judged)
                if line != reported:
                    self.log.info("%s", line)
                    reported = line
            if wait.deadline is not None and time.time() >= wait.deadline:
                self._give_up(wait)
            if self.deferrable:
                self._defer(wait)
            time.sleep(self._interval())

    def advance(self, wait: Wait, snapshot: ExecutionSnapshot) -> Wait | Outcome:
        """Say what a look makes of a wait: the wait that goes on, or a final outcome.

        :param wait: what is waited for
        :param snapshot: the latest look
        """
        outcome = judge(self.hook, self.pipeline_execution_arn, wait.watch, snapshot)
        return outcome if outcome.final else wait

    def on_kill(self) -> None:
        """Stop the execution where this task may, and where Airflow's state confirms that it is to be stopped."""
        if self._wait is None or self._task is None or self._wait.stop_scope is StopScope.NEVER:
            return
        stop_if_marked_failed(self.hook, self.pipeline_execution_arn, self._wait.stop_scope, self._task, self.log)

    def link_execution(self, context: Context) -> None:
        """Push the link to the execution, and log it.

        :param context: the task's context
        """
        self._check_execution()
        parts = SageMakerPipelineExecutionLink.parts(self.pipeline_execution_arn)
        link = SageMakerPipelineExecutionLink.persist(context, parts)
        self.log.info("Execution: %s", self.pipeline_execution_arn)
        self.log.info("In the console: %s", link)

    def deadline(self) -> float | None:
        """Return when this try has to give up, a little before its execution_timeout; in seconds since the epoch.

        Airflow 3 does not apply execution_timeout to deferred tasks, and no version calls a trigger's ``on_kill``
        when a task times out.
        """
        if self.execution_timeout is None:
            return None
        seconds = float(self.execution_timeout.total_seconds())
        return deadline_before(time.time() + seconds, seconds)

    def look(self) -> ExecutionSnapshot:
        """Look at the execution, and try on while SageMaker is out of reach."""
        begun = time.monotonic()
        while True:
            snapshot = self._look(patient=time.monotonic() - begun < _UNREACHABLE_SECONDS)
            if snapshot is not None:
                return snapshot
            time.sleep(self._interval())

    def _check_execution(self) -> None:
        try:
            check_execution(self.pipeline_execution_arn)
        except ValueError as error:
            raise AirflowException(str(error)) from error

    def _look(self, patient: bool) -> ExecutionSnapshot | None:
        from sagemaker_mirror.hooks.errors import may_pass

        try:
            return self.hook.read_execution(self.pipeline_execution_arn)
        except Exception as error:
            if not patient or not may_pass(error):
                raise
            self.log.warning("SageMaker cannot be asked; trying on: %s", error)
            return None

    def _defer(self, wait: Wait) -> None:
        from sagemaker_mirror.triggers.sagemaker_pipeline import SageMakerPipelineTrigger

        attempt = wait.watch.retried_attempt
        self.defer(
            trigger=SageMakerPipelineTrigger(
                pipeline_execution_arn=self.pipeline_execution_arn,
                step_name=wait.watch.step_name,
                poll_interval=self._interval(),
                retried_attempt=attempt.to_json() if attempt else None,
                retried_at=wait.watch.retried_at,
                not_before=time.time() + shortest_deferral(),
                deadline=wait.deadline,
                stop_scope=wait.stop_scope.value,
                task=list(self._task or ()),
                resumed_by=self.resumed_by(),
                aws_conn_id=self.connection.aws_conn_id,
                region_name=self.connection.region_name,
                verify=self.verify,
                botocore_config=self.botocore_config,
            ),
            method_name="resume",
            kwargs={"wait": wait.to_json()},
        )

    def _give_up(self, wait: Wait) -> None:
        if wait.stop_scope is StopScope.TASK_OR_RUN:
            self.log.warning("Stopping execution %s: its deadline has passed.", self.pipeline_execution_arn)
            self.hook.stop_execution(self.pipeline_execution_arn)
        raise AirflowException(f"The task's execution_timeout of {self.execution_timeout} has passed.")

    def _interval(self) -> float:
        return settings.poll_interval() if self.poll_interval is None else self.poll_interval

    def _arn(self) -> Arn | None:
        return Arn.parse(self.pipeline_execution_arn)


def shortest_deferral() -> float:
    """Return how many seconds a deferral lasts at least.

    In Airflow 3 a worker reports the end of its process up to one heartbeat after the task was deferred, and a
    scheduler that sees the task queued or running again by then takes that report for a crash (apache/airflow
    #72716). Two heartbeats are safe.
    """
    return 2 * float(conf.getfloat("workers", "min_heartbeat_interval", fallback=5.0))
