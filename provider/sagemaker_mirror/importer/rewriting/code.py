"""The scripts and manifests that a definition refers to, from S3."""

from __future__ import annotations

import io
import json
import posixpath
import re
import shlex
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sagemaker_mirror.compiler import entrypoint
from sagemaker_mirror.compiler.source import BUNDLE

Fetch = Callable[[str], bytes]
"""Gives the content of an object in S3."""

_ADDRESS = re.compile(r"s3://[^/\s\"]+/[^\s\"]+/(?:code|data)/[0-9a-f]{64}/[^/\s\"]+")


@dataclass(frozen=True)
class Code:
    """What a definition refers to, by address.

    :param bundles: the scripts of each bundle by their names.
    :param entry_points: the script that each start script of a processing job runs.
    :param manifests: the files that each manifest names.
    """

    bundles: Mapping[str, Mapping[str, bytes]]
    entry_points: Mapping[str, str]
    manifests: Mapping[str, Sequence[str]]


def read_code(definition: Mapping[str, Any], fetch: Fetch) -> Code:
    """Read the scripts of a definition.

    :param definition: the definition.
    :param fetch: reads an object.
    :raises ValueError: an object is none that the compiler writes.
    """
    bundles: dict[str, Mapping[str, bytes]] = {}
    entry_points: dict[str, str] = {}
    manifests: dict[str, Sequence[str]] = {}
    for uri in dict.fromkeys(_addresses(definition)):
        if uri.endswith(f"/{BUNDLE}"):
            bundles[uri] = dict(_unpacked(fetch(uri)))
        elif uri.endswith(f"/{entrypoint.NAME}"):
            entry_points[uri] = _entry_point(fetch(uri).decode())
        elif uri.endswith(".manifest"):
            first, *names = json.loads(fetch(uri))
            manifests[uri] = [first["prefix"] + name for name in names]
    return Code(bundles, entry_points, manifests)


def _addresses(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield from _ADDRESS.findall(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _addresses(item)
    elif isinstance(value, list):
        for item in value:
            yield from _addresses(item)


def _unpacked(archive: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as files:
            for member in files:
                path = PurePosixPath(member.name)
                content = files.extractfile(member)
                if content is None or path.is_absolute() or ".." in path.parts:
                    raise ValueError(f"a bundle holds {member.name!r}, which is no file of a source folder")
                yield path.as_posix(), content.read()
    except tarfile.TarError as error:
        raise ValueError(f"a bundle can't be unpacked: {error}") from error


def _entry_point(script: str) -> str:
    """Read which script a start script runs: its last line says it."""
    words = shlex.split(script.splitlines()[-1])
    if words[:2] == ["exec", "bash"]:
        return words[2]
    return posixpath.join(*words[words.index("-m") + 1].split(".")) + ".py"
