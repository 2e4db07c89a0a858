"""The config folder of an imported pipeline."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sagemaker_mirror.config import ConfigError, PipelineConfig, Problem, load_folder
from sagemaker_mirror.config.discovery import conf_files
from sagemaker_mirror.graph import StepGraph, build_graph
from sagemaker_mirror.importer.conf_text import conf_text, definition_text, kept_conf
from sagemaker_mirror.importer.proposal import InexpressibleError, check_proposal, proposed_files
from sagemaker_mirror.importer.reading import ImportedPipeline
from sagemaker_mirror.importer.rewriting.code import Fetch
from sagemaker_mirror.importer.rewriting.conf import SCRIPTS

CONF = "conf/conf.yaml"
DEFINITION = "definition.json"


class FolderTakenError(ValueError):
    """A folder has files that would be overwritten, or other confs or scripts beside them."""


@dataclass(frozen=True)
class WrittenFolder:
    """What was written.

    :param path: the folder.
    :param files: its files, relative to it.
    :param graph: the steps of its DAG.
    :param needed: names that need a value when a task runs: those that say where, and words of a definition that look
        like placeholders.
    :param why_kept: why the definition is kept as it is: what a conf can't say; empty: a conf says all of it.
    """

    path: Path
    files: tuple[str, ...]
    graph: StepGraph
    needed: tuple[str, ...]
    why_kept: tuple[str, ...]


def write_folder(
    pipeline: ImportedPipeline, name: str, folder: Path, *, fetch: Fetch | None = None, force: bool = False
) -> WrittenFolder:
    """Write a config folder for a pipeline: as a conf where that compiles to the same definition, else with it.

    :param pipeline: the pipeline.
    :param name: the name that it has in the conf.
    :param folder: the folder.
    :param fetch: reads an object of S3, by its address; None: there is no way to S3.
    :param force: whether files that are there already are overwritten.
    :raises FolderTakenError: there are files already, or other confs or scripts.
    :raises ConfigError: no DAG can be built from it.
    :raises OSError: it can't be written.
    """
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise FolderTakenError(f"{folder} is there already; --force overwrites what an import writes")
    others = [file for file in conf_files(folder) if file != folder / CONF]
    if others:
        raise FolderTakenError(f"{folder} has other confs: {', '.join(map(str, others))}; remove them first")
    folder.parent.mkdir(parents=True, exist_ok=True)
    why_kept: tuple[str, ...] = ()
    try:
        files = proposed_files(pipeline, name, CONF, [_origin(pipeline, name)], fetch)
        with _tried(folder, files) as config:
            check_proposal(pipeline, config)
        _check_scripts(folder, files)
    except (InexpressibleError, ConfigError) as error:
        why_kept = error.reasons if isinstance(error, InexpressibleError) else (f"as a conf it is wrong: {error}",)
        files = _kept_files(pipeline, name)
        with _tried(folder, files) as config:
            pass
    graph = build_graph(config)
    for path, content in files.items():
        _write(folder / path, content)
    return WrittenFolder(folder, tuple(files), graph, tuple(_needed(config)), why_kept)


def _needed(config: PipelineConfig) -> Iterator[str]:
    yield from ("SMP_REGION", "SMP_ACCOUNTID")
    if config.base.s3_bucket is None:
        yield "SMP_S3BUCKETNAME"
    if config.base.network_security.role is None:
        yield "SMP_ROLE"
    yield from sorted(config.placeholders - {"SMP_REGION", "SMP_ACCOUNTID", "SMP_S3BUCKETNAME", "SMP_ROLE"})


@contextmanager
def _tried(folder: Path, files: Mapping[str, bytes]) -> Iterator[PipelineConfig]:
    """Write files for a moment, and give the conf among them.

    They lie beside the folder, so that what holds for all folders of the configs root holds for them too.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".import-") as name:
        trial = Path(name).absolute()
        for path, content in files.items():
            _write(trial / path, content)
        try:
            config = load_folder(trial)
        except ConfigError as error:
            raise ConfigError(_moved(problem, trial, folder) for problem in error.problems) from error
        yield config


def _moved(problem: Problem, trial: Path, folder: Path) -> Problem:
    if not problem.path.is_relative_to(trial):
        return problem  # in a conf for all folders
    return replace(problem, path=folder / problem.path.relative_to(trial))


def _check_scripts(folder: Path, files: Iterable[str]) -> None:
    """Refuse to mix scripts: each file beside them would get into their bundle."""
    there = {path.relative_to(folder).as_posix() for path in (folder / SCRIPTS).rglob("*") if path.is_file()}
    others = sorted(there.difference(files))
    if others:
        raise FolderTakenError(f"{folder} has other scripts: {', '.join(others)}; remove them first")


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


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
