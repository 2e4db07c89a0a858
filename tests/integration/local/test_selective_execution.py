from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sagemaker_mirror.local import LocalSageMaker
from sagemaker_mirror.local.faults import StepFault

from .definitions import condition, create, output_of, processing, rows, start, statuses, training
from .scripted_runner import ScriptedRunner


def chain(sagemaker: Any, name: str = "wines") -> None:
    """Load >> Prepare >> Train >> Report, and Load >> Audit."""
    create(
        sagemaker,
        name,
        processing("Load"),
        processing("Prepare", inputs={"raw": output_of("Load")}),
        training("Train", output_of("Prepare")),
        processing("Report", DependsOn=["Train"]),
        processing("Audit", DependsOn=["Load"]),
    )


def select(source: str | None, *steps: str) -> dict[str, Any]:
    config: dict[str, Any] = {"SelectedSteps": [{"StepName": step} for step in steps]}
    return {"SelectiveExecutionConfig": {**config, **({"SourcePipelineExecutionArn": source} if source else {})}}


def test_selected_steps_run_on_the_results_of_the_source(
    local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner
) -> None:
    chain(sagemaker)
    source = start(sagemaker, "wines")
    assert local.wait(source) == "Succeeded"
    runner.ran.clear()
    arn = start(sagemaker, "wines", **select(source, "Train"))
    assert local.wait(arn) == "Succeeded"
    assert runner.steps() == ["Train"]
    found = {row["StepName"]: row for row in rows(sagemaker, arn)}
    assert found.keys() == {"Load", "Prepare", "Train"}
    reused = {name for name, row in found.items() if "SelectiveExecutionResult" in row}
    assert reused == {"Load", "Prepare"}
    assert found["Prepare"]["SelectiveExecutionResult"] == {"SourcePipelineExecutionArn": source}
    assert found["Prepare"]["StepStatus"] == "Succeeded"
    job = sagemaker.describe_training_job(TrainingJobName=runner.ran[0])
    uri = job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    assert uri == f"s3://tests/{source.rpartition('/')[2]}/Prepare"
    described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["SelectiveExecutionConfig"]
    assert described == select(source, "Train")["SelectiveExecutionConfig"]


def test_steps_from_the_start_need_no_source(local: LocalSageMaker, sagemaker: Any) -> None:
    chain(sagemaker)
    arn = start(sagemaker, "wines", **select(None, "Load", "Audit"))
    assert local.wait(arn) == "Succeeded"
    assert statuses(sagemaker, arn) == {"Load": "Succeeded", "Audit": "Succeeded"}


def test_a_failed_execution_can_be_the_source_of_what_succeeded_in_it(local: LocalSageMaker, sagemaker: Any) -> None:
    local.faults.add(StepFault("Train", "fail", times=1))
    chain(sagemaker)
    source = start(sagemaker, "wines")
    assert local.wait(source) == "Failed"
    arn = start(sagemaker, "wines", **select(source, "Train", "Report"))
    assert local.wait(arn) == "Succeeded"
    with pytest.raises(ClientError, match="'Report' needs the result of step 'Train'"):
        start(sagemaker, "wines", **select(source, "Report"))


def test_the_outcome_of_a_condition_is_reused(local: LocalSageMaker, sagemaker: Any) -> None:
    create(sagemaker, "wines", condition("Check", 1, 1, if_steps=[processing("Yes")], else_steps=[processing("No")]))
    source = start(sagemaker, "wines")
    local.wait(source)
    yes, no = (start(sagemaker, "wines", **select(source, step)) for step in ("Yes", "No"))
    assert (local.wait(yes), local.wait(no)) == ("Succeeded", "Succeeded")
    assert statuses(sagemaker, yes).keys() == {"Check", "Yes"}
    assert statuses(sagemaker, no).keys() == {"Check"}


def test_a_failed_selective_execution_is_retried_as_one(
    local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner
) -> None:
    chain(sagemaker)
    source = start(sagemaker, "wines")
    local.wait(source)
    local.faults.add(StepFault("Train", "fail", times=1))
    runner.ran.clear()
    arn = start(sagemaker, "wines", **select(source, "Train"))
    assert local.wait(arn) == "Failed"
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    assert local.wait(arn) == "Succeeded"
    assert runner.steps() == ["Train"]


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        (["Odd"], "'Odd' does not exist"),
        (["Load", "Train"], "'Prepare' lies between"),
        (["Report", "Audit"], "must be connected"),
        ([f"S{number}" for number in range(51)], "length less than or equal to 50"),
    ],
)
def test_what_cannot_be_selected(local: LocalSageMaker, sagemaker: Any, steps: list[str], reason: str) -> None:
    chain(sagemaker)
    source = start(sagemaker, "wines")
    local.wait(source)
    with pytest.raises(ClientError, match=reason):
        start(sagemaker, "wines", **select(source, *steps))


def test_what_cannot_be_a_source(local: LocalSageMaker, sagemaker: Any) -> None:
    chain(sagemaker)
    chain(sagemaker, "beers")
    elsewhere = start(sagemaker, "beers")
    local.wait(elsewhere)
    hold = local.faults.add(StepFault("Audit", "hold"))
    running = start(sagemaker, "wines")
    for source, reason in (
        (None, "SourcePipelineExecutionArn is required"),
        (elsewhere, "no execution of pipeline wines"),
        (running, "it must be Succeeded or Failed"),
        (f"{running}x", "does not exist"),
    ):
        with pytest.raises(ClientError, match=reason):
            start(sagemaker, "wines", **select(source, "Train"))
    local.faults.remove(hold)
    local.wait(running)
