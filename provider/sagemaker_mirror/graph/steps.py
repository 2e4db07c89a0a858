"""Steps and who waits for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from sagemaker_mirror.config.topology import find_cycles, topological_order
from sagemaker_mirror.config.wiring import Edge


class StepClass(str, Enum):
    """What a step does, in the words of the conf."""

    PROCESSING = "Processing"
    TRAINING = "Training"
    CREATE_MODEL = "CreateModel"
    TRANSFORM = "Transform"
    METRICS = "Metrics"
    REGISTER_MODEL = "RegisterModel"


class CycleError(ValueError):
    """Steps that wait for each other.

    :param cycle: the steps, each before the one that waits for it; the first waits for the last.
    """

    def __init__(self, cycle: Sequence[str]) -> None:
        super().__init__(f"these steps wait for each other: {' >> '.join((*cycle, cycle[0]))}")
        self.cycle = tuple(cycle)


@dataclass(frozen=True)
class Step:
    """A node of the graph; it knows nothing of a conf, so that a graph can also be read from a definition.

    :param name: the step's name.
    :param step_class: what it does: a :class:`StepClass`, or a type of step that a conf can't have.
    :param model: the model it belongs to; None: the definition that it comes from knows no models.
    """

    name: str
    step_class: str
    model: str | None


@dataclass(frozen=True)
class StepGraph:
    """The steps of a pipeline and the edges between them; no cycles.

    :param steps: the steps by name, in the order of the conf.
    :param edges: the edges, at most one from a step to another.
    :raises CycleError: there is a cycle.
    :raises KeyError: an edge names no step.
    """

    steps: Mapping[str, Step]
    edges: tuple[Edge, ...]

    def __post_init__(self) -> None:
        for edge in self.edges:
            for name in (edge.source, edge.target):
                if name not in self.steps:
                    raise KeyError(f"an edge names the step {name!r}, which is none of the graph")
        if len(self._order) < len(self.steps):
            raise CycleError(find_cycles(list(self.steps), self._pairs)[0])

    def upstream(self, name: str) -> tuple[str, ...]:
        """Give the steps that a step waits for, in the order of the edges."""
        return self._upstream[name]

    def downstream(self, name: str) -> tuple[str, ...]:
        """Give the steps that wait for a step, in the order of the edges."""
        return self._downstream[name]

    def ancestors(self, name: str) -> frozenset[str]:
        """Give all steps that a step waits for, directly or not."""
        return self._ancestors[name]

    def topological_order(self) -> tuple[str, ...]:
        """Give the steps, each after those it waits for; else in the order of the conf."""
        return self._order

    def reduced_edges(self) -> tuple[Edge, ...]:
        """Give the edges that a person would draw: without those that follow from the others.

        An edge with a run condition stays: it says more than the order.
        """
        return tuple(edge for edge in self.edges if edge.on != "succeeded" or not self._follows(edge))

    def _follows(self, edge: Edge) -> bool:
        return any(edge.source in self._surely_before[other] for other in self._surely_upstream[edge.target])

    @cached_property
    def _pairs(self) -> frozenset[tuple[str, str]]:
        return frozenset((edge.source, edge.target) for edge in self.edges)

    @cached_property
    def _order(self) -> tuple[str, ...]:
        return topological_order(list(self.steps), self._pairs)

    @cached_property
    def _upstream(self) -> Mapping[str, tuple[str, ...]]:
        return _grouped(self.steps, ((edge.target, edge.source) for edge in self.edges))

    @cached_property
    def _downstream(self) -> Mapping[str, tuple[str, ...]]:
        return _grouped(self.steps, ((edge.source, edge.target) for edge in self.edges))

    @cached_property
    def _ancestors(self) -> Mapping[str, frozenset[str]]:
        return _closed(self._order, self._upstream)

    @cached_property
    def _surely_upstream(self) -> Mapping[str, tuple[str, ...]]:
        """Without edges that have a run condition: what lies behind those may not run at all."""
        sure = (edge for edge in self.edges if edge.on == "succeeded")
        return _grouped(self.steps, ((edge.target, edge.source) for edge in sure))

    @cached_property
    def _surely_before(self) -> Mapping[str, frozenset[str]]:
        return _closed(self._order, self._surely_upstream)


def _closed(order: Iterable[str], upstream: Mapping[str, tuple[str, ...]]) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for name in order:
        found[name] = frozenset(upstream[name]).union(*(found[other] for other in upstream[name]))
    return found


def _grouped(names: Iterable[str], pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {name: [] for name in names}
    for name, other in pairs:
        groups[name].append(other)
    return {name: tuple(others) for name, others in groups.items()}
