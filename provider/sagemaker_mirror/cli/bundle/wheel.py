"""A wheel of this package, made of the package itself: MWAA gets what was tried here, published or not."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import sagemaker_mirror

DISTRIBUTION = "airflow-provider-sagemaker-mirror"
# The core metadata of a distribution that a wheel carries; the rest tells how this one was installed.
_METADATA = ("METADATA", "entry_points.txt", "licenses")
_WHEEL = "Wheel-Version: 1.0\nGenerator: sagemaker-mirror\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True)
class Wheel:
    """A wheel.

    :param name: the name of the file.
    :param version: the version of the package.
    :param content: the file.
    """

    name: str
    version: str
    content: bytes

    @classmethod
    def of_this_package(cls) -> Wheel:
        """Build it, always into the same bytes.

        https://packaging.python.org/en/latest/specifications/binary-distribution-format/

        :raises importlib.metadata.PackageNotFoundError: the package runs without being installed.
        """
        installed = metadata.distribution(DISTRIBUTION)
        stem = f"{DISTRIBUTION.replace('-', '_')}-{installed.version}"
        info = f"{stem}.dist-info"
        files = {**dict(_package()), **dict(_metadata(installed, info)), f"{info}/WHEEL": _WHEEL.encode()}
        record = "".join(f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in files.items())
        files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
        return cls(f"{stem}-py3-none-any.whl", installed.version, pack(files))


def pack(files: dict[str, bytes]) -> bytes:
    """Pack files into a ZIP archive; the same files give the same bytes.

    :param files: contents by name.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            # The earliest date that ZIP files know.
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return buffer.getvalue()


def _package() -> Iterator[tuple[str, bytes]]:
    root = Path(sagemaker_mirror.__file__).parent
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(root.parent).as_posix(), path.read_bytes()


def _metadata(installed: metadata.Distribution, info: str) -> Iterator[tuple[str, bytes]]:
    for file in sorted(installed.files or ()):
        folder, *rest = file.parts
        if folder.endswith(".dist-info") and rest[0] in _METADATA:
            yield f"{info}/{'/'.join(rest)}", file.read_binary()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
