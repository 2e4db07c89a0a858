"""``import``: a config folder for a pipeline that was made otherwise."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from sagemaker_mirror.cli.errors import CommandError
from sagemaker_mirror.cli.output import write
from sagemaker_mirror.compiler.difference import provenance
from sagemaker_mirror.importer import (
    FolderTakenError,
    ImportedPipeline,
    NoDefinitionError,
    NoPipelineError,
    WrittenFolder,
    object_reader,
    read_file,
    read_pipeline,
    write_folder,
)
from sagemaker_mirror.mirror.arns import Arn

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sagemaker.client import SageMakerClient


def run(options: argparse.Namespace) -> int:
    """Write the folder, and say what to do next."""
    try:
        pipeline, fetch = _read(options)
        name = options.name or pipeline.name or (options.output.name if options.output else None)
        if name is None:
            raise CommandError("a definition doesn't say what its pipeline is called; --name does")
        folder = options.output or options.configs / name
        written = write_folder(pipeline, name, folder, fetch=fetch, force=options.force)
    except (NoPipelineError, NoDefinitionError, FolderTakenError, BotoCoreError, ClientError) as error:
        raise CommandError(str(error)) from error
    write("\n".join(_lines(pipeline, name, written)))
    return 0


def _read(options: argparse.Namespace) -> tuple[ImportedPipeline, Callable[[str], bytes] | None]:
    """Read the pipeline, and give the way to its scripts, if there is one."""
    source: str = options.source
    # No pipeline's name has a dot.
    if source.endswith(".json"):
        return read_file(Path(source)), None
    region = options.region or (Arn.parse(source).region if source.startswith("arn:") else None)
    sagemaker, s3 = _clients(options, region or os.environ.get("SMP_REGION"))
    return read_pipeline(sagemaker, source), object_reader(s3)


def _clients(options: argparse.Namespace, region: str | None) -> tuple[SageMakerClient, S3Client]:
    if options.conn:
        from sagemaker_mirror.hooks.connection import AwsConnection

        hook = AwsConnection.of(options.conn, region, None, None).hook()
        return hook.client, hook.s3_client
    import boto3

    session = boto3.Session(profile_name=options.profile, region_name=region)
    return session.client("sagemaker"), session.client("s3")


def _lines(pipeline: ImportedPipeline, name: str, written: WrittenFolder) -> Iterator[str]:
    steps = len(written.graph.steps)
    version = "" if pipeline.version_id is None else f", version {pipeline.version_id}"
    yield f"{written.path}: the pipeline {name}{version}, {steps} step{'' if steps == 1 else 's'}"
    yield from (f"  {written.path / file}" for file in written.files)
    yield ""
    if written.why_kept:
        yield "Its definition is kept as it is, beside a conf that names it:"
        yield from (f"  {reason}" for reason in written.why_kept)
    else:
        yield "The conf says all that the pipeline does: it compiles to the same definition."
    yield ""
    yield "These names need values when a task runs, from the run's params, Airflow Variables or the environment:"
    known = {"SMP_REGION": pipeline.arn.region, "SMP_ACCOUNTID": pipeline.arn.account_id} if pipeline.arn else {}
    yield from (f"  {name}={known[name]}" if name in known else f"  {name}" for name in written.needed)
    yield ""
    yield "Next:"
    yield f"  sagemaker-mirror graph {written.path}    draws the steps of its DAG"
    yield f"  sagemaker-mirror plan {written.path}     shows what its first run would change in SageMaker"
    if provenance(pipeline.definition) == "foreign":
        yield "Its first run only marks the definition, so that later changes by others are noticed."
