"""What a person sees in Airflow where something goes wrong for everybody: SageMaker, the network, Airflow itself.

One run waits through all of it and then succeeds; another goes from its start to its end in a storm of throttling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import pytest

from sagemaker_mirror.local.demo.environment import HEALTHY_WITHIN, DemoEnvironment
from sagemaker_mirror.local.demo.watch import execution_arn
from sagemaker_mirror.local.faults import CallFault, StepFault
from tests.e2e.runs import begin, calls_about, executions_of, status_of, steps_of

pytestmark = pytest.mark.e2e

RUN_WITHIN = 300.0  # seconds
SEEN_WITHIN = 120.0  # seconds: boto3 itself tries for half a minute before anybody is told
WAITING = ("execution", "steady-one", "steady-two")
TROUBLE = "SageMaker cannot be asked; trying on"
OVER = "SageMaker answers again"


@dataclass(frozen=True)
class Steady:
    """A run whose first steps are held, with all that wait for them in the triggerer."""

    environment: DemoEnvironment
    run_id: str
    arn: str

    def log(self, task_id: str) -> str:
        return self.environment.airflow.log("steady", self.run_id, task_id)

    def said(self, text: str) -> list[int]:
        """Return how often each task that waits has said something."""
        return [self.log(task_id).count(text) for task_id in WAITING]

    def wait_for_words(self, text: str, before: Sequence[int] = (0,) * len(WAITING)) -> None:
        """Wait until each task that waits has said something more often than before."""
        self.environment.airflow.wait_until(
            f"all say {text!r}",
            lambda: all(now > then for now, then in zip(self.said(text), before, strict=True)),
            SEEN_WITHIN,
        )

    def wait_for_looks(self) -> None:
        """Wait until somebody has looked at the execution twice more."""
        before = calls_about(self.environment, "DescribePipelineExecution", self.arn)
        self.environment.airflow.wait_until(
            "there were two looks",
            lambda: calls_about(self.environment, "DescribePipelineExecution", self.arn) >= before + 2,
            SEEN_WITHIN,
        )

    def goes_on(self) -> None:
        """Check that nothing has changed: everybody waits, and nobody has started, stopped or retried anything."""
        states = self.environment.airflow.task_states("steady", self.run_id)
        assert {states[task_id] for task_id in WAITING} == {"deferred"}
        tries = {item["task_id"]: item["try_number"] for item in self.tasks()}
        assert {tries[task_id] for task_id in WAITING} == {1}
        assert status_of(self.environment, self.arn) == "Executing"
        assert executions_of(self.environment, "steady") == [self.arn]
        for operation in ("StopPipelineExecution", "RetryPipelineExecution"):
            assert calls_about(self.environment, operation, self.arn) == 0

    def tasks(self) -> list[dict[str, object]]:
        return self.environment.airflow.task_instances("steady", self.run_id)


@pytest.fixture(scope="module")
def held(environment: DemoEnvironment) -> int:
    return environment.sagemaker.faults.add(StepFault("steady-*", "hold"))


@pytest.fixture(scope="module")
def steady(environment: DemoEnvironment, held: int) -> Iterator[Steady]:
    run_id = begin(environment, "steady")
    for task_id in WAITING:
        environment.airflow.wait_for_task("steady", run_id, task_id, "deferred", RUN_WITHIN)
    arn = execution_arn(environment, "steady", run_id)
    assert arn is not None
    run = Steady(environment, run_id, arn)
    run.wait_for_words("The execution is Executing.")
    yield run
    environment.sagemaker.faults.remove(held)


def test_a_run_goes_through_a_storm_of_throttling(environment: DemoEnvironment) -> None:
    faults = environment.sagemaker.faults
    storm = faults.add(CallFault("*", "throttle", share=0.3))
    held = faults.add(StepFault("stormy-three", "hold"))
    run_id = begin(environment, "stormy")
    environment.airflow.wait_until("a dozen calls were hit", lambda: faults.listed()[storm][1] >= 12, RUN_WITHIN)
    faults.remove(held)
    state = environment.airflow.wait_for_run("stormy", run_id, RUN_WITHIN)
    faults.remove(storm)

    tasks = environment.airflow.task_instances("stormy", run_id)
    assert state == "success"
    assert {task["state"] for task in tasks} == {"success"}
    assert {task["try_number"] for task in tasks} == {1}
    assert len(executions_of(environment, "stormy")) == 1


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("fail", "InternalFailure"), ("expire", "ExpiredTokenException"), ("refuse", "EndpointConnectionError")],
    ids=["server errors", "expired credentials", "refused connections"],
)
def test_what_passes_wakes_nobody(steady: Steady, kind: Literal["fail", "expire", "refuse"], shown: str) -> None:
    sagemaker, before = steady.environment.sagemaker, (steady.said(TROUBLE), steady.said(OVER))
    end: Callable[[], object]
    if kind == "refuse":
        sagemaker.disconnect()
        end = sagemaker.reconnect
    else:
        end = partial(sagemaker.faults.remove, sagemaker.faults.add(CallFault("*", kind)))
    try:
        steady.wait_for_words(TROUBLE, before[0])
    finally:
        end()
    steady.wait_for_words(OVER, before[1])
    assert shown in steady.log("execution")
    steady.goes_on()


def test_a_triggerer_that_is_killed_stops_nothing_and_loses_nothing(steady: Steady) -> None:
    airflow = steady.environment.airflow
    airflow.processes.stop("triggerer", grace=0)
    steady.goes_on()
    airflow.start("triggerer")
    steady.wait_for_looks()
    steady.goes_on()


def test_a_scheduler_that_is_restarted_stops_nothing_and_loses_nothing(steady: Steady) -> None:
    airflow = steady.environment.airflow
    airflow.processes.stop("scheduler")
    steady.goes_on()
    airflow.start("scheduler")
    airflow.wait_until_healthy(HEALTHY_WITHIN)
    steady.wait_for_looks()
    steady.goes_on()


def test_after_all_of_it_the_run_succeeds(steady: Steady, held: int) -> None:
    steady.environment.sagemaker.faults.remove(held)
    assert steady.environment.airflow.wait_for_run("steady", steady.run_id, RUN_WITHIN) == "success"
    assert {task["state"] for task in steady.tasks()} == {"success"}
    assert executions_of(steady.environment, "steady") == [steady.arn]
    rows = steps_of(steady.environment, "steady", steady.run_id)
    assert {row["AttemptCount"] for row in rows.values()} == {1}
