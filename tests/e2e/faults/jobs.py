"""Jobs that end as soon as they have begun, beside those that do something."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sagemaker_mirror.local.jobs import JobOutcome, JobRunner

IDLE_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/idle:1"


class IdleJobRunner(JobRunner):
    """Runs jobs in processes of their own, but not those of the idle image."""

    def run_processing(
        self, request: dict[str, Any], *, job_name: str, stop: threading.Event, log: Callable[[str], None]
    ) -> JobOutcome:
        if request["AppSpecification"]["ImageUri"] == IDLE_IMAGE:
            return JobOutcome("Stopped" if stop.is_set() else "Completed")
        return super().run_processing(request, job_name=job_name, stop=stop, log=log)
