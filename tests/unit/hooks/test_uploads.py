from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from sagemaker_mirror.compiler import Upload
from sagemaker_mirror.hooks.uploads import upload_missing

UPLOAD = Upload("bucket", "key", "0" * 64, "a bundle", lambda file: file.write(b"x"))


@pytest.fixture
def s3():
    client = boto3.client("s3", region_name="eu-central-1")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize("status", [404, 403])
def test_without_the_right_to_list_s3_says_forbidden_where_it_has_nothing(s3, status):
    client, stubber = s3
    stubber.add_client_error("head_object", str(status), http_status_code=status)
    stubber.add_response("put_object", {}, {"Bucket": "bucket", "Key": "key", "Body": ANY, "ChecksumAlgorithm": ANY})

    assert upload_missing(client, [UPLOAD]) == (UPLOAD,)


def test_other_errors_are_not_hidden(s3):
    client, stubber = s3
    stubber.add_client_error("head_object", "500", http_status_code=500)

    with pytest.raises(ClientError):
        upload_missing(client, [UPLOAD])
