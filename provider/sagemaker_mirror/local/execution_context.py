"""What references in an execution's steps lead to: its parameters, its variables, its other steps' results."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sagemaker_mirror.local.records import Execution
from sagemaker_mirror.local.resolve import Resolver, UnresolvedReference, follow
from sagemaker_mirror.local.store import Store, now


def resolver_of(execution: Execution, store: Store, clients: Callable[[str, str], Any]) -> Resolver:
    """The resolver of an execution.

    :param store: where the results of steps are looked up, when they are asked for.
    :param clients: makes boto3 clients, by service and region.
    """

    def properties(name: str) -> Mapping[str, Any]:
        row = store.execution(execution.arn).current_rows.get(name)
        if row is None or row.result is None:
            raise UnresolvedReference(f"'Steps.{name}' has no properties: the step has not run")
        return row.result.properties

    def json_at(uri: str) -> Any:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            s3 = clients("s3", execution.scope.region)
            return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except (ClientError, ValueError) as error:
            raise UnresolvedReference(f"There is no JSON document at {uri}: {error}") from error

    def property_file(name: str, file_name: str) -> Any:
        step = execution.definition.steps.get(name)
        file = step.property_files.get(file_name) if step else None
        if file is None:
            raise UnresolvedReference(f"Step '{name}' has no property file '{file_name}'")
        path = f"ProcessingOutputConfig.Outputs['{file.output_name}'].S3Output.S3Uri"
        folder = follow(properties(name), path, f"Steps.{name}.{path}")
        return json_at(f"{str(folder).rstrip('/')}/{file.path}")

    return Resolver(execution.parameters, _variables(execution), properties, property_file, json_at)


def _variables(execution: Execution) -> dict[str, str]:
    return {
        "PipelineName": execution.pipeline_name,
        "PipelineArn": execution.pipeline_arn,
        "PipelineExecutionId": execution.id,
        "PipelineExecutionArn": execution.arn,
        "StartDateTime": execution.created.isoformat(),
        "CurrentDateTime": now().isoformat(),
    }
