from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from sagemaker_mirror.compat import AirflowException, AirflowSkipException
from sagemaker_mirror.local.faults import CallFault, StepFault
from sagemaker_mirror.local.jobs import JobOutcome
from sagemaker_mirror.mirror.jobs import job_of, outputs_of
from sagemaker_mirror.mirror.snapshot import StepSnapshot
from sagemaker_mirror.operators.sagemaker_pipeline import SageMakerPipelineStepOperator

from .conftest import CONF
from .tasks import PLACES, after_looks, context_of, placed, run

pytestmark = pytest.mark.parametrize("place", PLACES)


def step(name, arn, place, **arguments):
    arguments = {"poll_interval": 0.05, "deferrable": True, **arguments}
    return placed(SageMakerPipelineStepOperator(task_id=name, pipeline_execution_arn=arn, **arguments), place)


def test_a_step_that_has_succeeded_is_done_at_the_first_look(started, local, place):
    arn = started()
    local.wait(arn)
    task = step("grow", arn, place)
    done = run(task, context_of(task))

    assert done.deferrals == 0
    assert done.result["status"] == "Succeeded"
    assert done.result["model_artifact"].startswith("s3://mirror-tests/")
    assert ":training-job/" in done.result["job_arn"]
    assert (done.result["cache_hit"], done.result["reused"]) == (False, False)


def test_outputs_of_a_processing_step_are_in_its_xcom(started, local, place):
    arn = started()
    local.wait(arn)
    task = step("sow", arn, place)
    done = run(task, context_of(task)).result

    assert list(done["outputs"]) == ["harvest"]
    assert done["outputs"]["harvest"].startswith("s3://mirror-tests/")
    assert done["billable_seconds_estimated"]


def test_a_step_is_awaited(started, local, place):
    held = local.faults.add(StepFault("grow", "hold"))
    arn = started()
    local.wait_for_step(arn, "grow", "Executing")
    task = step("grow", arn, place)
    # Lifted by the third look, so that the task has waited for certain.
    with after_looks(local, 3, lambda: local.faults.remove(held)):
        done = run(task, context_of(task))

    assert done.result["status"] == "Succeeded"


def test_the_reason_of_a_failure_comes_first_then_the_jobs_log(started, local, runner, task_log, place):
    def fail(request, stop, log):
        for number in range(1, 26):
            log(f"line {number} of 25")
        return JobOutcome("Failed", failure_reason="AlgorithmError: too dry, exit code: 3")

    runner.jobs["grow"] = fail
    arn = started()
    local.wait(arn)
    task = step("grow", arn, place)

    with pytest.raises(AirflowException, match="too dry"):
        run(task, context_of(task))
    log = task_log()
    assert log.index("too dry") < log.index("What to do: The job's program failed") < log.index("line 6 ")
    assert log.index("line 6 ") < log.index("line 25 ")
    assert "line 5 " not in log
    assert "console.aws.amazon.com" in log


def test_a_step_below_a_failed_one_has_not_started(started, local, place):
    local.faults.add(StepFault("sow", "fail"))
    arn = started()
    local.wait(arn)
    task = step("grow", arn, place)

    with pytest.raises(AirflowException, match="never started"):
        run(task, context_of(task))


def test_a_step_that_was_stopped_has_failed(started, local, sagemaker, place):
    local.faults.add(StepFault("sow", "hold"))
    arn = started()
    local.wait_for_step(arn, "sow", "Executing")
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    task = step("sow", arn, place)

    with pytest.raises(AirflowException, match="stopped"):
        run(task, context_of(task))


def test_a_step_outside_a_selective_execution_is_skipped(started, local, sagemaker, place):
    first = started()
    local.wait(first)
    arn = sagemaker.start_pipeline_execution(
        PipelineName="harvest",
        SelectiveExecutionConfig={"SourcePipelineExecutionArn": first, "SelectedSteps": [{"StepName": "grow"}]},
    )["PipelineExecutionArn"]
    local.wait(arn)
    task, reused, ran = (step(name, arn, place) for name in ("mow", "sow", "grow"))

    with pytest.raises(AirflowSkipException, match="Not selected"):
        run(task, context_of(task))
    assert run(reused, context_of(reused)).result["reused"]
    assert not run(ran, context_of(ran)).result["reused"]


def test_links_lead_to_execution_job_and_log(started, local, place):
    arn = started()
    local.wait(arn)
    task = step("grow", arn, place)
    xcoms = run(task, context_of(task)).xcoms

    links = {link.name: link.format_link(xcoms[link.key]) for link in task.operator_extra_links}
    assert links["SageMaker Pipeline Execution"].endswith("#/pipelines/harvest/executions/" + arn.split("/")[-1])
    assert "#/jobs/pipelines-" in links["SageMaker Job"]
    assert "$252Faws$252Fsagemaker$252FTrainingJobs$3F" in links["CloudWatch Logs"]


def test_a_step_whose_job_may_not_be_described_has_still_succeeded(started, local, task_log, place):
    arn = started()
    local.wait(arn)
    local.faults.add(CallFault("DescribeTrainingJob", "deny"))
    task = step("grow", arn, place)

    assert "model_artifact" not in run(task, context_of(task)).result
    assert "cannot be described" in task_log()


def test_trouble_on_the_way_fails_nothing(started, local, task_log, place):
    held = local.faults.add(StepFault("grow", "hold"))
    arn = started()
    local.wait_for_step(arn, "grow", "Executing")
    local.faults.add(CallFault("DescribePipelineExecution", "fail", times=2))
    local.faults.add(CallFault("ListPipelineExecutionSteps", "deny", times=3))
    task = step("grow", arn, place, botocore_config={"retries": {"total_max_attempts": 1}})
    with after_looks(local, 8, lambda: local.faults.remove(held)):
        done = run(task, context_of(task))

    assert done.result["status"] == "Succeeded"
    assert "cannot be asked" in task_log()


def test_an_execution_that_does_not_exist_is_an_error(started, local, place):
    arn = started()
    task = step("grow", arn.rsplit("/", 1)[0] + "/abcdefghijkl", place)

    with pytest.raises(Exception, match="ResourceNotFound"):
        run(task, context_of(task))


@pytest.mark.parametrize("arn", ["None", ""])
def test_without_an_execution_the_task_says_so(local, arn, place):
    task = step("grow", arn, place)

    with pytest.raises(AirflowException, match="no execution to follow"):
        run(task, context_of(task))


@pytest.mark.parametrize(
    ("report", "expected", "said"),
    [
        ('{"yield": {"value": 7}}', {"yield": {"value": 7}}, ""),
        ('{"yield": "' + "x" * 60_000 + '"}', None, "more than"),
        ("no JSON", None, "cannot be read"),
        ('{"yield": NaN}', None, "cannot be read"),  # what follows is no JSON for PostgreSQL
        (r'{"yield": "\u0000"}', None, "cannot be read"),
        (None, None, "cannot be read"),
    ],
)
def test_the_report_of_a_metrics_step_is_in_its_xcom(
    started, local, configs, task_log, place, report, expected, said
):
    conf = configs / "harvest" / "conf" / "conf.yaml"
    conf.write_text(
        CONF.replace(
            "step_name: mow\n            step_class: Processing\n            step_type: prepare\n",
            "step_name: mow\n            step_class: Metrics\n            chain_input_source_step: [sow]\n",
        )
    )
    arn = started()
    local.wait(arn)
    task = step("mow", arn, place, step_class="Metrics")
    if report is not None:
        job = job_made(local, arn, "mow")
        uri = urlsplit(outputs_of(job, task.hook.describe_job(job))["outputs"]["model_evaluation_metrics"])
        local.client("s3").put_object(
            Bucket=uri.netloc, Key=f"{uri.path.strip('/')}/model_evaluation_metrics.json", Body=report.encode()
        )

    assert run(task, context_of(task)).result["metrics"] == expected
    assert said in task_log()


def job_made(local, arn, name):
    rows = local.client("sagemaker").list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    return job_of(StepSnapshot.of(next(row for row in rows if row["StepName"] == name)))
