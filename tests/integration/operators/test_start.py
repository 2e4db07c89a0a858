from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from sagemaker_mirror.compat import AirflowFailException
from sagemaker_mirror.factory import SageMakerPipelineDag
from sagemaker_mirror.local.faults import CallFault, StepFault
from sagemaker_mirror.operators.sagemaker_pipeline import SageMakerPipelineStartOperator
from tests.conftest import REPOSITORY

from .conftest import VALUES
from .tasks import DagRun, context_of, run


def executions(sagemaker):
    rows = sagemaker.list_pipeline_executions(PipelineName="harvest")["PipelineExecutionSummaries"]
    return [row["PipelineExecutionArn"] for row in rows]


def test_a_run_starts_one_execution_and_names_it(started, sagemaker):
    arn = started()

    description = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert executions(sagemaker) == [arn]
    assert description["PipelineExecutionDisplayName"] == "manual-2026-01-02T03-04-05-00-00"
    assert description["PipelineVersionId"] == 1
    assert "DAG pipeline, run manual__" in description["PipelineExecutionDescription"]


def test_a_second_try_adopts_the_execution_of_the_first(started, sagemaker, local):
    local.faults.add(StepFault("sow", "hold"))
    first = started()

    assert started(try_number=2) == first
    assert executions(sagemaker) == [first]


def test_a_second_try_finds_the_execution_that_has_ended_meanwhile(started, sagemaker, local):
    first = started()
    local.wait(first)

    assert started(try_number=2) == first
    assert executions(sagemaker) == [first]


def test_an_answer_that_never_arrived_starts_nothing_twice(started, sagemaker, local):
    local.faults.add(CallFault("StartPipelineExecution", "drop", times=1, after=True))
    arn = started()

    assert executions(sagemaker) == [arn]


def test_clearing_a_finished_run_starts_anew(started, sagemaker, local):
    first = started()
    local.wait(first)
    second = started(try_number=2, max_tries=1)

    assert set(executions(sagemaker)) == {first, second}
    assert first != second


def test_clearing_the_start_while_its_execution_is_under_way_adopts_it(started, sagemaker, local):
    local.faults.add(StepFault("sow", "hold"))
    first = started()

    assert started(try_number=2, max_tries=1) == first


def test_runs_do_not_share_executions(started, sagemaker):
    assert started() != started(run_id="another")


def test_a_run_that_was_deleted_and_made_anew_gets_an_execution_of_its_own(started, local, sagemaker, configs):
    first = started()
    local.wait(first)
    task = SageMakerPipelineStartOperator(task_id="start", pipeline_name="harvest", pipeline_version_id=1)
    later = DagRun(start_date=DagRun.start_date.replace(year=2027))

    assert run(task, context_of(task, run=later)).result != first


def test_the_version_that_was_written_is_the_one_that_runs(started, sagemaker, local):
    started()
    sagemaker.update_pipeline(PipelineName="harvest", PipelineDescription="by another run")
    task = SageMakerPipelineStartOperator(
        task_id="start",
        pipeline_name="harvest",
        pipeline_version_id="1",
        display_name="a-name",
        max_parallel_steps="2",
    )
    arn = run(task, context_of(task, run_id="second")).result

    description = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert description["PipelineVersionId"] == 1
    assert description["PipelineExecutionDisplayName"] == "a-name"
    assert description["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 2}


def test_the_region_is_that_of_the_pipelines_arn(started, local, sagemaker, monkeypatch):
    started()
    arn = sagemaker.describe_pipeline(PipelineName="harvest")["PipelineArn"]
    task = SageMakerPipelineStartOperator(task_id="start", pipeline_name=arn)

    assert task.connection.region_name == "us-east-1"
    assert run(task, context_of(task, run_id="second")).result.startswith(arn)


def test_an_execution_starts_in_the_region_of_its_pipeline_whatever_the_connections_is(
    local, sagemaker, configs, monkeypatch
):
    connection = json.loads(os.environ["AIRFLOW_CONN_AWS_DEFAULT"])
    connection["extra"]["region_name"] = "eu-central-1"
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    dag = SageMakerPipelineDag("harvest", configs=configs, values=VALUES)
    upsert, start = dag.pipeline.upsert, dag.pipeline.start
    written = run(upsert, context_of(upsert)).result
    assert start.pipeline_name == "{{ ti.xcom_pull(task_ids='upsert', map_indexes=-1)['pipeline_arn'] }}"
    start.pipeline_name, start.pipeline_version_id = written["pipeline_arn"], written["pipeline_version_id"]

    local.faults.add(StepFault("sow", "hold"))
    arn = run(start, context_of(start)).result

    assert run(start, context_of(start, try_number=2)).result == arn
    assert executions(sagemaker) == [arn]


def test_a_pipeline_that_does_not_exist_is_an_error(local):
    task = SageMakerPipelineStartOperator(task_id="start", pipeline_name="nowhere")

    with pytest.raises(Exception, match="ResourceNotFound"):
        run(task, context_of(task))


def selective(**arguments):
    task = SageMakerPipelineStartOperator(task_id="start", pipeline_name="harvest", **arguments)
    return run(task, context_of(task, run_id="selective")).result


def test_chosen_steps_run_on_the_results_of_an_earlier_execution(started, local, sagemaker):
    first = started()
    local.wait(first)
    arn = selective(selected_steps="grow", source_execution_arn=first)

    config = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["SelectiveExecutionConfig"]
    assert config == {"SourcePipelineExecutionArn": first, "SelectedSteps": [{"StepName": "grow"}]}
    assert local.wait(arn) == "Succeeded"


def test_steps_that_cannot_run_by_themselves_are_refused_before_the_start(started, local, sagemaker):
    first = started()
    local.wait(first)

    with pytest.raises(AirflowFailException, match="mow is not connected"):
        selective(selected_steps=["grow", "mow"], source_execution_arn=first)
    assert executions(sagemaker) == [first]


def with_form(params, *, conf=None, **arguments):
    task = SageMakerPipelineStartOperator(task_id="start", pipeline_name="harvest", run_settings=True, **arguments)
    context = context_of(task, run_id="from-the-form", params=params)
    context["dag_run"].conf = conf or {}
    return run(task, context)


def test_the_form_comes_before_what_the_task_was_given(started, local, sagemaker):
    first = started()
    local.wait(first)
    form = {
        "display_name": "from-the-form",
        "max_parallel_steps": 3,
        "selected_steps": ["grow"],
        "source_execution_arn": first,
        "execution_arn": None,
    }
    arn = with_form(form, display_name="of-the-task", max_parallel_steps="None", selected_steps="mow").result

    description = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert description["PipelineExecutionDisplayName"] == "from-the-form"
    assert description["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 3}
    assert description["SelectiveExecutionConfig"]["SelectedSteps"] == [{"StepName": "grow"}]


def test_chosen_steps_are_checked_against_the_version_that_starts(started, local, sagemaker):
    first = started()
    local.wait(first)
    definition = {
        "Version": "2020-12-01",
        "Steps": [{"Name": "f", "Type": "Fail", "Arguments": {"ErrorMessage": "n"}}],
    }
    sagemaker.update_pipeline(PipelineName="harvest", PipelineDefinition=json.dumps(definition))
    form = {"selected_steps": ["grow"], "source_execution_arn": first}

    with pytest.raises(AirflowFailException, match="the pipeline has no step grow"):
        with_form(form)
    arn = with_form(form, pipeline_version_id=1).result
    assert sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineVersionId"] == 1


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"selected_steps": []}, "0 steps are selected"),
        ({"selected_steps": ["grow"], "source_execution_arn": "{arn}-no"}, "knows no execution"),
        ({"selected_steps": ["grow"], "source_execution_arn": None}, "the results of sow are needed"),
    ],
)
def test_a_selection_that_cannot_be_is_refused(started, local, sagemaker, form, reason):
    first = started()
    local.wait(first)
    source = form.get("source_execution_arn", first)

    with pytest.raises(AirflowFailException, match=reason):
        with_form({**form, "source_execution_arn": source and source.format(arn=first)})
    assert executions(sagemaker) == [first]


@pytest.mark.parametrize("ended", [False, True])
def test_an_execution_that_somebody_began_is_adopted(started, local, sagemaker, task_log, ended):
    started()
    if not ended:
        local.faults.add(StepFault("sow", "hold"))
    theirs = sagemaker.start_pipeline_execution(PipelineName="harvest")["PipelineExecutionArn"]
    if ended:
        local.wait(theirs)
    before = executions(sagemaker)
    adopted = with_form({"display_name": "mine"}, conf={"execution_arn": theirs})

    assert adopted.result == theirs
    assert adopted.xcoms["sagemaker_pipeline_execution"]["execution_id"] == theirs.rpartition("/")[2]
    assert executions(sagemaker) == before
    log = task_log()
    assert f"Adopted execution {theirs}, which is {'Succeeded' if ended else 'Executing'}" in log
    assert "display_name do nothing" in log
    assert with_form({}, conf={"execution_arn": theirs}, pipeline_version_id=None).result == theirs


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("pipeline/harvest", "pipeline/another", "is no execution of"),
        ("us-east-1", "eu-central-1", "is no execution of"),
        ("123456789012", "210987654321", "is no execution of"),
        ("/execution/", "/execution/no", "knows no execution"),
        ("/execution/", "-", "nothing to adopt"),
    ],
)
def test_what_is_no_execution_of_ours_is_not_adopted(started, sagemaker, old, new, reason):
    arn = started().replace(old, new)

    with pytest.raises(AirflowFailException, match=reason):
        with_form({"execution_arn": arn})


KILLED = """
import sys
from sagemaker_mirror.operators.sagemaker_pipeline import SageMakerPipelineStartOperator
from tests.integration.operators.tasks import context_of, run
task = SageMakerPipelineStartOperator(task_id="start", pipeline_name="harvest", pipeline_version_id=1)
run(task, context_of(task, run_id="killed", try_number=int(sys.argv[1])))
"""


def test_a_worker_that_is_killed_after_the_start_has_started_one_execution(started, sagemaker, local):
    first = started()
    local.wait(first)
    # SageMaker starts the execution, but the worker is killed while it waits for the answer.
    delayed = local.faults.add(CallFault("StartPipelineExecution", "delay", seconds=10, after=True))
    command = [sys.executable, "-W", "ignore", "-c", KILLED]
    with subprocess.Popen([*command, "1"], cwd=REPOSITORY) as worker:
        while len(executions(sagemaker)) < 2:
            assert worker.poll() is None
        worker.kill()
    local.faults.remove(delayed)
    subprocess.run([*command, "2"], cwd=REPOSITORY, check=True)

    assert len(executions(sagemaker)) == 2
