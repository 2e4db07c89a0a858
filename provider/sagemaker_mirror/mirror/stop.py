"""Whether a task that is being killed stops its execution.

No way in which Airflow kills a task tells a user's decision from a clear, a restart or a drained worker. So the
state that Airflow holds true decides, and where it cannot be read nothing is stopped.
"""

from __future__ import annotations

from enum import Enum

_MARKED_FAILED = "failed"


class StopScope(str, Enum):
    """On whose failure a task stops the execution that it waits for."""

    NEVER = "never"  # whoever only watches
    RUN = "run"  # steps: they do not own the execution, but end with their run
    TASK_OR_RUN = "task or run"  # the owner


def stop_is_confirmed(scope: StopScope, task_state: str | None, run_state: str | None) -> bool:
    """Say whether Airflow's state confirms that the execution is to be stopped.

    :param scope: on whose failure the task stops
    :param task_state: the task instance's state, in Airflow's words
    :param run_state: its run's
    """
    if scope is StopScope.NEVER:
        return False
    if run_state == _MARKED_FAILED:
        return True
    return scope is StopScope.TASK_OR_RUN and task_state == _MARKED_FAILED
