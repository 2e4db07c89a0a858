"""The config folder of an imported pipeline."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sagemaker_mirror.config import ConfigError, load_folder
from sagemaker_mirror.config.discovery import conf_files
from sagemaker_mirror.graph import StepGraph, build_graph
from sagemaker_mirror.importer.conf_text import conf_text, definition_text, kept_conf
from sagemaker_mirror.importer.expressible import inexpressible
from sagemaker_mirror.importer.reading import ImportedPipeline

CONF = "conf/conf.yaml"
DEFINITION = "definition.json"


class FolderTakenError(ValueError):
    """A folder has files that would be overwritten, or other confs beside them."""


@dataclass(frozen=True)
class WrittenFolder:
    """What was written.

    :param path: the folder.
    :param files: its files, relative to it.
    :param graph: the steps of its DAG.
    :param placeholders: words that get their values when a task runs; of a definition that is kept those that look
        like placeholders.
    :param why_kept: why the definition is kept as it is: what a conf can't say; empty: a conf says all of it.
    """

    path: Path
    files: tuple[str, ...]
    graph: StepGraph
    placeholders: frozenset[str]
    why_kept: tuple[str, ...]


def write_folder(pipeline: ImportedPipeline, name: str, folder: Path, *, force: bool = False) -> WrittenFolder:
    """Write a config folder for a pipeline.

    :param pipeline: the pipeline.
    :param name: the name that it has in the conf.
    :param folder: the folder.
    :param force: whether files that are there already are overwritten.
    :raises FolderTakenError: there are files already, or other confs.
    :raises ConfigError: no DAG can be built from it.
    :raises OSError: it can't be written.
    """
    why_kept = tuple(inexpressible(pipeline.definition))
    files = _kept_files(pipeline, name)
    _check_free(folder, files, force)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder, so that what holds for all folders of the configs root holds there too.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".import-") as trial:
        _write(Path(trial), files)
        try:
            config = load_folder(Path(trial))
        except ConfigError as error:
            problems = [replace(it, path=folder / it.path.relative_to(trial)) for it in error.problems]
            raise ConfigError(problems) from error
        graph = build_graph(config)
    _write(folder, files)
    return WrittenFolder(folder, tuple(files), graph, config.placeholders, why_kept)


def _kept_files(pipeline: ImportedPipeline, name: str) -> dict[str, bytes]:
    head = (
        _origin(pipeline, name),
        "Its definition lies beside this file, and is written to SageMaker as it is.",
        "Names such as SMP_REGION may be put into it: they get their values when a task runs.",
    )
    return {
        CONF: conf_text(head, kept_conf(pipeline, name, DEFINITION)).encode(),
        f"conf/{DEFINITION}": definition_text(pipeline.definition).encode(),
    }


def _origin(pipeline: ImportedPipeline, name: str) -> str:
    if pipeline.arn is None:
        return f"The pipeline {name}, imported from a file."
    return f"The pipeline {pipeline.name}, imported from SageMaker in {pipeline.arn.region}."


def _check_free(folder: Path, files: Mapping[str, bytes], force: bool) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise FolderTakenError(f"{folder} is there already; --force overwrites {', '.join(files)} in it")
    others = sorted({*conf_files(folder)} - {folder / name for name in files}) if folder.is_dir() else []
    if others:
        raise FolderTakenError(f"{folder} has other confs: {', '.join(map(str, others))}; remove them first")


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
