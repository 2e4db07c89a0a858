"""The section ``airflow``: schedules, dates, durations."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.unit.config.folders import changed, expect, load


def section(tmp_path, text):
    return load(tmp_path, changed(("conf:\n", f"conf:\n  airflow: {text}\n"))).base.airflow


def test_defaults_run_nothing_by_themselves(tmp_path):
    airflow = load(tmp_path).base.airflow

    assert (airflow.schedule, airflow.cron, airflow.assets) == (None, None, ())
    assert (airflow.start_date, airflow.catchup, airflow.max_active_runs, airflow.retries) == (None, False, 1, 0)
    assert (airflow.mirror_external, airflow.on_drift) == (False, "fail")


@pytest.mark.parametrize(
    ("schedule", "cron", "assets"),
    [
        ("'@daily'", "@daily", ()),
        ("0 3 * * 1-5", "0 3 * * 1-5", ()),
        ("s3://bucket/new", None, ("s3://bucket/new",)),
        ("[model-group, 's3://bucket/new']", None, ("model-group", "s3://bucket/new")),
    ],
)
def test_a_schedule_is_cron_preset_or_assets(tmp_path, schedule, cron, assets):
    airflow = section(tmp_path, f"{{schedule: {schedule}}}")

    assert (airflow.cron, airflow.assets) == (cron, assets)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=timezone.utc)),
        ("2026-01-31T06:00:00Z", datetime(2026, 1, 31, 6, tzinfo=timezone.utc)),
        ("'2026-01-31 06:00:00+01:00'", datetime(2026, 1, 31, 6, tzinfo=timezone(timedelta(hours=1)))),
    ],
)
def test_a_start_date_is_absolute(tmp_path, start, expected):
    assert section(tmp_path, f"{{start_date: {start}}}").start_date == expected


@pytest.mark.parametrize(
    ("delay", "seconds"), [("300", 300), ("90s", 90), ("1h30m", 5400), ("2d", 172_800), ("0.5", 0.5)]
)
def test_a_delay_is_seconds_or_a_duration(tmp_path, delay, seconds):
    assert section(tmp_path, f"{{retry_delay: {delay}}}").retry_delay == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{schedule: ▶'@dayly'}",
            "'schedule' must be one of @once, @continuous, @hourly, @daily, @weekly, @monthly, @quarterly, @yearly, "
            "@annually, is '@dayly'",
        ),
        (
            "{schedule: ▶every day}",
            "'schedule' must be a cron expression, a preset, or assets by URI or name; is 'every day'",
        ),
        (
            "{schedule: s3://▶SMP_S3BUCKETNAME/x}",
            "'SMP_S3BUCKETNAME' has no value yet when the DAG is built, which needs 'schedule'",
        ),
        ("{pool: ▶SMP_POOL}", "'SMP_POOL' has no value yet when the DAG is built, which needs 'pool'"),
        (
            "{start_date: ▶yesterday}",
            "'start_date' must be a date like '2026-01-31' or '2026-01-31T06:00:00+01:00', is 'yesterday'",
        ),
        (
            "{retry_delay: ▶5 minutes}",
            "'retry_delay' must be seconds, or a duration like '90s', '5m' or '1h30m', is '5 minutes'",
        ),
        ("{retries: ▶-1}", "'retries': input should be greater than or equal to 0"),
        (
            "{on_drift: ▶ignore}",
            "'on_drift' must be 'overwrite', 'fail' or 'adopt', is 'ignore'; known are 'overwrite', 'fail', 'adopt'",
        ),
        ("{▶retry: 1}", "unknown key 'retry'; did you mean 'retries'?"),
    ],
)
def test_mistakes_are_reported_at_their_place(tmp_path, text, message):
    expect(tmp_path, changed(("conf:\n", f"conf:\n  airflow: {text}\n")), message)
