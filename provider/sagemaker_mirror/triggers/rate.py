"""One rate of calls for all polls of an account in this process.

AWS throttles by account and Region, whichever connection a call comes through.
"""

from __future__ import annotations

import asyncio
import time
from functools import cache

from sagemaker_mirror import settings
from sagemaker_mirror.mirror.arns import Arn

_BURST_SECONDS = 1.0
# While SageMaker throttles, the rate is halved with each refusal, but never to less than this share of it; each
# answer gives a hundredth back.
_LEAST = 0.05
_GROWTH = 0.01


class CallRate:
    """Spreads calls over time, in the order in which they are asked for; for one event loop at a time.

    :param calls_per_second: how many, at most
    """

    def __init__(self, calls_per_second: float) -> None:
        self._most = calls_per_second
        self._rate = calls_per_second
        self._free_at = 0.0

    @property
    def calls_per_second(self) -> float:
        """The rate as it is now."""
        return self._rate

    async def take(self, calls: int) -> None:
        """Wait until it is these calls' turn.

        :param calls: how many
        """
        now = time.monotonic()
        turn = max(now - _BURST_SECONDS, self._free_at)
        self._free_at = turn + calls / self._rate
        if turn > now:
            await asyncio.sleep(turn - now)

    def add(self, calls: int) -> None:
        """Count calls that came in addition to those that were waited for; who comes next waits for them.

        :param calls: how many
        """
        self._free_at += calls / self._rate

    def answered(self) -> None:
        """SageMaker has answered."""
        self._rate = min(self._most, self._rate + self._most * _GROWTH)

    def throttled(self) -> None:
        """SageMaker has refused a call because there were too many."""
        self._rate = max(self._most * _LEAST, self._rate / 2)


def call_rate(arn: Arn) -> CallRate:
    """Return the rate of the account and Region in which something lies.

    :param arn: its ARN
    """
    return _call_rate(arn.account_id, arn.region)


@cache
def _call_rate(account_id: str, region: str) -> CallRate:
    return CallRate(settings.max_calls_per_second())
