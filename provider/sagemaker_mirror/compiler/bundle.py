"""``sourcedir.tar.gz``: a source folder as one archive whose bytes follow from the files' names and contents alone.

Nothing is packed to learn the key: it is the hash over the files. So a folder that S3 has already costs one reading
of its files.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import tarfile
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from sagemaker_mirror.compiler.ignore import IgnoreRules

IGNORE_FILE = ".sagemakerignore"
# Goes into the hash: an archive that is laid out in another way must not have the key of an earlier one.
_LAYOUT = b"sourcedir.tar.gz, layout 2\n"
# Permissions differ from checkout to checkout. Everything may be run, so that a script which is called can be.
_MODE = 0o755
# 1 January 1980: zip files, and so the wheels that a bundle's setup.py may build, know no earlier time.
_MTIME = 315532800
_CHUNK = 1 << 20


class BundleError(ValueError):
    """A source folder can't be packed as it is."""


@dataclass(frozen=True)
class SourceFile:
    """A file of a bundle.

    :param name: its path in the archive, with forward slashes.
    :param path: where it lies on disk.
    :param size: bytes.
    :param sha256: the hash of its content.
    """

    name: str
    path: Path
    size: int
    sha256: bytes

    @classmethod
    def read(cls, name: str, path: Path) -> SourceFile:
        """Hash a file.

        :raises OSError: it can't be read.
        """
        content, size = hashlib.sha256(), 0
        with path.open("rb") as file:
            while piece := file.read(_CHUNK):
                content.update(piece)
                size += len(piece)
        return cls(name, path, size, content.digest())

    def write(self, file: BinaryIO) -> None:
        """Copy the file.

        :param file: a binary file, open for writing.
        :raises BundleError: the file is not what it was when it was hashed.
        """
        with self.path.open("rb") as source:
            reader = _HashingReader(source)
            shutil.copyfileobj(cast("BinaryIO", reader), file, _CHUNK)
        if reader.content.digest() != self.sha256:
            raise BundleError(f"{self.path} was changed while it was uploaded")


@dataclass(frozen=True)
class Bundle:
    """Files that go together, and their common hash.

    :param files: sorted by name.
    :param sha256: over all names and contents, in hex.
    """

    files: tuple[SourceFile, ...] = field(repr=False)
    sha256: str

    @classmethod
    def read(cls, folder: Path, extra: Mapping[str, Path] | None = None) -> Bundle:
        """Read and hash a source folder.

        :param folder: the folder whose children become the archive's root. Its ``.sagemakerignore`` is honoured.
        :param extra: further files, by their path in the archive.
        :raises BundleError: a link leaves the folder or leads nowhere, or something is neither file nor folder.
        :raises OSError: a file can't be read.
        """
        if not folder.is_dir():
            raise BundleError(f"{folder} is no folder")
        return cls.of_files({**dict(_walk(folder)), **(extra or {})})

    @classmethod
    def of_files(cls, files: Mapping[str, Path]) -> Bundle:
        """Hash some files.

        :param files: where they lie on disk, by their path in the archive.
        :raises OSError: a file can't be read.
        """
        sources = tuple(SourceFile.read(name, files[name]) for name in sorted(files))
        total = hashlib.sha256(_LAYOUT)
        for source in sources:
            name = os.fsencode(source.name)
            total.update(b"%d %s %d %s\n" % (len(name), name, source.size, source.sha256))
        return cls(sources, total.hexdigest())

    def holds(self, name: str) -> bool:
        """Tell whether a file is in the bundle, by its path in the archive."""
        position = bisect_left(self.files, name, key=lambda source: source.name)
        return position < len(self.files) and self.files[position].name == name

    def write(self, file: BinaryIO) -> None:
        """Pack the archive, piece by piece; memory does not grow with the folder.

        :param file: a binary file, open for writing; it need not be seekable.
        :raises BundleError: a file is not what it was when the bundle was read.
        """
        with (
            gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for source in self.files:
                _add(archive, source)


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    ignore_file = folder / IGNORE_FILE
    lines = ignore_file.read_text(encoding="utf-8").splitlines() if ignore_file.is_file() else []
    try:
        rules = IgnoreRules.parse(lines)
    except re.error as error:
        raise BundleError(f"{ignore_file} has a pattern that can't be read: {error}") from error
    yield from _walk_into(folder, "", rules, (folder.resolve(),))


def _walk_into(folder: Path, prefix: str, rules: IgnoreRules, above: tuple[Path, ...]) -> Iterator[tuple[str, Path]]:
    """Give every file below a folder; ``above`` are the folders on the way here, the root first."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name, path = prefix + entry.name, Path(entry.path)
            is_directory = path.is_dir()
            if rules.ignores(name, is_directory=is_directory):
                continue
            if entry.is_symlink():
                _check_link(path, above)
            if is_directory:
                yield from _walk_into(path, f"{name}/", rules, (*above, path.resolve()))
            elif entry.is_file():
                yield name, path
            else:
                raise BundleError(f"{path} is neither a file nor a folder")


def _check_link(path: Path, above: tuple[Path, ...]) -> None:
    """Refuse a link that can't be replaced by what it leads to."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # Python before 3.13 has a RuntimeError for a circle of links
        raise BundleError(f"{path} is a link that leads nowhere: {path.readlink()}") from error
    if not target.is_relative_to(above[0]):
        raise BundleError(f"{path} is a link that leaves the source folder: {target}")
    if target in above:
        raise BundleError(f"{path} is a link to a folder that it lies in: {target}")


def _add(archive: tarfile.TarFile, source: SourceFile) -> None:
    entry = tarfile.TarInfo(source.name)
    entry.size, entry.mode, entry.mtime = source.size, _MODE, _MTIME
    with source.path.open("rb") as file:
        reader = _HashingReader(file)
        try:
            archive.addfile(entry, cast("BinaryIO", reader))
        except OSError as error:  # what tarfile says of a file that ends early
            raise BundleError(f"{source.path} was changed while the bundle was packed") from error
        if file.read(1) or reader.content.digest() != source.sha256:
            raise BundleError(f"{source.path} was changed while the bundle was packed")


class _HashingReader:
    """Hashes what passes through, so that a file which was changed after it was hashed is noticed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.content = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.content.update(piece)
        return piece
