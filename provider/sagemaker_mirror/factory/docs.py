"""What the UI shows beside a DAG: the graph as text, and the conf as somebody wrote it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from sagemaker_mirror.config import ConfigError, ConfigFolder, PipelineConfig, SourceFile
from sagemaker_mirror.config.definition import BRANCHES, DefinedStep
from sagemaker_mirror.config.discovery import read_source
from sagemaker_mirror.config.validation import section_name
from sagemaker_mirror.graph import StepGraph

_PLACE = re.compile(r"[^`]+?:\d+:\d+(?=: )")
_MARKS = re.compile(r"[\\`*\[\]<&~|]|(?<![^\W_])_|_(?![^\W_])")  # within a word, _ is no mark
_FENCE = re.compile(r"^\s*(`{3,})", re.MULTILINE)


def dag_docs(config: PipelineConfig, graph: StepGraph) -> str:
    """Return a DAG's docs as Markdown.

    :param config: the folder's configuration
    :param graph: its steps and edges
    """
    name = config.pipeline.pipeline_name
    parts = [
        f"Each run of this DAG is one execution of the SageMaker pipeline `{name}`.",
        *_links(config),
        "## Graph",
        fenced(graph_text(graph)),
        *_conf_docs(config.sources, config.path.parent),
    ]
    return "\n\n".join(parts)


def step_docs(config: PipelineConfig) -> dict[str, str]:
    """Return each step's docs as Markdown: what the conf says of it, and the section that it reads.

    Steps that repack models are not there: a conf says nothing of them.

    :param config: the folder's configuration
    """
    docs = {step.name: _defined_step_docs(config, step) for step in config.defined_steps}
    for model, unit in config.pipeline.models.items():
        entries = config.tree["sagemakerPipeline"]["models"][model]["steps"]
        sections = config.tree["models"][model] or {}
        written = {name: fenced(_yaml(section), "yaml") for name, section in sections.items()}
        for step, entry in zip(unit.steps, entries, strict=True):
            name = section_name(step, sections)
            parts = [f"Step **{step.name}** of model **{model}**", fenced(_yaml(entry), "yaml")]
            if name in written:
                parts += [f"Section **{name}**", written[name]]
            docs[step.name] = "\n\n".join(parts)
    return docs


def _defined_step_docs(config: PipelineConfig, step: DefinedStep) -> str:
    written: Any = config.definition
    for key in step.path:
        written = written[key]
    # The steps of its branches have docs of their own.
    arguments = {name: value for name, value in (written.get("Arguments") or {}).items() if name not in BRANCHES}
    parts = [f"Step **{step.name}** of type **{step.type}**"]
    if step.branch is not None:
        parts.append(f"It runs where the outcome of `{step.branch.condition}` is {step.branch.outcome}.")
    return "\n\n".join([*parts, fenced(_yaml({**written, "Arguments": arguments}), "yaml")])


def broken_docs(folder: ConfigFolder, problems: Sequence[str]) -> str:
    """Return the docs of a folder that is no pipeline yet.

    :param folder: the folder
    :param problems: what is wrong with it
    """
    root = folder.path.parent
    parts = [
        f"The config folder `{folder.name}` has errors, so there is no pipeline to run. Runs of this DAG fail.",
        "## Errors",
        # No block: Airflow would cut its lines at the right.
        "\n".join(f"- {_problem(problem)}" for problem in problems),
        *_conf_docs(_readable(folder.files, root), root),
    ]
    return "\n\n".join(parts)


def _links(config: PipelineConfig) -> Iterator[str]:
    # Airflow shows a link where it is called like an owner; here all can be seen.
    links = config.base.airflow.links
    if links:
        yield "\n".join(f"- [{name}]({address})" for name, address in links.items())


def _conf_docs(sources: Iterable[SourceFile], root: Path) -> Iterator[str]:
    for source in sources:
        if source.below:
            continue  # a definition: its steps' docs show it
        yield f"## {source.path.relative_to(root).as_posix()}"
        yield fenced(source.text, "yaml")


def _readable(files: Iterable[Path], root: Path) -> Iterator[SourceFile]:
    # A file that can't be read, or that lies outside the root, is among the errors and nothing to show.
    for file in files:
        with suppress(ConfigError):
            yield read_source(file, root)


def graph_text(graph: StepGraph) -> str:
    """Return the graph as lines ``step (class) <- the steps it waits for``, under a line for each model."""
    upstream: dict[str, list[str]] = {name: [] for name in graph.steps}
    for edge in graph.reduced_edges():
        upstream[edge.target].append(edge.source if edge.on == "succeeded" else f"{edge.source} ({edge.on})")
    models: dict[str | None, list[str]] = {}
    for step in graph.steps.values():
        waits_for = f" <- {', '.join(upstream[step.name])}" if upstream[step.name] else ""
        models.setdefault(step.model, []).append(f"  {step.name} ({step.step_class}){waits_for}")
    return "\n".join(line for model, lines in models.items() for line in (model or "steps", *lines))


def fenced(text: str, language: str = "text") -> str:
    """Return text as a Markdown code block that no line of it can end."""
    # Airflow 3 shows a block without a language as if it were part of a line, without its line breaks.
    longest = max((len(ticks) for ticks in _FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _problem(text: str) -> str:
    """Return an error as Markdown: its place as code, and the rest as it is written, whatever it quotes."""
    place = _PLACE.match(text)
    rest = text[place.end() :] if place else text
    return (f"`{place[0]}`" if place else "") + _MARKS.sub(r"\\\g<0>", rest)


def portable(lines: Iterable[str], root: Path) -> tuple[str, ...]:
    """Return messages with their paths below the configs root: above it they differ between machines."""
    return tuple(line.replace(f"{root}{os.sep}", "") for line in lines)


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        # What an anchor stands for is written out: the anchor is not to be seen here.
        return True


def _yaml(value: object) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
