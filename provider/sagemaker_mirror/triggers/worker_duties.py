"""What only a worker does at the end of a task: a triggerer of Airflow 3.3 that ends one leaves it out.

Read off Airflow 3.3.1: ``models.trigger.handle_event_submit`` ends a task in the triggerer,
``sdk.execution_time.task_runner.finalize`` on a worker. Callbacks for failures are sent to the DAG processor there,
but without the run in their context; those for successes and skips are not called at all. A later try keeps the time
at which the earlier one ended, so that it seems to have taken less than no time.
"""

from __future__ import annotations

from typing import Any

from sagemaker_mirror.mirror.states import Verdict


def worker_duties(task: Any, try_number: int, verdict: Verdict) -> tuple[str, ...]:
    """Return what of a task makes it end on a worker.

    :param task: the task, as Airflow stores it
    :param try_number: which try ends
    :param verdict: success, failed or skipped
    """
    duties = {"earlier try": try_number > 1, "on_execute_callback": task.has_on_execute_callback}
    if verdict is Verdict.SUCCESS:
        duties |= {
            "on_success_callback": task.has_on_success_callback,
            "outlets": bool(task.outlets),
            "multiple_outputs": task.multiple_outputs,
            "mapped tasks below it": next(iter(task.iter_mapped_dependants()), None) is not None,
        }
    elif verdict is Verdict.SKIPPED:
        duties |= {"on_skipped_callback": task.has_on_skipped_callback}
    else:
        duties |= {
            "on_failure_callback": task.has_on_failure_callback,
            "on_retry_callback": task.has_on_retry_callback,
            "email": bool(task.email) and (task.email_on_failure or task.email_on_retry),
            "retry_policy": task.has_retry_policy,
            "fail_fast": task.dag.fail_fast,
        }
    return tuple(name for name, wanted in duties.items() if wanted)
