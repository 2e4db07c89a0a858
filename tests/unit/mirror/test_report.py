from __future__ import annotations

import pytest

from sagemaker_mirror.mirror.report import JobNote, duration, run_table, step_history

from .snapshots import look, row


def test_a_table_has_a_line_for_each_step_and_those_without_a_task_last():
    snapshot = look(
        "Failed",
        row("extra", "Succeeded", 0, 1),
        row("sow", "Succeeded", 0, 61, CacheHitResult={"SourcePipelineExecutionArn": "x"}),
        row("grow", "Failed", 61, None, FailureReason="AlgorithmError: too dry\nTraceback"),
    )
    jobs = {
        "sow": JobNote(0, link="https://sow"),
        "grow": JobNote(120.4, estimated=True, link="https://grow"),
        "extra": JobNote(3),
    }

    assert run_table(snapshot, ["sow", "grow", "mow"], jobs) == [
        "step   status     started                    took       cache  billable  reason                   link",
        "sow    Succeeded  2026-06-01 12:00:00+00:00  1 min 1 s  hit    0 s                                https://sow",
        "grow   Failed     2026-06-01 12:01:01+00:00                    ~120 s    AlgorithmError: too dry  https://grow",
        "mow    not run",
        "extra  Succeeded  2026-06-01 12:00:00+00:00  1 s               3 s",
    ]


def test_a_long_reason_is_cut_in_the_table():
    snapshot = look("Failed", row("sow", "Failed", FailureReason="x" * 200))

    assert f" {'x' * 79}…" in run_table(snapshot, ["sow"], {})[1]


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (0.4, "0 s"), (59.6, "1 min 0 s"), (723, "12 min 3 s"), (7500, "2 h 5 min")]
)
def test_durations_are_for_people(seconds, text):
    assert duration(seconds) == text


def test_the_history_of_an_attempt_in_one_line():
    step = look("Executing", row("sow", "Failed", 0, 9, AttemptCount=2)).steps["sow"]

    assert step_history(step) == (
        "sow is Failed, started 2026-06-01 12:00:00+00:00, ended 2026-06-01 12:00:09+00:00, took 9 s, attempt 2"
    )
