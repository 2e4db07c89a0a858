from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ParamValidationError

from sagemaker_mirror.hooks.errors import code_of, has_expired, may_pass, message_of


def error(code):
    return ClientError({"Error": {"Code": code, "Message": "why"}}, "DescribePipelineExecution")


@pytest.mark.parametrize(
    "raised",
    [
        error("ThrottlingException"),
        error("InternalFailure"),
        error("503"),
        error("AccessDeniedException"),
        error("ExpiredTokenException"),
        EndpointConnectionError(endpoint_url="http://nowhere"),
        NoCredentialsError(),
    ],
)
def test_some_errors_may_pass(raised):
    assert may_pass(raised)


@pytest.mark.parametrize(
    "raised",
    [error("ResourceNotFound"), error("ValidationException"), ParamValidationError(report="x"), KeyError("x")],
)
def test_others_do_not(raised):
    assert not may_pass(raised)


def test_expired_credentials_are_known():
    assert has_expired(error("ExpiredTokenException"))
    assert not has_expired(error("AccessDeniedException"))
    assert not has_expired(NoCredentialsError())


def test_code_and_message():
    assert (code_of(error("X")), message_of(error("X"))) == ("X", "why")
