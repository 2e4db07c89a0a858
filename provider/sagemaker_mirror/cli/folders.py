"""From a folder to its compiled pipeline, as the upsert operator does it; values from arguments and environment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sagemaker_mirror.cli.errors import CommandError
from sagemaker_mirror.compiler import CompiledPipeline, Target, TargetError, compile_pipeline
from sagemaker_mirror.config import PipelineConfig, load_folder
from sagemaker_mirror.graph import build_graph


@dataclass(frozen=True)
class CompiledFolder:
    """A folder's pipeline.

    :param config: the conf, without values.
    :param target: where the pipeline is to run.
    :param compiled: the pipeline as it should be.
    """

    config: PipelineConfig
    target: Target
    compiled: CompiledPipeline


def collect_values(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Collect the values of placeholders: what was given, before the ``SMP_*`` variables of the environment.

    :param given: names and values of ``--value``.
    """
    environment = {name: value for name, value in os.environ.items() if name.startswith("SMP_")}
    return {name: value for name, value in {**environment, **dict(given)}.items() if value}


def compile_folder(folder: Path, values: Mapping[str, str]) -> CompiledFolder:
    """Compile a folder.

    :param folder: the folder.
    :param values: the values of the placeholders.
    :raises ConfigError: with everything that is wrong with its conf.
    :raises CommandError: it is not known where the pipeline is to run.
    """
    return compile_config(load_folder(folder), values)


def compile_config(config: PipelineConfig, values: Mapping[str, str]) -> CompiledFolder:
    """Compile a conf.

    :param config: the conf, its placeholders in place.
    :param values: the values of the placeholders.
    :raises ConfigError: with everything that is wrong with the conf.
    :raises CommandError: it is not known where the pipeline is to run.
    """
    resolved = config.resolve(values)
    try:
        target = Target.from_values(values, resolved.base)
    except TargetError as error:
        raise CommandError(f"{error} (on the command line: --value NAME=VALUE)") from error
    return CompiledFolder(config, target, compile_pipeline(resolved, build_graph(resolved), target, values))
