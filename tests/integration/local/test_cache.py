from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sagemaker_mirror.local import LocalSageMaker, engine, store
from sagemaker_mirror.local.faults import StepFault

from .definitions import create, definition, model, output_of, processing, rows, start, training, transform
from .scripted_runner import ScriptedRunner

CACHED = {"CacheConfig": {"Enabled": True, "ExpireAfter": "10d"}}


def run(local: LocalSageMaker, sagemaker: Any, name: str = "wines", **extra: Any) -> tuple[str, dict[str, Any]]:
    arn = start(sagemaker, name, **extra)
    local.wait(arn)
    return arn, {row["StepName"]: row for row in rows(sagemaker, arn)}


def hits(found: dict[str, Any]) -> set[str]:
    return {name for name, row in found.items() if "CacheHitResult" in row}


def test_a_second_run_is_spared_what_has_not_changed(
    local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner
) -> None:
    create(
        sagemaker,
        "wines",
        processing("Prepare", **CACHED),
        training("Train", output_of("Prepare"), **CACHED),
        model("Create", "Train"),
        transform("Score", "Create", output_of("Prepare"), **CACHED),
    )
    first_arn, first = run(local, sagemaker)
    assert hits(first) == set()
    second_arn, second = run(local, sagemaker)
    # A model has a new name in every run, so what is transformed with it can't be spared.
    assert hits(second) == {"Prepare", "Train"}
    assert second["Prepare"]["CacheHitResult"] == {"SourcePipelineExecutionArn": first_arn}
    assert second["Prepare"]["StepStatus"] == "Succeeded"
    assert second["Train"]["Metadata"] == first["Train"]["Metadata"]
    assert runner.steps() == ["Prepare", "Train", "Score", "Score"]
    third_arn, third = run(local, sagemaker)
    assert third["Train"]["CacheHitResult"] == {"SourcePipelineExecutionArn": first_arn}
    assert len({first_arn, second_arn, third_arn}) == 3


def test_steps_below_a_hit_get_the_outputs_of_the_run_that_made_them(
    local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner
) -> None:
    create(sagemaker, "wines", processing("Prepare", **CACHED), training("Train", output_of("Prepare")))
    first_arn, _ = run(local, sagemaker)
    _, second = run(local, sagemaker)
    assert hits(second) == {"Prepare"}
    job = sagemaker.describe_training_job(TrainingJobName=runner.ran[-1])
    uri = job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    assert uri == f"s3://tests/{first_arn.rpartition('/')[2]}/Prepare"


def test_changed_attributes_miss(local: LocalSageMaker, sagemaker: Any) -> None:
    parameters = [{"Name": "Data", "Type": "String", "DefaultValue": "s3://tests/one"}]
    create(
        sagemaker,
        "wines",
        processing("Prepare", inputs={"raw": {"Get": "Parameters.Data"}}, **CACHED),
        parameters=parameters,
    )
    run(local, sagemaker)
    other = [{"Name": "Data", "Value": "s3://tests/two"}]
    assert hits(run(local, sagemaker, PipelineParameters=other)[1]) == set()
    assert hits(run(local, sagemaker, PipelineParameters=other)[1]) == {"Prepare"}
    assert hits(run(local, sagemaker)[1]) == {"Prepare"}


@pytest.mark.parametrize("config", [{}, {"CacheConfig": {"Enabled": False, "ExpireAfter": "10d"}}])
def test_without_cache_every_run_runs(local: LocalSageMaker, sagemaker: Any, config: dict[str, Any]) -> None:
    create(sagemaker, "wines", processing("Prepare", **config))
    run(local, sagemaker)
    assert hits(run(local, sagemaker)[1]) == set()


def test_failed_runs_are_not_used_again(local: LocalSageMaker, sagemaker: Any) -> None:
    local.faults.add(StepFault("Prepare", "fail", times=1))
    create(sagemaker, "wines", processing("Prepare", **CACHED))
    assert run(local, sagemaker)[1]["Prepare"]["StepStatus"] == "Failed"
    found = run(local, sagemaker)[1]
    assert (hits(found), found["Prepare"]["StepStatus"]) == (set(), "Succeeded")
    assert hits(run(local, sagemaker)[1]) == {"Prepare"}


def test_results_grow_old(local: LocalSageMaker, sagemaker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    create(sagemaker, "wines", processing("Prepare", **CACHED))
    run(local, sagemaker)
    # The clock is the one thing that a test can't have otherwise.
    monkeypatch.setattr(engine, "now", lambda: store.now() + timedelta(days=10, hours=1))
    assert hits(run(local, sagemaker)[1]) == set()
    assert hits(run(local, sagemaker)[1]) == {"Prepare"}


def test_the_cache_belongs_to_one_pipeline(local: LocalSageMaker, sagemaker: Any) -> None:
    for name in ("wines", "beers"):
        create(sagemaker, name, processing("Prepare", **CACHED))
    run(local, sagemaker, "wines")
    assert hits(run(local, sagemaker, "beers")[1]) == set()


def test_the_cache_outlives_an_update_but_not_the_pipeline(local: LocalSageMaker, sagemaker: Any) -> None:
    create(sagemaker, "wines", processing("Prepare", **CACHED))
    run(local, sagemaker)
    sagemaker.update_pipeline(
        PipelineName="wines", PipelineDefinition=definition(processing("More"), processing("Prepare", **CACHED))
    )
    assert hits(run(local, sagemaker)[1]) == {"Prepare"}
    sagemaker.delete_pipeline(PipelineName="wines")
    create(sagemaker, "wines", processing("Prepare", **CACHED))
    assert hits(run(local, sagemaker)[1]) == set()
