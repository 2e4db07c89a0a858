"""``python -m benchmarks.mirror.sagemaker SECONDS``: an embedded SageMaker whose jobs only take their time.

It prints its address, and serves until its standard input is closed.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable
from typing import Any

from sagemaker_mirror.local import LocalSageMaker
from sagemaker_mirror.local.jobs import JobOutcome

# The part of the time before the first job ends: all tasks are to wait by then.
_QUIET = 0.4


class TimedRunner:
    """Runs no processes: each job ends at a moment of its own, the one of the last step at the end.

    :param seconds: how long an execution takes
    :param last_step: its longest step
    """

    def __init__(self, seconds: float, last_step: str) -> None:
        self._seconds = seconds
        self._last_step = last_step

    def run_processing(
        self, request: dict[str, Any], *, job_name: str, stop: threading.Event, log: Callable[[str], None]
    ) -> JobOutcome:
        """Wait, and have succeeded."""
        last = f"-{self._last_step}-" in job_name
        share = 1.0 if last else random.Random(job_name).uniform(_QUIET, 0.95)
        return JobOutcome("Stopped" if stop.wait(self._seconds * share) else "Completed")

    run_training = run_processing

    def run_transform(self, request: dict[str, Any], *, model: dict[str, Any], **rest: Any) -> JobOutcome:
        """Wait, and have succeeded."""
        return self.run_processing(request, **rest)


def main() -> None:
    """Serve."""
    seconds, last_step = float(sys.argv[1]), sys.argv[2]
    runner = TimedRunner(seconds, last_step)
    with LocalSageMaker(control=True, make_runner=lambda clients, work_dir: runner) as local:
        print(local.endpoint_url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
