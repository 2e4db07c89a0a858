"""S3 objects down into a job's folders, and its results up again, laid out as SageMaker does it."""

from __future__ import annotations

import json
import os
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError as S3Error

from sagemaker_mirror.local.jobs.launcher import ML
from sagemaker_mirror.local.jobs.outcome import JobError, JobStopped


@dataclass(frozen=True)
class S3Uri:
    """A place in S3.

    :param bucket: its bucket
    :param key: a key, or the beginning of keys; may be empty
    """

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> S3Uri:
        """Read ``s3://bucket/key``. Slashes at the start of the key and in a row are kept: they are part of keys.

        :raises JobError: if it is none
        """
        parts = urlsplit(uri, allow_fragments=False)
        if parts.scheme != "s3" or not parts.netloc:
            raise JobError("ClientError", f"Not an S3 URI: {uri!r}")
        return cls(parts.netloc, uri.removeprefix(f"s3://{parts.netloc}").removeprefix("/"))

    def below(self, name: str) -> S3Uri:
        """Return the place with a name below this one."""
        return S3Uri(self.bucket, f"{self.key.rstrip('/')}/{name}" if self.key.rstrip("/") else name)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class InputObject:
    """One object of an input.

    :param uri: where it is
    :param name: its path below the input's folder
    """

    uri: S3Uri
    name: str


class Storage:
    """A job's way to S3.

    :param s3: boto3 client
    :param stop: between objects, a job that is told to stop does
    """

    def __init__(self, s3: Any, stop: threading.Event) -> None:
        self.s3 = s3
        self.stop = stop

    def find(self, source: dict[str, Any]) -> list[InputObject]:
        """Return the objects of a data source, in the order of S3's listing or of the manifest.

        Of an S3Prefix these are all objects whose keys begin with it; they are named by what follows it, or, where it
        ends within a name, by that whole name. See ``S3DataSource`` in the SageMaker API reference.

        :param source: ``S3DataSource`` of a channel, or ``S3Input`` of a processing job
        :raises JobError: ClientError, if there are none
        """
        kind, uri = source.get("S3DataType", "S3Prefix"), S3Uri.parse(source["S3Uri"])
        if kind == "ManifestFile":
            found = self.read_manifest(uri)
        elif kind == "S3Prefix":
            found = list(self.list_prefix(uri))
        else:
            raise JobError("ClientError", f"The embedded SageMaker doesn't support S3DataType {kind}.")
        if not found:
            raise JobError(
                "ClientError",
                f'Data download failed:No S3 objects found under S3 URL "{uri}" given in input data source. '
                "Please ensure that the bucket exists and that objects exist under that S3 prefix.",
            )
        return found

    def list_prefix(self, uri: S3Uri) -> Iterator[InputObject]:
        """Find the objects whose keys begin with a prefix."""
        parent = uri.key[: uri.key.rfind("/") + 1]
        try:
            for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=uri.bucket, Prefix=uri.key):
                for item in page.get("Contents", ()):
                    key: str = item["Key"]
                    rest = key[len(uri.key) :]
                    if key.endswith("/"):
                        continue  # a folder as consoles make them: an empty object
                    whole = rest.startswith("/") or uri.key == parent
                    yield InputObject(S3Uri(uri.bucket, key), rest.lstrip("/") if whole else key[len(parent) :])
        except S3Error as error:
            raise JobError("ClientError", f"Data download failed:Failed to list {uri}: {error}") from error

    def read_manifest(self, uri: S3Uri) -> list[InputObject]:
        """Find the objects that a manifest names: a list of ``{"prefix": …}`` and of keys to put behind it."""
        try:
            first, *names = json.loads(self.read(uri))
            prefix = S3Uri.parse(first["prefix"])
            return [InputObject(S3Uri(prefix.bucket, prefix.key + name), name.lstrip("/")) for name in names]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise JobError("ClientError", f"Manifest {uri} isn't as documented: {error!r}") from error

    def read(self, uri: S3Uri) -> bytes:
        """Return an object's content.

        :raises JobError: ClientError, if it can't be read
        """
        if self.stop.is_set():
            raise JobStopped
        try:
            content: bytes = self.s3.get_object(Bucket=uri.bucket, Key=uri.key)["Body"].read()
        except S3Error as error:
            raise JobError("ClientError", f"Data download failed:Failed to download {uri}: {error}") from error
        return content

    def download(self, source: dict[str, Any], folder: Path) -> int:
        """Download a data source into a folder; return the number of files."""
        folder.mkdir(parents=True, exist_ok=True)
        found = self.find(source)
        for item in found:
            self.download_object(item.uri, folder / checked(item.name))
        return len(found)

    def download_object(self, uri: S3Uri, file: Path) -> None:
        """Download one object.

        :raises JobError: ClientError, if it isn't there, or if its name is taken by a folder
        """
        if self.stop.is_set():
            raise JobStopped
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self.s3.download_file(uri.bucket, uri.key, str(file))
        except (S3Error, OSError) as error:
            raise JobError("ClientError", f"Data download failed:Failed to download {uri}: {error}") from error

    def extract(self, uri: S3Uri, folder: Path) -> None:
        """Download a tar archive, compressed or not, and unpack it into a folder.

        :raises JobError: ClientError, if it isn't there, or is none
        """
        folder.mkdir(parents=True, exist_ok=True)
        archive = folder.with_name(f".{folder.name}.archive")
        self.download_object(uri, archive)
        try:
            with tarfile.open(archive) as tar:
                if hasattr(tarfile, "data_filter"):
                    tar.extractall(folder, filter="data")
                else:  # an older patch release of Python 3.10 or 3.11
                    tar.extractall(folder)  # noqa: S202
        except (tarfile.TarError, OSError, EOFError) as error:
            raise JobError("ClientError", f"{uri} isn't a tar archive that can be unpacked: {error}") from error
        finally:
            archive.unlink()

    def upload(self, file: Path, uri: S3Uri) -> None:
        """Upload one file."""
        try:
            self.s3.upload_file(str(file), uri.bucket, uri.key)
        except (S3UploadFailedError, S3Error) as error:
            raise JobError("ClientError", f"Failed to upload to {uri}: {error}") from error


def checked(name: str) -> PurePosixPath:
    """Return an object's name as a path that stays below the folder it is put under.

    :raises JobError: ClientError, if it doesn't
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise JobError("ClientError", f"Data download failed:The key {name!r} can't be a file's name.")
    return path


def walk(folder: Path, ml: Path) -> Iterator[tuple[str, Path]]:
    """Find the files below a folder, with their names relative to it; sorted, so that uploads have an order.

    :param folder: where; nothing is found if it doesn't exist
    :param ml: what the job saw as ``/opt/ml``: links that it made into it are followed
    """
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(parent, name)
            target = file
            if file.is_symlink() and (text := os.readlink(file)).startswith(f"{ML}/"):  # noqa: PTH115 - the text
                target = ml / text.removeprefix(f"{ML}/")
            if target.is_file():
                yield file.relative_to(folder).as_posix(), target


def pack(folder: Path, archive: Path) -> bool:
    """Pack a folder's content into a ``tar.gz``; return whether there was any."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return False
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        for child in sorted(folder.iterdir()):
            tar.add(child, child.name)
    return True


class Mirror:
    """A folder whose files are uploaded as they change (``S3UploadMode: Continuous``, checkpoints), or at once.

    :param storage: where to
    :param folder: what
    :param uri: below which place
    :param ml: see :func:`walk`
    """

    def __init__(self, storage: Storage, folder: Path, uri: S3Uri, ml: Path) -> None:
        self.storage, self.folder, self.uri, self.ml = storage, folder, uri, ml
        self.uploaded: dict[str, tuple[int, int]] = {}

    def sync(self) -> int:
        """Upload the files that changed since the last time; return how many."""
        count = 0
        for name, file in walk(self.folder, self.ml):
            try:
                status = file.stat()
                state = (status.st_mtime_ns, status.st_size)
                if self.uploaded.get(name) != state:
                    self.storage.upload(file, self.uri.below(name))
                    self.uploaded[name] = state
                    count += 1
            except FileNotFoundError:
                continue  # the job has removed it meanwhile
        return count
