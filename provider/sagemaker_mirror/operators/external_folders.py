"""Which config folders mirror executions that were begun outside Airflow, and where their pipelines are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagemaker_mirror.compat import Context
from sagemaker_mirror.config import ConfigError, ConfigFolder, PipelineConfig, discover
from sagemaker_mirror.config.discovery import base_files
from sagemaker_mirror.config.placeholders import Substitution, name_pattern
from sagemaker_mirror.hooks.connection import AwsConnection
from sagemaker_mirror.operators.values import resolve_values

_KEY = b"mirror_external"
_REGION = "SMP_REGION"
_PIPELINE_NAME = ("sagemakerPipeline", "pipelineName")


def folders_that_may_mirror(configs_root: Path) -> Iterator[ConfigFolder]:
    """Give the config folders worth reading: the key stands in a conf of theirs, or in one for all folders.

    Most folders mirror nothing from elsewhere, and reading text is a hundred times faster than reading a conf.

    :param configs_root: the folder that holds them
    """
    all_may = _mention_it(base_files(configs_root))
    for folder in discover(configs_root):
        if all_may or _mention_it(folder.files):
            yield folder


@dataclass(frozen=True)
class PipelinePlace:
    """Where a folder's pipeline is to be found, once its placeholders have values.

    :param name: the pipeline's name
    :param connection: the way to it
    """

    name: str
    connection: AwsConnection


def pipeline_place(config: PipelineConfig, default_args: Mapping[str, Any], context: Context) -> PipelinePlace:
    """Find out where a folder's pipeline is.

    :param config: the folder's configuration
    :param default_args: ``aws_conn_id`` and the like, where the folder says nothing
    :param context: the task's context
    :raises ConfigError: a placeholder in the pipeline's name has no value
    """
    variables = config.tree.get("variables") or {}
    written = config.pipeline.pipeline_name
    # A variable may have a placeholder in its default.
    texts = " ".join([written, *(str(default) for default in variables.values())])
    values = resolve_values({_REGION, *name_pattern(variables).findall(texts)}, None, context)
    substitution = Substitution(values, variables)
    name = substitution.apply(written, _PIPELINE_NAME)
    if substitution.unresolved:
        missing = ", ".join(sorted({name for _, name in substitution.unresolved}))
        raise ConfigError([config.problem(_PIPELINE_NAME, f"has {missing}, which has no value")])
    args = {**default_args, **config.base.airflow.default_args}
    connection = AwsConnection.of(
        args.get("aws_conn_id"),
        args.get("region_name") or values.get(_REGION),
        args.get("verify"),
        args.get("botocore_config"),
    )
    return PipelinePlace(str(name), connection)


def _mention_it(files: Iterable[Path]) -> bool:
    return any(_KEY in _content(file) for file in files)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        # Its own DAG says that it cannot be read.
        return b""
