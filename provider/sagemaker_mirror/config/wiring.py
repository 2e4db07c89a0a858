"""Which step waits for which: as the conf says it, and as its data flows.

Three kinds of edges. *Explicit*: ``dependencies`` and ``depends_on``. *Chained*: a step reads the outputs of another
(``chain_input_source_step``). *Implicit*: a step uses what another one of its model made (the model of a CreateModel
step is that of the last Training step above it, and so on). A definition that was not made from a conf has a fourth,
*branch*: a step runs where a condition step comes to an outcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sagemaker_mirror.config.grammar import GrammarError, parse
from sagemaker_mirror.config.merge import Tree
from sagemaker_mirror.config.model import JOB_STEP_CLASSES, SageMakerPipeline, StepConfig
from sagemaker_mirror.config.places import KeyPath, Places
from sagemaker_mirror.config.problems import Problem, did_you_mean
from sagemaker_mirror.config.topology import find_cycles

USES: Mapping[str, tuple[str, ...]] = {
    "CreateModel": ("Training",),
    "Transform": ("CreateModel",),
    "RegisterModel": ("Training", "Metrics"),
}
"""The classes of steps above it, in the same model, whose results a step uses."""

NEEDS: Mapping[str, str] = {"CreateModel": "Training", "Transform": "CreateModel", "RegisterModel": "Training"}
"""The class of step above it, in the same model, that a step can't do without."""

HAVE_OUTPUTS = JOB_STEP_CLASSES
"""Classes whose outputs can be chained, and that can take chained inputs."""

Kind = Literal["explicit", "chained", "implicit", "branch"]
Condition = Literal["succeeded", "failed", "stopped", "any"]


@dataclass(frozen=True)
class Edge:
    """One step that waits for another.

    :param source: the step that runs first.
    :param target: the step that waits.
    :param kind: why it waits: the conf says so, it reads its outputs, it uses its result, or it lies in its branch.
    :param on: how the first step must have ended.
    """

    source: str
    target: str
    kind: Kind
    on: Condition = "succeeded"


def producer(pipeline: SageMakerPipeline, model: str, step: str, step_class: str) -> str | None:
    """Give the step whose result a step uses: the last of a class above it, in the same model.

    :param pipeline: the pipeline.
    :param model: the model.
    :param step: the step that uses the result.
    :param step_class: the class of the step that makes it.
    """
    found = None
    for other in pipeline.models[model].steps:
        if other.name == step:
            return found
        if other.step_class == step_class:
            found = other.name
    raise KeyError(f"model {model} has no step {step}")


class Wiring:
    """One pass over the order of a pipeline's steps; edges and problems gather.

    :param pipeline: the pipeline.
    :param tree: what the conf has below ``conf``.
    :param places: where things stand.
    :param complete: whether these are the whole steps; of half-read ones only the names are trusted.
    """

    def __init__(self, pipeline: SageMakerPipeline, tree: Tree, places: Places, complete: bool = True) -> None:
        self.problems: list[Problem] = []
        self._places = places
        self._pipeline = pipeline
        self._steps: dict[str, StepConfig] = {}
        self._order: dict[str, int] = {}
        self._edges: dict[tuple[str, str], Edge] = {}
        self._edge_places: dict[tuple[str, str], tuple[KeyPath, int | None]] = {}
        self._number_steps()
        section = tree.get("sagemakerPipeline")
        self._add_dependencies(section.get("dependencies") if isinstance(section, dict) else None)
        adders = (self._add_depends_on, self._add_chained, self._add_implicit)
        for add in adders if complete else ():
            for model, unit in pipeline.models.items():
                for index, step in enumerate(unit.steps):
                    add(model, step, ("conf", "sagemakerPipeline", "models", model, "steps", index))
        self._find_cycles()

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges: explicit, chained, implicit; of several between two steps the first of these."""
        return tuple(self._edges.values())

    def _number_steps(self) -> None:
        for model, unit in self._pipeline.models.items():
            for index, step in enumerate(unit.steps):
                if not step.name:
                    continue
                if step.name in self._steps:
                    path = ("conf", "sagemakerPipeline", "models", model, "steps", index, "step_name")
                    self._say(path, f"two steps have the name {step.name!r}")
                    continue
                self._order[step.name] = len(self._order)
                self._steps[step.name] = step

    def _add_dependencies(self, written: Any) -> None:
        place: KeyPath = ("conf", "sagemakerPipeline", "dependencies")
        texts = enumerate(written) if isinstance(written, list) else [(None, written)]
        for index, text in texts:
            path = place if index is None else (*place, index)
            if not isinstance(text, str):
                continue
            try:
                dependencies = parse(text)
            except GrammarError as error:
                self._say(path, error.message, error.offset)
                continue
            wrong: set[int] = set()
            for dependency in dependencies:
                for name in (dependency.source, dependency.target):
                    if name.text not in self._steps and name.offset not in wrong:
                        wrong.add(name.offset)
                        self._say(path, self._unknown(name.text), name.offset)
                if dependency.source.text in self._steps and dependency.target.text in self._steps:
                    edge = Edge(dependency.source.text, dependency.target.text, "explicit")
                    self._add(edge, path, dependency.target.offset)

    def _add_depends_on(self, model: str, step: StepConfig, path: KeyPath) -> None:
        for index, after in enumerate(step.depends_on):
            place = (*path, "depends_on", index)
            if after.step not in self._steps:
                self._say((*place, "step"), self._unknown(after.step))
                continue
            edge = Edge(after.step, step.name, "explicit", after.on)
            known = self._edges.get((edge.source, edge.target))
            if known is not None and known.on != edge.on:
                message = (
                    f"{step.name!r} waits for {after.step!r} on {known.on!r} already, which {after.on!r} contradicts"
                )
                self._say(place, message)
            else:
                self._add(edge, place)

    def _add_chained(self, model: str, step: StepConfig, path: KeyPath) -> None:
        sources = step.chain_input_source_step
        if step.chain_input_additional_prefix is not None and (step.step_class != "Transform" or not sources):
            message = "'chain_input_additional_prefix' is for Transform steps with a 'chain_input_source_step'"
            self._problem_at_key((*path, "chain_input_additional_prefix"), message)
        if sources and step.step_class not in HAVE_OUTPUTS:
            message = f"step {step.name!r} is of class {step.step_class}, which takes no chained inputs"
            self._problem_at_key((*path, "chain_input_source_step"), message)
            return
        if len(sources) > 1 and step.step_class == "Transform":
            message = f"step {step.name!r} is of class Transform, which takes one chained input, not {len(sources)}"
            self._problem_at_key((*path, "chain_input_source_step"), message)
        for index, source in enumerate(sources):
            place = (*path, "chain_input_source_step", index)
            mistake = self._chain_mistake(source, step, sources[:index])
            if mistake is not None:
                self._say(place, mistake)
            else:
                self._add_data(Edge(source, step.name, "chained"), place)

    def _chain_mistake(self, source: str, step: StepConfig, before: Sequence[str]) -> str | None:
        if source not in self._steps:
            return self._unknown(source)
        if source in before:
            return f"{source!r} is in the list already"
        step_class = self._steps[source].step_class
        if step_class not in HAVE_OUTPUTS:
            return f"{source!r} is of class {step_class}, which has no outputs to chain"
        if source != step.name and self._order[source] > self._order[step.name]:
            return f"{source!r} comes below {step.name!r}; a step can read the outputs of steps above it only"
        return None

    def _add_implicit(self, model: str, step: StepConfig, path: KeyPath) -> None:
        if self._steps[step.name] is not step:
            return
        needed = NEEDS.get(step.step_class)
        for step_class in USES.get(step.step_class, ()):
            source = producer(self._pipeline, model, step.name, step_class)
            if source is not None:
                self._add_data(Edge(source, step.name, "implicit"), (*path, "step_name"))
            elif step_class == needed:
                message = (
                    f"is of class {step.step_class} and needs a step of class {needed} above it in model {model!r}"
                )
                self._say((*path, "step_class"), f"{step.name!r} {message}")

    def _add_data(self, edge: Edge, path: KeyPath) -> None:
        known = self._edges.get((edge.source, edge.target))
        if known is not None and known.on != "succeeded":
            message = f"{edge.target!r} needs what {edge.source!r} makes, so it can't run when that has {known.on!r}"
            self._say(path, message)
        self._add(edge, path)

    def _add(self, edge: Edge, path: KeyPath, offset: int | None = None) -> None:
        if edge.source == edge.target:
            self._say(path, f"{edge.source!r} waits for itself", offset)
            return
        pair = (edge.source, edge.target)
        if pair not in self._edges:
            self._edges[pair] = edge
            self._edge_places[pair] = (path, offset)

    def _find_cycles(self) -> None:
        for cycle in find_cycles(list(self._steps), self._edges):
            pairs = list(zip(cycle, (*cycle[1:], cycle[0]), strict=True))
            # The edge to change is the one that was put in by hand, and of several the last.
            explicit = [pair for pair in self._edges if pair in pairs and self._edges[pair].kind == "explicit"]
            chained = [pair for pair in self._edges if pair in pairs and self._edges[pair].kind == "chained"]
            path, offset = self._edge_places[(explicit or chained or pairs)[-1]]
            self._say(path, f"these steps wait for each other: {' >> '.join((*cycle, cycle[0]))}", offset)

    def _unknown(self, name: str) -> str:
        return f"there is no step {name!r}{did_you_mean(name, self._steps)}"

    def _say(self, path: KeyPath, message: str, offset: int | None = None) -> None:
        self.problems.append(self._places.value(path, message, offset))

    def _problem_at_key(self, path: KeyPath, message: str) -> None:
        self.problems.append(self._places.key(path, message))
