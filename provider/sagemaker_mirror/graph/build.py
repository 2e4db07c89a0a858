"""The graph of a conf."""

from __future__ import annotations

from sagemaker_mirror.config import PipelineConfig, wiring
from sagemaker_mirror.graph.repacking import with_repack_steps
from sagemaker_mirror.graph.steps import Step, StepGraph


def build_graph(config: PipelineConfig) -> StepGraph:
    """Give the graph of a conf, the steps that repack models among them; or that of the definition it keeps.

    Unknown names, self edges and cycles were found when the conf was read.

    :param config: the conf.
    :raises ConfigError: it is not known yet whether a model is to be repacked, or a step has the name of one that
        repacks.
    """
    if config.definition is not None:
        steps = {step.name: Step(step.name, step.type, None) for step in config.defined_steps}
        return StepGraph(steps, config.edges)
    steps = {step.name: Step(step.name, step.step_class, model) for model, step in config.steps}
    return with_repack_steps(StepGraph(steps, config.edges), config)


def producer(config: PipelineConfig, model: str, step_name: str, step_class: str) -> str | None:
    """Give the step whose result a step uses: the last of a class above it, in the same model.

    :param config: the conf.
    :param model: the step's model.
    :param step_name: the step that uses the result.
    :param step_class: the class of the step that makes it.
    :raises KeyError: the model has no such step.
    """
    return wiring.producer(config.pipeline, model, step_name, step_class)
