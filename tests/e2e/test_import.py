"""A pipeline that somebody else made: imported, mirrored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sagemaker_mirror.cli import main
from sagemaker_mirror.local.demo.environment import DemoEnvironment, demo_environment
from tests.conftest import REPOSITORY
from tests.e2e.faults.jobs import IDLE_IMAGE, IdleJobRunner
from tests.e2e.runs import RUN_WITHIN, begin
from tests.integration.local.definitions import fail, processing

pytestmark = pytest.mark.e2e

NAME = "Harvest"
OURS = ("upsert", "start", "execution", "summary")


def idle(name: str) -> dict[str, Any]:
    step = processing(name)
    step["Arguments"]["AppSpecification"]["ImageUri"] = IDLE_IMAGE
    return step


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("imported") / "configs"
    root.mkdir()
    return root


@pytest.fixture(scope="module")
def environment(configs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoEnvironment]:
    """An Airflow without any folder yet."""
    with demo_environment(
        configs=configs,
        dags=REPOSITORY / "dags",
        home=tmp_path_factory.mktemp("demo"),
        port=0,
        sagemaker_port=0,
        make_runner=IdleJobRunner,
    ) as environment:
        yield environment


@pytest.fixture(scope="module")
def imported(environment: DemoEnvironment, configs: Path) -> str:
    """The id of its DAG."""
    condition = {"Type": "LessThan", "LeftValue": {"Get": "Parameters.Rain"}, "RightValue": 5}
    branches = {"IfSteps": [idle("water")], "ElseSteps": [idle("drain"), fail("flood", "It rains too much")]}
    definition = {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "Rain", "Type": "Float", "DefaultValue": 3.5}],
        "Steps": [
            idle("sow"),
            {
                "Name": "dry",
                "Type": "Condition",
                "Arguments": {"Conditions": [condition], **branches},
                "DependsOn": ["sow"],
            },
        ],
    }
    environment.client("sagemaker").create_pipeline(
        PipelineName=NAME,
        PipelineDefinition=json.dumps(definition),
        RoleArn="arn:aws:iam::123456789012:role/Farmer",
        ClientRequestToken="t" * 32,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", environment.sagemaker.endpoint_url)
        assert main(["import", NAME, "--configs", str(configs), "--region", "us-east-1"]) == 0
    environment.airflow.wait_for_dags([NAME], 180)
    return NAME


def test_the_branch_that_is_not_taken_is_skipped(environment: DemoEnvironment, imported: str) -> None:
    airflow = environment.airflow
    run_id = begin(environment, imported)

    assert airflow.wait_for_run(imported, run_id, RUN_WITHIN) == "success"
    assert airflow.task_states(imported, run_id) == {
        **dict.fromkeys((*OURS, "sow", "dry", "water"), "success"),
        "drain": "skipped",
        "flood": "skipped",
    }
    assert airflow.xcom(imported, run_id, "dry")["metadata"] == {"Outcome": "True"}


def test_the_other_branch_is_taken_for_another_parameter(environment: DemoEnvironment, imported: str) -> None:
    airflow = environment.airflow
    run_id = begin(environment, imported, {"Rain": 9})

    assert airflow.wait_for_run(imported, run_id, RUN_WITHIN) == "failed"
    states = airflow.task_states(imported, run_id)
    assert {name: states[name] for name in ("sow", "dry", "water", "drain", "flood")} == {
        "sow": "success",
        "dry": "success",
        "water": "skipped",
        "drain": "success",
        "flood": "failed",
    }
    assert "It rains too much" in airflow.log(imported, run_id, "flood")
