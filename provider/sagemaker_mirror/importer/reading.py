"""The pipeline to import: from SageMaker, or from a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagemaker_mirror.config.problems import did_you_mean
from sagemaker_mirror.hooks.objects import read_small
from sagemaker_mirror.hooks.pipelines import newest_version
from sagemaker_mirror.mirror.arns import Arn

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sagemaker.client import SageMakerClient


MOST_BYTES = 256 << 20
"""Largest bundle of scripts that is unpacked, in memory."""


class NoPipelineError(ValueError):
    """SageMaker has no pipeline of that name."""


class NoDefinitionError(ValueError):
    """A file holds no definition of a pipeline."""


@dataclass(frozen=True)
class ImportedPipeline:
    """A pipeline as it is.

    :param definition: its definition.
    :param name: its name; None where only the definition is known.
    :param arn: its ARN, where it was read from SageMaker.
    :param version_id: the version that the definition is, where SageMaker keeps versions of it.
    :param role_arn: the role that it runs as.
    :param description: what it is for.
    :param parallelism: how many steps of an execution may run at once; None is the service's limit.
    :param tags: its tags.
    """

    definition: dict[str, Any]
    name: str | None = None
    arn: Arn | None = None
    version_id: int | None = None
    role_arn: str | None = None
    description: str | None = None
    parallelism: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def read_pipeline(client: SageMakerClient, name: str) -> ImportedPipeline:
    """Read a pipeline from SageMaker, in its newest version.

    :param client: a SageMaker client.
    :param name: its name or ARN.
    :raises NoPipelineError: there is none; the message has the name that was probably meant.
    :raises botocore.exceptions.ClientError: SageMaker refuses.
    """
    found = newest_version(client, name)
    if found is None:
        where = f" in {client.meta.region_name}"
        raise NoPipelineError(f"there is no pipeline {name!r}{where}{did_you_mean(name, _names(client))}")
    arn = Arn.parse(found.arn)
    # ARNs have the name in lower case.
    known = client.describe_pipeline(PipelineName=name)["PipelineName"]
    pages = client.get_paginator("list_tags").paginate(ResourceArn=found.arn)
    return ImportedPipeline(
        definition=found.definition,
        name=known,
        arn=arn,
        version_id=found.version_id,
        role_arn=found.role_arn,
        description=found.description,
        parallelism=found.parallelism,
        tags={tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]},
    )


def read_file(path: Path) -> ImportedPipeline:
    """Read a pipeline from a file: its definition, or the answer of DescribePipeline.

    :param path: the file.
    :raises NoDefinitionError: it holds neither.
    :raises OSError: it can't be read.
    """
    document = _parse(path.read_text(encoding="utf-8"), path)
    if "PipelineDefinition" not in document:
        return ImportedPipeline(_with_steps(document, path))
    return ImportedPipeline(
        definition=_with_steps(_parse(document["PipelineDefinition"], path), path),
        name=document.get("PipelineName"),
        arn=Arn.parse(document["PipelineArn"]) if document.get("PipelineArn") else None,
        role_arn=document.get("RoleArn"),
        description=document.get("PipelineDescription"),
        parallelism=(document.get("ParallelismConfiguration") or {}).get("MaxParallelExecutionSteps"),
    )


def object_reader(client: S3Client) -> Callable[[str], bytes]:
    """Give what reads an object of S3, by its address.

    :param client: an S3 client.
    """

    def read(uri: str) -> bytes:
        content = read_small(client, uri, MOST_BYTES)
        if content is None:
            raise ValueError(f"{uri} has more than {MOST_BYTES >> 20} MiB")
        return content

    return read


def _names(client: SageMakerClient) -> list[str]:
    pages = client.get_paginator("list_pipelines").paginate()
    return [summary["PipelineName"] for page in pages for summary in page["PipelineSummaries"]]


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise NoDefinitionError(f"{path}:{error.lineno}:{error.colno}: is no JSON: {error.msg}") from error
    if not isinstance(document, dict):
        raise NoDefinitionError(f"{path} holds no definition of a pipeline: it is no object")
    return document


def _with_steps(document: dict[str, Any], path: Path) -> dict[str, Any]:
    if "Steps" not in document:
        raise NoDefinitionError(f"{path} holds no definition of a pipeline: it has no 'Steps'")
    return document
