from __future__ import annotations

import pytest

from sagemaker_mirror.mirror.plan import Plan
from sagemaker_mirror.mirror.states import (
    UnknownStatusError,
    Verdict,
    execution_outcome,
    needs_plan,
    step_outcome,
    unmirrored_steps,
)

from .snapshots import look, row

PLAN = Plan.of(
    {
        "Steps": [
            {"Name": "sow", "Type": "Processing"},
            {"Name": "grow", "Type": "Training", "DependsOn": ["sow"]},
            {
                "Name": "dry",
                "Type": "Condition",
                "DependsOn": ["grow"],
                "Arguments": {
                    "IfSteps": [{"Name": "water", "Type": "Lambda"}],
                    "ElseSteps": [{"Name": "wait", "Type": "Lambda"}],
                },
            },
            {"Name": "mow", "Type": "Processing", "DependsOn": ["water"]},
            {"Name": "rescue", "Type": "Lambda", "DependsOn": [{"Step": "grow", "Trigger": "Failed"}]},
            {"Name": "strange", "Type": "Lambda", "DependsOn": [{"Step": "grow", "Trigger": "FullMoon"}]},
            {"Name": "cover", "Type": "Lambda", "DependsOn": [{"Step": "grow", "Trigger": "Stopped"}]},
            {"Name": "report", "Type": "Lambda", "DependsOn": [{"Step": "grow", "Trigger": "Any"}]},
        ]
    }
)


def verdict(snapshot, name="sow"):
    return step_outcome(snapshot, name, PLAN).verdict


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Starting", Verdict.WAITING),
        ("Executing", Verdict.WAITING),
        ("Stopping", Verdict.WAITING),
        ("Succeeded", Verdict.SUCCESS),
        ("Failed", Verdict.FAILED),
        ("Stopped", Verdict.FAILED),
    ],
)
@pytest.mark.parametrize("execution", ["Executing", "Stopping", "Succeeded", "Failed", "Stopped", "Dancing"])
def test_a_listed_step_ends_as_its_row_says(execution, status, expected):
    assert verdict(look(execution, row("sow", status))) == expected


@pytest.mark.parametrize("execution", ["Executing", "Stopping"])
def test_a_step_that_is_not_listed_is_awaited_while_its_execution_is_under_way(execution):
    assert verdict(look(execution)) == Verdict.WAITING


@pytest.mark.parametrize(("field", "word"), [("CacheHitResult", "Cache hit"), ("SelectiveExecutionResult", "Reused")])
def test_results_of_other_executions_are_marked(field, word):
    outcome = step_outcome(
        look("Succeeded", row("sow", "Succeeded", **{field: {"SourcePipelineExecutionArn": "it"}})), "sow"
    )

    assert outcome.verdict == Verdict.SUCCESS
    assert outcome.reason.startswith(word)


def test_the_reason_of_a_failure_is_told():
    outcome = step_outcome(look("Failed", row("sow", "Failed", FailureReason="AlgorithmError: too dry")), "sow")

    assert outcome.reason == "The step failed: AlgorithmError: too dry"


@pytest.mark.parametrize("snapshot", [look("Executing", row("sow", "Dancing")), look("Dancing")])
def test_a_status_that_nobody_knows_is_an_error(snapshot):
    with pytest.raises(UnknownStatusError, match="Dancing"):
        step_outcome(snapshot, "sow", PLAN)


def test_a_step_below_a_failure_never_started():
    snapshot = look("Failed", row("sow", "Failed"))

    assert [verdict(snapshot, name) for name in ("grow", "dry", "water", "mow")] == [Verdict.FAILED] * 4
    assert "never started" in step_outcome(snapshot, "grow", PLAN).reason


def test_a_step_that_a_stop_kept_back_never_started():
    assert verdict(look("Stopped", row("sow", "Succeeded")), "grow") == Verdict.FAILED


def decided(execution, outcome, *more):
    condition = row("dry", "Succeeded", Metadata={"Condition": {"Outcome": outcome}})
    return look(execution, row("sow", "Succeeded"), row("grow", "Succeeded"), condition, *more)


@pytest.mark.parametrize("execution", ["Succeeded", "Failed", "Stopped"])
def test_a_branch_that_was_not_taken_is_skipped_and_so_is_what_needs_it(execution):
    snapshot = decided(execution, "False", row("wait", "Succeeded"))

    assert "Branch not taken" in step_outcome(snapshot, "water", PLAN).reason
    assert verdict(snapshot, "water") == verdict(snapshot, "mow") == Verdict.SKIPPED


def test_a_branch_that_was_taken_but_not_begun_never_started():
    snapshot = decided("Stopped", "True")

    assert verdict(snapshot, "water") == Verdict.FAILED
    assert verdict(snapshot, "wait") == Verdict.SKIPPED


@pytest.mark.parametrize("name", ["rescue", "cover"])
def test_there_is_nothing_to_handle_where_nothing_failed(name):
    outcome = step_outcome(decided("Succeeded", "True"), name, PLAN)

    assert (outcome.verdict, outcome.reason) == (Verdict.SKIPPED, "Nothing to handle: step grow succeeded.")


@pytest.mark.parametrize("name", ["strange", "report"])
def test_a_run_condition_that_nobody_knows_or_that_always_holds_is_no_reason_to_skip(name):
    assert verdict(decided("Stopped", "True"), name) == Verdict.FAILED


def test_steps_that_were_not_selected_are_skipped():
    snapshot = look(
        "Failed",
        row("sow", "Failed"),
        SelectiveExecutionConfig={"SelectedSteps": [{"StepName": "sow"}, {"StepName": "grow"}]},
    )

    assert verdict(snapshot, "mow") == Verdict.SKIPPED
    assert verdict(snapshot, "grow") == Verdict.FAILED


def test_a_step_that_had_to_run_and_left_no_trace_is_not_taken_for_done():
    assert verdict(look("Succeeded"), "sow") == Verdict.FAILED


def test_a_step_that_the_definition_does_not_have_is_skipped():
    """The definition is somebody else's that was adopted, or the conf got the step after this run had begun."""
    assert verdict(look("Succeeded"), "elsewhere") == Verdict.SKIPPED


def test_only_what_is_not_listed_at_the_end_needs_the_plan():
    assert needs_plan(look("Failed"), "sow")
    assert not needs_plan(look("Executing"), "sow")
    assert not needs_plan(look("Failed", row("sow", "Failed")), "sow")
    with pytest.raises(ValueError, match="definition"):
        step_outcome(look("Failed"), "sow")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Executing", Verdict.WAITING),
        ("Stopping", Verdict.WAITING),
        ("Succeeded", Verdict.SUCCESS),
        ("Failed", Verdict.FAILED),
        ("Stopped", Verdict.FAILED),
        ("CompletedWithFailures", Verdict.FAILED),
    ],
)
def test_the_owner_ends_as_its_execution_does(status, expected):
    assert execution_outcome(look(status)).verdict == expected


def test_failures_that_were_provided_for_can_be_tolerated():
    assert execution_outcome(look("CompletedWithFailures"), tolerate_failures=True).verdict == Verdict.SUCCESS
    assert execution_outcome(look("Failed"), tolerate_failures=True).verdict == Verdict.FAILED


def test_an_execution_whose_status_nobody_knows_is_an_error():
    with pytest.raises(UnknownStatusError, match="Dancing"):
        execution_outcome(look("Dancing"))


def test_steps_without_a_task_are_found():
    snapshot = look("Executing", row("sow", "Succeeded"), row("extra", "Executing"))

    assert unmirrored_steps(snapshot, frozenset({"sow", "grow"})) == ("extra",)


@pytest.mark.parametrize("execution", ["Succeeded", "Failed", "Stopped", "CompletedWithFailures"])
def test_a_step_that_the_definition_lacks_is_skipped_however_the_execution_ended(execution):
    outcome = step_outcome(look(execution, row("sow", "Succeeded")), "rake", PLAN)

    assert outcome.verdict is Verdict.SKIPPED
    assert "no step of this name" in outcome.reason
