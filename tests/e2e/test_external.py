"""Executions that were begun outside Airflow, and what a person sees of them there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import pytest

from sagemaker_mirror.local.demo.environment import HEALTHY_WITHIN, DemoEnvironment, demo_environment
from sagemaker_mirror.local.faults import StepFault
from tests.conftest import REPOSITORY
from tests.e2e.confs import Conf, write_conf
from tests.e2e.faults.confs import idle
from tests.e2e.faults.jobs import IdleJobRunner
from tests.e2e.postgres import airflow_database
from tests.e2e.runs import begin, calls_about, status_of

pytestmark = pytest.mark.e2e

DISPATCHER_ID = "sagemaker_mirror_dispatcher"
RUN_WITHIN = 300.0  # seconds
FOUND_WITHIN = 120.0
TAKEN_OVER_WITHIN = 900.0
CONNECTION = "airflow_api"
AIRFLOW = tuple(map(int, version("apache-airflow").split(".")[:2]))
NOTES = AIRFLOW >= (3, 3)
# A scheduler that was killed leaves tasks behind, which the next one takes over after five minutes. Airflow 2.11 may
# also take over tasks of a scheduler that is only slow, as a second try, so there it keeps its own pace.
SCHEDULER = (
    {"SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": 15, "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": 60}
    if AIRFLOW >= (3, 0)
    else {}
)
NOTE = "Execution {} was begun outside Airflow by maria, a user of Studio."
TASKS = ["upsert", "start", "execution", "external-one", "external-two", "summary"]


def mirrored(name: str) -> Conf:
    conf = idle(name, "one >> two", airflow="{mirror_external: true}")
    parameters = "        parameters: {rows: {type: Integer, default: 3}, field: {type: String, default: north}}\n"
    return replace(conf, text=conf.text.rstrip(" ") + parameters)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoEnvironment]:
    """An Airflow of its own, so that no other test has the dispatcher beside it."""
    home = tmp_path_factory.mktemp("external")
    configs, dags = home / "configs", home / "dags"
    for name in ("external", "burst"):
        write_conf(configs, mirrored(name))
    dags.mkdir()
    shutil.copy(REPOSITORY / "dags" / "sagemaker_pipelines.py", dags)
    with (
        airflow_database(home) as database,
        demo_environment(
            configs=configs,
            dags=dags,
            home=home / "demo",
            port=0,
            sagemaker_port=0,
            control=True,
            make_runner=IdleJobRunner,
            options={
                "DATABASE__SQL_ALCHEMY_CONN": database,
                "SAGEMAKER_MIRROR__EXTERNAL_INTERVAL": 10,
                "SAGEMAKER_MIRROR__AIRFLOW_API_CONN_ID": CONNECTION,
                **SCHEDULER,
            },
        ) as environment,
    ):
        environment.airflow.wait_for_dags(["external", "burst", DISPATCHER_ID], 120)
        environment.airflow._request("POST", "connections", json=connection_of(environment))
        yield environment


def connection_of(environment: DemoEnvironment) -> dict[str, Any]:
    """Return the connection through which Airflow reaches its own API."""
    address = urlsplit(environment.airflow.settings.url)
    login, password = environment.airflow.sign_in or (None, None)
    return {
        "connection_id": CONNECTION,
        "conn_type": "http",
        "host": address.hostname,
        "port": address.port,
        **({"login": login, "password": password} if login else {}),
    }


@pytest.fixture(scope="module")
def own_runs(environment: DemoEnvironment) -> dict[str, str]:
    """A run of each folder that Airflow itself started, so that SageMaker has the pipelines."""
    runs = {name: begin(environment, name) for name in ("external", "burst")}
    for name, run_id in runs.items():
        assert environment.airflow.wait_for_run(name, run_id, RUN_WITHIN) == "success"
    return runs


def runs_of(environment: DemoEnvironment, dag_id: str) -> dict[str, dict[str, Any]]:
    return {
        run["dag_run_id"]: run for run in environment.airflow.get(f"dags/{dag_id}/dagRuns", limit=100)["dag_runs"]
    }


def run_of(arn: str) -> str:
    return f"sagemaker__{arn.rsplit('/', 1)[-1]}"


def start_in_studio(environment: DemoEnvironment, pipeline: str, **arguments: Any) -> str:
    answer = environment.client("sagemaker").start_pipeline_execution(PipelineName=pipeline, **arguments)
    return str(answer["PipelineExecutionArn"])


def look(environment: DemoEnvironment) -> None:
    """Let the dispatcher look once more, and wait until it has done what it found."""
    run_id = environment.airflow.trigger(DISPATCHER_ID)
    assert environment.airflow.wait_for_run(DISPATCHER_ID, run_id, RUN_WITHIN) == "success"


def wait_for_run_of(environment: DemoEnvironment, dag_id: str, arn: str) -> None:
    environment.airflow.wait_until(
        f"{arn} has a run", lambda: run_of(arn) in runs_of(environment, dag_id), FOUND_WITHIN
    )


def test_an_execution_begun_in_studio_becomes_a_run_and_is_followed(
    environment: DemoEnvironment, own_runs: dict[str, str]
) -> None:
    airflow = environment.airflow
    look(environment)
    environment.sagemaker.studio_users = {"local": "maria"}
    # On the wire a number is a text, and what looks like a template is none.
    field = "{{ 6 * 7 }}"
    arn = start_in_studio(
        environment,
        "external",
        PipelineParameters=[{"Name": "rows", "Value": "8"}, {"Name": "field", "Value": field}],
    )
    environment.sagemaker.studio_users = {}
    wait_for_run_of(environment, "external", arn)
    run_id = run_of(arn)

    assert airflow.wait_for_run("external", run_id, RUN_WITHIN) == "success"
    assert airflow.task_states("external", run_id) == dict.fromkeys(TASKS, "success")
    assert airflow.xcom("external", run_id, "start") == arn
    run = runs_of(environment, "external")[run_id]
    assert run["conf"] == {"execution_arn": arn, "started_by": "maria", "rows": 8, "field": field}
    assert airflow.xcom("external", run_id, "start", "started_by") == "maria"
    assert "maria" in airflow.log("external", run_id, "start")
    # Airflow 3.3 lets a task write the note of a run that it triggers.
    assert run["note"] == (NOTE.format(arn) if NOTES else None)


def test_what_airflow_started_gets_no_second_run(environment: DemoEnvironment, own_runs: dict[str, str]) -> None:
    adopted = environment.airflow.xcom("external", own_runs["external"], "start")
    run_id = begin(environment, "external", {"execution_arn": adopted})
    assert environment.airflow.wait_for_run("external", run_id, RUN_WITHIN) == "success"
    assert environment.airflow.xcom("external", run_id, "start") == adopted
    look(environment)
    assert run_of(adopted) not in runs_of(environment, "external")


def test_a_burst_while_airflow_is_down_arrives_once_each(
    environment: DemoEnvironment, own_runs: dict[str, str]
) -> None:
    airflow = environment.airflow
    # The runs of a paused DAG wait; that they are there, once each, is what matters here.
    airflow._request("PATCH", "dags/burst", json={"is_paused": True})
    look(environment)
    airflow.processes.stop(grace=0)
    arns = [start_in_studio(environment, "burst") for _ in range(20)]
    airflow.start()
    airflow.wait_until_healthy(HEALTHY_WITHIN)

    airflow.wait_until("the first runs are there", lambda: len(runs_of(environment, "burst")) > 3, RUN_WITHIN)
    airflow.processes.stop("scheduler", grace=0)
    airflow.start("scheduler")
    wanted = {own_runs["burst"], *map(run_of, arns)}
    airflow.wait_until("all runs are there", lambda: wanted <= set(runs_of(environment, "burst")), TAKEN_OVER_WITHIN)
    look(environment)
    look(environment)
    assert sorted(runs_of(environment, "burst")) == sorted(wanted)


def test_a_paused_dispatcher_catches_up(environment: DemoEnvironment, own_runs: dict[str, str]) -> None:
    airflow = environment.airflow
    airflow._request("PATCH", f"dags/{DISPATCHER_ID}", json={"is_paused": True})
    arn = start_in_studio(environment, "burst")
    assert environment.sagemaker.wait(arn, 60) == "Succeeded"
    airflow.unpause(DISPATCHER_ID)
    wait_for_run_of(environment, "burst", arn)


def test_a_step_retried_in_studio_after_the_run_has_ended_reopens_the_run(
    environment: DemoEnvironment, own_runs: dict[str, str]
) -> None:
    airflow, sagemaker = environment.airflow, environment.sagemaker
    sagemaker.faults.add(StepFault("external-one", "fail", times=1))
    arn = start_in_studio(environment, "external")
    wait_for_run_of(environment, "external", arn)
    run_id = run_of(arn)
    assert airflow.wait_for_run("external", run_id, RUN_WITHIN) == "failed"

    held = sagemaker.faults.add(StepFault("external-one", "hold"))
    environment.client("sagemaker").retry_pipeline_execution(PipelineExecutionArn=arn)
    for task_id in ("execution", "external-one"):
        airflow.wait_for_task("external", run_id, task_id, "deferred", RUN_WITHIN)
    sagemaker.faults.remove(held)
    assert airflow.wait_for_run("external", run_id, RUN_WITHIN) == "success"
    assert airflow.task_states("external", run_id) == dict.fromkeys(TASKS, "success")
    assert status_of(environment, arn) == "Succeeded"
    # The run followed; only the person in Studio retried.
    assert calls_about(environment, "RetryPipelineExecution", arn) == 1
    assert "StopPipelineExecution" not in {call.operation for call in sagemaker.calls.after(0)}


def test_every_run_of_the_dispatcher_succeeded(environment: DemoEnvironment, own_runs: dict[str, str]) -> None:
    look(environment)
    states = {run["state"] for run in runs_of(environment, DISPATCHER_ID).values()}
    assert "failed" not in states
