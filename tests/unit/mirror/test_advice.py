from __future__ import annotations

import pytest

from sagemaker_mirror.mirror.advice import execution_advice, step_advice

from .snapshots import look, row


def advice(status="Failed", step="Failed", **fields):
    snapshot = look(status, row("sow", step, **fields))
    return step_advice(snapshot, snapshot.steps["sow"])


@pytest.mark.parametrize(
    ("reason", "what"),
    [
        ("ResourceLimitExceeded: The account-level service limit 'ml.p4d' is 0 Instances", "Service Quotas"),
        ("CapacityError: Unable to provision requested ML compute capacity.", "another instance_type"),
        ("ClientError: User is not authorized to perform: s3:GetObject", "execution role"),
        ("ClientError: No S3 objects found under S3 URL", "names is there"),
        ("MaxRuntimeExceeded: training took too long", "more time"),
        ("InternalServerError: We encountered an internal error. Please try again.", "fault lies with AWS"),
        ("AlgorithmError: ExecuteUserScriptError: exit code: 1", "program failed"),
        ("something new", "as it is"),
        (None, "as it is"),
    ],
)
def test_what_helps_depends_on_the_reason(reason, what):
    assert what in advice(FailureReason=reason)


def test_a_program_that_failed_is_not_run_again_as_it_is():
    assert "new run" in advice(FailureReason="AlgorithmError: exit code: 1")
    assert "clear this task" not in advice(FailureReason="AlgorithmError: exit code: 1")


def test_what_was_stopped_can_go_on():
    assert "clear this task, which resumes" in advice("Stopped", "Stopped")


@pytest.mark.parametrize("status", ["Succeeded", "CompletedWithFailures"])
def test_what_cannot_be_resumed_is_started_anew(status):
    assert "clear the task that starts" in advice(status)


def test_a_step_that_never_began_names_the_one_that_failed():
    assert "became of sow" in step_advice(look("Failed", row("sow", "Failed")), None)
    assert "why the execution ended" in step_advice(look("Stopped"), None)


def test_of_an_execution_the_failed_steps_are_named():
    assert "log of sow, mow" in execution_advice(look("Failed", row("sow", "Failed"), row("mow", "Failed")))
    assert "resume the execution" in execution_advice(look("Stopped", row("sow", "Stopped")))
    assert "a step's task" in execution_advice(look("Failed", FailureReason="odd"))
