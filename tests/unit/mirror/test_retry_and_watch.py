from __future__ import annotations

import json

import pytest

from sagemaker_mirror.mirror.plan import Plan
from sagemaker_mirror.mirror.retry import Attempt, Move, counts, next_move, retry_token
from sagemaker_mirror.mirror.states import Verdict
from sagemaker_mirror.mirror.watch import SETTLE_SECONDS, Watch

from .snapshots import NOON, at, look, row

PLAN = Plan.of(
    {"Steps": [{"Name": "sow", "Type": "Processing"}, {"Name": "grow", "Type": "Training", "DependsOn": ["sow"]}]}
)
FAILED = row("sow", "Failed", 1, 5, AttemptCount=1)


@pytest.mark.parametrize(
    ("snapshot", "move"),
    [
        (look("Failed", FAILED), Move.RESUME),
        (look("Stopped", row("sow", "Stopped", 1, 5)), Move.RESUME),
        (look("CompletedWithFailures", FAILED), Move.RESUME),
        (look("Failed"), Move.RESUME),  # it never started
        (look("Executing", FAILED), Move.AWAIT_END),
        (look("Stopping", FAILED), Move.AWAIT_END),
        (look("Succeeded", FAILED), Move.REFUSE),
        (look("Executing", row("sow", "Executing", 9)), Move.FOLLOW),
        (look("Executing"), Move.FOLLOW),
        (look("Failed", row("sow", "Succeeded", 1, 5)), Move.FOLLOW),
        (look("Failed", row("sow", "Dancing", 1, 5)), Move.FOLLOW),
        (look("Dancing"), Move.FOLLOW),
        (look("Succeeded"), Move.FOLLOW),
    ],
)
def test_what_a_second_try_does_first(snapshot, move):
    assert next_move(snapshot, "sow") == move


@pytest.mark.parametrize(
    ("snapshot", "move"),
    [
        (look("Failed", FAILED), Move.RESUME),
        (look("Executing", FAILED), Move.AWAIT_END),
        (look("Failed", row("sow", "Failed", 11, 15, AttemptCount=1)), Move.FOLLOW),
        (look("Executing", row("sow", "Failed", 11, 15, AttemptCount=1)), Move.FOLLOW),
        (look("Succeeded", row("sow", "Succeeded", 11, 15, AttemptCount=1)), Move.FOLLOW),
    ],
)
def test_a_try_that_awaited_the_end_resumes_nothing_that_somebody_else_retried_meanwhile(snapshot, move):
    assert next_move(snapshot, "sow", Attempt.of(look("Executing", FAILED), "sow")) == move


def test_all_who_saw_the_same_end_ask_for_the_same_retry():
    first = look("Failed", FAILED, row("mow", "Failed", 2, 6))
    again = look("Failed", row("sow", "Failed", 11, 15, AttemptCount=1), row("mow", "Failed", 2, 6))

    assert retry_token(first) == retry_token(look("Failed", row("mow", "Failed", 2, 6), FAILED))
    assert retry_token(first) != retry_token(again)
    assert 32 <= len(retry_token(first)) <= 128


def test_two_ends_without_a_row_are_told_apart_by_their_time():
    assert retry_token(look("Stopped")) != retry_token(look("Stopped", LastModifiedTime=at(200)))


OLD = Attempt.of(look("Failed", FAILED), "sow")


@pytest.mark.parametrize(
    "snapshot",
    [
        look("Executing", row("sow", "Executing", 9, AttemptCount=2)),  # replaced, or the latest of two
        look("Executing", row("sow", "Executing", 9, AttemptCount=1)),
        look("Executing", row("sow", "Starting", None)),
        look("Failed", row("sow", "Failed", 9, 12, AttemptCount=1)),  # it failed again before anybody looked
        look("Succeeded", row("sow", "Succeeded", 9, 12, AttemptCount=1)),
    ],
)
def test_a_new_attempt_counts(snapshot):
    assert counts(snapshot, "sow", OLD)


@pytest.mark.parametrize("execution", ["Failed", "Executing"])
def test_the_attempt_that_was_retried_does_not_count(execution):
    assert not counts(look(execution, FAILED), "sow", OLD)


def test_without_a_retry_every_row_counts():
    assert counts(look("Failed", FAILED), "sow", None)


def test_a_step_that_had_never_started_counts_once_its_execution_is_under_way():
    never = Attempt.of(look("Failed"), "grow")

    assert not counts(look("Failed"), "grow", never)
    assert counts(look("Executing"), "grow", never)
    assert counts(look("Executing", row("grow", "Executing", 9)), "grow", never)


def test_a_watch_survives_being_stored():
    watch = Watch("sow", OLD, 12.5, tolerate_failures=True)

    assert Watch.from_json(json.loads(json.dumps(watch.to_json()))) == watch
    assert Watch.from_json(Watch().to_json()) == Watch()


RETRIED = Watch("sow", OLD, NOON.timestamp())


def test_after_a_retry_the_old_failure_is_waited_out():
    shown = look("Failed", FAILED)

    assert RETRIED.judge(shown, at(1)).verdict == Verdict.WAITING
    assert RETRIED.judge(look("Executing", FAILED), at(9e9)).verdict == Verdict.WAITING
    outcome = RETRIED.judge(shown, at(SETTLE_SECONDS))
    assert outcome.verdict == Verdict.FAILED
    assert "no new attempt" in outcome.reason


def test_a_step_that_had_never_started_is_judged_by_its_new_attempt():
    watch = Watch("grow", Attempt(), NOON.timestamp())

    assert watch.judge(look("Failed"), at(1), PLAN).verdict == Verdict.WAITING
    assert (
        watch.judge(look("Succeeded", row("sow", "Succeeded"), row("grow", "Succeeded")), at(9)).verdict
        == Verdict.SUCCESS
    )
    assert watch.judge(look("Failed", row("sow", "Failed")), at(SETTLE_SECONDS), PLAN).verdict == Verdict.FAILED


def test_an_execution_that_ended_may_take_a_while_to_show_the_ends_of_its_steps():
    shown = look("Failed", row("sow", "Executing", 1), LastModifiedTime=at(0))
    watch = Watch("sow")

    assert watch.judge(shown, at(5)).verdict == Verdict.WAITING
    outcome = watch.judge(shown, at(SETTLE_SECONDS))
    assert outcome.verdict == Verdict.FAILED
    assert "still says" in outcome.reason


def test_the_whole_execution_is_over_when_it_is_no_longer_under_way():
    assert not Watch().is_over(look("Stopping"), NOON)
    assert Watch().is_over(look("Stopped"), NOON)
    assert Watch().is_over(look("Dancing"), NOON)  # whoever judges it is loud
