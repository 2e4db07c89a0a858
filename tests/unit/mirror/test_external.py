"""Which executions have no run yet: one poll, then any number of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sagemaker_mirror.mirror.external import (
    LOOK_BACK,
    OVERLAP,
    ListedExecution,
    RunKey,
    Watermark,
    examine,
    in_question,
)
from sagemaker_mirror.mirror.origin import Origin

DAG = "harvest"
BEGIN = datetime(2026, 3, 1, 6, tzinfo=timezone.utc)
FIRST = Watermark.first("harvest-pipeline", BEGIN)
OURS = Origin(DAG, "scheduled__2026-03-01T00:00:00+00:00", "start").description(3)
MINUTE = timedelta(minutes=1)


def execution(name, after=MINUTE, status="Executing", description=None):
    arn = f"arn:aws:sagemaker:eu-west-1:123456789012:pipeline/harvest/execution/{name}"
    return ListedExecution(arn, BEGIN + after, status, description)


def run(name):
    return RunKey(DAG, f"sagemaker__{name}")


def ids(rows):
    return [row.id for row in rows]


def test_a_description_tells_which_task_of_which_run_started_an_execution():
    assert Origin.read(OURS) == Origin(DAG, "scheduled__2026-03-01T00:00:00+00:00", "start")
    assert Origin.read(Origin("d", "a run, task x, version 1", "group.start").description(None)) == Origin(
        "d", "a run, task x, version 1", "group.start"
    )


@pytest.mark.parametrize(
    "description", [None, "", "started by hand", "about Airflow DAG a, run b, task c, version 1"]
)
def test_other_descriptions_are_of_no_task(description):
    assert Origin.read(description) is None


def test_an_execution_is_read_from_a_row_of_the_list():
    row = {
        "PipelineExecutionArn": execution("a").arn,
        "StartTime": BEGIN + MINUTE,
        "PipelineExecutionStatus": "Executing",
        "PipelineExecutionDisplayName": "by hand",
    }
    assert ListedExecution.of(row) == execution("a")


def test_the_first_poll_takes_what_is_under_way_and_leaves_history_alone():
    rows = [
        execution("old", -MINUTE, "Succeeded"),
        execution("older", -3 * MINUTE),
        execution("own", -MINUTE, description=OURS),
    ]
    found = examine(rows, FIRST, DAG, {})
    assert ids(found.new) == ["older"]


def test_what_is_new_comes_the_oldest_first():
    rows = [execution("c", 3 * MINUTE), execution("a"), execution("b", 2 * MINUTE, "Failed")]
    assert ids(examine(rows, FIRST, DAG, {}).new) == ["a", "b", "c"]


def test_what_has_a_run_is_not_new():
    rows = [execution("a"), execution("b")]
    assert ids(examine(rows, FIRST, DAG, {run("a"): "queued"}).new) == ["b"]


def test_what_was_found_stays_found_until_it_has_a_run():
    rows = [execution("early", -5 * MINUTE)]
    mark = examine(rows, FIRST, DAG, {}).watermark
    # The run could not be triggered, and the execution has ended since: it began before the first poll all the same.
    ended = [execution("early", -5 * MINUTE, "Succeeded"), execution("late", timedelta(days=2), "Succeeded")]
    assert mark.complete_from <= ended[0].created
    assert ids(examine(ended, mark, DAG, {}).new) == ["early", "late"]
    assert examine(ended, mark, DAG, {run("early"): "success", run("late"): "queued"}).watermark.pending == {}


def test_a_run_that_was_deleted_does_not_come_back():
    rows = [execution("a", status="Succeeded"), execution("long")]
    mark = examine(rows, FIRST, DAG, {run("a"): "success", run("long"): "running"}).watermark
    assert examine(rows, mark, DAG, {}).new == ()
    later = [execution("long"), execution("b", timedelta(days=3))]
    assert ids(examine(later, mark, DAG, {}).new) == ["b"]


def test_an_execution_of_ours_stays_ours_when_its_description_is_changed():
    mark = examine([execution("own", description=OURS)], FIRST, DAG, {}).watermark
    assert examine([execution("own", description="renamed")], mark, DAG, {}).new == ()


def test_an_execution_that_is_listed_late_is_found():
    mark = examine([execution("a", 30 * MINUTE)], FIRST, DAG, {run("a"): "running"}).watermark
    late = execution("b", 30 * MINUTE - OVERLAP, "Succeeded")
    assert ids(examine([late], mark, DAG, {}).new) == ["b"]


def test_an_execution_that_goes_on_although_its_run_has_ended_is_reported_once():
    rows = [execution("a"), execution("own", 2 * MINUTE, description=OURS)]
    runs = {run("a"): "failed", RunKey(DAG, Origin.read(OURS).run_id): "failed"}
    found = examine(rows, FIRST, DAG, runs)
    assert ids(found.going_on) == ["a", "own"]
    assert examine(rows, found.watermark, DAG, runs).going_on == ()


def test_it_is_reported_again_when_it_is_retried_again():
    runs = {run("a"): "failed"}
    mark = examine([execution("a")], FIRST, DAG, runs).watermark
    mark = examine([execution("a", status="Failed")], mark, DAG, runs).watermark
    assert ids(examine([execution("a")], mark, DAG, runs).going_on) == ["a"]


@pytest.mark.parametrize(
    ("status", "state"), [("Executing", "running"), ("Stopping", "failed"), ("Failed", "failed")]
)
def test_other_states_are_nothing_to_report(status, state):
    assert examine([execution("a", status=status)], FIRST, DAG, {run("a"): state}).going_on == ()


def test_only_runs_that_matter_are_asked_for():
    mark = replace(FIRST, activated=BEGIN - timedelta(days=9), handled=frozenset({"known"}))
    rows = [
        execution("known", status="Succeeded"),
        execution("old", -2 * OVERLAP, "Succeeded"),
        execution("own", description=OURS),
        execution("own-ended", status="Succeeded", description=OURS),
        execution("new", status="Succeeded"),
        execution("going-on", -timedelta(days=3)),
    ]
    assert ids(in_question(rows, mark)) == ["own", "new", "going-on"]


def test_retries_in_studio_are_looked_for_in_the_last_days():
    assert FIRST.listed_from == BEGIN - LOOK_BACK


def test_a_watermark_survives_being_stored():
    mark = examine([execution("a"), execution("b")], FIRST, DAG, {run("b"): "failed"}).watermark
    assert Watermark.from_json(mark.to_json()) == mark
    assert mark.pending and mark.handled and mark.reported


# --- any sequence of polls


@st.composite
def histories(draw):
    """What happens in SageMaker, poll by poll: executions that begin and end, and what becomes of the poll."""
    polls = []
    for number in range(draw(st.integers(1, 8))):
        begun = draw(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 40)), max_size=6))
        polls.append(
            {
                "begun": [(f"e{number}-{i}", ours, ends, late) for i, (ours, ends, late) in enumerate(begun)],
                "down": draw(st.booleans()),  # Airflow was down, or the DAG paused: there is no poll
                "remembered": draw(st.booleans()),  # the worker died before it could remember anything
                "triggers": draw(st.integers(0, 6)),  # so many runs are triggered before the next fails
                "deleted": draw(st.booleans()),  # somebody deletes all runs
                "minutes": draw(st.integers(1, 3000)),
            }
        )
    return polls


@given(histories())
@settings(max_examples=300, deadline=None)
def test_every_execution_begun_elsewhere_gets_one_run_and_ours_get_none(history):
    now, mark = BEGIN, None
    listed, runs, triggered = [], {}, []

    def poll(remembered, triggers):
        nonlocal mark
        current = mark or Watermark.first("harvest-pipeline", now)
        shown = [row for row in listed if row.created >= current.listed_from]
        asked = {row.run(DAG) for row in in_question(shown, current)}
        found = examine(shown, current, DAG, {key: state for key, state in runs.items() if key in asked})
        if remembered or mark is None:
            mark = Watermark.from_json(found.watermark.to_json())
        for row in found.new[:triggers]:
            runs[row.run(DAG)] = "queued"
            triggered.append(row.id)

    poll(True, 0)
    for step in history:
        for name, ours, ends, late in step["begun"]:
            created = now - BEGIN + timedelta(seconds=late)
            status = "Succeeded" if ends else "Executing"
            listed.append(execution(name, created, status, OURS if ours else None))
        now += timedelta(minutes=step["minutes"])
        if step["down"]:
            continue
        poll(step["remembered"], step["triggers"])
        if step["deleted"] and step["remembered"] and not mark.pending:
            poll(True, 99)  # what was triggered has been seen with its run
            runs.clear()
    poll(True, 99)
    poll(True, 99)

    assert sorted(triggered) == sorted(row.id for row in listed if row.origin is None)
