"""The executions that are watched, and what SageMaker says of them afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

PIPELINE = "watched"
_LOOKS = ("DescribePipelineExecution", "ListPipelineExecutionSteps")
_JOB = {
    "ProcessingResources": {
        "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
    },
    "AppSpecification": {"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/python:3"},
    "RoleArn": "arn:aws:iam::123456789012:role/SageMakerExecutionRole",
}


def step_names(count: int) -> list[str]:
    """Return the names of an execution's steps; the last one is the longest."""
    return [f"s{number:02}" for number in range(1, count + 1)]


@contextmanager
def sagemaker(steps: Sequence[str], seconds: float) -> Iterator[SageMaker]:
    """Run an embedded SageMaker in a process of its own, with one pipeline.

    :param steps: the pipeline's steps; all run at once
    :param seconds: how long an execution takes
    """
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.mirror.sagemaker", str(seconds), steps[-1]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            server = SageMaker(process.stdout.readline().strip())
            definition = {
                "Version": "2020-12-01",
                "Steps": [{"Name": name, "Type": "Processing", "Arguments": _JOB} for name in steps],
            }
            server.client.create_pipeline(
                PipelineName=PIPELINE,
                PipelineDefinition=json.dumps(definition),
                RoleArn=_JOB["RoleArn"],
                ClientRequestToken="0" * 32,
            )
            yield server
        finally:
            process.stdin.close()
            process.wait(60)


@dataclass(frozen=True)
class SageMaker:
    """The embedded SageMaker, from outside.

    :param endpoint_url: where it serves
    """

    endpoint_url: str

    @property
    def client(self) -> Any:
        """A client of it."""
        import boto3

        return boto3.client(
            "sagemaker",
            endpoint_url=self.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def start(self, count: int) -> list[str]:
        """Start executions; return their ARNs."""
        client = self.client
        return [client.start_pipeline_execution(PipelineName=PIPELINE)["PipelineExecutionArn"] for _ in range(count)]

    def last_call(self) -> int:
        """Return the number of the newest call."""
        calls = self._calls(0)
        return int(calls[-1]["number"]) if calls else 0

    def looks(self, after: int) -> list[float]:
        """Return when it was looked at executions, in seconds since the epoch.

        :param after: the number of the last call that does not count
        """
        moments = [
            datetime.fromisoformat(call["received"]).timestamp()
            for call in self._calls(after)
            if call["operation"] in _LOOKS
        ]
        return sorted(moments)

    def step_ends(self, arns: Sequence[str]) -> dict[tuple[str, str], float]:
        """Return when each step of each execution ended, in seconds since the epoch."""
        client = self.client
        return {
            (arn, row["StepName"]): row["EndTime"].timestamp()
            for arn in arns
            for row in client.list_pipeline_execution_steps(PipelineExecutionArn=arn, MaxResults=100)[
                "PipelineExecutionSteps"
            ]
        }

    def _calls(self, after: int) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.endpoint_url}/_local/calls?after={after}") as answer:
            calls: list[dict[str, Any]] = json.load(answer)["calls"]
        return calls
