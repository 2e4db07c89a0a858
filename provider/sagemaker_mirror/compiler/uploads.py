"""What has to be in S3 before a pipeline runs: code, entrypoints, manifests, staged files.

Each has a key that follows from its content, so an object that is there already is the right one, and need not be
built.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple


@dataclass(frozen=True)
class Upload:
    """An object that the definition refers to.

    :param bucket: the bucket it belongs into.
    :param key: its key; the content's hash is a part of it.
    :param sha256: the hash in the key, in hex. For an archive this is the hash over the files that go in, not over
        the archive's bytes, because nothing is packed to learn it.
    :param description: what it is, for people who watch the upload.
    :param writer: writes the content.
    """

    bucket: str
    key: str
    sha256: str
    description: str
    writer: Callable[[BinaryIO], None] = field(repr=False, compare=False)

    @property
    def uri(self) -> str:
        """The address of the object in S3."""
        return f"s3://{self.bucket}/{self.key}"

    def write(self, file: BinaryIO) -> None:
        """Write the content, piece by piece.

        :param file: a binary file, open for writing.
        :raises OSError: a file of the content can't be read any more.
        """
        self.writer(file)


class Place(NamedTuple):
    """Where objects lie.

    :param bucket: the bucket's name.
    :param prefix: what keys begin with, without slashes around it; empty for the bucket's root.
    """

    bucket: str
    prefix: str = ""


class Content(NamedTuple):
    """What an object holds.

    :param sha256: the hash that its key is to carry, in hex.
    :param description: what it is, for people.
    :param writer: writes it into a binary file.
    """

    sha256: str
    description: str
    writer: Callable[[BinaryIO], None]

    @classmethod
    def of_bytes(cls, description: str, data: bytes) -> Content:
        """Give the content of a small object that is at hand."""

        def write(file: BinaryIO) -> None:
            file.write(data)

        return cls(hashlib.sha256(data).hexdigest(), description, write)


class Uploads:
    """The uploads of one pipeline; the same content is there once, however many steps use it.

    :param bucket: the bucket that they belong into, where nothing else is said.
    :param pipeline: the pipeline's name, a part of each key.
    """

    def __init__(self, bucket: str, pipeline: str) -> None:
        self._bucket = bucket
        self._pipeline = pipeline
        self._by_address: dict[tuple[str, str], Upload] = {}

    def add(self, content: Content, folder: str, name: str, place: Place | None = None) -> Upload:
        """Register an object under ``<pipeline>/<folder>/<sha256>/<name>``.

        :param content: what the object holds.
        :param folder: the kind of content: ``code`` or ``data``.
        :param name: the last part of the key: the file's name as a container sees it.
        :param place: another bucket, or a prefix before the pipeline's name.
        :return: the object; the one that is there already where the content is.
        """
        bucket, prefix = place or Place(self._bucket)
        key = "/".join(part for part in (prefix, self._pipeline, folder, content.sha256, name) if part)
        upload = Upload(bucket, key, content.sha256, content.description, content.writer)
        return self._by_address.setdefault((bucket, key), upload)

    def sorted(self) -> tuple[Upload, ...]:
        """Give all of them, ordered by bucket and key."""
        return tuple(self._by_address[address] for address in sorted(self._by_address))
