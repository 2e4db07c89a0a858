"""Inputs of processing jobs: their names and folders, and how many of them fit into one job."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sagemaker_mirror.compiler.data_files import ChannelFile, channel_files
from sagemaker_mirror.compiler.entrypoint import Link
from sagemaker_mirror.compiler.manifest import add_manifest, common_prefix
from sagemaker_mirror.compiler.references import Request, Value
from sagemaker_mirror.compiler.refused import Refused
from sagemaker_mirror.compiler.scope import Scope
from sagemaker_mirror.compiler.shapes import most
from sagemaker_mirror.config.model import EvaluateSection, ProcessingSection

#: The inputs that bring the scripts and start them.
CODE, ENTRYPOINT = "code", "entrypoint"


@dataclass(frozen=True)
class Reading:
    """How a job reads inputs.

    :param data_type: what their URIs name: ``S3Prefix`` or ``ManifestFile``.
    :param mode: ``File`` or ``Pipe``.
    :param distribution: ``FullyReplicated`` or ``ShardedByS3Key``.
    """

    data_type: Value = "S3Prefix"
    mode: Value = "File"
    distribution: Value = "FullyReplicated"


@dataclass(frozen=True)
class StaticInput:
    """A file or prefix that lies in S3 before the pipeline runs.

    :param name: the input's name, one of its kind in the job.
    :param path: its folder in the container.
    :param file: the file.
    """

    name: str
    path: str
    file: ChannelFile


def s3_input(name: str, uri: Value, path: str, reading: Reading | None = None) -> Request:
    """Write one entry of ``ProcessingInputs``.

    :param name: the input's name.
    :param uri: where it lies in S3.
    :param path: its folder in the container.
    :param reading: how the job reads it.
    """
    reading = reading or Reading()
    return {
        "InputName": name,
        "AppManaged": False,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": path,
            "S3DataType": reading.data_type,
            "S3InputMode": reading.mode,
            "S3DataDistributionType": reading.distribution,
            "S3CompressionType": "None",
        },
    }


def static_inputs(
    scope: Scope, section: ProcessingSection | EvaluateSection, folder: str, taken: Iterable[str]
) -> list[StaticInput]:
    """Give every file of every channel a name and a folder.

    The name is the file's ``sourceName``, else its channel's; a second one of a name gets ``-2``, and so on.

    :param scope: the step.
    :param section: its section.
    :param folder: the folder in the container that holds the inputs' folders.
    :param taken: names of other inputs.
    :raises Refused: a file has no ``fileName``, or a name that the job needs for itself.
    """
    others, used, inputs = {CODE, ENTRYPOINT, *taken}, set[str](), []
    _check_file_names(scope, section)
    for file in channel_files(scope, section):
        wanted = file.source_name or file.channel
        if wanted in others:
            message = f"{wanted!r} is the name of another input of this step; choose another sourceName"
            raise Refused(message, *file.where[:-1], "sourceName")
        name, number = wanted, 1
        while name in used or name in others:
            number += 1
            name = f"{wanted}-{number}"
        used.add(name)
        inputs.append(StaticInput(name, posixpath.join(folder, name), file))
    return inputs


def _check_file_names(scope: Scope, section: ProcessingSection | EvaluateSection) -> None:
    for name, channel in section.channels.items():
        for number, file in enumerate(channel.data_files):
            if file.file_name is None and (file.source_name or isinstance(section, ProcessingSection)):
                raise Refused(
                    "'dataFiles' needs 'fileName'", *scope.at_section("channels", name, "dataFiles", number)
                )


def fit_inputs(
    scope: Scope, inputs: Sequence[StaticInput], reading: Reading, folder: str, others: int
) -> tuple[list[Request], tuple[Link, ...]]:
    """Write static inputs so that all of them fit into one job.

    Where they are too many, files of one bucket become one input by a manifest, and the entrypoint links each of
    them to where its own input would have put it. What is no single object (it has no extension) stays an input.

    :param scope: the step.
    :param inputs: the static inputs.
    :param reading: how the job reads them.
    :param folder: the folder in the container that holds the inputs' folders.
    :param others: the number of the job's other inputs.
    :raises Refused: they still don't fit.
    """
    single = [s3_input(item.name, item.file.uri, item.path, reading) for item in inputs]
    limit = most("ProcessingInputs")
    if len(single) + others <= limit:
        return single, ()
    groups: dict[str, list[StaticInput]] = {}
    if reading.data_type == "S3Prefix" and reading.mode == "File":
        for item in filter(_is_object, inputs):
            groups.setdefault(item.file.uri.split("/")[2], []).append(item)
    grouped = {item.name for group in groups.values() for item in group}
    rest = [request for request in single if request["InputName"] not in grouped]
    if len(rest) + len(groups) + others > limit:
        raise Refused(
            f"{len(inputs)} files and {others} other inputs (scripts included) are more than the {limit} inputs of a "
            "processing job, of which only files with an extension can share one; put them into a folder",
            *scope.at_section("channels"),
        )
    manifests, links = [], list[Link]()
    for number, group in enumerate(groups.values(), 1):
        name = f"files-{number}"
        path = posixpath.join(folder, name)
        prefix = common_prefix([item.file.uri for item in group])
        links += (Link(posixpath.join(path, item.file.uri.removeprefix(prefix)), item.path) for item in group)
        uri = add_manifest(scope.uploads, name, [item.file for item in group])
        manifests.append(s3_input(name, uri, path, Reading("ManifestFile", "File", reading.distribution)))
    return [*manifests, *rest], tuple(links)


def _is_object(item: StaticInput) -> bool:
    uri = item.file.uri
    return uri.startswith("s3://") and "${" not in uri and bool(posixpath.splitext(posixpath.basename(uri))[1])
