"""Operations on pipelines and their versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from sagemaker_mirror.local.definition import parse_definition
from sagemaker_mirror.local.errors import conflict, not_found, validation
from sagemaker_mirror.local.paging import created_between, page
from sagemaker_mirror.local.records import Pipeline, PipelineVersion
from sagemaker_mirror.local.service import Caller, Operation, Service
from sagemaker_mirror.local.store import now


def create_pipeline(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer CreatePipeline."""
    text = _definition_text(service, caller, request)
    if text is None:
        raise validation("Either PipelineDefinition or PipelineDefinitionS3Location is required.")
    definition, name = parse_definition(text), request["PipelineName"]

    def create() -> dict[str, Any]:
        if service.store.find_pipeline(caller.scope, name) is not None:
            raise validation(
                "Pipeline names must be unique within an AWS account and region. "
                f"Pipeline with name ({name}) already exists."
            )
        moment = now()
        pipeline = Pipeline(
            scope=caller.scope,
            name=name,
            role_arn=request["RoleArn"],
            versions=(PipelineVersion(1, text, definition, moment),),
            created=moment,
            modified=moment,
            created_by=caller.user,
            modified_by=caller.user,
            display_name=request.get("PipelineDisplayName", name),
            description=request.get("PipelineDescription"),
            max_parallel_steps=max_parallel_steps(request),
            tags={tag["Key"]: tag["Value"] for tag in request.get("Tags") or ()},
        )
        service.store.put_pipeline(pipeline)
        return {"PipelineArn": pipeline.arn}

    token = ("CreatePipeline", caller.scope.region, request["ClientRequestToken"])
    with service.store.change():
        return service.store.once(token, dict(request), create)


def update_pipeline(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer UpdatePipeline: a definition makes a new version, all else applies to the pipeline."""
    text = _definition_text(service, caller, request)
    definition = parse_definition(text) if text is not None else None
    with service.store.change():
        pipeline = service.store.pipeline(caller.scope, request["PipelineName"])
        moment = now()
        versions = pipeline.versions
        if text is not None and definition is not None:
            version = PipelineVersion(pipeline.latest.number + 1, text, definition, moment)
            versions = (*versions, version)
        pipeline = replace(
            pipeline,
            versions=versions,
            display_name=request.get("PipelineDisplayName", pipeline.display_name),
            description=request.get("PipelineDescription", pipeline.description),
            role_arn=request.get("RoleArn", pipeline.role_arn),
            max_parallel_steps=max_parallel_steps(request, pipeline.max_parallel_steps),
            modified=moment,
            modified_by=caller.user,
        )
        service.store.put_pipeline(pipeline)
    return {"PipelineArn": pipeline.arn, "PipelineVersionId": pipeline.latest.number}


def describe_pipeline(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer DescribePipeline, of the version that is asked for, else of the newest."""
    pipeline = service.store.pipeline(caller.scope, request["PipelineName"])
    version = version_of(pipeline, request.get("PipelineVersionId"))
    return {
        "PipelineArn": pipeline.arn,
        "PipelineName": pipeline.name,
        "PipelineDisplayName": pipeline.display_name,
        "PipelineDefinition": version.definition_json,
        "PipelineDescription": pipeline.description,
        "RoleArn": pipeline.role_arn,
        "PipelineStatus": "Active",
        "CreationTime": pipeline.created,
        "LastModifiedTime": pipeline.modified,
        "LastRunTime": pipeline.last_run,
        "CreatedBy": pipeline.created_by,
        "LastModifiedBy": pipeline.modified_by,
        "ParallelismConfiguration": parallelism(pipeline.max_parallel_steps),
        "PipelineVersionDisplayName": version.display_name,
        "PipelineVersionDescription": version.description,
    }


def delete_pipeline(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer DeletePipeline: with all its executions, none of which may be running."""
    name = request["PipelineName"]

    def delete() -> dict[str, Any]:
        pipeline = service.store.pipeline(caller.scope, name)
        running = [item for item in service.store.executions(pipeline.arn) if not item.ended]
        if running:
            raise conflict(
                f"Pipeline '{pipeline.arn}' has running executions, for instance '{running[0].arn}'. "
                "Stop all running executions before deleting it."
            )
        service.store.remove_pipeline(pipeline)
        return {"PipelineArn": pipeline.arn}

    token = ("DeletePipeline", caller.scope.region, name, request["ClientRequestToken"])
    with service.store.change():
        return service.store.once(token, dict(request), delete)


def list_pipelines(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer ListPipelines."""
    prefix = request.get("PipelineNamePrefix", "")
    found = [
        pipeline
        for pipeline in service.store.pipelines(caller.scope)
        if pipeline.name.startswith(prefix) and created_between(pipeline.created, request)
    ]
    by_name = request.get("SortBy") == "Name"
    shown, token = page(
        found,
        request,
        lambda item: item.name if by_name else (item.created.timestamp(), item.name),
    )
    return {
        "PipelineSummaries": [
            {
                "PipelineArn": pipeline.arn,
                "PipelineName": pipeline.name,
                "PipelineDisplayName": pipeline.display_name,
                "PipelineDescription": pipeline.description,
                "RoleArn": pipeline.role_arn,
                "CreationTime": pipeline.created,
                "LastModifiedTime": pipeline.modified,
                "LastExecutionTime": pipeline.last_run,
            }
            for pipeline in shown
        ],
        "NextToken": token,
    }


def list_pipeline_versions(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer ListPipelineVersions."""
    pipeline = service.store.pipeline(caller.scope, request["PipelineName"])
    found = [version for version in pipeline.versions if created_between(version.created, request)]
    shown, token = page(found, request, lambda item: item.number)
    return {
        "PipelineVersionSummaries": [
            {
                "PipelineArn": pipeline.arn,
                "PipelineVersionId": version.number,
                "CreationTime": version.created,
                "PipelineVersionDisplayName": version.display_name,
                "PipelineVersionDescription": version.description,
                "LastExecutionPipelineExecutionArn": version.last_execution_arn,
            }
            for version in shown
        ],
        "NextToken": token,
    }


def update_pipeline_version(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer UpdatePipelineVersion: names and describes a version."""
    with service.store.change():
        pipeline = service.store.pipeline(caller.scope, request["PipelineArn"])
        version = version_of(pipeline, request["PipelineVersionId"])
        put_version(
            service,
            pipeline,
            replace(
                version,
                display_name=request.get("PipelineVersionDisplayName", version.display_name),
                description=request.get("PipelineVersionDescription", version.description),
            ),
        )
    return {"PipelineArn": pipeline.arn, "PipelineVersionId": version.number}


def version_of(pipeline: Pipeline, number: int | None) -> PipelineVersion:
    """A version by number; the newest for None.

    :raises ServiceError: ResourceNotFound.
    """
    if number is None:
        return pipeline.latest
    for version in pipeline.versions:
        if version.number == number:
            return version
    raise not_found(f"Pipeline version '{number}' of pipeline '{pipeline.arn}' does not exist.")


def put_version(service: Service, pipeline: Pipeline, version: PipelineVersion) -> Pipeline:
    """Replace a version of a pipeline."""
    versions = tuple(version if item.number == version.number else item for item in pipeline.versions)
    pipeline = replace(pipeline, versions=versions)
    service.store.put_pipeline(pipeline)
    return pipeline


def max_parallel_steps(request: Mapping[str, Any], default: int | None = None) -> int | None:
    """The parallelism that a request asks for."""
    configuration = request.get("ParallelismConfiguration")
    return int(configuration["MaxParallelExecutionSteps"]) if configuration else default


def parallelism(steps: int | None) -> dict[str, int] | None:
    """A parallelism as the API shows it."""
    return None if steps is None else {"MaxParallelExecutionSteps": steps}


def _definition_text(service: Service, caller: Caller, request: Mapping[str, Any]) -> str | None:
    text, location = request.get("PipelineDefinition"), request.get("PipelineDefinitionS3Location")
    if text is not None and location is not None:
        raise validation("PipelineDefinition and PipelineDefinitionS3Location exclude each other.")
    if location is None:
        return text
    names = {"Bucket": location["Bucket"], "Key": location["ObjectKey"]}
    if "VersionId" in location:
        names["VersionId"] = location["VersionId"]
    try:
        body: bytes = service.clients("s3", caller.scope.region).get_object(**names)["Body"].read()
    except ClientError as error:
        raise validation(f"The pipeline definition can't be read from S3: {error}") from error
    return body.decode()


OPERATIONS: Mapping[str, Operation] = {
    "CreatePipeline": create_pipeline,
    "UpdatePipeline": update_pipeline,
    "DescribePipeline": describe_pipeline,
    "DeletePipeline": delete_pipeline,
    "ListPipelines": list_pipelines,
    "ListPipelineVersions": list_pipeline_versions,
    "UpdatePipelineVersion": update_pipeline_version,
}
