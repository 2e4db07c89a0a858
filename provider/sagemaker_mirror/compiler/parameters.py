"""The pipeline's parameters: their declaration, and ``${params.Name}`` in values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagemaker_mirror.compiler.references import Request, Value, join
from sagemaker_mirror.config.fields import PARAMETER
from sagemaker_mirror.config.model import Parameter

__all__ = ["PARAMETER", "declarations", "with_parameters"]

# The API takes maps of strings here, so a number that comes as a parameter has to become one.
_MAPS_OF_STRINGS = frozenset({"Environment", "HyperParameters"})


def declarations(parameters: Mapping[str, Parameter]) -> list[Request]:
    """Write the definition's ``Parameters``.

    :param parameters: the parameters by name.
    """
    declared = []
    for name, parameter in parameters.items():
        entry: dict[str, Any] = {"Name": name, "Type": parameter.type}
        if parameter.default is not None:
            entry["DefaultValue"] = parameter.default
        if parameter.enum:
            entry["EnumValues"] = list(parameter.enum)
        declared.append(entry)
    return declared


def with_parameters(value: Value, parameters: Mapping[str, Parameter], text: bool = False) -> Value:
    """Put references in the place of every ``${params.Name}``.

    A value that is nothing but one becomes ``Get``; within a longer text it becomes a part of ``Std:Join``.

    :param value: a request, or a part of it.
    :param parameters: the parameters by name.
    :param text: whether strings are wanted, so that a parameter of another type has to be made one.
    """
    if isinstance(value, dict):
        return {
            key: with_parameters(item, parameters, text or key in _MAPS_OF_STRINGS) for key, item in value.items()
        }
    if isinstance(value, list):
        return [with_parameters(item, parameters, text) for item in value]
    if not isinstance(value, str) or "${params." not in value:
        return value
    whole = PARAMETER.fullmatch(value)
    if whole is not None and not (text and whole[1] in parameters and parameters[whole[1]].type != "String"):
        return _get(whole[1])
    # Splitting by a pattern with one group gives text and names by turns.
    parts = [_get(part) if number % 2 else part for number, part in enumerate(PARAMETER.split(value))]
    return join("", *(part for part in parts if part != ""))


def _get(name: str) -> Request:
    return {"Get": f"Parameters.{name}"}
