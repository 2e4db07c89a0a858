"""Reads small objects from S3."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def read_small(client: S3Client, uri: str, limit: int) -> bytes | None:
    """Return an object's content, or None where it is larger than the limit.

    :param client: an S3 client
    :param uri: such as ``s3://bucket/key``
    :param limit: bytes
    :raises botocore.exceptions.ClientError: S3 refuses, or there is no such object
    """
    place = urlsplit(uri)
    answer = client.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
    with answer["Body"] as body:
        return body.read() if answer["ContentLength"] <= limit else None
