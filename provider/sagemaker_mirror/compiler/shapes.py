"""Checks a request against botocore's model of the SageMaker API, before AWS sees it.

botocore's own validator knows neither patterns nor enumerations, and nothing of references. The model is read
straight from botocore's data files: building a client for it takes ten times as long.
"""

from __future__ import annotations

import difflib
import gzip
import importlib.util
import json
import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sagemaker_mirror.compiler.references import is_reference


@dataclass(frozen=True)
class Finding:
    """Something that the API would refuse.

    :param path: where in the request, for example ``InputDataConfig[0].ChannelName``; empty for the request itself.
    :param message: what is wrong.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def check_request(operation: str, request: Any, unset: frozenset[str] = frozenset()) -> tuple[Finding, ...]:
    """Compare a request with the input that an operation takes.

    A reference counts as any type, because its value is known only when the pipeline runs.

    :param operation: the operation's name, for example ``CreateTrainingJob``.
    :param request: the request.
    :param unset: members that may be missing although the operation requires them.
    :raises KeyError: botocore knows no such operation.
    """
    model = _service_model()
    name = model["operations"][operation]["input"]["shape"]
    shape = dict(model["shapes"][name])
    shape["required"] = [member for member in shape.get("required", ()) if member not in unset]
    return tuple(_check_structure(model["shapes"], shape, request, ""))


def check_value(shape: str, value: Any, more: Mapping[str, Any] | None = None) -> tuple[Finding, ...]:
    """Compare a value with one shape of the API.

    :param shape: the shape's name, for example ``PipelineName``.
    :param value: the value.
    :param more: further shapes, in botocore's form, which go before those of the API.
    :raises KeyError: there is no such shape.
    """
    shapes = ChainMap(dict(more or {}), _service_model()["shapes"])
    return tuple(_check(shapes, shape, value, ""))


def most(shape: str) -> int:
    """Give the largest size that the API takes.

    :param shape: the shape's name, for example ``ProcessingInputs``.
    :raises KeyError: botocore knows no such shape, or no such limit.
    """
    return int(_service_model()["shapes"][shape]["max"])


@lru_cache(maxsize=1)
def _service_model() -> Mapping[str, Any]:
    found = importlib.util.find_spec("botocore")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("botocore, which boto3 brings, is needed to check a definition")
    versions = sorted((Path(found.submodule_search_locations[0]) / "data" / "sagemaker").glob("*/service-2.json*"))
    raw = versions[-1].read_bytes()
    model: dict[str, Any] = json.loads(gzip.decompress(raw) if versions[-1].suffix == ".gz" else raw)
    return model


def _check(shapes: Mapping[str, Any], name: str, value: Any, path: str) -> Iterator[Finding]:
    shape = shapes[name]
    kind = shape["type"]
    if is_reference(value) or kind == "document":
        return
    if kind == "structure":
        yield from _check_structure(shapes, shape, value, path)
    elif kind == "list":
        yield from _check_list(shapes, shape, value, path)
    elif kind == "map":
        yield from _check_map(shapes, shape, value, path)
    elif kind == "string":
        yield from _check_string(name, shape, value, path)
    elif kind == "boolean":
        if not isinstance(value, bool):
            yield Finding(path, f"{_shown(value)} is not a boolean")
    else:
        yield from _check_number(shape, value, path)


def _check_structure(shapes: Mapping[str, Any], shape: Any, value: Any, path: str) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield Finding(path, f"{_shown(value)} is not an object")
        return
    members = shape["members"]
    for name in shape.get("required", ()):
        if name not in value:
            yield Finding(_inside(path, name), "is required")
    for name, item in value.items():
        if name not in members:
            yield Finding(_inside(path, name), f"is not known{_suggestion(name, members)}")
        else:
            yield from _check(shapes, members[name]["shape"], item, _inside(path, name))


def _check_list(shapes: Mapping[str, Any], shape: Any, value: Any, path: str) -> Iterator[Finding]:
    if not isinstance(value, list):
        yield Finding(path, f"{_shown(value)} is not a list")
        return
    yield from _check_size(shape, len(value), path, "entries")
    for number, item in enumerate(value):
        yield from _check(shapes, shape["member"]["shape"], item, f"{path}[{number}]")


def _check_map(shapes: Mapping[str, Any], shape: Any, value: Any, path: str) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield Finding(path, f"{_shown(value)} is not an object")
        return
    yield from _check_size(shape, len(value), path, "entries")
    for name, item in value.items():
        yield from _check(shapes, shape["key"]["shape"], name, _inside(path, name))
        yield from _check(shapes, shape["value"]["shape"], item, _inside(path, name))


def _check_string(name: str, shape: Any, value: Any, path: str) -> Iterator[Finding]:
    if not isinstance(value, str):
        yield Finding(path, f"{_shown(value)} is not a string")
        return
    wrong_size = tuple(_check_size(shape, len(value), path, "characters"))
    yield from wrong_size
    words = shape.get("enum")
    if words:
        if value not in words and not (name.endswith("InstanceType") and _may_be_new(value, tuple(words))):
            yield Finding(path, f"{_shown(value)} is not known{_suggestion(value, words)}")
        return
    pattern = _compiled(shape.get("pattern"))
    if pattern is not None and not wrong_size and not pattern.fullmatch(value):
        yield Finding(path, f"{_shown(value)} does not match {pattern.pattern}")


def _check_number(shape: Any, value: Any, path: str) -> Iterator[Finding]:
    whole = shape["type"] in ("integer", "long")
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        yield Finding(path, f"{_shown(value)} is not {'an integer' if whole else 'a number'}")
        return
    yield from _check_size(shape, value, path, "")


def _check_size(shape: Any, size: float, path: str, unit: str) -> Iterator[Finding]:
    if size < shape.get("min", size):
        yield Finding(path, f"{size} {unit}".rstrip() + f", fewer than the least, {shape['min']}")
    if size > shape.get("max", size):
        yield Finding(path, f"{size} {unit}".rstrip() + f", more than the most, {shape['max']}")


@lru_cache(maxsize=512)
def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    """Compile a pattern; none where it uses Unicode classes, which Python has not: tags and descriptions, mostly."""
    if not pattern or "\\p{" in pattern or "\\u" in pattern:
        return None
    return re.compile(pattern)


_INSTANCE_TYPE = re.compile(r"ml\.[a-z0-9-]+\.([a-z0-9-]+)")


@lru_cache(maxsize=64)
def _sizes(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.rpartition(".")[2] for word in words)


def _may_be_new(value: str, words: tuple[str, ...]) -> bool:
    """Let a new family pass: AWS adds them monthly, and a botocore that Airflow's constraints pin lags behind."""
    match = _INSTANCE_TYPE.fullmatch(value)
    return match is not None and match[1] in _sizes(words)


def _suggestion(word: str, known: Iterable[str]) -> str:
    words = list(known)
    close = difflib.get_close_matches(word, words, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known are {', '.join(words)}" if len(words) <= 12 else ""


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
