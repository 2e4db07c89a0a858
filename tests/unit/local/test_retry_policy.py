from __future__ import annotations

from datetime import timedelta

import pytest

from sagemaker_mirror.local.retry_policy import RetryPolicy

REASON = "InternalServerError: We encountered an internal error."


def test_the_interval_grows_until_attempts_are_used_up() -> None:
    policy = RetryPolicy.parse(
        {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 3}
    )
    waits = [policy.wait_before_retry(REASON, retries, timedelta(0)) for retries in range(4)]
    assert waits == [timedelta(seconds=2), timedelta(seconds=6), timedelta(seconds=18), None]


def test_only_the_named_exceptions_are_retried() -> None:
    policy = RetryPolicy.parse({"ExceptionType": ["SageMaker.CAPACITY_ERROR", "Step.THROTTLING"]})
    assert policy.wait_before_retry(REASON, 0, timedelta(0)) is None
    assert policy.wait_before_retry("CapacityError: none left", 0, timedelta(0)) == timedelta(seconds=1)
    assert policy.wait_before_retry("ThrottlingException: Rate exceeded", 0, timedelta(0)) == timedelta(seconds=1)


def test_no_retry_begins_after_the_time_is_up() -> None:
    policy = RetryPolicy.parse(
        {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 30, "ExpireAfterMin": 1}
    )
    assert policy.wait_before_retry(REASON, 0, timedelta(seconds=10)) == timedelta(seconds=30)
    assert policy.wait_before_retry(REASON, 0, timedelta(seconds=40)) is None


def test_the_limits_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="either MaxAttempts or ExpireAfterMin"):
        RetryPolicy.parse({"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 1, "ExpireAfterMin": 1})
