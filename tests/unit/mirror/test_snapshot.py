from __future__ import annotations

import pytest

from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot, StepSnapshot

from .snapshots import ARN, at, look, row


def latest(*rows):
    return look("Executing", *rows).steps["sow"]


def test_what_describe_tells_is_kept():
    snapshot = look(
        "Failed",
        FailureReason="Step failure: One or multiple steps failed.",
        PipelineExecutionDisplayName="spring",
        PipelineVersionId=3,
        CreatedBy={"UserProfileName": "dana", "DomainId": "d-1"},
        SelectiveExecutionConfig={"SelectedSteps": [{"StepName": "sow"}]},
    )

    assert snapshot == ExecutionSnapshot(
        arn=ARN,
        status="Failed",
        failure_reason="Step failure: One or multiple steps failed.",
        display_name="spring",
        start_time=at(0),
        last_modified_time=at(100),
        version_id=3,
        selected_steps=frozenset({"sow"}),
        created_by="dana",
        studio_domain_id="d-1",
    )
    assert snapshot.ended
    assert not snapshot.under_way


def test_what_list_tells_of_a_step_is_kept():
    step = latest(
        row(
            "sow",
            "Succeeded",
            1,
            5,
            AttemptCount=2,
            CacheHitResult={"SourcePipelineExecutionArn": "cached"},
            SelectiveExecutionResult={"SourcePipelineExecutionArn": "reused"},
            Metadata={"TrainingJob": {"Arn": "job"}},
        )
    )

    assert step == StepSnapshot(
        "sow", "Succeeded", at(1), at(5), None, 2, "cached", "reused", {"TrainingJob": {"Arn": "job"}}
    )
    assert step.seconds == 4


@pytest.mark.parametrize(
    "rows",
    [
        # RetryPipelineExecution added a row; AttemptCount moved, stayed, began anew, or is not shown.
        [row("sow", "Failed", 1, 5, AttemptCount=1), row("sow", "Executing", 9, AttemptCount=2)],
        [row("sow", "Failed", 1, 5, AttemptCount=1), row("sow", "Executing", 9, AttemptCount=1)],
        [row("sow", "Failed", 1, 5, AttemptCount=3), row("sow", "Executing", 9, AttemptCount=1)],
        [row("sow", "Failed", 1, 5), row("sow", "Executing", 9)],
        # Rows in any order.
        [row("sow", "Executing", 9), row("sow", "Failed", 1, 5)],
        # The new attempt has not begun.
        [row("sow", "Failed", 1, 5, AttemptCount=1), row("sow", "Executing", None, AttemptCount=2)],
        [row("sow", "Executing", None), row("sow", "Failed", 1, 5)],
        # An attempt that failed before it began.
        [row("sow", "Failed", None, 5), row("sow", "Executing", 9)],
        [row("sow", "Failed", None), row("sow", "Executing", 9)],
    ],
)
def test_the_latest_attempt_counts(rows):
    assert latest(*rows).status == "Executing"


def test_steps_keep_the_order_in_which_they_are_listed():
    assert list(look("Executing", row("sow", "Succeeded"), row("grow", "Executing")).steps) == ["sow", "grow"]
