"""The task of one step."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sagemaker_mirror.compat import AirflowException, AirflowSkipException, BaseOperatorLink, Context
from sagemaker_mirror.links.sagemaker import (
    SageMakerJobLink,
    SageMakerJobLogsLink,
    SageMakerPipelineExecutionLink,
)
from sagemaker_mirror.mirror.jobs import Job, billable_seconds, job_of, outputs_of
from sagemaker_mirror.mirror.report import step_history
from sagemaker_mirror.mirror.retry import Attempt, Move, next_move, retry_token
from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot, StepSnapshot
from sagemaker_mirror.mirror.states import Outcome, Verdict
from sagemaker_mirror.mirror.stop import StopScope
from sagemaker_mirror.mirror.watch import Watch
from sagemaker_mirror.operators.waiting import SageMakerPipelineWaitingOperator, Wait

_LOG_LINES = 20
# XComs lie in Airflow's database.
_METRICS_BYTES = 48 * 1024


class SageMakerPipelineStepOperator(SageMakerPipelineWaitingOperator):
    """Follow one step of an execution: the task ends as the step ends.

    It does not own the execution: clearing it or marking it failed or successful leaves that alone.

    A second try (the task was cleared, or Airflow retries it) resumes the same execution with
    RetryPipelineExecution; failed siblings that do so at the same time are one retry.

    The default trigger rule is ``none_failed``: a step that SageMaker skips does not skip what it runs below it.

    :param step_name: the step; None is the task's id
    :param step_class: the step's class in its conf, such as ``Metrics``, which the UI shows as the kind of task;
        None: there is no conf

    Return (XCom) ``step_name``, ``status``, ``job_arn``, ``cache_hit``, ``reused``, ``seconds``, what the job's kind
    has of ``outputs``, ``model_artifact``, ``model_name``, ``model_package_arn``, and ``billable_seconds``; a Metrics
    step's ``metrics`` are the report that it wrote, unless that is too large for a database.
    """

    template_fields: Sequence[str] = (*SageMakerPipelineWaitingOperator.template_fields, "step_name")
    operator_extra_links: Collection[BaseOperatorLink] = (
        SageMakerPipelineExecutionLink(),
        SageMakerJobLink(),
        SageMakerJobLogsLink(),
    )
    ui_color = "#ffffff"
    # The owner's part, which a step takes over where the owner is not there to see that the run was marked failed: it
    # has finished before somebody cleared the step, or its trigger had not begun.
    stop_scope = StopScope.RUN

    def __init__(
        self,
        *,
        step_name: str | None = None,
        step_class: str | None = None,
        trigger_rule: str = "none_failed",
        **kwargs: Any,
    ) -> None:
        super().__init__(trigger_rule=trigger_rule, **kwargs)
        self.step_name = step_name or self.task_id
        self.step_class = step_class
        self.custom_operator_name = step_class or type(self).__name__

    def first_watch(self) -> Watch:
        """Wait for the end of the step."""
        return Watch(self.step_name)

    def execute(self, context: Context) -> Any:
        """Look once and wait; a later try resumes the execution first."""
        if context["ti"].try_number == 1:
            return super().execute(context)
        self.link_execution(context)
        return self._try_again(context, self.look(), self.deadline())

    def finish(self, context: Context, snapshot: ExecutionSnapshot, wait: Wait, outcome: Outcome) -> Any:
        """Succeed, fail or be skipped as the step was."""
        if wait.watch.step_name is None:  # only a later try waits for the whole execution, to resume it
            return self._try_again(context, snapshot, wait.deadline)
        if outcome.verdict is Verdict.SKIPPED:
            raise AirflowSkipException(outcome.reason)
        step = snapshot.steps.get(self.step_name)
        succeeded = outcome.verdict is Verdict.SUCCESS and step is not None
        # The reason first: whoever opens the log of a failed task looks for it.
        self.log.log(logging.INFO if succeeded else logging.ERROR, "%s", outcome.reason)
        result = self._collect(context, step, succeeded) if step is not None else {}
        if not succeeded:
            raise AirflowException(outcome.reason)
        return result

    def _collect(self, context: Context, step: StepSnapshot, succeeded: bool) -> dict[str, Any]:
        self.log.info("%s.", step_history(step))
        job = job_of(step)
        result: dict[str, Any] = {
            "step_name": step.name,
            "status": step.status,
            "job_arn": job.arn if job else None,
            "cache_hit": step.cached_from is not None,
            "reused": step.reused_from is not None,
            "seconds": step.seconds,
        }
        if job is None:
            return result
        description = self._describe(job)
        job = job.named(description)
        job_link = SageMakerJobLink.persist(context, SageMakerJobLink.parts(job))
        logs_link = SageMakerJobLogsLink.persist(context, SageMakerJobLogsLink.parts(job))
        self.log.info("It made %s; in the console: %s; its log: %s", job.arn, job_link, logs_link or "none")
        if not succeeded:
            self._log_tail(job)
        if not description:
            return result
        result |= outputs_of(job, description) | billable_seconds(step, job, description)
        if self.step_class == "Metrics" and succeeded:
            result["metrics"] = self._read_metrics(result["outputs"])
        return result

    def _try_again(self, context: Context, snapshot: ExecutionSnapshot, deadline: float | None) -> Any:
        move = next_move(snapshot, self.step_name)
        if move is Move.REFUSE:
            raise AirflowException(
                f"The step failed, but its execution is {snapshot.status}: SageMaker resumes only executions that "
                "failed or were stopped. Clear the task that starts the execution to run it anew."
            )
        if move is Move.AWAIT_END:
            self.log.info("The step failed, but its execution is under way: it is resumed once it has ended.")
            return self.follow(context, Wait(Watch(), deadline, self.stop_scope))
        if move is Move.FOLLOW:
            return self.follow(context, Wait(Watch(self.step_name), deadline, self.stop_scope))
        self._resume(snapshot)
        watch = Watch(self.step_name, Attempt.of(snapshot, self.step_name), time.time())
        return self.follow(context, Wait(watch, deadline, self.stop_scope))

    def _resume(self, snapshot: ExecutionSnapshot) -> None:
        from botocore.exceptions import ClientError

        try:
            resumed = self.hook.retry_execution(snapshot.arn, retry_token(snapshot))
        except ClientError as error:
            raise AirflowException(f"SageMaker does not resume the execution: {error}") from error
        self.log.info(
            "Resumed the execution, which was %s.%s",
            snapshot.status,
            "" if resumed else " A sibling had done so already.",
        )

    def _describe(self, job: Job) -> Mapping[str, Any]:
        from botocore.exceptions import ClientError

        try:
            return self.hook.describe_job(job)
        except ClientError as error:
            # The step is what it is, whether or not we may look at its job.
            self.log.warning("%s cannot be described, so its outputs are not in the XCom: %s", job.arn, error)
            return {}

    def _read_metrics(self, outputs: Mapping[str, str]) -> Any:
        from botocore.exceptions import ClientError

        from sagemaker_mirror.compiler.chains import METRICS_FILE, METRICS_OUTPUT

        uri = f"{outputs[METRICS_OUTPUT].rstrip('/')}/{METRICS_FILE}"
        try:
            content = self.hook.read_small(uri, _METRICS_BYTES)
            if content is not None:
                return json.loads(content)
            self.log.warning("%s has more than %d bytes, so it is not in the XCom.", uri, _METRICS_BYTES)
        except (ClientError, ValueError) as error:
            self.log.warning("The metrics in %s cannot be read: %s", uri, error)
        return None

    def _log_tail(self, job: Job) -> None:
        from botocore.exceptions import ClientError

        try:
            lines = self.hook.tail_log(job, _LOG_LINES)
        except ClientError as error:
            self.log.warning("The job's log cannot be read: %s", error)
            return
        if lines:
            self.log.info("The last %d lines of the job's log:", len(lines))
        for line in lines:
            self.log.info("%s", line)
