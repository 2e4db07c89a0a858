"""Step caching: which steps are the same, and for how long.

Keys are those of "Default cache key attributes by pipeline step type" in the SageMaker developer guide. A
cached result belongs to one step of one pipeline, and only successful runs are kept.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

KEY_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
    "Transform": ("DataProcessing", "Environment", "ModelName", "TransformInput"),
}

# ISO 8601, and the shorter forms that the guide shows: "30d", "T16m", "30dT5h".
_DURATION = re.compile(
    r"P?(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?)?",
    re.IGNORECASE,
)
_DAYS = {"years": 365, "months": 30, "weeks": 7, "days": 1}


@dataclass(frozen=True)
class CacheConfig:
    """A step's ``CacheConfig``.

    :param expire_after: age up to which a result is used again; None for any age.
    """

    enabled: bool
    expire_after: timedelta | None

    @classmethod
    def parse(cls, entry: Mapping[str, Any] | None) -> CacheConfig | None:
        """Read the entry of a step.

        :raises ValueError: if ``ExpireAfter`` is no duration.
        """
        if not entry:
            return None
        text = entry.get("ExpireAfter")
        return cls(bool(entry.get("Enabled")), None if text is None else parse_duration(text))


def parse_duration(text: str) -> timedelta:
    """Read a duration such as ``30d``, ``T16m``, ``30dT5h``, ``PT1H`` or ``P1Y``.

    :raises ValueError: if it is none.
    """
    match = _DURATION.fullmatch(text)
    parts = {unit: int(value) for unit, value in match.groupdict().items() if value} if match else {}
    if not parts:
        raise ValueError(f"ExpireAfter {text!r} is no ISO 8601 duration")
    days = sum(parts.get(unit, 0) * length for unit, length in _DAYS.items())
    return timedelta(days=days, hours=parts.get("hours", 0), minutes=parts.get("minutes", 0))


def cache_key(pipeline_arn: str, step_name: str, step_type: str, arguments: Mapping[str, Any]) -> str:
    """What two runs of a step must have in common for the second to be spared.

    :param arguments: of the step, references resolved.
    """
    attributes = {name: arguments.get(name) for name in KEY_ATTRIBUTES[step_type]}
    text = json.dumps([pipeline_arn, step_name, step_type, attributes], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def is_fresh(ended: datetime, config: CacheConfig, now: datetime) -> bool:
    """Whether a result of that time is young enough to be used again."""
    return config.expire_after is None or now - ended <= config.expire_after
