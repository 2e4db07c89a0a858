"""The verdict of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sagemaker_mirror.compat import AirflowException, Asset, AssetAlias, Context
from sagemaker_mirror.mirror.jobs import job_of, outputs_of
from sagemaker_mirror.mirror.report import run_table
from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot
from sagemaker_mirror.mirror.states import Outcome, Verdict, unmirrored_steps
from sagemaker_mirror.mirror.stop import StopScope
from sagemaker_mirror.mirror.watch import Watch
from sagemaker_mirror.operators.waiting import SageMakerPipelineWaitingOperator


class SageMakerPipelineSummaryOperator(SageMakerPipelineWaitingOperator):
    """Write the table of a run into the log, and give the run's verdict: that of its execution.

    It runs when all others are done, whatever became of them (trigger rule ``all_done``), on a worker, so that assets
    which are its outlets are emitted. Each model package that the execution registered is an event of an asset named
    like its package group, through every asset alias among the outlets. Where the execution is under way again by
    then, because a cleared step resumed it, the task owns it: it waits for its end, and stops it as the owner would.

    :param step_names: the steps that have a task, in the order of the table's rows
    :param tolerate_failures: whether an execution that ended ``CompletedWithFailures``, as its run conditions
        provided, is a success

    Return (XCom) ``pipeline_execution_arn``, ``status`` and ``steps``: status, seconds and failure reason by name.
    """

    ui_color = "#d9e8d4"
    custom_operator_name = "Run summary"
    stop_scope = StopScope.TASK_OR_RUN

    def __init__(
        self,
        *,
        step_names: Sequence[str] = (),
        tolerate_failures: bool = False,
        trigger_rule: str = "all_done",
        **kwargs: Any,
    ) -> None:
        super().__init__(trigger_rule=trigger_rule, **kwargs)
        self.step_names = list(step_names)
        self.tolerate_failures = tolerate_failures

    def first_watch(self) -> Watch:
        """Wait for the end of the whole execution."""
        return Watch(tolerate_failures=self.tolerate_failures)

    def finish(self, context: Context, snapshot: ExecutionSnapshot, outcome: Outcome) -> dict[str, Any]:
        """Write the table; succeed or fail as the execution did."""
        self.log.info("%s", outcome.reason)
        for line in run_table(snapshot, self.step_names):
            self.log.info("%s", line)
        others = unmirrored_steps(snapshot, frozenset(self.step_names))
        if self.step_names and others:
            self.log.warning("SageMaker ran steps that have no task here: %s.", ", ".join(others))
        if outcome.verdict is not Verdict.SUCCESS:
            raise AirflowException(outcome.reason)
        self._emit_packages(context, snapshot)
        return {
            "pipeline_execution_arn": snapshot.arn,
            "status": snapshot.status,
            "steps": {
                name: {"status": step.status, "seconds": step.seconds, "failure_reason": step.failure_reason}
                for name, step in snapshot.steps.items()
            },
        }

    def _emit_packages(self, context: Context, snapshot: ExecutionSnapshot) -> None:
        aliases = [outlet for outlet in self.outlets if isinstance(outlet, AssetAlias)]
        if not aliases:
            return
        for step in snapshot.steps.values():
            job = job_of(step)
            if job is None or job.type != "model-package" or step.reused_from is not None:
                continue
            package = outputs_of(job, self.hook.describe_job(job))
            extra = {**package, "pipeline_execution_arn": snapshot.arn}
            for alias in aliases:
                context["outlet_events"][alias].add(Asset(package["model_package_group"]), extra=extra)
            self.log.info("Asset %s: %s.", package["model_package_group"], job.arn)
