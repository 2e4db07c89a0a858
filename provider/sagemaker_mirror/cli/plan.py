"""``plan``: what would change if a folder's pipeline were written."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from sagemaker_mirror.cli.errors import CommandError, from_here
from sagemaker_mirror.cli.folders import collect_values, compile_folder
from sagemaker_mirror.cli.output import coloured, warn, write
from sagemaker_mirror.compiler import CompiledPipeline, Upload
from sagemaker_mirror.compiler.difference import PipelineDifference, difference, provenance
from sagemaker_mirror.compiler.difference_text import difference_lines
from sagemaker_mirror.hooks.pipelines import PipelineVersion, newest_version
from sagemaker_mirror.hooks.uploads import find_missing

CHANGES = 2
"""The exit code that says that something would change."""

_PROVENANCE = {
    "changed": "somebody has changed it there since it was written from a conf",
    "foreign": "it was not written from a conf",
}


def run(options: argparse.Namespace) -> int:
    """Write the difference; the exit code is 2 if there is one."""
    folder = compile_folder(options.folder, collect_values(options.values))
    warn(from_here((*folder.config.notices(), *folder.compiled.warnings)))
    compiled, region = folder.compiled, options.region or folder.target.region
    try:
        session = boto3.Session(profile_name=options.profile, region_name=region)
        current = newest_version(session.client("sagemaker"), compiled.name)
        missing = find_missing(session.client("s3"), compiled.uploads)
    except (BotoCoreError, ClientError) as error:
        raise CommandError(str(error)) from error
    found = difference(current, compiled)
    write("\n".join((f"Pipeline {compiled.name} in {region}: {_where(current)}", *_lines(compiled, found, missing))))
    return CHANGES if found or missing else 0


def _where(current: PipelineVersion | None) -> str:
    if current is None:
        return "new"
    version = "no version" if current.version_id is None else f"version {current.version_id}"
    origin = provenance(current.definition)
    return version if origin == "compiled" else f"{version}; {_PROVENANCE[origin]}"


def _lines(compiled: CompiledPipeline, found: PipelineDifference, missing: tuple[Upload, ...]) -> Iterator[str]:
    if not found and not missing:
        yield f"No changes: SageMaker has this pipeline, and S3 all of its {_count(len(compiled.uploads), 'object')}."
        return
    yield ""
    names = {upload.uri: upload.description for upload in compiled.uploads}
    for line in difference_lines(found, names):
        yield coloured(f"  {line}", line.sign)
    if missing:
        yield from ([""] if found else [])
        yield coloured("Uploads", "bold")
        for upload in missing:
            yield coloured(f"  + {upload.description}: {upload.uri}", "+")
    yield ""
    yield coloured(_summary(found, missing), "bold")


def _summary(found: PipelineDifference, missing: tuple[Upload, ...]) -> str:
    counts = Counter[str](step.change for step in found.steps)
    steps = ", ".join(
        f"{counts[kind]} {words}"
        for kind, words in (("added", "to add"), ("changed", "to change"), ("removed", "to remove"))
    )
    return f"Steps: {steps}. Uploads: {len(missing)}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
