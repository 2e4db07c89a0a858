"""Jobs that do what a test tells them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sagemaker_mirror.local.jobs import JobOutcome


@dataclass
class ScriptedRunner:
    """Runs jobs as a test says: `jobs` maps a part of a job's name to a function of (request, stop, log)."""

    jobs: dict[str, Callable[[dict[str, Any], threading.Event, Callable[[str], None]], JobOutcome]] = field(
        default_factory=dict
    )
    ran: list[str] = field(default_factory=list)
    _begun: threading.Condition = field(default_factory=threading.Condition)

    def _run(
        self,
        request: dict[str, Any],
        *,
        job_name: str,
        stop: threading.Event,
        log: Callable[[str], None],
        model: dict[str, Any] | None = None,
    ) -> JobOutcome:
        with self._begun:
            self.ran.append(job_name)
            self._begun.notify_all()
        for part, job in self.jobs.items():
            if f"-{part}-" in job_name:
                return job(request, stop, log)
        return JobOutcome("Stopped") if stop.is_set() else JobOutcome("Completed")

    run_processing = run_training = run_transform = _run

    def wait_for_job(self, step: str) -> str:
        """Wait until a job of a step has begun; its name."""
        with self._begun:
            assert self._begun.wait_for(lambda: step in self.steps(), 60), f"no job of {step} has begun"
            return next(name for name in self.ran if name.split("-")[2] == step)

    def steps(self) -> list[str]:
        """Names of the steps that ran jobs, in order. For step names without hyphens."""
        return [name.split("-")[2] for name in self.ran]


def until_stopped(request: dict[str, Any], stop: threading.Event, log: Callable[[str], None]) -> JobOutcome:
    """A job that runs until it is told to stop."""
    stop.wait()
    return JobOutcome("Stopped")
