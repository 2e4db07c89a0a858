"""What a person sees in Airflow where something goes wrong on the other side: with one pipeline, or with one run.

Each scenario has a pipeline of its own, so that all of them go on at once, in one Airflow.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from sagemaker_mirror.local.demo.environment import REGION, VARIABLES, DemoEnvironment
from sagemaker_mirror.local.demo.watch import execution_arn
from sagemaker_mirror.local.faults import CallFault, StepFault
from tests.e2e.faults.jobs import IDLE_IMAGE
from tests.e2e.runs import begin, calls_about, executions_of, status_of, steps_of

pytestmark = pytest.mark.e2e

RUN_WITHIN = 400.0  # seconds; all runs share the machine
NOT_THERE = "does not exist any more"
Scenario = Callable[[DemoEnvironment], None]
SCENARIOS: list[Scenario] = []


def scenario(act: Scenario) -> Scenario:
    """Have a function run beside the others, and be a test of its own."""
    SCENARIOS.append(act)
    return act


@pytest.fixture(scope="module")
def acted(environment: DemoEnvironment) -> Iterator[Mapping[Scenario, Future[None]]]:
    environment.sagemaker.studio_users = {"ana": "ana"}
    with ThreadPoolExecutor(len(SCENARIOS)) as pool:
        yield {act: pool.submit(act, environment) for act in SCENARIOS}


@pytest.mark.parametrize("act", SCENARIOS, ids=[act.__name__ for act in SCENARIOS])
def test_what_a_person_sees(acted: Mapping[Scenario, Future[None]], act: Scenario) -> None:
    acted[act].result()


def studio(environment: DemoEnvironment) -> Any:
    """Return a client whose calls are those of somebody in Studio."""
    return environment.sagemaker.client("sagemaker", REGION, access_key="ana")


def deferred(environment: DemoEnvironment, dag_id: str, run_id: str, *task_ids: str) -> str:
    """Wait until tasks wait in the triggerer, and return the ARN of the execution that they wait for."""
    for task_id in ("execution", *task_ids):
        environment.airflow.wait_for_task(dag_id, run_id, task_id, "deferred", RUN_WITHIN)
    arn = execution_arn(environment, dag_id, run_id)
    assert arn is not None
    return arn


def ended(environment: DemoEnvironment, dag_id: str, run_id: str) -> dict[str, str | None]:
    """Wait for a run's end, and return the states of its tasks and, as ``run``, its own; steps without the name of
    their pipeline in front."""
    state = environment.airflow.wait_for_run(dag_id, run_id, RUN_WITHIN)
    tasks = environment.airflow.task_states(dag_id, run_id)
    return {task.removeprefix(f"{dag_id}-"): value for task, value in tasks.items()} | {"run": state}


def all_green(*steps: str) -> dict[str, str]:
    return dict.fromkeys(["upsert", "start", "execution", *steps, "summary", "run"], "success")


def all_red(*steps: str, below: str) -> dict[str, str]:
    """Return the states of a run whose steps failed, with one below them that could not begin."""
    red = dict.fromkeys(["execution", *steps, "summary", "run"], "failed")
    return {"upsert": "success", "start": "success", **red, below: "upstream_failed"}


@scenario
def stopped_in_studio(environment: DemoEnvironment) -> None:
    environment.sagemaker.faults.add(StepFault("stopped-one", "hold"))
    run_id = begin(environment, "stopped")
    arn = deferred(environment, "stopped", run_id, "stopped-one")
    studio(environment).stop_pipeline_execution(PipelineExecutionArn=arn)

    assert ended(environment, "stopped", run_id) == all_red("one", below="two")
    assert "The step was stopped" in environment.airflow.log("stopped", run_id, "stopped-one")
    assert "The execution was stopped" in environment.airflow.log("stopped", run_id, "execution")
    assert calls_about(environment, "RetryPipelineExecution", arn) == 0


@scenario
def failed_then_retried_in_studio(environment: DemoEnvironment) -> None:
    # Airflow would retry after twenty seconds; somebody in Studio is quicker.
    environment.sagemaker.faults.add(StepFault("resumed-one", "fail", times=1))
    run_id = begin(environment, "resumed")
    environment.airflow.wait_for_task("resumed", run_id, "resumed-one", "up_for_retry", RUN_WITHIN)
    arn = executions_of(environment, "resumed")[0]
    studio(environment).retry_pipeline_execution(PipelineExecutionArn=arn)

    assert ended(environment, "resumed", run_id) == all_green("one", "two")
    assert executions_of(environment, "resumed") == [arn]
    assert calls_about(environment, "RetryPipelineExecution", arn) == 1


@scenario
def pipeline_deleted_while_it_runs(environment: DemoEnvironment) -> None:
    environment.sagemaker.faults.add(StepFault("deleted-one", "hold"))
    run_id = begin(environment, "deleted")
    arn = deferred(environment, "deleted", run_id, "deleted-one")
    # SageMaker deletes no pipeline that runs, so it is stopped first; nobody of ours gets to see that.
    unseen = environment.sagemaker.faults.add(CallFault("DescribePipelineExecution", "hold", resource=arn))
    client = studio(environment)
    client.stop_pipeline_execution(PipelineExecutionArn=arn)
    environment.sagemaker.wait(arn)
    client.delete_pipeline(PipelineName="deleted")
    environment.sagemaker.faults.remove(unseen)

    assert ended(environment, "deleted", run_id) == all_red("one", below="two")
    for task_id in ("execution", "deleted-one"):
        assert NOT_THERE in environment.airflow.log("deleted", run_id, task_id)


@scenario
def history_purged_and_a_failed_step_cleared(environment: DemoEnvironment) -> None:
    environment.sagemaker.faults.add(StepFault("purged-one", "fail", times=1))
    run_id = begin(environment, "purged")
    assert ended(environment, "purged", run_id) == all_red("one", below="two")
    environment.sagemaker.forget(executions_of(environment, "purged")[0])
    environment.airflow.clear("purged", run_id, only_failed=True)

    assert ended(environment, "purged", run_id) == all_red("one", below="two")
    assert NOT_THERE in environment.airflow.log("purged", run_id, "purged-one", 2)
    assert executions_of(environment, "purged") == []


@scenario
def access_denied_to_the_start(environment: DemoEnvironment) -> None:
    environment.sagemaker.faults.add(CallFault("StartPipelineExecution", "deny", resource="*denied", times=1))
    run_id = begin(environment, "denied")
    red = dict.fromkeys(["execution", "one", "two"], "upstream_failed")
    assert ended(environment, "denied", run_id) == {
        "upsert": "success",
        "start": "failed",
        **red,
        "summary": "failed",
        "run": "failed",
    }
    assert "AccessDeniedException" in environment.airflow.log("denied", run_id, "start")
    assert executions_of(environment, "denied") == []

    environment.airflow.clear("denied", run_id, only_failed=True)  # once somebody has given the right
    assert ended(environment, "denied", run_id) == all_green("one", "two")
    assert len(executions_of(environment, "denied")) == 1


@scenario
def failed_step_marked_success_by_hand(environment: DemoEnvironment) -> None:
    environment.sagemaker.faults.add(StepFault("marked-one", "fail", times=1))
    run_id = begin(environment, "marked")
    assert ended(environment, "marked", run_id) == all_red("one", below="two")
    environment.airflow.set_task_state("marked", run_id, "marked-one", "success")

    states = ended(environment, "marked", run_id)
    assert states["one"] == "success"  # as a person said
    assert {states["execution"], states["summary"], states["run"]} == {"failed"}
    assert states["two"] in ("failed", "upstream_failed")
    (arn,) = executions_of(environment, "marked")
    assert status_of(environment, arn) == "Failed"
    assert calls_about(environment, "RetryPipelineExecution", arn) == 0


@scenario
def failed_step_cleared_while_its_sibling_runs(environment: DemoEnvironment) -> None:
    airflow = environment.airflow
    environment.sagemaker.faults.add(StepFault("siblings-one", "fail", times=1))
    held = environment.sagemaker.faults.add(StepFault("siblings-two", "hold"))
    run_id = begin(environment, "siblings")
    arn = deferred(environment, "siblings", run_id, "siblings-two")
    airflow.wait_for_task("siblings", run_id, "siblings-one", "failed", RUN_WITHIN)
    running = steps_of(environment, "siblings", run_id)["siblings-two"]
    airflow.clear("siblings", run_id, "siblings-one", downstream=True)
    airflow.wait_for_task("siblings", run_id, "siblings-one", "deferred", RUN_WITHIN)
    assert calls_about(environment, "RetryPipelineExecution", arn) == 0
    environment.sagemaker.faults.remove(held)

    assert ended(environment, "siblings", run_id) == all_green("one", "two", "three")
    assert executions_of(environment, "siblings") == [arn]
    assert calls_about(environment, "RetryPipelineExecution", arn) == 1
    assert steps_of(environment, "siblings", run_id)["siblings-two"]["StartTime"] == running["StartTime"]


@scenario
def two_runs_at_once(environment: DemoEnvironment) -> None:
    # Neither starts before both have written their definition.
    held = environment.sagemaker.faults.add(CallFault("StartPipelineExecution", "hold", resource="*twins"))
    runs = {value: begin(environment, "twins", {"SMP_RUN": value}) for value in ("left", "right")}
    for run_id in runs.values():
        environment.airflow.wait_for_task("twins", run_id, "upsert", "success", RUN_WITHIN)
    environment.sagemaker.faults.remove(held)

    client = environment.client("sagemaker")
    for value, run_id in runs.items():
        assert ended(environment, "twins", run_id) == all_green("one", "two")
        arn = execution_arn(environment, "twins", run_id)
        ran = client.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)["PipelineDefinition"]
        steps = json.loads(ran)["Steps"]
        assert {step["Arguments"]["Environment"]["RUN"] for step in steps} == {value}
    assert len(executions_of(environment, "twins")) == 2


@scenario
def worker_killed_between_the_start_and_its_xcom(environment: DemoEnvironment) -> None:
    airflow, faults = environment.airflow, environment.sagemaker.faults
    answer = faults.add(CallFault("StartPipelineExecution", "hold", resource="*killed", after=True))
    held = faults.add(StepFault("killed-one", "hold"))
    run_id = begin(environment, "killed")
    airflow.wait_until("it has started", lambda: started(environment, "killed"), RUN_WITHIN)
    (task,) = (task for task in airflow.task_instances("killed", run_id) if task["task_id"] == "start")
    os.kill(task["pid"], signal.SIGKILL)
    faults.remove(answer)
    arn = deferred(environment, "killed", run_id, "killed-one")
    faults.remove(held)

    assert ended(environment, "killed", run_id) == all_green("one", "two")
    assert executions_of(environment, "killed") == [arn]
    assert "is under way: it is adopted" in airflow.log("killed", run_id, "start", 2)


def started(environment: DemoEnvironment, pipeline: str) -> bool:
    """Return whether a pipeline's execution has been started: with its answer, or without."""
    calls = environment.sagemaker.calls.after(0, "StartPipelineExecution")
    return any(call.resource.endswith(pipeline) for call in calls) and bool(executions_of(environment, pipeline))


@scenario
def execution_of_250_steps(environment: DemoEnvironment) -> None:
    # What the folder has of it is on the first, on the second and on the last of three pages.
    job = {
        "AppSpecification": {"ImageUri": IDLE_IMAGE},
        "RoleArn": VARIABLES["SMP_ROLE"],
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
        },
    }
    steps = [{"Name": f"many-{number:03}", "Type": "Processing", "Arguments": job} for number in range(1, 251)]
    studio(environment).create_pipeline(
        PipelineName="many",
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": steps}),
        RoleArn=VARIABLES["SMP_ROLE"],
        ClientRequestToken="many" * 8,
    )
    environment.sagemaker.faults.add(StepFault("many-250", "fail", reason="ClientError: the last of all"))
    run_id = begin(environment, "many")

    red = dict.fromkeys(["execution", "250", "summary", "run"], "failed")
    green = dict.fromkeys(["upsert", "start", "001", "125"], "success")
    assert ended(environment, "many", run_id) == green | red
    assert "the last of all" in environment.airflow.log("many", run_id, "many-250")
    assert len(steps_of(environment, "many", run_id)) == 250
    summary = environment.airflow.log("many", run_id, "summary")
    assert "steps that have no task here" in summary
    assert "many-249" in summary
