"""Retry policies of steps, as "Retry Policy for Pipeline Steps" in the SageMaker developer guide has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

# How the reason of a failed job or call begins, by the exception type of the policy.
_REASONS: Mapping[str, tuple[str, ...]] = {
    "Step.SERVICE_FAULT": ("ServiceFault", "InternalFailure", "ServiceUnavailable"),
    "Step.THROTTLING": ("ThrottlingException",),
    "SageMaker.JOB_INTERNAL_ERROR": ("InternalServerError",),
    "SageMaker.CAPACITY_ERROR": ("CapacityError",),
    "SageMaker.RESOURCE_LIMIT": ("ResourceLimitExceeded",),
}


@dataclass(frozen=True)
class RetryPolicy:
    """One entry of a step's ``RetryPolicies``.

    :param exception_types: for instance ``SageMaker.JOB_INTERNAL_ERROR``.
    :param interval: before the first retry.
    :param backoff_rate: factor by which the interval grows with each retry.
    :param max_attempts: retries at most; the guide's default is 5 unless ``ExpireAfterMin`` is given.
    :param expire_after: no retry begins later than this after the step began.
    """

    exception_types: frozenset[str]
    interval: timedelta
    backoff_rate: float
    max_attempts: int | None
    expire_after: timedelta | None

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> RetryPolicy:
        """Read an entry of the definition.

        :raises ValueError: if an exception type is unknown or both limits are given.
        """
        types = frozenset(entry["ExceptionType"])
        unknown = sorted(types - _REASONS.keys())
        if unknown:
            raise ValueError(f"the retry policy's ExceptionType {unknown[0]!r} is not known")
        minutes, attempts = entry.get("ExpireAfterMin"), entry.get("MaxAttempts")
        if minutes is not None and attempts is not None:
            raise ValueError("a retry policy has either MaxAttempts or ExpireAfterMin")
        return cls(
            exception_types=types,
            interval=timedelta(seconds=entry.get("IntervalSeconds", 1)),
            backoff_rate=float(entry.get("BackoffRate", 2.0)),
            max_attempts=5 if attempts is None and minutes is None else attempts,
            expire_after=None if minutes is None else timedelta(minutes=minutes),
        )

    def wait_before_retry(self, reason: str, retries: int, elapsed: timedelta) -> timedelta | None:
        """How long to wait before the next retry; None if there is to be none.

        :param reason: the failure reason of the last attempt.
        :param retries: how many retries there were.
        :param elapsed: since the step began.
        """
        if not any(reason.startswith(_REASONS[name]) for name in self.exception_types):
            return None
        if self.max_attempts is not None and retries >= self.max_attempts:
            return None
        wait = self.interval * self.backoff_rate**retries
        if self.expire_after is not None and elapsed + wait > self.expire_after:
            return None
        return wait
