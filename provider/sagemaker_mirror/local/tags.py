"""Tags of pipelines; those of other resources are moto's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sagemaker_mirror.local.errors import validation
from sagemaker_mirror.local.records import Pipeline
from sagemaker_mirror.local.service import Caller, Operation, Service

_MAX_TAGS = 50


def list_tags(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer ListTags."""
    return {"Tags": _shown(service.store.pipeline(caller.scope, request["ResourceArn"]).tags)}


def add_tags(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer AddTags: a tag that is there gets the new value."""
    added = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    with service.store.change():
        pipeline = service.store.pipeline(caller.scope, request["ResourceArn"])
        tags = {**pipeline.tags, **added}
        if len(tags) > _MAX_TAGS:
            raise validation(f"A resource has at most {_MAX_TAGS} tags.")
        _put(service, pipeline, tags)
    return {"Tags": _shown(tags)}


def delete_tags(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer DeleteTags."""
    with service.store.change():
        pipeline = service.store.pipeline(caller.scope, request["ResourceArn"])
        gone = frozenset(request["TagKeys"])
        _put(service, pipeline, {key: value for key, value in pipeline.tags.items() if key not in gone})
    return {}


def _put(service: Service, pipeline: Pipeline, tags: Mapping[str, str]) -> None:
    service.store.put_pipeline(replace(pipeline, tags=tags))


def _shown(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


OPERATIONS: Mapping[str, Operation] = {
    "ListTags": list_tags,
    "AddTags": add_tags,
    "DeleteTags": delete_tags,
}
