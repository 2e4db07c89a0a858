"""What operators find around them in a task, and not in a test."""

from __future__ import annotations

from typing import Any

import pytest

from sagemaker_mirror.compat import AIRFLOW_3, AIRFLOW_VERSION


@pytest.fixture(autouse=True)
def supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow 3.0 asks the supervisor of the task for what no secrets backend has; this one has nothing either."""
    if not AIRFLOW_3 or AIRFLOW_VERSION >= (3, 1):
        return
    from airflow.sdk.exceptions import ErrorType
    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.execution_time.comms import ErrorResponse

    class Supervisor:
        def send(self, message: Any) -> ErrorResponse:
            return ErrorResponse(error=ErrorType.VARIABLE_NOT_FOUND)

    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor(), raising=False)
