"""A folder's conf, read and valid: what the graph, the compiler and the DAG are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sagemaker_mirror.config.definition import DefinedStep, defined_steps
from sagemaker_mirror.config.definition_file import DEFINITION, with_definition
from sagemaker_mirror.config.discovery import (
    ConfigFolder,
    SourceFile,
    base_files,
    conf_files,
    read_source,
)
from sagemaker_mirror.config.merge import BASE_KEYS, FOLDER_KEYS, Tree, override, read_conf, unite
from sagemaker_mirror.config.model import BaseConfig, ModelConfig, SageMakerPipeline, Section, StepConfig
from sagemaker_mirror.config.notices import find_notices
from sagemaker_mirror.config.placeholders import Substitution, name_pattern, strings
from sagemaker_mirror.config.places import KeyPath, Places
from sagemaker_mirror.config.problems import ConfigError, Problem
from sagemaker_mirror.config.source_directory import find_source_directory, model_folder
from sagemaker_mirror.config.validation import Validation, section_name
from sagemaker_mirror.config.wiring import Edge, Wiring


@dataclass(frozen=True)
class PipelineConfig:
    """The conf of one folder.

    :param name: the folder's name, which is the DAG's id.
    :param path: the folder.
    :param models: the models by name.
    :param pipeline: the section ``sagemakerPipeline``.
    :param base: what holds for the whole folder.
    :param edges: which step waits for which.
    :param sources: the confs it was read from.
    :param tree: the same as plain data, as written below ``conf``.
    """

    name: str
    path: Path
    models: Mapping[str, ModelConfig]
    pipeline: SageMakerPipeline
    base: BaseConfig
    edges: tuple[Edge, ...]
    sources: tuple[SourceFile, ...] = field(repr=False)
    tree: Tree = field(repr=False)

    @property
    def files(self) -> tuple[Path, ...]:
        """The confs it was read from."""
        return tuple(source.path for source in self.sources)

    @property
    def definition(self) -> Mapping[str, Any] | None:
        """The definition that stands for models, where the conf names one; it has all the steps then."""
        return self.tree.get(DEFINITION)

    @cached_property
    def defined_steps(self) -> tuple[DefinedStep, ...]:
        """The steps of the definition that stands for models."""
        return () if self.definition is None else tuple(defined_steps(self.definition))

    @property
    def steps(self) -> tuple[tuple[str, StepConfig], ...]:
        """The steps with the names of their models, in the order of the conf."""
        return tuple((model, step) for model, unit in self.pipeline.models.items() for step in unit.steps)

    @cached_property
    def placeholders(self) -> frozenset[str]:
        """The names in the conf that get their values when a task runs: ``SMP_*``, and variables that it declares."""
        pattern = name_pattern(self.tree.get("variables") or ())
        return frozenset(name for _, text in strings(self.tree) for name in pattern.findall(text))

    def step(self, name: str) -> tuple[str, StepConfig]:
        """Give a step and the name of its model.

        :param name: the step's name.
        :raises KeyError: there is no such step.
        """
        for model, step in self.steps:
            if step.name == name:
                return model, step
        raise KeyError(name)

    def section(self, model: str, step: StepConfig) -> Section:
        """Give the section that a step reads.

        :param model: the step's model.
        :param step: the step.
        """
        sections = self.models[model].sections
        name = section_name(step, sections)
        if name is None:
            raise KeyError(f"step {step.name} names no section")
        return sections[name]

    def resolve(self, values: Mapping[str, str]) -> PipelineConfig:
        """Put values in the place of placeholders.

        :param values: the values by name; an empty one counts as none.
        :return: the conf with values; settings whose optional placeholder (``SMP_SUBNETS``, ``SMP_SECURITYGROUPS``,
            ``SMP_KMS_KEY``) has no value are absent.
        :raises ConfigError: a name without value, or a value that isn't what its key takes.
        """
        variables = self.tree.get("variables") or {}
        substitution = Substitution(values, variables)
        rest = {name: value for name, value in self.tree.items() if name != "variables"}
        tree = substitution.apply(rest, ("conf",))
        if substitution.unresolved:
            first: dict[str, KeyPath] = {}
            for path, name in substitution.unresolved:
                first.setdefault(name, path)
            raise ConfigError(self._places.token(path, name, f"{name} has no value") for name, path in first.items())
        return _validated(self.name, self.path, tree, self.sources)

    def source_directory(self, model: str, values: Mapping[str, str]) -> Path:
        """Find the folder of a model's scripts.

        A relative one is looked for below the model's folder (that above its ``conf`` folder), the config folder, the
        configs root, the configs root's parent and the current folder.

        :param model: the model.
        :param values: values of placeholders; ``SMP_SOURCE_DIR_PATH`` is the folder where the conf gives none.
        :raises ConfigError: it is nowhere, or the conf names none.
        """
        named = self.models[model].source_directory or values.get("SMP_SOURCE_DIR_PATH")
        where = ("models", model, "source_directory")
        if not named:
            message = f"model {model!r} needs 'source_directory'; SMP_SOURCE_DIR_PATH has no value either"
            raise ConfigError([self.problem(where[:-1], message)])
        conf = self._source(model).path
        found, tried = find_source_directory(str(named), conf, self.path)
        if found is None:
            raise ConfigError([self.problem(where, f"there is no folder {named!r}; tried {', '.join(tried)}")])
        return found

    def model_folder(self, model: str) -> Path:
        """Give the folder that a model's relative paths begin at: that above the ``conf`` folder it is written in.

        :param model: the model.
        """
        return model_folder(self._source(model).path)

    def _source(self, model: str) -> SourceFile:
        return self._places.source(("conf", "models", model, "source_directory"))

    def problem(self, path: KeyPath, message: str) -> Problem:
        """Say something about a value of the conf, at its place.

        :param path: the way to it below ``conf``: keys, and positions in lists.
        :param message: what there is to say.
        """
        return self._places.either(("conf", *path), message)

    def notices(self) -> tuple[Problem, ...]:
        """Give what is no mistake but does nothing, such as keys that the API has no place for."""
        found = (self._places.key(("conf", *path), message) for path, message in find_notices(self))
        return tuple(sorted(found))

    def step_path(self, name: str) -> KeyPath:
        """Give the way to a step, for :meth:`problem`.

        :param name: the step's name.
        :raises KeyError: there is no such step.
        """
        for model, unit in self.pipeline.models.items():
            for index, step in enumerate(unit.steps):
                if step.name == name:
                    return "sagemakerPipeline", "models", model, "steps", index
        for defined in self.defined_steps:
            if defined.name == name:
                return DEFINITION, *defined.path
        raise KeyError(name)

    @cached_property
    def _places(self) -> Places:
        return Places(self.sources)


def load_folder(folder: ConfigFolder | Path) -> PipelineConfig:
    """Read and check the conf of a folder; placeholders stay in place.

    :param folder: the folder.
    :return: its conf.
    :raises ConfigError: with everything that is wrong with it.
    """
    path = folder.path if isinstance(folder, ConfigFolder) else Path(folder).absolute()
    files = folder.files if isinstance(folder, ConfigFolder) else conf_files(path)
    if not files:
        raise ConfigError([Problem(path, 1, 1, "has no conf/*.yaml at any depth")])
    root = path.parent
    problems: list[Problem] = []
    confs, readable = _read(files, root, FOLDER_KEYS, problems)
    bases, bases_readable = _read(base_files(root), root, BASE_KEYS, problems)
    if not (readable and bases_readable):
        # What the unreadable file holds would be reported as missing.
        raise ConfigError(problems)
    (tree, twice), (base_tree, base_twice) = unite(confs), unite(bases)
    problems += [*twice, *base_twice]
    try:
        tree, sources = with_definition(override(base_tree, tree), [source for source, _ in (*confs, *bases)], root)
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from error
    return _validated(path.name, path, tree, sources, problems)


def clashing_names(configs: Iterable[PipelineConfig]) -> tuple[Problem, ...]:
    """Find folders that would write the same pipeline.

    :param configs: the confs of the folders.
    :return: a problem for each folder but the first with a name.
    """
    first: dict[str, PipelineConfig] = {}
    problems = []
    for config in configs:
        name = config.pipeline.pipeline_name
        known = first.setdefault(name, config)
        if known is not config:
            message = f"the pipeline {name!r} is that of folder {known.name!r} already"
            problems.append(config.problem(("sagemakerPipeline", "pipelineName"), message))
    return tuple(problems)


def _read(
    files: tuple[Path, ...], root: Path, allowed: tuple[str, ...], problems: list[Problem]
) -> tuple[list[tuple[SourceFile, Tree]], bool]:
    confs = []
    for file in files:
        try:
            source = read_source(file, root)
            tree, found = read_conf(source, allowed)
        except ConfigError as error:
            problems.extend(error.problems)
        else:
            problems.extend(found)
            confs.append((source, tree))
    return confs, len(confs) == len(files)


def _validated(
    name: str, path: Path, tree: Tree, sources: tuple[SourceFile, ...], problems: Sequence[Problem] = ()
) -> PipelineConfig:
    where = Places(sources)
    validation = Validation(tree, where)
    base = validation.base()
    pipeline = validation.pipeline()
    models: Mapping[str, ModelConfig] = {}
    if DEFINITION in tree:
        edges, wrong_edges = validation.definition(), []
    else:
        steps = pipeline or validation.readable_steps()
        models = validation.models(steps, all_steps=pipeline is not None)
        wiring = Wiring(steps, tree, where, complete=pipeline is not None)
        edges, wrong_edges = wiring.edges, wiring.problems
    validation.references()
    problems = [*problems, *validation.problems, *wrong_edges]
    if problems or base is None or pipeline is None:
        raise ConfigError(problems)
    return PipelineConfig(name, path, models, pipeline, base, edges, sources, tree)
