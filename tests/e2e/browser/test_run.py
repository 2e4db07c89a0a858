"""One run from the form to its end, with a step that fails once; and one that is marked failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from sagemaker_mirror.local.demo.environment import DemoEnvironment
from sagemaker_mirror.local.demo.watch import execution_arn
from sagemaker_mirror.local.faults import StepFault
from tests.e2e.browser.confs import FORECAST
from tests.e2e.browser.pages import LOADED, Pages
from tests.e2e.runs import RUN_WITHIN, status_of

pytestmark = pytest.mark.e2e

DAG_ID = FORECAST.name
REASON = "AlgorithmError: the history is too short, exit code: 1"


@dataclass(frozen=True)
class Begun:
    """A run that the form has triggered, whose first step is held.

    :param run_id: its id.
    :param fault: what holds the step.
    :param calls: how many calls SageMaker had received before.
    """

    run_id: str
    fault: int
    calls: int


@pytest.fixture(scope="module")
def begun(environment: DemoEnvironment, pages: Pages) -> Iterator[Begun]:
    sagemaker, airflow = environment.sagemaker, environment.airflow
    calls = len(sagemaker.calls.after(0))
    held = sagemaker.faults.add(StepFault("collect", "hold"))
    sagemaker.faults.add(StepFault("predict", "fail", times=1, reason=REASON))
    airflow.unpause(DAG_ID)
    form = pages.open_trigger_form(DAG_ID)
    form.choose("Market", "south")
    form.fill("Weeks", "8")
    form.fill("Confidence", "0.75")
    form.turn_on("Publish")
    form.fill("Requester", "Ada")
    form.submit()
    (run,) = airflow.get(f"dags/{DAG_ID}/dagRuns")["dag_runs"]
    yield Begun(run["dag_run_id"], held, calls)
    sagemaker.faults.clear()


@pytest.fixture(scope="module")
def failed(environment: DemoEnvironment, begun: Begun) -> Begun:
    """The same run, ended, because its second step failed."""
    environment.sagemaker.faults.remove(begun.fault)
    assert environment.airflow.wait_for_run(DAG_ID, begun.run_id, RUN_WITHIN) == "failed"
    return begun


def test_the_graph_turns_while_one_looks(pages: Pages, environment: DemoEnvironment, begun: Begun) -> None:
    pages.open_graph(DAG_ID, begun.run_id)
    pages.expect_state("start", "success")
    pages.expect_state("collect", "deferred")
    environment.sagemaker.faults.remove(begun.fault)
    pages.expect_state("collect", "success")
    pages.expect_state("predict", "failed")
    pages.expect_state("tidy-up", "skipped")
    pages.expect_state("summary", "failed")


def test_the_graph_shows_the_class_of_each_step(pages: Pages, failed: Begun) -> None:
    pages.open_graph(DAG_ID, failed.run_id)
    expect(pages.node("predict")).to_contain_text("Processing")
    expect(pages.node("upsert")).to_contain_text("Upsert pipeline")


def test_what_the_form_asked_for_reaches_sagemaker(environment: DemoEnvironment, failed: Begun) -> None:
    arn = execution_arn(environment, DAG_ID, failed.run_id)
    answer = environment.client("sagemaker").list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)
    assert {item["Name"]: item["Value"] for item in answer["PipelineParameters"]} == {
        "Market": "south",
        "Weeks": "8",
        "Confidence": "0.75",
        "Publish": "true",
        "Requester": "Ada",
    }


def test_the_log_of_a_failed_step_has_the_reason(pages: Pages, failed: Begun) -> None:
    log = pages.open_log(DAG_ID, failed.run_id, "predict")
    expect(log).to_contain_text(REASON, timeout=LOADED)
    expect(log).not_to_contain_text("outside TaskInstance")  # a warning of Airflow 2


def test_the_log_of_a_skipped_step_says_why(pages: Pages, failed: Begun) -> None:
    log = pages.open_log(DAG_ID, failed.run_id, "tidy-up")
    expect(log).to_contain_text("Nothing to handle: step collect succeeded.", timeout=LOADED)


def test_a_step_links_to_its_execution_its_job_and_the_jobs_log(
    pages: Pages, environment: DemoEnvironment, failed: Begun
) -> None:
    arn = execution_arn(environment, DAG_ID, failed.run_id)
    assert arn is not None
    console = "https://console.aws.amazon.com/"
    pages.open_links(DAG_ID, failed.run_id, "collect")
    for name, begins, ends in (
        ("SageMaker Pipeline Execution", f"{console}sagemaker/", f"/executions/{arn.rpartition('/')[2]}"),
        ("SageMaker Job", f"{console}sagemaker/", "#/processing-jobs/pipelines-"),
        ("CloudWatch Logs", f"{console}cloudwatch/", "$252Faws$252Fsagemaker$252FProcessingJobs"),
    ):
        address = pages.link(name).get_attribute("href", timeout=LOADED)
        assert address is not None
        assert address.startswith(begins), name
        assert ends in address, name


def test_the_docs_of_a_task_are_its_part_of_the_conf(pages: Pages, failed: Begun) -> None:
    docs = pages.open_task_docs(DAG_ID, failed.run_id, "tidy-up")
    expect(docs).to_contain_text("step: collect")
    expect(docs).to_contain_text("entry_point: work.py")


def test_clearing_the_failed_step_resumes_the_same_execution(
    pages: Pages, environment: DemoEnvironment, failed: Begun
) -> None:
    arn = execution_arn(environment, DAG_ID, failed.run_id)
    pages.clear(DAG_ID, failed.run_id, "predict")
    pages.open_graph(DAG_ID, failed.run_id)
    pages.expect_state("predict", "success")
    pages.expect_state("summary", "success")

    assert environment.airflow.wait_for_run(DAG_ID, failed.run_id, RUN_WITHIN) == "success"
    assert execution_arn(environment, DAG_ID, failed.run_id) == arn
    assert arn is not None
    assert status_of(environment, arn) == "Succeeded"
    counts = environment.sagemaker.calls.counts(failed.calls)
    assert counts["StartPipelineExecution"] == 1
    assert counts["RetryPipelineExecution"] == 1


def test_marking_a_run_failed_stops_its_execution(pages: Pages, environment: DemoEnvironment, failed: Begun) -> None:
    airflow, sagemaker = environment.airflow, environment.sagemaker
    sagemaker.faults.clear()
    sagemaker.faults.add(StepFault("collect", "hold"))
    run_id = airflow.trigger(DAG_ID, {"Requester": "Ada"})
    # A deferred task whose trigger has not begun has nobody to kill.
    airflow.wait_until(
        "the owner waits in the triggerer", lambda: waits(environment, run_id, "execution"), RUN_WITHIN
    )
    arn = execution_arn(environment, DAG_ID, run_id)
    assert arn is not None

    pages.mark_run_failed(DAG_ID, run_id)
    assert sagemaker.wait(arn, 120) == "Stopped"
    assert airflow.run_state(DAG_ID, run_id) == "failed"


def waits(environment: DemoEnvironment, run_id: str, task_id: str) -> bool:
    """Say whether a task's trigger has looked at the execution."""
    for task in environment.airflow.task_instances(DAG_ID, run_id):
        if task["task_id"] == task_id and task["state"] == "deferred":
            return "The execution is Executing." in environment.airflow.log(
                DAG_ID, run_id, task_id, task["try_number"]
            )
    return False
