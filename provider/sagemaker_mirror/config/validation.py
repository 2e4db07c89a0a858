"""From the merged conf to the models of :mod:`sagemaker_mirror.config.model`, with every mistake at its place."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sagemaker_mirror.config.fields import describe
from sagemaker_mirror.config.merge import Tree
from sagemaker_mirror.config.model import (
    DEFAULT_SECTION,
    DOCUMENTED_SECTIONS,
    SECTION_OF_CLASS,
    BaseConfig,
    ModelConfig,
    ModelKeys,
    SageMakerPipeline,
    Section,
    StepConfig,
)
from sagemaker_mirror.config.places import Path, Places
from sagemaker_mirror.config.problems import Problem, did_you_mean

AnyKeys = TypeVar("AnyKeys", bound=BaseModel)

STEP_TYPE_WORDS: Mapping[str, str] = {"CreateModel": "create", "Metrics": "metrics"}
"""Words that the framework takes as ``step_type`` for a section of another name."""


def section_name(step: StepConfig, sections: typing.Container[str]) -> str | None:
    """Say which section of its model a step reads.

    :param step: the step.
    :param sections: the names of the model's sections.
    :return: the section's name; None for a Processing step that names none.
    """
    default = DEFAULT_SECTION.get(step.step_class)
    if step.step_type is None:
        return default
    if step.step_type not in sections and step.step_type == STEP_TYPE_WORDS.get(step.step_class):
        return default
    return step.step_type


class Validation:
    """One pass over a conf; problems gather in ``problems``.

    :param places: where things stand.
    :param names: finds the names that get their values later.
    """

    def __init__(self, places: Places, names: re.Pattern[str]) -> None:
        self.places = places
        self.names = names
        self.problems: list[Problem] = []

    def keys(self, model: type[AnyKeys], value: Any, path: Path) -> AnyKeys | None:
        """Validate one mapping.

        :param model: what it must look like.
        :param value: what the conf has.
        :param path: where the conf has it.
        :return: the mapping as data; None if something is wrong with it.
        """
        try:
            return model.model_validate(value, context=self.names)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self.problems.append(self._problem(model, detail, path))
            return None

    def base(self, tree: Tree) -> BaseConfig | None:
        """Validate what holds for the whole folder."""
        rest = {
            name: value for name, value in tree.items() if name not in ("models", "sagemakerPipeline", "variables")
        }
        return self.keys(BaseConfig, rest, ("conf",))

    def pipeline(self, tree: Tree) -> SageMakerPipeline | None:
        """Validate the section ``sagemakerPipeline``."""
        if "sagemakerPipeline" not in tree:
            message = "no conf of this folder has 'sagemakerPipeline', which exactly one must have"
            self.problems.append(self.places.key(("conf",), message))
            return None
        return self.keys(SageMakerPipeline, tree["sagemakerPipeline"], ("conf", "sagemakerPipeline"))

    def models(self, tree: Tree, pipeline: SageMakerPipeline | None) -> dict[str, ModelConfig]:
        """Validate the models, each section as what the steps read it as."""
        models = tree.get("models")
        if not isinstance(models, dict):
            message = (
                "'conf' needs 'models'" if models is None else f"'models' must be a mapping, is {describe(models)}"
            )
            self.problems.append(self.places.value(("conf", "models"), message))
            return {}
        result = {}
        for name, model in models.items():
            steps = pipeline.models[name].steps if pipeline is not None and name in pipeline.models else ()
            result[name] = self._model(name, {} if model is None else model, steps, pipeline is not None)
        return result

    def _model(self, name: str, model: Any, steps: tuple[StepConfig, ...], steps_known: bool) -> ModelConfig:
        path: Path = ("conf", "models", name)
        if not isinstance(model, dict):
            self.problems.append(self.places.value(path, f"{name!r} must be a mapping, is {describe(model)}"))
            return ModelConfig()
        kinds = self._section_kinds(name, model, steps)
        own = {key: model[key] for key in model if key in ModelKeys.model_fields}
        sections = {}
        for key, value in model.items():
            if key in own or value is None:
                continue
            kind = kinds.get(key)
            if kind is not None:
                section = self.keys(kind, value, (*path, key))
                if section is not None:
                    sections[key] = section
            elif steps_known:
                known = [*ModelKeys.model_fields, *DOCUMENTED_SECTIONS, *kinds]
                message = f"unknown key {key!r}, and no step of {name!r} has it as its step_type"
                self.problems.append(self.places.key((*path, key), message + did_you_mean(key, known)))
        return ModelConfig(self.keys(ModelKeys, own, path) or ModelKeys(), sections)

    def _section_kinds(self, name: str, model: Tree, steps: tuple[StepConfig, ...]) -> dict[str, type[Section]]:
        """What each section looks like, by the steps that read it; a step without its section is a mistake."""
        kinds = dict(DOCUMENTED_SECTIONS)
        readers: dict[str, StepConfig] = {}
        for index, step in enumerate(steps):
            path: Path = ("conf", "sagemakerPipeline", "models", name, "steps", index)
            section = section_name(step, model.keys())
            if section is None:
                message = f"step {step.name!r} is of class Processing and needs 'step_type', the section it reads"
                self.problems.append(self.places.key(path, message))
                continue
            kind = SECTION_OF_CLASS[step.step_class]
            if model.get(section) is None:
                candidates = [key for key in model if key not in ModelKeys.model_fields]
                message = f"step {step.name!r} reads the section {section!r}, which model {name!r} lacks"
                place = (*path, "step_type" if step.step_type else "step_class")
                self.problems.append(self.places.value(place, message + did_you_mean(section, candidates)))
            elif (
                section in DOCUMENTED_SECTIONS
                and kinds[section] is not kind
                and section not in ("processing", "preprocess")
            ):
                message = (
                    f"section {section!r} is no section for a step of class {step.step_class}; give it one of its own"
                )
                self.problems.append(self.places.value((*path, "step_type"), message))
            elif section in readers and kinds[section] is not kind:
                reader = readers[section]
                message = f"section {section!r} is read as {reader.step_class} by step {reader.name!r} already"
                self.problems.append(self.places.value((*path, "step_type"), message))
            else:
                kinds[section] = kind
                readers[section] = step
        return kinds

    def _problem(self, model: type[BaseModel], detail: ErrorDetails, path: Path) -> Problem:
        place = tuple(part for part in detail["loc"] if part != "[key]")
        where = (*path, *place)
        name = next((part for part in reversed(where) if isinstance(part, str)), "conf")
        item = f"entry {where[-1] + 1} of {name!r}" if isinstance(where[-1], int) else repr(name)
        kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
        if kind == "extra_forbidden":
            return self.places.key(where, f"unknown key {name!r}{did_you_mean(name, known_keys(model, place[:-1]))}")
        if kind == "missing":
            if self.places.holds(where):
                return self.places.key(where, f"{name!r} has no value")
            parent = where[-2]
            owner = f"entry {parent + 1} of {where[-3]!r}" if isinstance(parent, int) else repr(parent)
            return self.places.key(where[:-1], f"{owner} needs {name!r}")
        if kind == "conf":
            return self.places.value(where, f"{item} {context['message']}")
        if kind == "literal_error":
            hint = did_you_mean(value, _words(context["expected"])) if isinstance(value, str) else ""
            return self.places.value(where, f"{item} must be {context['expected']}, is {describe(value)}{hint}")
        if kind in _WANTED:
            return self.places.value(
                where, f"{item} must be {_WANTED[kind]}, is {describe(value)}{_quote(kind, value)}"
            )
        message = detail["msg"]
        return self.places.value(where, f"{item}: {message[:1].lower()}{message[1:]}")


_WANTED = {
    "string_type": "text",
    "mapping_type": "a mapping",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}


def _quote(kind: str, value: Any) -> str:
    return "; put it in quotes" if kind == "string_type" and isinstance(value, bool | int | float) else ""


def _words(expected: str) -> list[str]:
    return [word.strip("'") for part in expected.split(", ") for word in part.split(" or ")]


def known_keys(model: type[BaseModel], place: Path) -> list[str]:
    """Give the keys that a mapping may have.

    :param model: the model that the way begins at.
    :param place: the way to the mapping.
    """
    for part in place:
        field = next((f for n, f in model.model_fields.items() if part in (f.alias, n)), None)
        if field is not None:
            model = _model_in(field.annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(argument) for argument in typing.get_args(annotation))
    return next((model for model in found if model is not None), None)
