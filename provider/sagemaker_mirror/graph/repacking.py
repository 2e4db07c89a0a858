"""Where the steps that repack models stand in the graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sagemaker_mirror.config import ConfigError, PipelineConfig, wiring
from sagemaker_mirror.config.model import RegistrySection
from sagemaker_mirror.config.names import derived_step_name
from sagemaker_mirror.config.wiring import Edge
from sagemaker_mirror.graph.steps import Step, StepGraph


class Repacked(NamedTuple):
    """A model that is repacked before a step uses it.

    :param training: the Training step that makes it.
    :param user: the step that creates or registers it.
    :param section: the section that the user reads.
    """

    training: str
    user: str
    section: RegistrySection


def repack_name(training: str) -> str:
    """Give the name of the step that repacks what a Training step made."""
    return derived_step_name(training, "Repack")


def repacked(config: PipelineConfig) -> Iterator[Repacked]:
    """Give the models that are repacked, for each step that uses one.

    :param config: the conf.
    :raises ConfigError: it is not known yet whether a model is to be repacked.
    """
    for model, step in config.steps:
        if step.step_class not in ("CreateModel", "RegisterModel"):
            continue
        section = config.section(model, step)
        training = wiring.producer(config.pipeline, model, step.name, "Training")
        if training is not None and isinstance(section, RegistrySection) and is_repacked(config, step.name, section):
            yield Repacked(training, step.name, section)


def is_repacked(config: PipelineConfig, step: str, section: RegistrySection) -> bool:
    """Tell whether a step uses a repacked model.

    :param config: the conf.
    :param step: the step that creates or registers the model.
    :param section: its section.
    :raises ConfigError: it is not known yet.
    """
    if isinstance(section.model_repack, bool):
        return section.model_repack
    message = f"'ModelRepack' says which steps the pipeline has, so it can't be {section.model_repack!r}"
    raise ConfigError([config.problem(config.step_path(step), message)])


def with_repack_steps(graph: StepGraph, config: PipelineConfig) -> StepGraph:
    """Put repack steps between Training steps and the steps that use their models.

    :param graph: the graph of the conf.
    :param config: the conf.
    :return: the graph with repack steps; the same graph where there are none.
    :raises ConfigError: a step of the conf has the name of a repack step.
    """
    found = tuple(repacked(config))
    names = {item.training: repack_name(item.training) for item in found}
    for training, name in names.items():
        if any(step.name == name for _, step in config.steps):
            message = f"{name!r} is the name of the step that repacks {training!r}"
            raise ConfigError([config.problem(config.step_path(name), message)])
    if not names:
        return graph
    steps: dict[str, Step] = {}
    for step in graph.steps.values():
        steps[step.name] = step
        if step.name in names:
            steps[names[step.name]] = Step(names[step.name], "Training", step.model)
    users = {(item.training, item.user) for item in found}
    edges = [edge for edge in graph.edges if edge.kind != "implicit" or (edge.source, edge.target) not in users]
    edges += (Edge(training, name, "implicit") for training, name in names.items())
    edges += (Edge(names[item.training], item.user, "implicit") for item in found)
    return StepGraph(steps, tuple(edges))
