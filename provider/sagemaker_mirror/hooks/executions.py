"""Calls that read, start, stop and retry pipeline executions, on a built client.

Functions and not methods, because a triggerer calls them in threads, where nothing of Airflow may be touched.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sagemaker_mirror.hooks.errors import CONFLICT, NOT_FOUND, VALIDATION, code_of, message_of
from sagemaker_mirror.mirror.external import ListedExecution
from sagemaker_mirror.mirror.plan import Plan
from sagemaker_mirror.mirror.snapshot import EXECUTION_UNDER_WAY, ExecutionSnapshot

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient

# StopPipelineExecution answers ConflictException while an execution goes from one step to the next.
_STOP_ATTEMPTS = 6
_STOP_PAUSE = 0.3  # seconds; all attempts together fit into the seconds that a killed task has

# So many pages are looked through, at least, for executions that somebody retried.
_HISTORY_PAGES = 3


@dataclass(frozen=True)
class ExecutionRequest:
    """What StartPipelineExecution is asked for.

    :param pipeline_name: the pipeline
    :param token: ClientRequestToken, 32 to 128 characters: a request that is sent twice starts one execution
    :param version_id: PipelineVersionId; None starts the latest
    :param parameters: values of the pipeline's parameters
    :param display_name: PipelineExecutionDisplayName
    :param description: PipelineExecutionDescription
    :param max_parallel_steps: MaxParallelExecutionSteps
    :param source_execution_arn: the execution whose results a selective execution reuses
    :param selected_steps: the steps that a selective execution runs
    """

    pipeline_name: str
    token: str
    version_id: int | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    display_name: str | None = None
    description: str | None = None
    max_parallel_steps: int | None = None
    source_execution_arn: str | None = None
    selected_steps: Sequence[str] = ()

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the client's method."""
        optional = {
            "PipelineVersionId": self.version_id,
            "PipelineParameters": [{"Name": name, "Value": value} for name, value in self.parameters.items()],
            "PipelineExecutionDisplayName": self.display_name,
            "PipelineExecutionDescription": self.description,
            "ParallelismConfiguration": (
                {"MaxParallelExecutionSteps": self.max_parallel_steps} if self.max_parallel_steps else None
            ),
            "SelectiveExecutionConfig": self._selective_execution(),
        }
        return {
            "PipelineName": self.pipeline_name,
            "ClientRequestToken": self.token,
            **{name: value for name, value in optional.items() if value},
        }

    def _selective_execution(self) -> dict[str, Any] | None:
        if not self.selected_steps:
            return None
        config: dict[str, Any] = {"SelectedSteps": [{"StepName": name} for name in self.selected_steps]}
        if self.source_execution_arn:
            config["SourcePipelineExecutionArn"] = self.source_execution_arn
        return config


@dataclass(frozen=True)
class ExecutionBegin:
    """How an execution was begun.

    :param started_by: the Studio user profile that began it; None: SageMaker does not tell, since it was no user of
        Studio
    :param parameters: the values of the pipeline's parameters, defaults too, as texts
    """

    started_by: str | None
    parameters: Mapping[str, str]


def read_execution(client: SageMakerClient, arn: str) -> ExecutionSnapshot:
    """Look at an execution and all its steps.

    The execution is described before its steps are listed: an end that is seen here has its steps' ends below it.

    :param client: a SageMaker client
    :param arn: the execution
    :raises botocore.exceptions.ClientError: SageMaker refuses, or has no such execution any more
    """
    try:
        description = client.describe_pipeline_execution(PipelineExecutionArn=arn)
        return ExecutionSnapshot.of(description, list(_steps(client, arn)))
    except ClientError as error:
        if code_of(error) in NOT_FOUND:
            raise _gone(arn, error) from error
        raise


def read_plan(client: SageMakerClient, arn: str) -> Plan:
    """Read what the definition of an execution asks for.

    :param client: a SageMaker client
    :param arn: the execution
    :raises botocore.exceptions.ClientError: SageMaker refuses
    """
    answer = client.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
    return Plan.of(json.loads(answer["PipelineDefinition"]))


def start_execution(client: SageMakerClient, request: ExecutionRequest) -> str:
    """Start an execution and return its ARN.

    :param client: a SageMaker client
    :param request: what to start
    :raises botocore.exceptions.ClientError: SageMaker refuses
    """
    return client.start_pipeline_execution(**request.arguments())["PipelineExecutionArn"]


def find_under_way(
    client: SageMakerClient, pipeline_name: str, description: str, created_after: datetime
) -> str | None:
    """Return the ARN of the newest execution under way that has a certain description, or None.

    :param client: a SageMaker client
    :param pipeline_name: the pipeline
    :param description: PipelineExecutionDescription, whole
    :param created_after: executions before this time are not looked at
    :raises botocore.exceptions.ClientError: SageMaker refuses
    """
    pages = client.get_paginator("list_pipeline_executions").paginate(
        PipelineName=pipeline_name, CreatedAfter=created_after, SortBy="CreationTime", SortOrder="Descending"
    )
    for page in pages:
        for summary in page["PipelineExecutionSummaries"]:
            if (
                summary.get("PipelineExecutionDescription") == description
                and summary.get("PipelineExecutionStatus") in EXECUTION_UNDER_WAY
            ):
                return summary["PipelineExecutionArn"]
    return None


def list_executions(
    client: SageMakerClient, pipeline_name: str, created_after: datetime, complete_from: datetime
) -> list[ListedExecution]:
    """List executions of a pipeline, the newest first; none where there is no such pipeline.

    :param client: a SageMaker client
    :param pipeline_name: the pipeline
    :param created_after: executions before this time are not listed
    :param complete_from: from this time on all are listed; of those before it, a few pages at most
    :raises botocore.exceptions.ClientError: SageMaker refuses
    """
    pages = client.get_paginator("list_pipeline_executions").paginate(
        PipelineName=pipeline_name,
        CreatedAfter=created_after,
        SortBy="CreationTime",
        SortOrder="Descending",
        PaginationConfig={"PageSize": 100},
    )
    listed: list[ListedExecution] = []
    try:
        for number, page in enumerate(pages, start=1):
            listed += (ListedExecution.of(row) for row in page["PipelineExecutionSummaries"])
            if number >= _HISTORY_PAGES and listed and listed[-1].created < complete_from:
                break
    except ClientError as error:
        if code_of(error) not in NOT_FOUND:
            raise
    return listed


def read_status(client: SageMakerClient, arn: str) -> str:
    """Return an execution's status, as SageMaker sends it.

    :param client: a SageMaker client
    :param arn: the execution
    :raises botocore.exceptions.ClientError: SageMaker refuses
    """
    return client.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]


def read_begin(client: SageMakerClient, arn: str) -> ExecutionBegin:
    """Read who began an execution, and with which parameters.

    :param client: a SageMaker client
    :param arn: the execution
    :raises botocore.exceptions.ClientError: SageMaker refuses
    """
    creator = client.describe_pipeline_execution(PipelineExecutionArn=arn).get("CreatedBy") or {}
    pages = client.get_paginator("list_pipeline_parameters_for_execution").paginate(PipelineExecutionArn=arn)
    parameters = {item["Name"]: item["Value"] for page in pages for item in page["PipelineParameters"]}
    return ExecutionBegin(started_by=creator.get("UserProfileName"), parameters=parameters)


def stop_execution(client: SageMakerClient, arn: str, pause: Callable[[float], None] = time.sleep) -> bool:
    """Ask SageMaker to stop an execution; False: there was nothing to stop any more. Does not wait for its end.

    :param client: a SageMaker client
    :param arn: the execution
    :param pause: sleeps between attempts
    :raises botocore.exceptions.ClientError: SageMaker refuses
    """
    for attempt in range(1, _STOP_ATTEMPTS + 1):
        try:
            # A new token each time: an execution that was retried may have to be stopped again.
            client.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=str(uuid.uuid4()))
        except ClientError as error:
            if code_of(error) in CONFLICT and attempt < _STOP_ATTEMPTS:
                pause(_STOP_PAUSE)
                continue
            # The code is that of any bad request; only the message tells that the execution has ended or is
            # stopping already.
            if code_of(error) in VALIDATION and "Executing" in message_of(error):
                return False
            raise
        return True
    raise AssertionError("the last attempt returns or raises")


def retry_execution(client: SageMakerClient, arn: str, token: str) -> bool:
    """Ask SageMaker to resume an ended execution; False: somebody else has just had it resumed.

    :param client: a SageMaker client
    :param arn: the execution
    :param token: ClientRequestToken: who sends the same one asks for the same retry
    :raises botocore.exceptions.ClientError: SageMaker refuses, and the execution is not under way
    """
    try:
        client.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=token)
    except ClientError as error:
        if code_of(error) not in CONFLICT | VALIDATION:
            raise
        status = client.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
        if status not in EXECUTION_UNDER_WAY:
            raise
        return False
    return True


def _steps(client: SageMakerClient, arn: str) -> Iterator[Mapping[str, Any]]:
    # At most 100 rows a page; botocore has a paginator for it.
    pages = client.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=arn, SortOrder="Ascending", PaginationConfig={"PageSize": 100}
    )
    for page in pages:
        yield from page["PipelineExecutionSteps"]


def _gone(arn: str, error: ClientError) -> ClientError:
    message = (
        f"Execution {arn} does not exist any more: its pipeline was deleted, or SageMaker has removed it from its "
        "history. Clear the task that starts the execution to run the pipeline anew."
    )
    return ClientError({"Error": {"Code": code_of(error), "Message": message}}, error.operation_name)
