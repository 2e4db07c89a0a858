"""The parameters of an execution: what the caller assigns, over the definition's defaults. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sagemaker_mirror.local.definition import Definition, Parameter
from sagemaker_mirror.local.errors import validation

Value = str | int | float | bool


def read_parameters(definition: Definition, assigned: Iterable[Mapping[str, str]]) -> dict[str, Value]:
    """The value of every parameter.

    :param assigned: entries with ``Name`` and ``Value``, as StartPipelineExecution takes them.
    :raises ServiceError: ValidationException if one is unknown, missing, of another type or no allowed value.
    """
    values: dict[str, Value] = {}
    for entry in assigned:
        parameter = definition.parameters.get(entry["Name"])
        if parameter is None:
            raise validation(f"Assigned parameter [{entry['Name']}] is not defined in the pipeline.")
        values[parameter.name] = _read(parameter, entry["Value"])
    for parameter in definition.parameters.values():
        if parameter.name not in values:
            if parameter.default is None:
                raise validation(f"Parameter [{parameter.name}] has no default and no value was assigned.")
            values[parameter.name] = parameter.default
        if parameter.choices and values[parameter.name] not in parameter.choices:
            raise validation(
                f"Parameter [{parameter.name}] must be one of {list(parameter.choices)}, "
                f"not {values[parameter.name]!r}."
            )
    return values


def _read_boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


_READERS: Mapping[str, Callable[[str], Value]] = {
    "String": str,
    "Integer": int,
    "Float": float,
    "Boolean": _read_boolean,
}


def _read(parameter: Parameter, text: str) -> Value:
    try:
        return _READERS[parameter.type](text)
    except ValueError as error:
        raise validation(f"Parameter [{parameter.name}] must be {parameter.type}, not {text!r}.") from error
