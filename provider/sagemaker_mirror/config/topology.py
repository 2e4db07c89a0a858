"""Order among names: topological order, and cycles where there is none."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence


def topological_order(names: Sequence[str], edges: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Order names so that each comes after those it waits for; else as they were given.

    :param names: the names.
    :param edges: pairs of names, of which the second waits for the first; no pair twice.
    :return: the names in order; those in cycles, and those that wait for them, are left out.
    """
    index = {name: position for position, name in enumerate(names)}
    waiting = dict.fromkeys(names, 0)
    downstream: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        waiting[target] += 1
        downstream[source].append(target)
    ready = [index[name] for name in names if not waiting[name]]
    order = []
    while ready:
        name = names[heapq.heappop(ready)]
        order.append(name)
        for target in downstream[name]:
            waiting[target] -= 1
            if not waiting[target]:
                heapq.heappush(ready, index[target])
    return tuple(order)


def find_cycles(names: Sequence[str], edges: Iterable[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Find cycles that have no name in common, until none is left.

    :param names: the names.
    :param edges: pairs of names, of which the second waits for the first; no pair twice.
    :return: the cycles, each from its first name (in the order given) to the one before it comes again.
    """
    cycles: list[tuple[str, ...]] = []
    pairs = list(edges)
    left = list(names)
    while True:
        ordered = set(topological_order(left, pairs))
        left = [name for name in left if name not in ordered]
        pairs = [pair for pair in pairs if pair[0] not in ordered and pair[1] not in ordered]
        if not left:
            return cycles
        cycle = _cycle_above(left[0], pairs)
        first = min(range(len(cycle)), key=lambda position: names.index(cycle[position]))
        cycles.append((*cycle[first:], *cycle[:first]))
        left = [name for name in left if name not in cycle]
        pairs = [pair for pair in pairs if pair[0] not in cycle and pair[1] not in cycle]


def _cycle_above(name: str, edges: Sequence[tuple[str, str]]) -> list[str]:
    """Walk upstream, where everything waits for something, until a name comes again."""
    upstream: dict[str, str] = {}
    for source, target in edges:
        upstream.setdefault(target, source)
    walked: list[str] = []
    while name not in walked:
        walked.append(name)
        name = upstream[name]
    return walked[walked.index(name) :][::-1]
