"""From what the API would refuse back to the key of the conf that it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from sagemaker_mirror.compiler.check import DefinitionProblem
from sagemaker_mirror.config import PipelineConfig, Problem
from sagemaker_mirror.config.validation import section_name

_POSITION = re.compile(r"\[\d+\]")
#: What channels become; they have no one place in the API that their key could name.
_CHANNELS = ("InputDataConfig", "ProcessingInputs", "ProcessingOutputConfig.Outputs", "TransformInput.DataSource")


def locate(config: PipelineConfig, problem: DefinitionProblem) -> Problem:
    """Say a problem of the definition at its place in the conf.

    :param config: the conf.
    :param problem: what is wrong with the definition.
    """
    path = _path(config, problem)
    return config.problem(path, f"{path[-1]}: {problem}" if isinstance(path[-1], str) else str(problem))


def _path(config: PipelineConfig, problem: DefinitionProblem) -> tuple[str | int, ...]:
    try:
        model, step = config.step(problem.step or "")
    except KeyError:  # the definition itself, or a repack step, which the conf does not name
        return ("sagemakerPipeline",)
    if not problem.path.startswith("Arguments."):
        return (*config.step_path(step.name), *_keys(step, problem.path))
    sections = config.models[model].sections
    name = section_name(step, sections) or ""
    keys = _keys(sections[name], problem.path.removeprefix("Arguments."))
    return ("models", model, name, *keys) if keys else config.step_path(step.name)


def _keys(keys: BaseModel, api: str) -> tuple[str, ...]:
    """Give the keys that lead to what became a place in the API: the nearest that the conf has."""
    path = _POSITION.sub("[]", api)
    found = [(len(place), names) for place, names in _places(keys) if _is_above(place, path)]
    best = max(found, default=(0, ()))[1]
    value = _value(keys, best)
    if isinstance(value, Mapping) and (entry := api.rpartition(".")[2]) in value:
        return (*best, entry)
    return best


def _is_above(place: str, path: str) -> bool:
    return path == place or path.startswith((f"{place}.", f"{place}["))


def _places(keys: BaseModel) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the places in the API that the written keys have, each with the names that lead there."""
    for attribute in type(keys).model_fields.keys() & keys.model_fields_set:
        field = type(keys).model_fields[attribute]
        name, extra, value = field.alias or attribute, field.json_schema_extra, getattr(keys, attribute)
        if isinstance(extra, dict) and isinstance(extra.get("x-api"), str):
            yield str(extra["x-api"]), (name,)
        if name == "channels":
            yield from ((place, (name,)) for place in _CHANNELS)
        if isinstance(value, BaseModel):
            yield from ((place, (name, *below)) for place, below in _places(value))


def _value(keys: BaseModel, names: tuple[str, ...]) -> object:
    value: object = keys
    for name in names:
        fields = type(value).model_fields if isinstance(value, BaseModel) else {}
        value = next(
            (getattr(value, attribute) for attribute, field in fields.items() if name in (field.alias, attribute)),
            None,
        )
    return value
