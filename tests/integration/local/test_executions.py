from __future__ import annotations

from typing import Any

from sagemaker_mirror.local import LocalSageMaker

from .conftest import ScriptedRunner, until_stopped
from .definitions import create, model, output_of, processing, register, rows, start, training, transform


def test_steps_of_all_kinds_run_in_order(local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner) -> None:
    create(
        sagemaker,
        "wines",
        register("Register", "Train", "wines-models", DependsOn=["Score"]),
        transform("Score", "Create", output_of("Prepare")),
        model("Create", "Train"),
        training("Train", output_of("Prepare")),
        processing("Prepare"),
    )
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Succeeded"
    found = rows(sagemaker, arn)
    assert [row["StepName"] for row in found] == ["Prepare", "Train", "Create", "Score", "Register"]
    assert {row["StepStatus"] for row in found} == {"Succeeded"}
    assert runner.steps() == ["Prepare", "Train", "Score"]
    package = sagemaker.describe_model_package(ModelPackageName=found[-1]["Metadata"]["RegisterModel"]["Arn"])
    assert package["CustomerMetadataProperties"] == {"EXECUTION": arn}


def test_stop_ends_running_jobs(local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner) -> None:
    runner.jobs["Prepare"] = until_stopped
    create(sagemaker, "wines", processing("Prepare"), training("Train", output_of("Prepare")))
    arn = start(sagemaker, "wines")
    local.wait_for_step(arn, "Prepare", "Executing")
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert local.wait(arn) == "Stopped"
    assert [(row["StepName"], row["StepStatus"]) for row in rows(sagemaker, arn)] == [("Prepare", "Stopped")]
