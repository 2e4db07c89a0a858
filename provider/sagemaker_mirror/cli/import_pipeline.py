"""``import``: a config folder for a pipeline that was made otherwise."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from sagemaker_mirror.cli.errors import CommandError
from sagemaker_mirror.cli.output import write
from sagemaker_mirror.importer import (
    FolderTakenError,
    ImportedPipeline,
    NoDefinitionError,
    NoPipelineError,
    WrittenFolder,
    read_file,
    read_pipeline,
    write_folder,
)
from sagemaker_mirror.mirror.arns import Arn

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient


def run(options: argparse.Namespace) -> int:
    """Write the folder, and say what to do next."""
    try:
        pipeline = _read(options)
        name = options.name or pipeline.name or (options.output.name if options.output else None)
        if name is None:
            raise CommandError("a definition doesn't say what its pipeline is called; --name does")
        written = write_folder(pipeline, name, options.output or options.configs / name, force=options.force)
    except (NoPipelineError, NoDefinitionError, FolderTakenError) as error:
        raise CommandError(str(error)) from error
    except (BotoCoreError, ClientError) as error:
        raise CommandError(str(error)) from error
    write("\n".join(_lines(pipeline, name, written)))
    return 0


def _read(options: argparse.Namespace) -> ImportedPipeline:
    source: str = options.source
    # No pipeline's name has a dot.
    if source.endswith(".json"):
        return read_file(Path(source))
    region = options.region or (Arn.parse(source).region if source.startswith("arn:") else None)
    return read_pipeline(_client(options, region or os.environ.get("SMP_REGION")), source)


def _client(options: argparse.Namespace, region: str | None) -> SageMakerClient:
    if options.conn:
        from sagemaker_mirror.hooks.connection import AwsConnection

        return AwsConnection.of(options.conn, region, None, None).hook().client
    import boto3

    return boto3.Session(profile_name=options.profile, region_name=region).client("sagemaker")


def _lines(pipeline: ImportedPipeline, name: str, written: WrittenFolder) -> Iterator[str]:
    steps = len(written.graph.steps)
    version = "" if pipeline.version_id is None else f", version {pipeline.version_id}"
    yield f"{written.path}: the pipeline {name}{version}, {steps} step{'' if steps == 1 else 's'}"
    yield from (f"  {written.path / file}" for file in written.files)
    if written.why_kept:
        yield ""
        yield "Its definition is kept as it is, because a conf can't say that"
        yield from (f"  {reason}" for reason in written.why_kept)
    if written.placeholders:
        yield ""
        yield "These words get values when a task runs, from the run's params, Airflow Variables or the environment:"
        yield f"  {', '.join(sorted(written.placeholders))}"
    yield ""
    yield "Next:"
    yield f"  sagemaker-mirror graph {written.path}    draws the steps of its DAG"
    yield f"  sagemaker-mirror plan {written.path}     shows what its first run would change in SageMaker"
