from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sagemaker_mirror.local import LocalSageMaker
from sagemaker_mirror.local.faults import StepFault
from sagemaker_mirror.local.jobs import JobOutcome
from sagemaker_mirror.local.service import Limits

from .definitions import (
    condition,
    create,
    fail,
    model,
    output_of,
    processing,
    register,
    rows,
    start,
    statuses,
    training,
    transform,
)
from .scripted_runner import ScriptedRunner, until_stopped

TOKEN = "start-token-of-at-least-32-characters"


def test_steps_of_all_kinds_run_in_order(local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner) -> None:
    create(
        sagemaker,
        "wines",
        register("Register", "Train", "wines-models", DependsOn=["Score"]),
        transform("Score", "Create", output_of("Prepare")),
        model("Create", "Train"),
        training("Train", output_of("Prepare")),
        processing("Prepare", DisplayName="Prepare the data", Description="Clean and split"),
    )
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Succeeded"
    found = rows(sagemaker, arn)
    assert [row["StepName"] for row in found] == ["Prepare", "Train", "Create", "Score", "Register"]
    assert {row["StepStatus"] for row in found} == {"Succeeded"}
    assert {row["AttemptCount"] for row in found} == {1}
    assert all(row["StartTime"] <= row["EndTime"] for row in found)
    assert found[0]["StepDisplayName"] == "Prepare the data"
    assert found[0]["StepDescription"] == "Clean and split"
    assert runner.steps() == ["Prepare", "Train", "Score"]

    kinds = [next(iter(row["Metadata"])) for row in found]
    assert kinds == ["ProcessingJob", "TrainingJob", "Model", "TransformJob", "RegisterModel"]
    created = sagemaker.describe_model(ModelName=found[2]["Metadata"]["Model"]["Arn"].rpartition("/")[2])
    job = sagemaker.describe_training_job(TrainingJobName=runner.ran[1])
    assert created["PrimaryContainer"]["ModelDataUrl"] == job["ModelArtifacts"]["S3ModelArtifacts"]
    package = sagemaker.describe_model_package(ModelPackageName=found[-1]["Metadata"]["RegisterModel"]["Arn"])
    assert package["CustomerMetadataProperties"] == {"EXECUTION": arn}
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert [group["ModelPackageGroupName"] for group in groups] == ["wines-models"]


def test_two_runs_register_two_versions(local: LocalSageMaker, sagemaker: Any) -> None:
    create(sagemaker, "wines", training("Train", "s3://tests/data"), register("Register", "Train", "wines-models"))
    for _ in range(2):
        assert local.wait(start(sagemaker, "wines")) == "Succeeded"
    packages = sagemaker.list_model_packages(ModelPackageGroupName="wines-models", SortOrder="Ascending")
    assert [item["ModelPackageVersion"] for item in packages["ModelPackageSummaryList"]] == [1, 2]


def test_an_execution_is_described_as_it_was_started(local: LocalSageMaker, sagemaker: Any) -> None:
    pipeline = create(sagemaker, "wines", processing("A"))
    arn = start(
        sagemaker,
        "wines",
        PipelineExecutionDisplayName="night",
        PipelineExecutionDescription="by night",
        ParallelismConfiguration={"MaxParallelExecutionSteps": 4},
    )
    local.wait(arn)
    found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert arn.startswith(f"{pipeline}/execution/")
    assert found["PipelineArn"] == pipeline
    assert found["PipelineExecutionStatus"] == "Succeeded"
    assert found["PipelineExecutionDisplayName"] == "night"
    assert found["PipelineExecutionDescription"] == "by night"
    assert found["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 4}
    assert "FailureReason" not in found
    assert found["CreatedBy"]["IamIdentity"]["Arn"].endswith(":user/local")

    sagemaker.update_pipeline_execution(PipelineExecutionArn=arn, PipelineExecutionDisplayName="day")
    (summary,) = sagemaker.list_pipeline_executions(PipelineName="wines")["PipelineExecutionSummaries"]
    assert summary["PipelineExecutionDisplayName"] == "day"
    assert summary["PipelineExecutionArn"] == arn
    assert summary["PipelineExecutionStatus"] == "Succeeded"


def test_parameters_reach_the_steps(local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner) -> None:
    requests: list[dict[str, Any]] = []

    def job(request: dict[str, Any], stop: threading.Event, log: Any) -> JobOutcome:
        requests.append(request)
        return JobOutcome("Completed")

    runner.jobs["Prepare"] = job
    parameters = [
        {"Name": "Data", "Type": "String"},
        {"Name": "Size", "Type": "Integer", "DefaultValue": 5},
    ]
    step = processing("Prepare", inputs={"raw": {"Get": "Parameters.Data"}})
    step["Arguments"]["ProcessingResources"]["ClusterConfig"] = {
        "InstanceCount": 1,
        "InstanceType": "ml.m5.large",
        "VolumeSizeInGB": {"Get": "Parameters.Size"},
    }
    create(sagemaker, "wines", step, parameters=parameters)
    arn = start(sagemaker, "wines", PipelineParameters=[{"Name": "Data", "Value": "s3://tests/raw"}])
    assert local.wait(arn) == "Succeeded"
    assert requests[0]["ProcessingInputs"][0]["S3Input"]["S3Uri"] == "s3://tests/raw"
    assert requests[0]["ProcessingResources"]["ClusterConfig"]["VolumeSizeInGB"] == 5
    uri = requests[0]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    assert uri == f"s3://tests/{arn.rpartition('/')[2]}/Prepare"
    listed = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    assert listed == [{"Name": "Data", "Value": "s3://tests/raw"}, {"Name": "Size", "Value": "5"}]
    for values in ([], [{"Name": "Odd", "Value": "x"}]):
        with pytest.raises(ClientError, match="ValidationException"):
            start(sagemaker, "wines", PipelineParameters=values)


def test_250_steps_come_in_pages_in_both_orders(local: LocalSageMaker, sagemaker: Any) -> None:
    names = [f"S{number}" for number in range(250)]
    create(sagemaker, "many", *(fail(names[0], "x"),), *(fail(name, "x") for name in names[1:]))
    local.faults.add(StepFault("S*", "fail", reason="on request"))
    arn = start(sagemaker, "many")
    assert local.wait(arn) == "Failed"

    def pages(**arguments: Any) -> list[list[str]]:
        found = []
        while True:
            page = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, **arguments)
            found.append([row["StepName"] for row in page["PipelineExecutionSteps"]])
            if "NextToken" not in page:
                return found
            arguments["NextToken"] = page["NextToken"]

    descending = pages()
    assert [len(page) for page in descending] == [100, 100, 50]
    ascending = pages(SortOrder="Ascending", MaxResults=60)
    assert [len(page) for page in ascending] == [60, 60, 60, 60, 10]
    flat = [name for page in ascending for name in page]
    assert sorted(flat) == sorted(names)
    assert [name for page in descending for name in page] == flat[::-1]
    with pytest.raises(ClientError, match="ValidationException"):
        sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, MaxResults=101)
    with pytest.raises(ClientError, match="Invalid NextToken"):
        sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, NextToken="odd")


def test_executions_come_in_pages(local: LocalSageMaker, sagemaker: Any) -> None:
    create(sagemaker, "wines", processing("A"))
    arns = [start(sagemaker, "wines") for _ in range(5)]
    for arn in arns:
        local.wait(arn)

    def listed(**arguments: Any) -> list[str]:
        found = sagemaker.get_paginator("list_pipeline_executions").paginate(
            PipelineName="wines", PaginationConfig={"PageSize": 2}, **arguments
        )
        return [item["PipelineExecutionArn"] for page in found for item in page["PipelineExecutionSummaries"]]

    assert listed() == arns[::-1]
    assert listed(SortOrder="Ascending") == arns
    assert listed(SortBy="PipelineExecutionArn", SortOrder="Ascending") == sorted(arns)
    created = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arns[2])["CreationTime"]
    hour = timedelta(hours=1)  # clients send whole seconds
    assert listed(CreatedAfter=created - hour, CreatedBefore=created + hour) == arns[::-1]
    assert listed(CreatedAfter=created + hour) == listed(CreatedBefore=created - hour) == []


def test_a_repeated_token_starts_once(local: LocalSageMaker, sagemaker: Any) -> None:
    create(sagemaker, "wines", processing("A"))
    first = start(sagemaker, "wines", ClientRequestToken=TOKEN)
    assert start(sagemaker, "wines", ClientRequestToken=TOKEN) == first
    local.wait(first)
    assert start(sagemaker, "wines", ClientRequestToken=TOKEN) == first
    with pytest.raises(ClientError, match="ConflictException"):
        start(sagemaker, "wines", ClientRequestToken=TOKEN, PipelineExecutionDisplayName="other")
    assert start(sagemaker, "wines") != first


def test_a_refused_start_does_not_use_up_its_token(local: LocalSageMaker, sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFound"):
        start(sagemaker, "wines", ClientRequestToken=TOKEN)
    create(sagemaker, "wines", processing("A"))
    assert local.wait(start(sagemaker, "wines", ClientRequestToken=TOKEN)) == "Succeeded"


def test_a_quota_limits_running_executions(runner: ScriptedRunner) -> None:
    with LocalSageMaker(limits=Limits(running_executions=1), make_runner=lambda clients, folder: runner) as local:
        sagemaker = local.client("sagemaker")
        create(sagemaker, "wines", processing("A"))
        hold = local.faults.add(StepFault("A", "hold"))
        arn = start(sagemaker, "wines")
        with pytest.raises(ClientError, match="ResourceLimitExceeded"):
            start(sagemaker, "wines")
        local.faults.remove(hold)
        local.wait(arn)
        local.wait(start(sagemaker, "wines"))


def test_a_failed_step_fails_the_execution(local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner) -> None:
    runner.jobs["Prepare"] = lambda request, stop, log: JobOutcome("Failed", "AlgorithmError: no data, exit code: 2")
    create(sagemaker, "wines", processing("Prepare"), training("Train", output_of("Prepare")))
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Failed"
    (row,) = rows(sagemaker, arn)
    assert row["FailureReason"] == "AlgorithmError: no data, exit code: 2"
    found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert found["FailureReason"] == "Step failure: One or multiple steps failed."
    (summary,) = sagemaker.list_pipeline_executions(PipelineName="wines")["PipelineExecutionSummaries"]
    assert summary["PipelineExecutionFailureReason"] == found["FailureReason"]


def test_a_request_that_the_service_would_refuse_fails_the_step(local: LocalSageMaker, sagemaker: Any) -> None:
    step = processing("Prepare")
    del step["Arguments"]["RoleArn"]
    create(sagemaker, "wines", step)
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Failed"
    reason = rows(sagemaker, arn)[0]["FailureReason"]
    assert reason.startswith("ClientError: Failed to invoke sagemaker:CreateProcessingJob. Error Details: ")
    assert "'roleArn'" in reason


def test_a_reference_that_leads_nowhere_fails_the_step(local: LocalSageMaker, sagemaker: Any) -> None:
    create(sagemaker, "wines", processing("A"), processing("B", inputs={"x": {"Get": "Steps.A.No.Such"}}))
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Failed"
    assert "'Steps.A.No.Such' leads nowhere" in rows(sagemaker, arn)[1]["FailureReason"]


def test_steps_that_cannot_run_here_fail_and_say_so(local: LocalSageMaker, sagemaker: Any) -> None:
    create(sagemaker, "wines", {"Name": "Call", "Type": "Lambda", "Arguments": {}})
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Failed"
    assert "runs no steps of type Lambda" in rows(sagemaker, arn)[0]["FailureReason"]


def test_a_runner_that_breaks_down_fails_the_step(
    local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner
) -> None:
    def broken(request: dict[str, Any], stop: threading.Event, log: Any) -> JobOutcome:
        raise RuntimeError("out of luck")

    runner.jobs["Prepare"] = broken
    create(sagemaker, "wines", processing("Prepare"))
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Failed"
    (row,) = rows(sagemaker, arn)
    assert "out of luck" in row["FailureReason"]
    job = sagemaker.describe_processing_job(
        ProcessingJobName=row["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    )
    assert job["ProcessingJobStatus"] == "Failed"


def test_conditions_choose_a_branch(local: LocalSageMaker, sagemaker: Any) -> None:
    parameters = [{"Name": "Mode", "Type": "String", "DefaultValue": "full"}]
    create(
        sagemaker,
        "wines",
        condition(
            "Check",
            {"Get": "Parameters.Mode"},
            "full",
            if_steps=[processing("Full"), processing("More", DependsOn=["Full"])],
            else_steps=[processing("Quick")],
        ),
        processing("Report", DependsOn=["Quick"]),
        processing("Always"),
        parameters=parameters,
    )
    full, quick = (
        start(sagemaker, "wines"),
        start(sagemaker, "wines", PipelineParameters=[{"Name": "Mode", "Value": "quick"}]),
    )
    assert (local.wait(full), local.wait(quick)) == ("Succeeded", "Succeeded")
    assert statuses(sagemaker, full).keys() == {"Check", "Full", "More", "Always"}
    assert statuses(sagemaker, quick).keys() == {"Check", "Quick", "Report", "Always"}
    outcomes = [
        row["Metadata"]["Condition"]["Outcome"]
        for arn in (full, quick)
        for row in rows(sagemaker, arn)
        if row["StepName"] == "Check"
    ]
    assert outcomes == ["True", "False"]


def test_conditions_read_property_files(local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner) -> None:
    s3 = local.client("s3")
    s3.create_bucket(Bucket="tests")

    def evaluate(request: dict[str, Any], stop: threading.Event, log: Any) -> JobOutcome:
        uri = request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
        s3.put_object(
            Bucket="tests", Key=f"{uri.removeprefix('s3://tests/')}/report.json", Body=b'{"mse": {"value": 5}}'
        )
        return JobOutcome("Completed")

    runner.jobs["Evaluate"] = evaluate
    report = {"PropertyFileName": "Report", "OutputName": "out", "FilePath": "report.json"}
    value = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": "mse.value"}}
    create(
        sagemaker,
        "wines",
        processing("Evaluate", PropertyFiles=[report]),
        condition("Check", value, 5, if_steps=[processing("Good")]),
        {**condition("Odd", {"Std:JsonGet": {"S3Uri": "s3://tests/no.json", "Path": "x"}}, 1), "DependsOn": ["Good"]},
    )
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Failed"
    found = {row["StepName"]: row for row in rows(sagemaker, arn)}
    assert found["Check"]["Metadata"]["Condition"]["Outcome"] == "True"
    assert "There is no JSON document at s3://tests/no.json" in found["Odd"]["FailureReason"]


def test_a_fail_step_gives_the_reason(local: LocalSageMaker, sagemaker: Any) -> None:
    message = {"Std:Join": {"On": " ", "Values": ["Too few rows in", {"Get": "Execution.PipelineName"}]}}
    create(sagemaker, "wines", condition("Check", 1, 1, if_steps=[fail("GiveUp", message)]))
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Failed"
    row = rows(sagemaker, arn)[-1]
    assert (row["StepName"], row["StepStatus"]) == ("GiveUp", "Failed")
    assert row["Metadata"]["Fail"]["ErrorMessage"] == row["FailureReason"] == "Too few rows in wines"
    found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert found["FailureReason"] == "Too few rows in wines"


def test_run_conditions_handle_a_failure(local: LocalSageMaker, sagemaker: Any) -> None:
    local.faults.add(StepFault("Load", "fail", times=1))
    create(
        sagemaker,
        "wines",
        processing("Load"),
        processing("Next", DependsOn=["Load"]),
        processing("Alarm", DependsOn=[{"Step": "Load", "Trigger": "Failed"}]),
        processing("Tidy", DependsOn=[{"Step": "Load", "Trigger": "Any"}]),
    )
    handled, well = start(sagemaker, "wines"), None
    assert local.wait(handled) == "CompletedWithFailures"
    assert statuses(sagemaker, handled) == {"Load": "Failed", "Alarm": "Succeeded", "Tidy": "Succeeded"}
    well = start(sagemaker, "wines")
    assert local.wait(well) == "Succeeded"
    assert statuses(sagemaker, well).keys() == {"Load", "Next", "Tidy"}


def test_parallelism_is_limited(local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner) -> None:
    lock, running, most = threading.Lock(), [0], [0]
    together = threading.Barrier(2)

    def job(request: dict[str, Any], stop: threading.Event, log: Any) -> JobOutcome:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        together.wait(30)  # nothing ends before two run
        with lock:
            running[0] -= 1
        return JobOutcome("Completed")

    for number in range(6):
        runner.jobs[f"S{number}"] = job
    create(
        sagemaker,
        "wines",
        *(processing(f"S{number}") for number in range(6)),
        ParallelismConfiguration={"MaxParallelExecutionSteps": 2},
    )
    assert local.wait(start(sagemaker, "wines")) == "Succeeded"
    assert most[0] == 2


def test_parallelism_can_be_changed_while_steps_run(local: LocalSageMaker, sagemaker: Any) -> None:
    hold = local.faults.add(StepFault("*", "hold"))
    create(sagemaker, "wines", *(processing(f"S{number}") for number in range(3)))
    arn = start(sagemaker, "wines", ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
    local.wait_for_step(arn, "S0", "Executing")
    assert len(rows(sagemaker, arn)) == 1
    sagemaker.update_pipeline_execution(
        PipelineExecutionArn=arn, ParallelismConfiguration={"MaxParallelExecutionSteps": 3}
    )
    assert len(rows(sagemaker, arn)) == 3
    local.faults.remove(hold)
    assert local.wait(arn) == "Succeeded"


def test_executions_of_studio_users_say_so(local: LocalSageMaker, sagemaker: Any) -> None:
    local.studio_users = {"studio-key": "ana"}
    create(sagemaker, "wines", processing("A"))
    arn = start(local.client("sagemaker", access_key="studio-key"), "wines")
    local.wait(arn)
    found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert found["CreatedBy"]["UserProfileName"] == "ana"
    assert found["CreatedBy"]["DomainId"] == "d-local"


def test_no_token_of_a_callback_step_is_known(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFound"):
        sagemaker.send_pipeline_execution_step_success(CallbackToken="abcdefghij")


def test_stopping_the_server_stops_jobs(runner: ScriptedRunner) -> None:
    ended = threading.Event()

    def job(request: dict[str, Any], stop: threading.Event, log: Any) -> JobOutcome:
        outcome = until_stopped(request, stop, log)
        ended.set()
        return outcome

    runner.jobs["A"] = job
    with LocalSageMaker(make_runner=lambda clients, folder: runner) as local:
        sagemaker = local.client("sagemaker")
        create(sagemaker, "wines", processing("A"))
        start(sagemaker, "wines")
        runner.wait_for_job("A")
    assert ended.is_set()


def test_a_new_server_knows_nothing_of_the_old(local: LocalSageMaker, runner: ScriptedRunner) -> None:
    with LocalSageMaker(make_runner=lambda clients, folder: runner) as other:
        other.client("s3").create_bucket(Bucket="left-behind")
        create(other.client("sagemaker"), "wines", processing("A"))
    assert local.client("s3").list_buckets()["Buckets"] == []
    assert local.client("sagemaker").list_pipelines()["PipelineSummaries"] == []
