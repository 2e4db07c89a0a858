"""The files of channels: where they lie in S3, or how they get there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sagemaker_mirror.compiler.bundle import Bundle, BundleError
from sagemaker_mirror.compiler.refused import Refused
from sagemaker_mirror.compiler.scope import Scope
from sagemaker_mirror.compiler.uploads import Content, Place
from sagemaker_mirror.config.fields import PARAMETER
from sagemaker_mirror.config.model import Channel, JobSection


@dataclass(frozen=True)
class ChannelFile:
    """A file (or prefix) of a channel.

    :param channel: the channel's name.
    :param source_name: the name that the conf gives it.
    :param uri: its address in S3.
    :param where: the conf's keys that lead to it.
    """

    channel: str
    source_name: str | None
    uri: str
    where: tuple[str | int, ...]


def channel_files(scope: Scope, section: JobSection) -> Iterator[ChannelFile]:
    """Give all files of all channels of a section; an entry without ``fileName`` names none.

    :param scope: the step that reads them.
    :param section: its section.
    :raises Refused: a file is neither in S3 nor in the model's folder.
    """
    for name, channel in section.channels.items():
        for number, file in enumerate(channel.data_files):
            if file.file_name is not None:
                where = scope.at_section("channels", name, "dataFiles", number, "fileName")
                yield ChannelFile(name, file.source_name, _locate(scope, name, channel, file.file_name, where), where)


def _locate(scope: Scope, name: str, channel: Channel, file_name: str, where: tuple[str | int, ...]) -> str:
    if file_name.startswith("s3://") or PARAMETER.match(file_name):
        return file_name
    if channel.s3_bucket is not None:
        # The framework keeps training files one level deeper than those of other steps.
        below = f"data/{name}" if scope.step.step_class == "Training" else ""
        bucket = channel.s3_bucket.removeprefix("s3://")
        parts = (bucket, channel.s3_input_prefix or "", below, file_name)
        return "s3://" + "/".join(part.strip("/") for part in parts if part.strip("/"))
    return _stage(scope, channel, file_name, where)


def _stage(scope: Scope, channel: Channel, file_name: str, where: tuple[str | int, ...]) -> str:
    """Register a file or folder beside the model for upload, under a key that follows from its content."""
    folder = scope.config.model_folder(scope.model)
    path = folder / file_name
    if not path.exists():
        raise Refused(f"{file_name!r} is neither an S3 URI nor a file in {folder}", *where)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise Refused(f"{file_name!r} leaves the model's folder {folder}", *where)
    place = Place(channel.s3_bucket_name or scope.target.bucket, (channel.input_bucket_prefix or "").strip("/"))
    if any(PARAMETER.search(part) for part in place):
        raise Refused(f"{file_name!r} is staged before the pipeline runs, so the place can't be a parameter", *where)
    try:
        return _stage_folder(scope, path, place) if path.is_dir() else _stage_file(scope, path, place)
    except (BundleError, OSError) as error:
        raise Refused(f"{file_name!r} can't be staged: {error}", *where) from error


def _stage_file(scope: Scope, path: Path, place: Place) -> str:
    bundle = Bundle.of_files({path.name: path})
    return _register(scope, bundle, 0, bundle.files[0].sha256.hex(), place)


def _stage_folder(scope: Scope, path: Path, place: Place) -> str:
    bundle = Bundle.read(path)
    if not bundle.files:
        raise BundleError(f"{path} holds no files")
    uris = [_register(scope, bundle, number, bundle.sha256, place) for number in range(len(bundle.files))]
    return uris[0].removesuffix(bundle.files[0].name)


def _register(scope: Scope, bundle: Bundle, number: int, sha256: str, place: Place) -> str:
    file = bundle.files[number]
    return scope.uploads.add(Content(sha256, f"data file {file.path.name}", file.write), "data", file.name, place).uri
