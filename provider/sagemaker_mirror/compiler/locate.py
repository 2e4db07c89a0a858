"""From what the API would refuse back to the key of the conf that it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import BaseModel

from sagemaker_mirror.compiler.check import DefinitionProblem
from sagemaker_mirror.config import PipelineConfig, Problem
from sagemaker_mirror.config.model import StepConfig
from sagemaker_mirror.config.validation import section_name

_POSITION = re.compile(r"\[\d+\]")


def locate(config: PipelineConfig, problem: DefinitionProblem) -> Problem:
    """Say a problem of the definition at its place in the conf.

    :param config: the conf.
    :param problem: what is wrong with the definition.
    """
    path = _path(config, problem)
    return config.problem(path, f"{path[-1]}: {problem}" if isinstance(path[-1], str) else str(problem))


def _path(config: PipelineConfig, problem: DefinitionProblem) -> tuple[str | int, ...]:
    if problem.step is None:
        return ("sagemakerPipeline",)
    try:
        model, step = config.step(problem.step)
    except KeyError:  # a repack step, which the conf does not name
        return ("sagemakerPipeline",)
    api, in_arguments = problem.path.removeprefix("Arguments."), problem.path.startswith("Arguments.")
    if not in_arguments:
        return (*config.step_path(step.name), *_keys(StepConfig, api))
    sections = config.models[model].sections
    name = section_name(step, sections) or ""
    keys = _keys(type(sections[name]), api)
    return ("models", model, name, *keys) if keys else config.step_path(step.name)


def _keys(model: type[BaseModel], api: str) -> tuple[str, ...]:
    """Give the key whose place in the API is the nearest above a path; none where the model has no such key."""
    path = _POSITION.sub("[]", api)
    found = [(len(place), keys) for place, keys in _places(model) if _is_above(place, path)]
    return max(found, default=(0, ()))[1]


def _is_above(place: str, path: str) -> bool:
    return path == place or path.startswith((f"{place}.", f"{place}["))


def _places(model: type[BaseModel]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the places in the API that a model's keys have, each with the keys that lead there."""
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        key = field.alias or name
        if isinstance(extra, dict) and isinstance(extra.get("x-api"), str):
            yield str(extra["x-api"]), (key,)
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            for place, below in _places(inner):
                yield place, (key, *below)
