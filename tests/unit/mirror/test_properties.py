"""Whatever SageMaker sends, in whatever order: nothing is green whose step did not succeed."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sagemaker_mirror.mirror.plan import Plan
from sagemaker_mirror.mirror.retry import Attempt, Move, next_move
from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot
from sagemaker_mirror.mirror.states import UnknownStatusError, Verdict, execution_outcome
from sagemaker_mirror.mirror.watch import Watch

from .snapshots import NOON, at, description, row

NAMES = ("sow", "grow", "mow")
STATUSES = ("Starting", "Executing", "Stopping", "Succeeded", "Failed", "Stopped", "", "succeeded", "Dancing")
EXECUTIONS = ("Executing", "Stopping", "Succeeded", "Failed", "Stopped", "CompletedWithFailures", "Success", "")
SOURCE = {"SourcePipelineExecutionArn": "another"}

# On a busy machine everything is slow.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

seconds = st.none() | st.integers(0, 50)
rows = st.builds(
    lambda name, status, start, end, fields: row(name, status, start, end, **fields),
    st.sampled_from(NAMES),
    st.sampled_from(STATUSES),
    seconds,
    seconds,
    st.fixed_dictionaries(
        {},
        optional={
            "AttemptCount": st.integers(0, 3),
            "FailureReason": st.text(max_size=3),
            "CacheHitResult": st.sampled_from([SOURCE, {}]),
            "SelectiveExecutionResult": st.sampled_from([SOURCE, {}]),
        },
    ),
)
selections = st.none() | st.lists(st.sampled_from(NAMES), min_size=1, unique=True)
answers = st.tuples(
    st.builds(
        lambda status, selected: description(
            status,
            **(
                {"SelectiveExecutionConfig": {"SelectedSteps": [{"StepName": name} for name in selected]}}
                if selected
                else {}
            ),
        ),
        st.sampled_from(EXECUTIONS),
        selections,
    ),
    st.lists(rows, max_size=6),
)
snapshots = answers.map(lambda answer: ExecutionSnapshot.of(*answer))
triggers = st.sampled_from(["Succeeded", "Failed", "Stopped", "Any", "Completed", "FullMoon"])
definitions = st.builds(
    lambda grow, mow: {
        "Steps": [
            {"Name": "sow", "Type": "Processing"},
            {"Name": "grow", "Type": "Training", "DependsOn": [{"Step": "sow", "Trigger": grow}]},
            {"Name": "mow", "Type": "Training", "DependsOn": [{"Step": "grow", "Trigger": mow}, "sow"]},
        ]
    },
    triggers,
    triggers,
)
plans = definitions.map(Plan.of)


@patient
@given(st.lists(snapshots, min_size=1, max_size=5), st.sampled_from(NAMES), plans, st.booleans())
def test_a_task_is_green_only_when_its_step_succeeded(sequence, name, plan, retried):
    """A task that looks at one snapshot after the other, and may have had the first one retried."""
    watch = Watch(name)
    if retried and next_move(sequence[0], name) is Move.RESUME:
        watch = Watch(name, Attempt.of(sequence[0], name), NOON.timestamp())
    for number, snapshot in enumerate(sequence):
        try:
            outcome = watch.judge(snapshot, at(number * 300), plan)
        except UnknownStatusError:
            return
        if outcome.verdict is Verdict.SUCCESS:
            assert snapshot.steps[name].status == "Succeeded"
        if outcome.verdict is Verdict.SKIPPED:
            assert name not in snapshot.steps
        if outcome.final:
            return


@patient
@given(snapshots, st.sampled_from(NAMES), plans)
def test_a_watch_that_is_over_has_a_verdict(snapshot, name, plan):
    """No trigger wakes a task that would only wait again."""
    watch, now = Watch(name), at(10_000)
    try:
        outcome = watch.judge(snapshot, now, plan)
    except UnknownStatusError:
        return
    assert outcome.final == watch.is_over(snapshot, now)


@patient
@given(snapshots, st.booleans())
def test_an_owner_is_green_only_when_its_execution_succeeded(snapshot, tolerate):
    try:
        outcome = execution_outcome(snapshot, tolerate_failures=tolerate)
    except UnknownStatusError:
        assert snapshot.status not in (
            "Executing",
            "Stopping",
            "Succeeded",
            "Failed",
            "Stopped",
            "CompletedWithFailures",
        )
        return
    green = {"Succeeded", "CompletedWithFailures"} if tolerate else {"Succeeded"}
    assert (outcome.verdict is Verdict.SUCCESS) == (snapshot.status in green)
