from __future__ import annotations

from sagemaker_mirror.mirror.plan import Branch, Plan, PlannedStep, Requirement


def plan(*steps):
    return Plan.of({"Version": "2020-12-01", "Steps": list(steps)})


def test_order_comes_from_depends_on_and_from_references():
    found = plan(
        {"Name": "sow", "Type": "Processing", "Arguments": {}},
        {
            "Name": "grow",
            "Type": "Training",
            "Arguments": {"Uri": {"Std:Join": {"On": "/", "Values": [{"Get": "Steps.sow.Uri"}]}}},
        },
        {"Name": "mow", "Type": "Processing", "DependsOn": ["grow"], "Arguments": {"X": {"Get": "Parameters.P"}}},
    )

    assert found.steps == {
        "sow": PlannedStep("Processing"),
        "grow": PlannedStep("Training", (Requirement("sow"),)),
        "mow": PlannedStep("Processing", (Requirement("grow"),)),
    }


def test_what_stands_beside_the_arguments_refers_to_steps_too():
    baseline = {"Get": "Steps.sow.BaselineUsedForDriftCheckStatistics"}
    found = plan(
        {"Name": "sow", "Type": "QualityCheck", "Arguments": {}},
        {"Name": "grow", "Type": "QualityCheck", "Arguments": {}, "SuppliedBaselineStatistics": baseline},
    )

    assert found.steps["grow"].requirements == (Requirement("sow"),)


def test_run_conditions_say_which_ends_satisfy():
    found = plan(
        {"Name": "sow", "Type": "Processing"},
        {"Name": "on-failure", "Type": "Lambda", "DependsOn": [{"Step": "sow", "Trigger": "Failed"}]},
        {"Name": "always", "Type": "Lambda", "DependsOn": [{"Step": "sow", "Trigger": "Completed"}]},
        {"Name": "strange", "Type": "Lambda", "DependsOn": [{"Step": "sow", "Trigger": "FullMoon"}]},
    )

    ends = {name: step.requirements[0].ends for name, step in found.steps.items() if step.requirements}
    assert ends == {
        "on-failure": frozenset({"Failed"}),
        "always": frozenset({"Succeeded", "Failed"}),
        "strange": None,
    }


def test_steps_of_a_branch_know_their_condition():
    condition = {
        "Name": "dry",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"Type": "LessThan", "LeftValue": {"Get": "Steps.sow.Rain"}, "RightValue": 1}],
            "IfSteps": [{"Name": "water", "Type": "Lambda"}],
            "ElseSteps": [
                {"Name": "wet", "Type": "Condition", "Arguments": {"IfSteps": [{"Name": "drain", "Type": "Lambda"}]}}
            ],
        },
    }
    found = plan({"Name": "sow", "Type": "Processing"}, condition)

    assert found.steps["dry"] == PlannedStep("Condition", (Requirement("sow"),))
    assert found.steps["water"].branch == Branch("dry", "True")
    assert found.steps["wet"].branch == Branch("dry", "False")
    assert found.steps["drain"].branch == Branch("wet", "True")
