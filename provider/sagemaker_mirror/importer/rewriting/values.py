"""Values of a definition as a conf writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from sagemaker_mirror.compiler.references import EXECUTION_ID

_PARAMETER = "Parameters."
_STEP = re.compile(r"Steps\.([A-Za-z0-9_-]+)\.")
_OUTPUT = re.compile(r"Steps\.[A-Za-z0-9_-]+\.ProcessingOutputConfig\.Outputs\['(.+)'\]\.S3Output\.S3Uri")


def with_texts(value: Any) -> Any:
    """Put ``${params.Name}`` in the place of every reference to a parameter; the compiler does the opposite.

    :param value: a request, or a part of it.
    """
    if isinstance(value, list):
        return [with_texts(item) for item in value]
    if not isinstance(value, dict):
        return value
    target = value.get("Get") if len(value) == 1 else None
    if isinstance(target, str) and target.startswith(_PARAMETER):
        return f"${{params.{target.removeprefix(_PARAMETER)}}}"
    inner = {key: with_texts(item) for key, item in value.items()}
    joined = inner.get("Std:Join", {})
    if joined.get("On") == "" and all(isinstance(part, str) for part in joined["Values"]):
        return "".join(joined["Values"])
    return inner


def source_of(value: Any) -> str | None:
    """Give the step that a value is read from; None for a value that is there before the pipeline runs."""
    match = _STEP.match(value["Get"]) if isinstance(value, dict) and "Get" in value else None
    return match[1] if match else None


def output_of(value: Mapping[str, Any]) -> str | None:
    """Give the name of the processing job's output that a reference reads; None for that of another job."""
    match = _OUTPUT.fullmatch(value["Get"])
    return match[1] if match else None


class Place(NamedTuple):
    """Where a step puts what it makes.

    :param bucket: the bucket.
    :param prefix: what keys begin with; None where that is the pipeline's name.
    """

    bucket: str
    prefix: str | None


def place_of(uri: Mapping[str, Any]) -> Place:
    """Read where a step of an execution puts what it makes.

    :param uri: the address, whose parts are joined when the execution runs.
    """
    parts = uri["Std:Join"]["Values"]
    # s3:/, bucket, what keys begin with, pipeline, execution, …
    above = parts[2 : parts.index(EXECUTION_ID) - 1]
    return Place(parts[1], "/".join(above) or None)


def concise(kind: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is absent, empty or as by default.

    :param kind: the model of the keys.
    :param values: the values by key.
    """
    defaults = {field.alias or name: field.default for name, field in kind.model_fields.items()}
    required = {field.alias or name for name, field in kind.model_fields.items() if field.is_required()}
    return {
        key: value
        for key, value in values.items()
        if key in required or (value not in (None, {}, []) and value != _listed(defaults[key]))
    }


def _listed(default: Any) -> Any:
    return list(default) if isinstance(default, tuple) else default
