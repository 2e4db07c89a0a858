from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from sagemaker_mirror.local.cache import CacheConfig, cache_key, is_fresh, parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30d", timedelta(days=30)),
        ("10D", timedelta(days=10)),
        ("5y", timedelta(days=5 * 365)),
        ("T16m", timedelta(minutes=16)),
        ("30dT5h", timedelta(days=30, hours=5)),
        ("PT1H", timedelta(hours=1)),
        ("P2W", timedelta(weeks=2)),
        ("P1M", timedelta(days=30)),
    ],
)
def test_durations(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", "P", "10", "ten days", "1h", "T"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="no ISO 8601 duration"):
        parse_duration(text)


PROCESSING: dict[str, Any] = {
    "AppSpecification": {"ImageUri": "image"},
    "Environment": {"A": "1"},
    "ProcessingInputs": [{"InputName": "x"}],
}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"RoleArn": "another"}, True),
        ({"ProcessingOutputConfig": {"Outputs": [1]}}, True),
        ({"ProcessingResources": {"ClusterConfig": {}}}, True),
        ({"Environment": {"A": "2"}}, False),
        ({"AppSpecification": {"ImageUri": "another"}}, False),
        ({"ProcessingInputs": []}, False),
    ],
)
def test_only_the_documented_attributes_count(change: dict[str, Any], same: bool) -> None:
    before = cache_key("pipeline", "Step", "Processing", PROCESSING)
    assert (cache_key("pipeline", "Step", "Processing", {**PROCESSING, **change}) == before) is same


def test_a_key_belongs_to_one_step_of_one_pipeline() -> None:
    keys = {
        cache_key("pipeline", "Step", "Processing", PROCESSING),
        cache_key("pipeline", "Other", "Processing", PROCESSING),
        cache_key("another", "Step", "Processing", PROCESSING),
    }
    assert len(keys) == 3


def test_age_counts_from_the_end_of_the_run() -> None:
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    config = CacheConfig(True, timedelta(hours=1))
    assert is_fresh(moment, config, moment + timedelta(hours=1))
    assert not is_fresh(moment, config, moment + timedelta(hours=1, seconds=1))
    assert is_fresh(moment, CacheConfig(True, None), moment + timedelta(days=1000))


def test_no_entry_is_no_config() -> None:
    assert CacheConfig.parse(None) is None
    assert CacheConfig.parse({"Enabled": False, "ExpireAfter": "10d"}) == CacheConfig(False, timedelta(days=10))
