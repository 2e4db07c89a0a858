from __future__ import annotations

import csv
import hashlib
import io

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from sagemaker_mirror.local.demo.datasets import BREAST_CANCER_KEY, DIGITS_KEY, datasets, upload

BUCKET = "sagemaker-mirror-demo"


def test_the_bytes_are_the_same_everywhere():
    """Pinned: other bytes would be other data, at the same URI, behind SageMaker's step cache."""
    assert {key: hashlib.sha256(content).hexdigest() for key, content in datasets().items()} == {
        BREAST_CANCER_KEY: "7f89bc5f6d6f9a93a97a974387e40765d094f454c6d2ab15e6417e13d82c8a3f",
        DIGITS_KEY: "17525929f589bd535a9b6a536c6a726a488a983462423561df7f9d3304d7565c",
    }


@pytest.mark.parametrize(
    ("key", "samples", "columns", "labels"),
    [
        (BREAST_CANCER_KEY, 569, 32, {"malignant", "benign"}),
        (DIGITS_KEY, 1797, 66, {str(digit) for digit in range(10)}),
    ],
)
def test_files_have_an_id_first_and_a_label_last(key, samples, columns, labels):
    header, *rows = csv.reader(io.StringIO(datasets()[key].decode()))

    assert len(header) == len(set(header)) == columns
    assert header[0] == "sample_id"
    assert [row[0] for row in rows] == [str(i) for i in range(samples)]
    assert {row[-1] for row in rows} == labels
    assert {len(row) for row in rows} == {columns}


@pytest.fixture
def s3():
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def test_upload_writes_what_is_missing_and_nothing_twice(s3):
    assert upload(s3, BUCKET) == 2
    for key, content in datasets().items():
        assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == content
    assert upload(s3, BUCKET) == 0


def test_upload_replaces_what_differs_and_leaves_the_rest(s3):
    upload(s3, BUCKET)
    s3.put_object(Bucket=BUCKET, Key=DIGITS_KEY, Body=b"something else")
    untouched = s3.head_object(Bucket=BUCKET, Key=BREAST_CANCER_KEY)["LastModified"]

    assert upload(s3, BUCKET) == 1
    assert s3.get_object(Bucket=BUCKET, Key=DIGITS_KEY)["Body"].read() == datasets()[DIGITS_KEY]
    assert s3.head_object(Bucket=BUCKET, Key=BREAST_CANCER_KEY)["LastModified"] == untouched


def test_a_missing_bucket_is_an_error(s3):
    with pytest.raises(ClientError, match="NoSuchBucket"):
        upload(s3, "another-bucket")
