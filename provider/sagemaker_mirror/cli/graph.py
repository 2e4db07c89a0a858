"""``graph``: a folder's steps and edges as a Mermaid diagram (https://mermaid.js.org/syntax/flowchart.html)."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping

from sagemaker_mirror.cli.output import write
from sagemaker_mirror.config import load_folder
from sagemaker_mirror.graph import Step, StepClass, StepGraph, build_graph


def run(options: argparse.Namespace) -> int:
    """Write the diagram."""
    write(mermaid(build_graph(load_folder(options.folder))))
    return 0


def mermaid(graph: StepGraph) -> str:
    """Draw a graph: a box for each model, and the edges that don't follow from others.

    :param graph: the steps and edges.
    """
    # Names of steps may be words of the language, such as `end`; so nodes are numbered and labelled.
    nodes = {name: f"s{number}" for number, name in enumerate(graph.steps, 1)}
    return "\n".join(("flowchart LR", *_models(graph, nodes), *_edges(graph, nodes)))


def _models(graph: StepGraph, nodes: Mapping[str, str]) -> Iterator[str]:
    models = dict.fromkeys(step.model for step in graph.steps.values())
    for number, model in enumerate(models, 1):
        lines = (f'{nodes[step.name]}["{_label(step)}"]' for step in graph.steps.values() if step.model == model)
        if model is None:
            yield from (f"    {line}" for line in lines)
        else:
            yield f'    subgraph m{number}["{_escaped(model)}"]'
            yield from (f"        {line}" for line in lines)
            yield "    end"


def _label(step: Step) -> str:
    step_class = step.step_class.value if isinstance(step.step_class, StepClass) else step.step_class
    return f"{_escaped(step.name)}<br/><small>{_escaped(step_class)}</small>"


def _edges(graph: StepGraph, nodes: Mapping[str, str]) -> Iterator[str]:
    for edge in graph.reduced_edges():
        arrow = "-->" if edge.on == "succeeded" else f"-. {edge.on} .->"
        yield f"    {nodes[edge.source]} {arrow} {nodes[edge.target]}"


def _escaped(text: str) -> str:
    return re.sub(r"[^\w .-]", lambda match: f"#{ord(match[0])};", text)
