"""What stands beside a step's arguments."""

from __future__ import annotations

from typing import Any

from sagemaker.workflow.retry import (
    RetryPolicy,
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)
from sagemaker.workflow.steps import CacheConfig

CACHEABLE = ("Processing", "Training", "Transform", "Metrics")


def envelope(step: dict[str, Any]) -> dict[str, Any]:
    """The arguments that all of the SDK's steps take."""
    common = {
        "name": step["step_name"],
        "display_name": step.get("display_name"),
        "description": step.get("description"),
        "retry_policies": [_retry_policy(policy) for policy in step.get("retry_policies", ())] or None,
    }
    if step["step_class"] not in CACHEABLE:
        return common
    expiry = step.get("cache_expire_after", "10d")
    return {**common, "cache_config": CacheConfig(step.get("enable_cache", False), expiry)}


def _retry_policy(policy: dict[str, Any]) -> RetryPolicy:
    of_step = {item.value: item for item in StepExceptionTypeEnum}
    of_job = {item.value: item for item in SageMakerJobExceptionTypeEnum}
    names = policy["exception_types"]
    kind, known = (StepRetryPolicy, of_step) if names[0] in of_step else (SageMakerJobStepRetryPolicy, of_job)
    return kind(
        exception_types=[known[name] for name in names],
        interval_seconds=policy.get("interval_seconds", 1),
        backoff_rate=policy.get("backoff_rate", 2.0),
        max_attempts=policy.get("max_attempts"),
        expire_after_mins=policy.get("expire_after_mins"),
    )
