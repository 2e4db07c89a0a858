from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from sagemaker_mirror.local import LocalSageMaker
from sagemaker_mirror.local.faults import CallFault
from sagemaker_mirror.local.variants import Variants

from .definitions import create, processing, rows, start
from .scripted_runner import ScriptedRunner


class Control:
    """The control endpoint as a test calls it."""

    def __init__(self, local: LocalSageMaker) -> None:
        self._base = f"{local.endpoint_url}/_local/"

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def refusal(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        with pytest.raises(urllib.error.HTTPError) as raised:
            self(method, path, body)
        return raised.value.code, json.load(raised.value)["message"]


@pytest.fixture
def control(local: LocalSageMaker) -> Control:
    return Control(local)


@pytest.fixture
def once(local: LocalSageMaker) -> Any:
    """A client that calls once, whatever is answered."""
    session: Any = boto3.Session("local", "local", region_name="us-east-1")
    return session.client(
        "sagemaker", endpoint_url=local.endpoint_url, config=Config(retries={"total_max_attempts": 1})
    )


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("throttle", "ThrottlingException", 400),
        ("fail", "InternalFailure", 500),
        ("deny", "AccessDeniedException", 400),
        ("expire", "ExpiredTokenException", 403),
        ("conflict", "ConflictException", 400),
        ("missing", "ResourceNotFound", 400),
    ],
)
def test_calls_fail_on_request(local: LocalSageMaker, once: Any, kind: Any, code: str, status: int) -> None:
    local.faults.add(CallFault("ListPipelines", kind, times=1))
    with pytest.raises(ClientError) as raised:
        once.list_pipelines()
    assert raised.value.response["Error"]["Code"] == code
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert once.list_pipelines()["PipelineSummaries"] == []


def test_boto3_gets_over_throttling(local: LocalSageMaker, sagemaker: Any) -> None:
    local.faults.add(CallFault("ListPipelines", "throttle", times=2))
    assert sagemaker.list_pipelines()["PipelineSummaries"] == []
    assert local.calls.counts()["ListPipelines"] == 3
    assert [call.fault for call in local.calls.after(0)] == ["throttle", "throttle", None]


def test_a_call_can_be_done_and_its_answer_be_lost(local: LocalSageMaker, once: Any) -> None:
    create(once, "wines", processing("A"))
    local.faults.add(CallFault("StartPipelineExecution", "fail", times=1, after=True))
    with pytest.raises(ClientError):
        start(once, "wines")
    assert len(once.list_pipeline_executions(PipelineName="wines")["PipelineExecutionSummaries"]) == 1


def test_a_connection_can_be_dropped(local: LocalSageMaker, once: Any) -> None:
    local.faults.add(CallFault("ListPipelines", "drop", times=1))
    with pytest.raises(ConnectionClosedError):
        once.list_pipelines()
    assert once.list_pipelines()["PipelineSummaries"] == []


def test_a_delayed_call_is_answered(local: LocalSageMaker, once: Any) -> None:
    local.faults.add(CallFault("*Pipelines", "delay", seconds=0.01))
    assert once.list_pipelines()["PipelineSummaries"] == []
    assert [call.fault for call in local.calls.after(0)] == ["delay"]


def test_a_held_call_is_answered_once_the_fault_is_lifted(local: LocalSageMaker, sagemaker: Any, once: Any) -> None:
    create(sagemaker, "wines", processing("A"))
    number = local.faults.add(CallFault("StartPipelineExecution", "hold", resource="wines", after=True))
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(start, once, "wines")
        started: list[Any] = []
        deadline = time.monotonic() + 30
        while not started and time.monotonic() < deadline:
            started = sagemaker.list_pipeline_executions(PipelineName="wines")["PipelineExecutionSummaries"]
        assert not answer.done()
        local.faults.remove(number)
        assert answer.result(30) == started[0]["PipelineExecutionArn"]


def test_calls_tell_what_they_are_about(local: LocalSageMaker, sagemaker: Any) -> None:
    create(sagemaker, "wines", processing("A"))
    arn = start(sagemaker, "wines")
    sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert [call.resource for call in local.calls.after(0)] == ["wines", "wines", arn]


def test_it_can_be_out_of_reach_for_a_while(local: LocalSageMaker, once: Any) -> None:
    assert once.list_pipelines()["PipelineSummaries"] == []
    local.disconnect()
    with pytest.raises(EndpointConnectionError):
        once.list_pipelines()
    local.reconnect()
    assert once.list_pipelines()["PipelineSummaries"] == []


def test_other_services_have_faults_in_their_own_words(local: LocalSageMaker) -> None:
    for operation in ("s3:*", "sts:GetCallerIdentity", "logs:DescribeLogGroups"):
        local.faults.add(CallFault(operation, "deny"))
    for call in (
        lambda: local.client("s3").list_buckets(),
        lambda: local.client("sts").get_caller_identity(),
        lambda: local.client("logs").describe_log_groups(),
    ):
        with pytest.raises(ClientError) as raised:
            call()
        assert raised.value.response["Error"]["Code"] == "AccessDeniedException"
    assert set(local.calls.counts()) == {"s3:GET", "sts:GetCallerIdentity", "logs:DescribeLogGroups"}


def test_faults_leave_the_servers_own_calls_alone(
    local: LocalSageMaker, sagemaker: Any, runner: ScriptedRunner
) -> None:
    local.faults.add(CallFault("logs:*", "deny"))
    create(sagemaker, "wines", processing("A"))
    assert local.wait(start(sagemaker, "wines")) == "Succeeded"
    assert set(local.calls.counts()) == {"CreatePipeline", "StartPipelineExecution"}


def test_faults_over_the_control_endpoint(local: LocalSageMaker, sagemaker: Any, control: Control) -> None:
    number = control("POST", "faults", {"step": "A", "kind": "fail", "times": 1, "reason": "on request"})["number"]
    other = control("POST", "faults", {"operation": "StopPipelineExecution", "kind": "deny"})["number"]
    create(sagemaker, "wines", processing("A"))
    arn = start(sagemaker, "wines")
    assert local.wait(arn) == "Failed"
    assert rows(sagemaker, arn)[0]["FailureReason"] == "on request"
    listed = {fault["number"]: fault for fault in control("GET", "faults")["faults"]}
    assert listed[number]["hits"] == 1
    assert listed[other]["operation"] == "StopPipelineExecution"
    control("DELETE", f"faults/{number}")
    assert control.refusal("DELETE", f"faults/{number}")[0] == 404
    control("DELETE", "faults")
    assert control("GET", "faults")["faults"] == []


def test_a_held_step_goes_on_when_it_is_let_go(local: LocalSageMaker, sagemaker: Any, control: Control) -> None:
    number = control("POST", "faults", {"step": "A", "kind": "hold"})["number"]
    create(sagemaker, "wines", processing("A"))
    arn = start(sagemaker, "wines")
    local.wait_for_step(arn, "A", "Executing")
    control("DELETE", f"faults/{number}")
    assert local.wait(arn) == "Succeeded"


def test_a_slow_step_ends(local: LocalSageMaker, sagemaker: Any, control: Control) -> None:
    control("POST", "faults", {"step": "A", "kind": "slow", "seconds": 0.01})
    create(sagemaker, "wines", processing("A"))
    assert local.wait(start(sagemaker, "wines")) == "Succeeded"


def test_variants_over_the_control_endpoint(local: LocalSageMaker, control: Control) -> None:
    assert control("GET", "variants")["retried_row"] == "replaced"
    assert control("PUT", "variants", {"retried_row": "added"})["retried_row"] == "added"
    assert local.variants == Variants(retried_row="added")
    assert control.refusal("PUT", "variants", {"retried_row": "odd"})[0] == 400
    assert control.refusal("PUT", "variants", [1])[0] == 400


def test_calls_can_be_counted(sagemaker: Any, control: Control) -> None:
    create(sagemaker, "wines", processing("A"))
    seen = control("GET", "calls")["calls"]
    assert [(call["number"], call["operation"]) for call in seen] == [(1, "CreatePipeline")]
    sagemaker.describe_pipeline(PipelineName="wines")
    sagemaker.describe_pipeline(PipelineName="wines")
    sagemaker.list_pipelines()
    later = control("GET", "calls?after=1")
    assert later["counts"] == {"DescribePipeline": 2, "ListPipelines": 1}
    assert [call["number"] for call in later["calls"]] == [2, 3, 4]
    only = control("GET", "calls?operation=ListPipelines")["calls"]
    assert [call["operation"] for call in only] == ["ListPipelines"]


def test_history_can_be_purged(local: LocalSageMaker, sagemaker: Any, control: Control) -> None:
    number = control("POST", "faults", {"step": "A", "kind": "hold"})["number"]
    create(sagemaker, "wines", processing("A"))
    arn = start(sagemaker, "wines")
    assert control.refusal("DELETE", f"executions?arn={arn}") == (400, "The execution has not ended.")
    control("DELETE", f"faults/{number}")
    local.wait(arn)
    control("DELETE", f"executions?arn={arn}")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert control.refusal("DELETE", f"executions?arn={arn}")[0] == 400


def test_studio_users_over_the_control_endpoint(local: LocalSageMaker, control: Control) -> None:
    control("PUT", "studio-users", {"local": "ana"})
    assert local.studio_users == {"local": "ana"}


def test_without_control_only_health_is_answered(runner: ScriptedRunner) -> None:
    with LocalSageMaker(make_runner=lambda clients, folder: runner) as local:
        control = Control(local)
        assert control("GET", "health")["status"] == "ok"
        assert control("GET", "health")["control"] is False
        for method, path in (("GET", "calls"), ("POST", "faults"), ("PUT", "variants")):
            code, message = control.refusal(method, path, {} if method != "GET" else None)
            assert code == 404
            assert "control" in message


def test_what_the_control_endpoint_does_not_know(control: Control) -> None:
    assert control.refusal("GET", "odd")[0] == 404
    assert control.refusal("POST", "health", {})[0] == 405
    assert control.refusal("POST", "faults", {"kind": "fail"})[0] == 400
