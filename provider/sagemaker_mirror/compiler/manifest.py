"""Several files as one input: a manifest that names them below their common prefix.

The form is that of ``S3DataSource`` in the API reference of CreateTrainingJob: a list whose first entry is
``{"prefix": "s3://…/"}`` and whose others are keys below it. Each names an object, so a folder can't be in one.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from sagemaker_mirror.compiler.canonical import canonical_json
from sagemaker_mirror.compiler.data_files import ChannelFile
from sagemaker_mirror.compiler.uploads import Content, Uploads


def common_prefix(uris: Sequence[str]) -> str:
    """Give the longest part, with a slash at its end, that S3 URIs have in common; empty for several buckets."""
    common = posixpath.commonpath([uri.removeprefix("s3://").rpartition("/")[0] for uri in uris])
    return f"s3://{common}/" if common else ""


def add_manifest(uploads: Uploads, name: str, files: Sequence[ChannelFile]) -> str:
    """Register a manifest of files in one bucket, and give its address in S3.

    :param uploads: where it is registered.
    :param name: the name of the input.
    :param files: the files, each an object in S3.
    """
    prefix = common_prefix([file.uri for file in files])
    entries = [{"prefix": prefix}, *(file.uri.removeprefix(prefix) for file in files)]
    content = Content.of_bytes(f"manifest of {len(files)} files", canonical_json(entries).encode())
    return uploads.add(content, "data", f"{name}.manifest").uri
