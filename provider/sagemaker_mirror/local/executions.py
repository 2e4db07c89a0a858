"""Operations on executions of pipelines."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sagemaker_mirror.local.errors import ServiceError, conflict, limit_exceeded, not_found, validation
from sagemaker_mirror.local.execution_context import resolver_of
from sagemaker_mirror.local.paging import created_between, page
from sagemaker_mirror.local.parameters import read_parameters
from sagemaker_mirror.local.pipelines import max_parallel_steps, parallelism, put_version, version_of
from sagemaker_mirror.local.records import Execution, StepRow
from sagemaker_mirror.local.selective import reused_rows, selected_steps
from sagemaker_mirror.local.service import Caller, Operation, Service
from sagemaker_mirror.local.store import now

_ID_ALPHABET = string.ascii_lowercase + string.digits


def start_pipeline_execution(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer StartPipelineExecution."""

    def start() -> dict[str, Any]:
        store = service.store
        pipeline = store.pipeline(caller.scope, request["PipelineName"])
        version = version_of(pipeline, request.get("PipelineVersionId"))
        running = sum(not execution.ended for execution in store.executions())
        if running >= service.limits.running_executions:
            raise limit_exceeded(
                f"The account-level service limit 'Concurrent pipeline executions' is "
                f"{service.limits.running_executions}, and as many are running."
            )
        moment = now()
        config = request.get("SelectiveExecutionConfig")
        execution = Execution(
            scope=caller.scope,
            id="".join(secrets.choice(_ID_ALPHABET) for _ in range(12)),
            pipeline_name=pipeline.name,
            pipeline_arn=pipeline.arn,
            sequence=store.next_sequence(),
            version=version,
            parameters=read_parameters(version.definition, request.get("PipelineParameters") or ()),
            created=moment,
            modified=moment,
            created_by=caller.user,
            modified_by=caller.user,
            display_name=request.get("PipelineExecutionDisplayName"),
            description=request.get("PipelineExecutionDescription"),
            max_parallel_steps=max_parallel_steps(request, pipeline.max_parallel_steps),
            selected=selected_steps(version.definition, config),
            selective_config=config,
        )
        if config is not None:
            execution = replace(execution, rows=reused_rows(store, execution))
        store.put_execution(execution)
        pipeline = replace(pipeline, last_run=moment)
        put_version(service, pipeline, replace(version, last_execution_arn=execution.arn))
        return {"PipelineExecutionArn": execution.arn}

    name = request["PipelineName"].rsplit("/", 1)[-1].lower()
    token = ("StartPipelineExecution", caller.scope.region, name, request["ClientRequestToken"])
    with service.store.change():
        response = service.store.once(token, dict(request), start)
        service.engine.advance(response["PipelineExecutionArn"])
    return response


def stop_pipeline_execution(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer StopPipelineExecution."""
    arn = request["PipelineExecutionArn"]

    def stop() -> dict[str, Any]:
        execution = service.store.execution(arn)
        if execution.status != "Executing":
            raise validation(
                f"Pipeline execution with ARN {arn} has status '{execution.status}'. "
                "Only pipelines with 'Executing' status can be stopped."
            )
        service.engine.stop(arn)
        return {"PipelineExecutionArn": arn}

    with service.store.change():
        return service.store.once(("Stop", arn, request["ClientRequestToken"]), None, stop)


def retry_pipeline_execution(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer RetryPipelineExecution."""
    arn = request["PipelineExecutionArn"]

    def retry() -> dict[str, Any]:
        execution = service.store.execution(arn)
        _check_retry(service, execution)
        service.store.put_execution(
            replace(
                execution,
                max_parallel_steps=max_parallel_steps(request, execution.max_parallel_steps),
                modified_by=caller.user,
            )
        )
        service.engine.retry(arn)
        return {"PipelineExecutionArn": arn}

    with service.store.change():
        return service.store.once(("Retry", arn, request["ClientRequestToken"]), None, retry)


def describe_pipeline_execution(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer DescribePipelineExecution."""
    execution = service.store.execution(request["PipelineExecutionArn"])
    service.engine.looked_at(execution.arn)
    resolver = resolver_of(execution, service.store, service.clients)
    return {
        "PipelineArn": execution.pipeline_arn,
        "PipelineExecutionArn": execution.arn,
        "PipelineExperimentConfig": resolver.resolve(execution.definition.experiment),
        "PipelineExecutionDisplayName": execution.display_name,
        "PipelineExecutionStatus": execution.status,
        "PipelineExecutionDescription": execution.description,
        "FailureReason": execution.failure_reason,
        "CreationTime": execution.created,
        "LastModifiedTime": execution.modified,
        "CreatedBy": execution.created_by,
        "LastModifiedBy": execution.modified_by,
        "ParallelismConfiguration": parallelism(execution.max_parallel_steps),
        "SelectiveExecutionConfig": execution.selective_config,
        "PipelineVersionId": execution.version.number,
    }


def list_pipeline_executions(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer ListPipelineExecutions."""
    pipeline = service.store.pipeline(caller.scope, request["PipelineName"])
    found = [
        execution
        for execution in service.store.executions(pipeline.arn)
        if created_between(execution.created, request)
    ]
    by_arn = request.get("SortBy") == "PipelineExecutionArn"
    shown, token = page(found, request, lambda item: item.arn if by_arn else item.sequence)
    return {
        "PipelineExecutionSummaries": [
            {
                "PipelineExecutionArn": execution.arn,
                "StartTime": execution.created,
                "PipelineExecutionStatus": execution.status,
                "PipelineExecutionDescription": execution.description,
                "PipelineExecutionDisplayName": execution.display_name,
                "PipelineExecutionFailureReason": execution.failure_reason,
            }
            for execution in shown
        ],
        "NextToken": token,
    }


def list_pipeline_execution_steps(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer ListPipelineExecutionSteps, the newest first unless asked otherwise."""
    if "PipelineExecutionArn" not in request:
        raise validation("PipelineExecutionArn is required.")
    execution = service.store.execution(request["PipelineExecutionArn"])
    service.engine.looked_at(execution.arn)
    shown, token = page(execution.rows, request, lambda row: row.sequence)
    counts = service.variants.attempt_count != "absent"
    return {
        "PipelineExecutionSteps": [_step(execution, row, counts) for row in shown],
        "NextToken": token,
    }


def describe_definition_for_execution(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer DescribePipelineDefinitionForExecution."""
    execution = service.store.execution(request["PipelineExecutionArn"])
    return {
        "PipelineDefinition": execution.version.definition_json,
        "CreationTime": execution.version.created,
    }


def list_parameters_for_execution(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer ListPipelineParametersForExecution: given values and defaults."""
    execution = service.store.execution(request["PipelineExecutionArn"])
    shown, token = page(execution.parameters.items(), request, lambda item: item[0], default_order="Ascending")
    return {
        "PipelineParameters": [{"Name": name, "Value": _shown_value(value)} for name, value in shown],
        "NextToken": token,
    }


def update_pipeline_execution(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer UpdatePipelineExecution."""
    arn = request["PipelineExecutionArn"]
    with service.store.change():
        execution = service.store.execution(arn)
        service.store.put_execution(
            replace(
                execution,
                description=request.get("PipelineExecutionDescription", execution.description),
                display_name=request.get("PipelineExecutionDisplayName", execution.display_name),
                max_parallel_steps=max_parallel_steps(request, execution.max_parallel_steps),
                modified=now(),
                modified_by=caller.user,
            )
        )
        service.engine.advance(arn)
    return {"PipelineExecutionArn": arn}


def send_step_end(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer SendPipelineExecutionStepSuccess and …Failure: no callback steps run here, so no token is known."""
    raise not_found(f"Callback token '{request['CallbackToken']}' does not exist.")


def _check_retry(service: Service, execution: Execution) -> None:
    status = "Executing" if execution.looks_before_retry else execution.status
    allowed = {"Failed", "CompletedWithFailures"}
    if service.variants.stopped_retry == "allowed":
        allowed.add("Stopped")
    if status in allowed:
        return
    message = (
        f"Pipeline execution with ARN {execution.arn} has status '{status}'. "
        f"Only pipeline executions with status {' or '.join(sorted(allowed))} can be retried."
    )
    if status in ("Executing", "Stopping"):
        kind = service.variants.retry_under_way
        raise conflict(message) if kind == "ConflictException" else ServiceError(kind, message)
    raise validation(message)


def _step(execution: Execution, row: StepRow, counts: bool) -> dict[str, Any]:
    step = execution.definition.steps[row.name]
    result = row.result
    source = result.cache_source if result else None
    return {
        "StepName": row.name,
        "StepDisplayName": step.display_name,
        "StepDescription": step.description,
        "StartTime": row.started,
        "EndTime": row.ended,
        "StepStatus": row.status,
        "CacheHitResult": {"SourcePipelineExecutionArn": source} if source else None,
        "FailureReason": result.failure_reason[:1024] if result and result.failure_reason else None,
        "Metadata": row.metadata,
        "AttemptCount": row.attempt if counts else None,
        "SelectiveExecutionResult": ({"SourcePipelineExecutionArn": row.reused_from} if row.reused_from else None),
    }


def _shown_value(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


OPERATIONS: Mapping[str, Operation] = {
    "StartPipelineExecution": start_pipeline_execution,
    "StopPipelineExecution": stop_pipeline_execution,
    "RetryPipelineExecution": retry_pipeline_execution,
    "DescribePipelineExecution": describe_pipeline_execution,
    "ListPipelineExecutions": list_pipeline_executions,
    "ListPipelineExecutionSteps": list_pipeline_execution_steps,
    "DescribePipelineDefinitionForExecution": describe_definition_for_execution,
    "ListPipelineParametersForExecution": list_parameters_for_execution,
    "UpdatePipelineExecution": update_pipeline_execution,
    "SendPipelineExecutionStepSuccess": send_step_end,
    "SendPipelineExecutionStepFailure": send_step_end,
}
