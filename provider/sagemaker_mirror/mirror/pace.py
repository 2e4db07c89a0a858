"""How often to look at an execution."""

from __future__ import annotations

# A look every twentieth of the time since something last happened: a job that has run for an hour is seen to end at
# most a minute late where looks are 15 seconds apart.
_SHARE = 0.05
_SLOWEST = 4


def seconds_between_looks(interval: float, unchanged: float) -> float:
    """Return the time between two looks: it grows while nothing happens, and is the shortest once something has.

    :param interval: the shortest time, in seconds; four times that is the longest
    :param unchanged: for how many seconds SageMaker has shown the same
    """
    return min(max(interval, unchanged * _SHARE), interval * _SLOWEST)
