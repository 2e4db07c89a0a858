"""What the log of a failed task begins with."""

from __future__ import annotations

import textwrap
from typing import Any

# What fits beside time and level where somebody has half of a wide screen: Airflow's UI does not wrap lines.
_WIDTH = 110  # characters


def log_failure(log: Any, reason: str, advice: str) -> None:
    """Write the reason of a failure, and below it what to do: whoever opens the log looks for these.

    :param log: the task's log
    :param reason: why the task fails
    :param advice: what to do about it
    """
    log.error("%s", reason)
    for line in textwrap.wrap(f"What to do: {advice}", _WIDTH, break_long_words=False, break_on_hyphens=False):
        log.error("%s", line)
