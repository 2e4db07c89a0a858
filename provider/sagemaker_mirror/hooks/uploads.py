"""Puts into S3 what is not there yet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from typing import TYPE_CHECKING, BinaryIO, cast

from botocore.exceptions import ClientError

from sagemaker_mirror.hooks.errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from sagemaker_mirror.compiler import Upload

# HeadObject has no body, so S3 sends bare status codes. Without s3:ListBucket it answers 403 for what is missing:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
_UNKNOWN = frozenset({"403", "AccessDenied", "Forbidden"})
_MEMORY = 8 * 1024 * 1024  # bytes; larger bundles go through a temporary file


def upload_missing(client: S3Client, uploads: Iterable[Upload]) -> tuple[Upload, ...]:
    """Upload what S3 does not have, and return it.

    Keys carry the hash of their content, so an object that exists is the right one. Content is built only when it
    is needed.

    :param client: an S3 client
    :param uploads: what has to be there
    :raises botocore.exceptions.ClientError: S3 refuses
    """
    return upload(client, find_missing(client, uploads))


def upload(client: S3Client, uploads: Iterable[Upload]) -> tuple[Upload, ...]:
    """Upload all, whether or not S3 has it, and return it.

    :param client: an S3 client
    :param uploads: what has to be there
    :raises botocore.exceptions.ClientError: S3 refuses
    """
    uploads = tuple(uploads)
    for item in uploads:
        with tempfile.SpooledTemporaryFile(max_size=_MEMORY) as file:
            item.write(cast(BinaryIO, file))
            file.seek(0)
            client.upload_fileobj(file, item.bucket, item.key)
    return uploads


def find_missing(client: S3Client, uploads: Iterable[Upload]) -> tuple[Upload, ...]:
    """Find what S3 does not have.

    :param client: an S3 client
    :param uploads: what has to be there
    :raises botocore.exceptions.ClientError: S3 refuses
    """
    return tuple(upload for upload in uploads if not _exists(client, upload))


def _exists(client: S3Client, upload: Upload) -> bool:
    try:
        client.head_object(Bucket=upload.bucket, Key=upload.key)
    except ClientError as error:
        if code_of(error) in _MISSING | _UNKNOWN:
            return False
        raise
    return True
