"""The data that the shipped configurations read: what scikit-learn ships, as CSV files in S3.

Keys and columns are what ``configs/*/*/conf/conf.yaml`` and their scripts expect. Sources and licences of the
data are in ``configs/README.md``.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from sklearn.datasets import load_breast_cancer, load_digits

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BREAST_CANCER_KEY = "datasets/breast-cancer/measurements.csv"
DIGITS_KEY = "datasets/digits/digits.csv"

_SHA256 = "sha256"


def datasets() -> Mapping[str, bytes]:
    """Return all data sets: S3 key -> CSV file. The same bytes on every machine.

    Each file has a header, a ``sample_id`` in the first column and the label in the last one.
    """
    return {BREAST_CANCER_KEY: _breast_cancer(), DIGITS_KEY: _digits()}


def upload(s3_client: S3Client, bucket: str) -> int:
    """Put the data sets where they are missing or differ; what is there already is left alone.

    The content's SHA-256 travels with each object as user metadata. (The ETag would not do: it is no hash of the
    content in buckets that encrypt with KMS; see
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html.)

    :param s3_client: a boto3 S3 client.
    :param bucket: name of an existing bucket.
    :return: how many objects were written.
    :raises botocore.exceptions.ClientError: where S3 refuses, or the bucket does not exist.
    """
    written = 0
    for key, content in datasets().items():
        sha256 = hashlib.sha256(content).hexdigest()
        if _stored_sha256(s3_client, bucket, key) != sha256:
            s3_client.put_object(
                Bucket=bucket, Key=key, Body=content, ContentType="text/csv", Metadata={_SHA256: sha256}
            )
            written += 1
    return written


def _stored_sha256(s3_client: S3Client, bucket: str, key: str) -> str | None:
    try:
        return s3_client.head_object(Bucket=bucket, Key=key)["Metadata"].get(_SHA256)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise


def _breast_cancer() -> bytes:
    data = load_breast_cancer()
    columns = [name.replace(" ", "_") for name in data.feature_names]
    labels = [str(data.target_names[target]) for target in data.target]
    return _csv(["sample_id", *columns, "diagnosis"], data.data.tolist(), labels)


def _digits() -> bytes:
    data = load_digits()
    columns = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
    return _csv(["sample_id", *columns, "digit"], data.data.astype(int).tolist(), data.target.tolist())


def _csv(header: Sequence[str], rows: Iterable[Sequence[float]], labels: Iterable[object]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([i, *row, label] for i, (row, label) in enumerate(zip(rows, labels, strict=True)))
    return text.getvalue().encode()
