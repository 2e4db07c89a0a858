"""The verdict of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sagemaker_mirror.compat import AirflowException, Context, emit_asset
from sagemaker_mirror.following.failure import log_failure
from sagemaker_mirror.links.sagemaker import SageMakerJobLink
from sagemaker_mirror.mirror.advice import execution_advice
from sagemaker_mirror.mirror.assets import asset_events
from sagemaker_mirror.mirror.jobs import job_of
from sagemaker_mirror.mirror.report import JobNote, run_table
from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot, StepSnapshot
from sagemaker_mirror.mirror.states import Outcome, Verdict, unmirrored_steps
from sagemaker_mirror.mirror.stop import StopScope
from sagemaker_mirror.mirror.watch import Watch
from sagemaker_mirror.operators.run_results import read_metrics, run_results
from sagemaker_mirror.operators.step import SageMakerPipelineStepOperator
from sagemaker_mirror.operators.waiting import SageMakerPipelineWaitingOperator


class SageMakerPipelineSummaryOperator(SageMakerPipelineWaitingOperator):
    """Write the table of a run into the log, and give the run's verdict: that of its execution.

    It runs when all others are done, whatever became of them (trigger rule ``all_done``), on a worker, so that assets
    are emitted: an event for each output that the execution wrote to S3, see
    :func:`sagemaker_mirror.mirror.assets.asset_events`, and for each model package that it registered, of an asset
    named like its package group, with the package's metrics. In Airflow 3 they go through every asset alias among the
    outlets.

    Where the execution is under way again by then, because a cleared step resumed it, the task owns it: it waits for
    its end, and stops it as the owner would.

    :param step_names: the steps that have a task, in the order of the table's rows
    :param tolerate_failures: whether an execution that ended ``CompletedWithFailures``, as its run conditions
        provided, is a success

    Return (XCom) ``pipeline_execution_arn``, ``status`` and ``steps``: status, seconds, billable seconds and failure
    reason by name.
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
        if outcome.verdict is Verdict.SUCCESS:
            self.log.info("%s", outcome.reason)
        else:
            log_failure(self.log, outcome.reason, execution_advice(snapshot))
        results = run_results(self.hook, snapshot, self._returned(context), self.log)
        notes = {name: _note(step, results.get(name, {})) for name, step in snapshot.steps.items()}
        for line in run_table(snapshot, self.step_names, notes):
            self.log.info("%s", line)
        others = unmirrored_steps(snapshot, frozenset(self.step_names))
        if self.step_names and others:
            self.log.warning("SageMaker ran steps that have no task here: %s.", ", ".join(others))
        if outcome.verdict is not Verdict.SUCCESS:
            raise AirflowException(outcome.reason)
        self._emit_assets(context, snapshot, results)
        return {
            "pipeline_execution_arn": snapshot.arn,
            "status": snapshot.status,
            "steps": {
                name: {
                    "status": step.status,
                    "seconds": step.seconds,
                    "billable_seconds": results.get(name, {}).get("billable_seconds"),
                    "failure_reason": step.failure_reason,
                }
                for name, step in snapshot.steps.items()
            },
        }

    def _returned(self, context: Context) -> list[Any]:
        """Return what the steps' tasks have returned."""
        above = self.get_flat_relatives(upstream=True) if self.has_dag() else []  # type: ignore[no-untyped-call]
        tasks = [task.task_id for task in above if isinstance(task, SageMakerPipelineStepOperator)]
        return list(context["ti"].xcom_pull(task_ids=tasks, map_indexes=-1) or ()) if tasks else []

    def _emit_assets(
        self, context: Context, snapshot: ExecutionSnapshot, results: Mapping[str, Mapping[str, Any]]
    ) -> None:
        for step in snapshot.steps.values():
            for event in asset_events(snapshot.arn, step, results.get(step.name, {})):
                extra = dict(event.extra)
                if extra.get("metrics_s3_uri"):
                    extra["metrics"] = read_metrics(self.hook, extra["metrics_s3_uri"], self.log)
                emit_asset(context, self, event.asset, extra)
                self.log.info("Asset %s: %s.", event.asset, extra.get("model_package_arn") or extra.get("uri"))


def _note(step: StepSnapshot, results: Mapping[str, Any]) -> JobNote:
    job = job_of(step)
    parts = SageMakerJobLink.parts(job) if job else None
    return JobNote(
        results.get("billable_seconds"),
        bool(results.get("billable_seconds_estimated")),
        SageMakerJobLink.format_link(parts) if parts else None,
    )
