"""Writes a pipeline's definition to SageMaker where it is not there yet, and tells which version it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from sagemaker_mirror.compiler.difference import difference, provenance, settings_provenance, without_mark
from sagemaker_mirror.compiler.difference_text import difference_lines
from sagemaker_mirror.hooks.errors import CONFLICT, NOT_FOUND, VALIDATION, code_of, message_of

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import TagTypeDef

    from sagemaker_mirror.compiler import CompiledPipeline

OnDrift = Literal["overwrite", "fail", "adopt"]

# Two runs that write one pipeline at once collide; each looks again at what the other wrote.
_ATTEMPTS = 5


class PipelineDriftError(RuntimeError):
    """Somebody else has changed a pipeline in SageMaker, and is not to be overwritten."""


@dataclass(frozen=True)
class PipelineVersion:
    """A pipeline as SageMaker has it.

    :param arn: PipelineArn
    :param version_id: PipelineVersionId of this definition; None where SageMaker keeps no versions of it
    :param definition: the JSON document
    :param role_arn: RoleArn
    :param description: PipelineDescription
    :param parallelism: MaxParallelExecutionSteps; None is the service's limit
    """

    arn: str
    version_id: int | None
    definition: dict[str, Any]
    role_arn: str | None
    description: str | None
    parallelism: int | None

    def equals(self, compiled: CompiledPipeline) -> bool:
        """Whether there is nothing to write."""
        return (
            self.definition == compiled.definition
            and self.role_arn == compiled.role_arn
            and (self.description or "") == (compiled.description or "")
            # An update cannot take a limit away, so one that we do not ask for is left as it is.
            and compiled.parallelism in (None, self.parallelism)
        )

    def has_drifted(self, compiled: CompiledPipeline) -> bool:
        """Whether somebody else has changed it since we last wrote it.

        The definition carries a hash over itself, and one over role, description and parallelism. One without them,
        which is what we would write, is an imported pipeline's, and only lacks our marks.

        :param compiled: the pipeline as it should be
        """
        if settings_provenance(self) == "changed":
            return True
        if without_mark(self.definition) == without_mark(compiled.definition):
            return settings_provenance(self) == "foreign" and self.role_arn != compiled.role_arn
        return provenance(self.definition) != "compiled"


@dataclass(frozen=True)
class WrittenPipeline:
    """A pipeline that is ready to run.

    :param name: its name
    :param arn: PipelineArn
    :param version_id: PipelineVersionId of the definition; None where SageMaker keeps no versions of it
    :param change: ``created``, ``updated``, ``unchanged``, or ``adopted``: the definition is somebody else's
    """

    name: str
    arn: str
    version_id: int | None
    change: str


def newest_version(client: SageMakerClient, name: str) -> PipelineVersion | None:
    """Read the newest version of a pipeline, or None where there is no such pipeline.

    The version is listed first and then described by its number: what another run writes in between does not
    change what is read.

    :param client: a SageMaker client
    :param name: the pipeline
    :raises botocore.exceptions.ClientError: SageMaker refuses
    """
    try:
        versions = client.list_pipeline_versions(PipelineName=name, SortOrder="Descending", MaxResults=1)[
            "PipelineVersionSummaries"
        ]
        return read_version(client, name, versions[0]["PipelineVersionId"] if versions else None)
    except ClientError as error:
        if code_of(error) in NOT_FOUND:
            return None
        raise


def read_version(client: SageMakerClient, name: str, version_id: int | None) -> PipelineVersion:
    """Read a version of a pipeline.

    :param client: a SageMaker client
    :param name: the pipeline, or its ARN
    :param version_id: PipelineVersionId; None is what SageMaker would start
    :raises botocore.exceptions.ClientError: SageMaker refuses
    """
    which: dict[str, Any] = {"PipelineName": name}
    if version_id is not None:
        which["PipelineVersionId"] = version_id
    answer = client.describe_pipeline(**which)
    return PipelineVersion(
        arn=answer["PipelineArn"],
        version_id=version_id,
        definition=json.loads(answer["PipelineDefinition"]),
        role_arn=answer.get("RoleArn"),
        description=answer.get("PipelineDescription"),
        parallelism=answer.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps"),
    )


def write_pipeline(
    client: SageMakerClient,
    compiled: CompiledPipeline,
    on_drift: OnDrift = "fail",
    pause: Callable[[float], None] = time.sleep,
    *,
    force: bool = False,
) -> WrittenPipeline:
    """Create or update a pipeline, unless SageMaker has this definition, role and description already.

    :param client: a SageMaker client
    :param compiled: the pipeline as it should be
    :param on_drift: what to do where somebody else has changed it: write ours over it, refuse, or take it as it is
    :param pause: sleeps between attempts when other runs write at the same time
    :param force: update it where nothing differs too
    :raises PipelineDriftError: somebody else has changed it; the message says how it differs
    :raises botocore.exceptions.ClientError: SageMaker refuses
    """
    for attempt in range(1, _ATTEMPTS + 1):
        current = newest_version(client, compiled.name)
        if current is not None:
            if current.equals(compiled) and not force:
                add_tags(client, current.arn, compiled.tags)
                return WrittenPipeline(compiled.name, current.arn, current.version_id, "unchanged")
            if on_drift != "overwrite" and current.has_drifted(compiled):
                if on_drift == "adopt":
                    return WrittenPipeline(compiled.name, current.arn, current.version_id, "adopted")
                raise PipelineDriftError(_drift_message(current, compiled))
        try:
            if current is None:
                return _create(client, compiled)
            add_tags(client, current.arn, compiled.tags)
            return _update(client, compiled)
        except ClientError as error:
            if attempt == _ATTEMPTS or not _somebody_else_wrote(error):
                raise
            pause(0.5 * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


def add_tags(client: SageMakerClient, arn: str, tags: Mapping[str, str]) -> None:
    """Give a pipeline the tags that it should have and has not; others are left alone.

    UpdatePipeline takes no tags, so they are compared and added by themselves.

    :param client: a SageMaker client
    :param arn: the pipeline's ARN
    :param tags: values by key
    :raises botocore.exceptions.ClientError: SageMaker refuses
    """
    if not tags:
        return
    pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
    has = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    missing: list[TagTypeDef] = [{"Key": key, "Value": value} for key, value in tags.items() if has.get(key) != value]
    if missing:
        client.add_tags(ResourceArn=arn, Tags=missing)


def _create(client: SageMakerClient, compiled: CompiledPipeline) -> WrittenPipeline:
    content = _content(compiled)
    if compiled.tags:
        content["Tags"] = [{"Key": key, "Value": value} for key, value in compiled.tags.items()]
    answer = client.create_pipeline(PipelineName=compiled.name, **content)
    # CreatePipeline does not answer with a version; the first one is 1.
    return WrittenPipeline(compiled.name, answer["PipelineArn"], 1, "created")


def _update(client: SageMakerClient, compiled: CompiledPipeline) -> WrittenPipeline:
    answer = client.update_pipeline(PipelineName=compiled.name, **_content(compiled))
    return WrittenPipeline(compiled.name, answer["PipelineArn"], answer.get("PipelineVersionId"), "updated")


def _content(compiled: CompiledPipeline) -> dict[str, Any]:
    content: dict[str, Any] = {
        "RoleArn": compiled.role_arn,
        # An empty description takes an earlier one away.
        "PipelineDescription": compiled.description or "",
    }
    large = compiled.definition_upload
    if large is None:
        content["PipelineDefinition"] = compiled.definition_json
    else:
        content["PipelineDefinitionS3Location"] = {"Bucket": large.bucket, "ObjectKey": large.key}
    if compiled.parallelism is not None:
        content["ParallelismConfiguration"] = {"MaxParallelExecutionSteps": compiled.parallelism}
    return content


def _drift_message(current: PipelineVersion, compiled: CompiledPipeline) -> str:
    lines = difference_lines(difference(current, compiled))
    return "\n".join(
        [
            f"Pipeline {current.arn} was changed by somebody else since it was last written from its conf, or was "
            "never made from one. Writing it would change:",
            *(f"    {line}" for line in lines),
            "Set on_drift to 'overwrite' to write the conf over it, or to 'adopt' to run it as it is.",
        ]
    )


def _somebody_else_wrote(error: ClientError) -> bool:
    # CreatePipeline of a name that exists is a ValidationException; only its message tells.
    taken = code_of(error) in VALIDATION and "already exists" in message_of(error)
    return taken or code_of(error) in CONFLICT
