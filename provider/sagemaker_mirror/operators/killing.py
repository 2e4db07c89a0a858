"""What a task does on a worker that is told to end it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sagemaker_mirror.compat import read_task_state
from sagemaker_mirror.mirror.stop import StopScope, stop_is_confirmed

if TYPE_CHECKING:
    from sagemaker_mirror.hooks.sagemaker_mirror import SageMakerMirrorHook

# Airflow sends SIGKILL five seconds after SIGTERM.
_SECONDS = 3.0


def stop_if_marked_failed(
    hook: SageMakerMirrorHook, execution_arn: str, scope: StopScope, task: Sequence[Any], log: Any
) -> None:
    """Stop an execution if Airflow's own state confirms it; never waits for longer than three seconds.

    :param hook: the way to SageMaker
    :param execution_arn: the execution
    :param scope: on whose failure it is stopped
    :param task: dag_id, run_id, task_id and map_index of the task that is being killed
    :param log: the task's log
    """
    # In a thread: the signal may have come in the middle of a call to Airflow's supervisor, whose lock is then held
    # below us, so that asking it here would block for ever.
    thread = threading.Thread(
        target=_confirm_and_stop, args=(hook, execution_arn, scope, task, log), name="stop-execution", daemon=True
    )
    thread.start()
    thread.join(_SECONDS)
    if thread.is_alive():
        log.warning(
            "Neither Airflow's state nor SageMaker's answer came within %s s; execution %s may go on.",
            _SECONDS,
            execution_arn,
        )


def _confirm_and_stop(
    hook: SageMakerMirrorHook, execution_arn: str, scope: StopScope, task: Sequence[Any], log: Any
) -> None:
    try:
        state = read_task_state(*task)
        if not stop_is_confirmed(scope, state.task, state.run):
            log.info("The task is %s and its run %s: execution %s goes on.", state.task, state.run, execution_arn)
            return
        log.warning("Stopping execution %s: the task is %s and its run %s.", execution_arn, state.task, state.run)
        hook.stop_execution(execution_arn)
    except Exception:
        log.exception("Execution %s was not stopped.", execution_arn)
