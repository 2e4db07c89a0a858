"""The task of one step."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from sagemaker_mirror.compat import (
    STARTS_IN_TRIGGERER,
    AirflowException,
    AirflowSkipException,
    BaseOperatorLink,
    Context,
    StartTriggerArgs,
)
from sagemaker_mirror.following.step import StepFollowing
from sagemaker_mirror.following.wait import Wait
from sagemaker_mirror.links.sagemaker import (
    SageMakerJobLink,
    SageMakerJobLogsLink,
    SageMakerPipelineExecutionLink,
)
from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot
from sagemaker_mirror.mirror.states import Outcome, Verdict
from sagemaker_mirror.mirror.stop import StopScope
from sagemaker_mirror.mirror.watch import Watch
from sagemaker_mirror.operators.waiting import SageMakerPipelineWaitingOperator

# A triggerer answers fewer questions than a worker's supervisor, and to others not at all: ``xcom_pull`` without
# map_indexes waits for ever. So only what it is known to render.
_RENDERED = re.compile(
    r"\{\{ (?:ti\.xcom_pull\(task_ids='[^'{}]+', map_indexes=-1\)(?:\['\w+'\])?|(?:var\.value|params)\.\w+) \}\}"
)


class SageMakerPipelineStepOperator(SageMakerPipelineWaitingOperator):
    """Follow one step of an execution: the task ends as the step ends.

    It does not own the execution: clearing it or marking it failed or successful leaves that alone.

    A second try (the task was cleared, or Airflow retries it) resumes the same execution with
    RetryPipelineExecution; failed siblings that do so at the same time are one retry.

    The default trigger rule is ``none_failed``: a step that SageMaker skips does not skip what it runs below it.

    From Airflow 3.3.1 on the task starts and ends in the triggerer, without a worker, where it is deferrable and its
    templates are those that :func:`renders_in_triggerer` knows; else it is deferred after a short visit to a worker.

    :param step_name: the step; None is the task's id. (templated)
    :param step_class: the step's class in its conf, such as ``Metrics``, which the UI shows as the kind of task;
        None: there is no conf

    Return (XCom) ``step_name``, ``status``, ``job_arn``, ``cache_hit``, ``reused``, ``seconds``, what the job's kind
    has of ``outputs``, ``model_artifact``, ``model_name``, ``model_package_arn``, and ``billable_seconds``; a Metrics
    step's ``metrics`` are the report that it wrote, unless that is too large for a database; ``metadata`` is what
    SageMaker tells of other steps, such as the outcome of a condition.
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
        if self._starts_in_triggerer():
            self.start_from_trigger = True
            self.start_trigger_args = self._start_arguments()

    def _starts_in_triggerer(self) -> bool:
        # What a subclass or a hook adds runs on workers only.
        bare = type(self) is SageMakerPipelineStepOperator and not (self._pre_execute_hook or self._post_execute_hook)
        templates = (getattr(self, name) for name in self.template_fields)
        return STARTS_IN_TRIGGERER and self.deferrable and bare and all(map(renders_in_triggerer, templates))

    def _start_arguments(self) -> StartTriggerArgs:
        # By the names of the template fields, because the triggerer renders those.
        arguments: dict[str, Any] = {name: getattr(self, name) for name in self.template_fields}
        timeout: timedelta | None = self.execution_timeout
        return StartTriggerArgs(
            trigger_cls="sagemaker_mirror.triggers.step.SageMakerPipelineStepTrigger",
            trigger_kwargs={
                **arguments,
                "step_class": self.step_class,
                "poll_interval": self.poll_interval,
                "execution_timeout": timeout.total_seconds() if timeout else None,
                "botocore_config": self.botocore_config,
            },
            next_method="resume",
        )

    def first_watch(self) -> Watch:
        """Wait for the end of the step."""
        return Watch(self.step_name)

    @cached_property
    def following(self) -> StepFollowing:
        """What says how the step goes on, once the task's templates are rendered."""
        return StepFollowing(
            self.hook, self.pipeline_execution_arn, self.step_name, step_class=self.step_class, log=self.log
        )

    def execute(self, context: Context) -> Any:
        """Look once and wait; a later try that somebody wants resumes the execution first."""
        task = context["ti"]
        # Airflow counts it as a try where a scheduler died, though the task had not begun. Retries and whoever clears
        # a task have room below max_tries; what is beyond, nobody has asked for.
        if task.try_number == 1 or task.try_number > task.max_tries + 1:
            return self.begin(context)
        self.link_execution(context)
        snapshot = self.look()
        judged = self.following.try_again(self.first_wait(), snapshot)
        if isinstance(judged, Wait):
            return self.follow(context, judged)
        return self.finish(context, snapshot, judged)

    def resume(
        self, context: Context, event: dict[str, Any] | None = None, wait: dict[str, Any] | None = None
    ) -> Any:
        """Go on after a deferral; fail where the step's own trigger has found out that the task fails."""
        if event is None or not event.get("failed"):
            return super().resume(context, event, wait)
        return self.finish(context, self.look(), Outcome(Verdict.FAILED, event["message"]))

    def advance(self, wait: Wait, snapshot: ExecutionSnapshot) -> Wait | Outcome:
        """Say what a look makes of a wait; resume the execution where a later try has waited for its end."""
        return self.following.advance(wait, snapshot)

    def finish(self, context: Context, snapshot: ExecutionSnapshot, outcome: Outcome) -> Any:
        """Succeed, fail or be skipped as the step was."""
        ending = self.following.end(snapshot, outcome)
        for key, parts in ending.links.items():
            context["ti"].xcom_push(key=key, value=parts)
        if ending.verdict is Verdict.SKIPPED:
            raise AirflowSkipException(ending.reason)
        if ending.verdict is not Verdict.SUCCESS:
            raise AirflowException(ending.reason)
        return ending.fields


def renders_in_triggerer(value: Any) -> bool:
    """Say whether a triggerer of Airflow 3.3 can render a template field.

    :param value: no template; or ``{{ ti.xcom_pull(task_ids='…', map_indexes=-1) }}``, with or without a key behind
        it, ``{{ var.value.… }}``, ``{{ params.… }}``
    """
    if isinstance(value, str):
        return "{" not in value or _RENDERED.fullmatch(value) is not None
    return value is None or isinstance(value, bool)
