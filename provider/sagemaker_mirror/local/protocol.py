"""The wire: AWS JSON 1.1, with botocore's service model as the measure of what goes in and out.

Request members are held against type, length, range, pattern and enum as the service does it, and with its
words ("1 validation error detected: Value '…' at '…' failed to satisfy constraint: …"), so that callers who
look into messages see what they would see on AWS. Members that the model doesn't know are ignored, as on AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from botocore.model import OperationModel, ServiceModel, Shape
from botocore.validate import ParamValidator

from sagemaker_mirror.local.clients import botocore_session
from sagemaker_mirror.local.errors import ServiceError, validation

TARGET_PREFIX = "SageMaker."
CONTENT_TYPE = "application/x-amz-json-1.1"

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
    "blob": (str,),
}


@lru_cache(maxsize=1)
def service_model() -> ServiceModel:
    """The SageMaker model of the installed botocore."""
    model: ServiceModel = botocore_session().get_service_model("sagemaker")
    return model


def has_operation(name: str) -> bool:
    """Whether the installed botocore knows an operation of this name."""
    return name in service_model().operation_names


def read_request(operation: str, body: bytes) -> dict[str, Any]:
    """Parse and validate the body of a request.

    :param operation: operation name, for instance ``CreatePipeline``.
    :param body: the JSON document.
    :raises ServiceError: SerializationException for what is no JSON object, ValidationException for what the
        service model does not allow.
    """
    try:
        request = json.loads(body or b"{}")
    except ValueError as error:
        raise ServiceError("SerializationException", f"The request is no JSON: {error}") from error
    if not isinstance(request, dict):
        raise ServiceError("SerializationException", "The request is no JSON object")
    check_request(operation, request)
    return request


def check_request(operation: str, request: Mapping[str, Any], *, unknown_members: bool = True) -> None:
    """Hold a request against the service model.

    :param unknown_members: whether members that the model doesn't know are let pass.
    :raises ServiceError: ValidationException with every finding.
    """
    shape = _operation_model(operation).input_shape
    if shape is None:
        return
    found = list(_findings(request, shape, "", unknown_members))
    if found:
        errors = "error" if len(found) == 1 else "errors"
        raise validation(f"{len(found)} validation {errors} detected: {'; '.join(found)}")


def write_response(operation: str, response: Mapping[str, Any]) -> bytes:
    """Serialise a response, after it was held against the service model.

    :param response: members by name; those that are None are left out.
    :raises ServiceError: InternalFailure if the response is not one that the API can give.
    """
    members = _without_none(response)
    shape = _operation_model(operation).output_shape
    if shape is not None:
        report = ParamValidator().validate(members, shape)
        if report.has_errors():
            raise ServiceError("InternalFailure", f"{operation}: {report.generate_report()}", status=500)
    return json.dumps(members, default=_timestamp).encode()


def write_error(error: ServiceError) -> bytes:
    """Serialise an error as services of this protocol do."""
    return json.dumps({"__type": error.code, "message": error.message, "Message": error.message}).encode()


def _operation_model(name: str) -> OperationModel:
    return service_model().operation_model(name)


def _timestamp(value: object) -> float:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"{value!r} has no place in a response")


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_none(item) for item in value]
    return value


def _findings(value: Any, shape: Any, path: str, unknown_members: bool) -> Iterator[str]:
    kinds = _PYTHON_TYPES[shape.type_name]
    if not _is_any(value, kinds):
        yield _finding(value, path, f"Member must be of type {shape.type_name}")
        return
    if shape.type_name == "structure":
        yield from _structure_findings(value, shape, path, unknown_members)
    elif shape.type_name == "list":
        yield from _length_findings(value, shape, path)
        for index, item in enumerate(value, start=1):
            yield from _findings(item, shape.member, f"{path}.{index}.member", unknown_members)
    elif shape.type_name == "map":
        yield from _length_findings(value, shape, path)
        for key, item in value.items():
            yield from _findings(key, shape.key, f"{path}.key", unknown_members)
            yield from _findings(item, shape.value, f"{path}.{key}.member", unknown_members)
    elif shape.type_name == "string":
        yield from _string_findings(value, shape, path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _range_findings(value, shape, path)


def _is_any(value: object, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _structure_findings(value: Any, shape: Any, path: str, unknown_members: bool) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    for name in shape.required_members:
        if value.get(name) is None:
            yield _finding(None, prefix + _camel(name), "Member must not be null")
    for name, item in value.items():
        if name in shape.members:
            if item is not None:
                yield from _findings(item, shape.members[name], prefix + _camel(name), unknown_members)
        elif not unknown_members:
            yield f"Unknown member '{prefix + name}'"


def _string_findings(value: str, shape: Shape, path: str) -> Iterator[str]:
    yield from _length_findings(value, shape, path)
    choices = shape.metadata.get("enum")
    if choices and value not in choices:
        yield _finding(value, path, f"Member must satisfy enum value set: [{', '.join(choices)}]")
    pattern = shape.metadata.get("pattern")
    # Python's re has no Unicode property classes; the few patterns with them are about tags.
    if pattern and r"\p" not in pattern and not re.fullmatch(pattern, value, re.DOTALL):
        yield _finding(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _length_findings(value: Any, shape: Shape, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and len(value) < least:
        yield _finding(value, path, f"Member must have length greater than or equal to {least}")
    if most is not None and len(value) > most:
        yield _finding(value, path, f"Member must have length less than or equal to {most}")


def _range_findings(value: float, shape: Shape, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield _finding(value, path, f"Member must have value greater than or equal to {least}")
    if most is not None and value > most:
        yield _finding(value, path, f"Member must have value less than or equal to {most}")


def _finding(value: object, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]
