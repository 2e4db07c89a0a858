"""From the merged conf to the models of :mod:`sagemaker_mirror.config.model`, with every mistake at its place."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from itertools import chain
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sagemaker_mirror.config.definition import defined_steps, find_mistakes
from sagemaker_mirror.config.definition_file import DEFINITION, declared
from sagemaker_mirror.config.definition_keys import DefinitionKeys
from sagemaker_mirror.config.fields import PARAMETER, OpenNames, describe
from sagemaker_mirror.config.merge import Tree
from sagemaker_mirror.config.model import (
    DEFAULT_SECTION,
    DOCUMENTED_SECTIONS,
    SECTION_OF_CLASS,
    BaseConfig,
    ModelConfig,
    ModelKeys,
    PipelineModel,
    SageMakerPipeline,
    Section,
    StepConfig,
)
from sagemaker_mirror.config.placeholders import name_pattern, strings
from sagemaker_mirror.config.places import KeyPath, Places
from sagemaker_mirror.config.problems import Problem, did_you_mean
from sagemaker_mirror.config.topology import find_cycles
from sagemaker_mirror.config.wiring import Edge

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


UNREADABLE: Any = "unreadable"
"""Class of a step that has a name, and is wrong otherwise."""

FIXED_SECTIONS = ("train", "registry", "transform", "evaluate")
"""Sections whose keys are the same whatever step reads them."""

_APART = ("models", "sagemakerPipeline", DEFINITION)
"""What a tree holds beside the keys of the base conf."""

ALMOST_PARAMETER = re.compile(r"\$\{\s*([Pp]aram(?:s|eter|eters)?)\s*\.\s*([A-Za-z0-9_-]+)\s*\}")


def _builds_the_dag(path: KeyPath) -> bool:
    """Whether the DAG is built from a value, so that it can't wait for a task to run."""
    names = ("step_name", "step_type", DEFINITION)
    return path[1] == "airflow" or (path[1] == "sagemakerPipeline" and path[-1] in names)


def _items(tree: Any, name: str) -> Tree:
    """The mapping below a key, where it is one; all else is reported elsewhere."""
    value = tree.get(name) if isinstance(tree, dict) else None
    return value if isinstance(value, dict) else {}


class Validation:
    """One pass over a conf; problems gather in ``problems``.

    :param tree: what the conf has below ``conf``.
    :param places: where things stand.
    """

    def __init__(self, tree: Tree, places: Places) -> None:
        self.problems: list[Problem] = []
        self._tree = tree
        self._places = places
        variables = tree.get("variables")
        self._names = OpenNames(
            name_pattern(variables if isinstance(variables, dict) else ()),
            {name: parameter.get("type", "String") for name, parameter in self._raw_parameters().items()},
        )

    def base(self) -> BaseConfig | None:
        """Validate what holds for the whole folder."""
        rest = {name: value for name, value in self._tree.items() if name not in _APART}
        return self._keys(BaseConfig, rest, ("conf",))

    def pipeline(self) -> SageMakerPipeline | None:
        """Validate the section ``sagemakerPipeline``."""
        if "sagemakerPipeline" not in self._tree:
            message = "no conf of this folder has 'sagemakerPipeline', which exactly one must have"
            self.problems.append(self._places.key(("conf",), message))
            return None
        return self._keys(SageMakerPipeline, self._tree["sagemakerPipeline"], ("conf", "sagemakerPipeline"))

    def definition(self) -> tuple[Edge, ...]:
        """Validate the definition that stands for models, and give the edges between its steps."""
        if "models" in self._tree:
            message = "'models' has nobody to read it: the steps are those of the definition"
            self.problems.append(self._places.key(("conf", "models"), message))
        path: KeyPath = ("conf", DEFINITION)
        document = self._tree[DEFINITION]
        if self._keys(DefinitionKeys, document, path) is None:
            return ()
        defined = {name: entry.get("Type") for name, entry in declared(document)}
        for name, parameter in self._raw_parameters().items():
            place: KeyPath = ("conf", "sagemakerPipeline", "parameters", name)
            if name not in defined:
                message = f"the definition has no parameter {name!r}{did_you_mean(name, defined)}"
                self.problems.append(self._places.key(place, message))
            elif parameter.get("type") != defined[name]:
                message = f"{name!r} is of type {defined[name]} in the definition"
                self.problems.append(self._places.value((*place, "type"), message))
        steps = tuple(defined_steps(document))
        for where, message in find_mistakes(steps):
            self.problems.append(self._places.value((*path, *where), message))
        for step in steps:
            if self._names.pattern.search(step.name):
                message = f"{step.name!r} has no value yet when the DAG is built, which needs 'Name'"
                self.problems.append(self._places.value((*path, *step.path, "Name"), message))
        return tuple(edge for step in steps for edge in step.edges())

    def readable_steps(self) -> SageMakerPipeline:
        """Give the steps that can be read from a wrong section, so that as much as possible can be checked."""
        models = {}
        for name, unit in _items(_items(self._tree, "sagemakerPipeline"), "models").items():
            steps = unit.get("steps") if isinstance(unit, dict) else None
            readable = tuple(map(self._readable_step, steps if isinstance(steps, list) else ()))
            models[name] = PipelineModel.model_construct(steps=readable)
        return SageMakerPipeline.model_construct(pipeline_name="", models=models)

    def _readable_step(self, step: Any) -> StepConfig:
        try:
            return StepConfig.model_validate(step, context=self._names)
        except ValidationError:
            name = step.get("step_name") if isinstance(step, dict) else None
            return StepConfig.model_construct(step_name=name if isinstance(name, str) else "", step_class=UNREADABLE)

    def models(self, pipeline: SageMakerPipeline, all_steps: bool) -> dict[str, ModelConfig]:
        """Validate the models, each section as what the steps read it as.

        :param pipeline: the steps.
        :param all_steps: whether they are all the steps, so that sections that none of them reads are mistakes.
        """
        models = self._tree.get("models")
        if not isinstance(models, dict):
            message = "needs 'models'" if models is None else f"'models' must be a mapping, is {describe(models)}"
            self.problems.append(self._places.value(("conf", "models"), message))
            return {}
        for name in pipeline.models.keys() - models.keys():
            message = f"there is no model {name!r} below 'models'{did_you_mean(name, models)}"
            self.problems.append(self._places.key(("conf", "sagemakerPipeline", "models", name), message))
        result = {}
        for name, model in models.items():
            steps = pipeline.models[name].steps if name in pipeline.models else ()
            result[name] = self._model(name, {} if model is None else model, steps, all_steps)
        return result

    def references(self) -> None:
        """Check that names stand for something, and for nothing where the DAG is built from the text."""
        parameters = self._raw_parameters()
        # A definition refers to parameters in its own way.
        conf = {name: value for name, value in self._tree.items() if name != DEFINITION}
        for path, text in strings(conf, ("conf",)):
            if _builds_the_dag(path):
                for match in chain(self._names.pattern.finditer(text), PARAMETER.finditer(text)):
                    message = f"{match[0]!r} has no value yet when the DAG is built, which needs {path[-1]!r}"
                    self.problems.append(self._places.token(path, match[0], message))
            if "${" not in text:
                continue
            for match in ALMOST_PARAMETER.finditer(text):
                if PARAMETER.fullmatch(match[0]) is None:
                    message = f"{match[0]!r} is no reference to a parameter; did you mean '${{params.{match[2]}}}'?"
                elif match[2] not in parameters:
                    message = f"the pipeline has no parameter {match[2]!r}{did_you_mean(match[2], parameters)}"
                else:
                    continue
                self.problems.append(self._places.token(path, match[0], message))
        for name in parameters:
            if self._names.pattern.search(name):
                message = (
                    f"the parameter {name!r} holds the name of a placeholder or variable, which would replace it"
                )
                path = ("conf", "sagemakerPipeline", "parameters", name)
                self.problems.append(self._places.key(path, message))
        self._check_variables()

    def _check_variables(self) -> None:
        variables = {name: value for name, value in _items(self._tree, "variables").items() if isinstance(name, str)}
        uses = [
            (used, name)
            for name, text in variables.items()
            if isinstance(text, str)
            for used in dict.fromkeys(self._names.pattern.findall(text))
            if used in variables
        ]
        for cycle in find_cycles(list(variables), uses):
            message = f"these variables stand for each other: {', '.join(cycle)}"
            self.problems.append(self._places.value(("conf", "variables", cycle[0]), message))

    def _raw_parameters(self) -> dict[str, Any]:
        parameters = _items(_items(self._tree, "sagemakerPipeline"), "parameters")
        return {name: value if isinstance(value, dict) else {} for name, value in parameters.items()}

    def _keys(self, model: type[AnyKeys], value: Any, path: KeyPath) -> AnyKeys | None:
        try:
            return model.model_validate(value, context=self._names)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self.problems.append(self._problem(model, detail, path))
            return None

    def _model(self, name: str, model: Any, steps: tuple[StepConfig, ...], all_steps: bool) -> ModelConfig:
        path: KeyPath = ("conf", "models", name)
        if not isinstance(model, dict):
            self.problems.append(self._places.value(path, f"{name!r} must be a mapping, is {describe(model)}"))
            return ModelConfig()
        before = len(self.problems)
        kinds = self._section_kinds(name, model, steps)
        all_known = all_steps and len(self.problems) == before
        own = {key: model[key] for key in model if key in ModelKeys.model_fields}
        sections = {}
        for key, value in model.items():
            if key in own or value is None:
                continue
            kind = kinds.get(key)
            if kind is not None:
                section = self._keys(kind, value, (*path, key))
                if section is not None:
                    sections[key] = section
            elif all_known:
                known = [*ModelKeys.model_fields, *DOCUMENTED_SECTIONS, *kinds]
                message = f"unknown key {key!r}, and no step of {name!r} has it as its step_type"
                self.problems.append(self._places.key((*path, key), message + did_you_mean(key, known)))
        return ModelConfig(self._keys(ModelKeys, own, path) or ModelKeys(), sections)

    def _section_kinds(self, name: str, model: Tree, steps: tuple[StepConfig, ...]) -> dict[str, type[Section]]:
        """What each section looks like, by the steps that read it; a step without its section is a mistake."""
        kinds = dict(DOCUMENTED_SECTIONS)
        readers: dict[str, StepConfig] = {}
        for index, step in enumerate(steps):
            if step.step_class == UNREADABLE:
                continue
            path: KeyPath = ("conf", "sagemakerPipeline", "models", name, "steps", index)
            section = section_name(step, model.keys())
            if section is None:
                message = f"step {step.name!r} is of class Processing and needs 'step_type', the section it reads"
                self.problems.append(self._places.key(path, message))
                continue
            kind = SECTION_OF_CLASS[step.step_class]
            place = (*path, "step_type" if step.step_type else "step_class")
            reader = readers.get(section)
            if model.get(section) is None:
                sections = [key for key in model if key not in ModelKeys.model_fields]
                message = f"step {step.name!r} reads the section {section!r}, which model {name!r} lacks"
                self.problems.append(self._places.value(place, message + did_you_mean(section, sections)))
            elif section in FIXED_SECTIONS and kinds[section] is not kind:
                message = f"section {section!r} is none for a step of class {step.step_class}; give it one of its own"
                self.problems.append(self._places.value(place, message))
            elif reader is not None and kinds[section] is not kind:
                message = f"section {section!r} is read as {reader.step_class} by step {reader.name!r} already"
                self.problems.append(self._places.value(place, message))
            else:
                kinds[section] = kind
                readers[section] = step
        return kinds

    def _problem(self, model: type[BaseModel], detail: ErrorDetails, path: KeyPath) -> Problem:
        place = tuple(part for part in detail["loc"] if part != "[key]")
        where = (*path, *place)
        name = next((part for part in reversed(where) if isinstance(part, str)), "conf")
        item = f"entry {where[-1] + 1} of {name!r}" if isinstance(where[-1], int) else repr(name)
        kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
        if kind == "extra_forbidden":
            return self._places.key(where, f"unknown key {name!r}{did_you_mean(name, known_keys(model, place[:-1]))}")
        if kind == "missing":
            if self._places.holds(where):
                return self._places.key(where, f"{name!r} has no value")
            parent = where[-2]
            owner = f"entry {parent + 1} of {where[-3]!r}" if isinstance(parent, int) else repr(parent)
            return self._places.key(where[:-1], f"{owner} needs {name!r}")
        if kind == "conf":
            at = self._places.key if "[key]" in detail["loc"] or isinstance(value, dict) else self._places.value
            return at(where, f"{item} {context['message']}")
        if kind == "literal_error":
            hint = did_you_mean(value, _words(context["expected"])) if isinstance(value, str) else ""
            return self._places.value(where, f"{item} must be {context['expected']}, is {describe(value)}{hint}")
        if kind in _WANTED:
            return self._places.value(
                where, f"{item} must be {_WANTED[kind]}, is {describe(value)}{_quote(kind, value)}"
            )
        message = detail["msg"]
        return self._places.value(where, f"{item}: {message[:1].lower()}{message[1:]}")


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


def known_keys(model: type[BaseModel], place: KeyPath) -> list[str]:
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
