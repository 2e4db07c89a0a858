"""The owner of an execution."""

from __future__ import annotations

from typing import Any

from sagemaker_mirror.compat import AirflowException, Context
from sagemaker_mirror.following.failure import log_failure
from sagemaker_mirror.mirror.advice import execution_advice
from sagemaker_mirror.mirror.report import duration, moment
from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot
from sagemaker_mirror.mirror.states import Outcome, Verdict
from sagemaker_mirror.mirror.stop import StopScope
from sagemaker_mirror.mirror.watch import Watch
from sagemaker_mirror.operators.step import SageMakerPipelineStepOperator
from sagemaker_mirror.operators.waiting import SageMakerPipelineWaitingOperator


class SageMakerPipelineExecutionOperator(SageMakerPipelineWaitingOperator):
    """Own an execution for the whole of a run: wait for its end, and stop it when the run is to end.

    It hangs off the task that starts the execution, beside the first steps. It is the one task that stops the
    execution: when it or its run was marked failed in Airflow, and before its ``execution_timeout``. Clearing,
    marking success, and restarts of Airflow's processes stop nothing.

    An execution that failed is not over while a step's task of the run may still resume it, because Airflow is going
    to retry it or somebody has cleared it: the owner goes on to own it. (Where it waits on the worker, it is over.)

    :param tolerate_failures: whether an execution that ended ``CompletedWithFailures``, as its run conditions
        provided, is a success

    Return (XCom) ``pipeline_execution_arn`` and ``status``.
    """

    ui_color = "#e6f0fb"
    custom_operator_name = "Pipeline execution"
    stop_scope = StopScope.TASK_OR_RUN

    def __init__(self, *, tolerate_failures: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tolerate_failures = tolerate_failures

    def first_watch(self) -> Watch:
        """Wait for the end of the whole execution."""
        return Watch(tolerate_failures=self.tolerate_failures)

    def resumed_by(self) -> tuple[str, ...]:
        """Return the steps' tasks that hang off the same start."""
        if not self.has_dag():  # type: ignore[no-untyped-call]
            return ()
        below = (task for start in self.upstream_list for task in start.get_flat_relatives(upstream=False))
        return tuple(sorted({task.task_id for task in below if isinstance(task, SageMakerPipelineStepOperator)}))

    def finish(self, context: Context, snapshot: ExecutionSnapshot, outcome: Outcome) -> dict[str, Any]:
        """Succeed with the execution, or fail with it."""
        begin, end = snapshot.start_time, snapshot.last_modified_time
        took = duration((end - begin).total_seconds()) if begin and end else "an unknown time"
        if outcome.verdict is not Verdict.SUCCESS:
            log_failure(self.log, outcome.reason, execution_advice(snapshot))
            raise AirflowException(outcome.reason)
        self.log.info("%s Started %s, took %s.", outcome.reason, moment(begin), took)
        return {"pipeline_execution_arn": snapshot.arn, "status": snapshot.status}
