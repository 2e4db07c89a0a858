"""What AWS's errors mean to us."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html and the errors of each operation
NOT_FOUND = frozenset({"ResourceNotFound", "ResourceNotFoundException"})
CONFLICT = frozenset({"ConflictException"})
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
VALIDATION = frozenset({"ValidationException", "ValidationError"})
# A client that was built anew may have other credentials.
EXPIRED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "RequestExpired",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
# The codes that botocore takes for throttling, in its standard and adaptive retry modes.
THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "SlowDown",
    }
)


def code_of(error: ClientError) -> str:
    """Return the code of a service's error, such as ``ConflictException``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """Return the message of a service's error."""
    return str(error.response.get("Error", {}).get("Message", ""))


def may_pass(error: Exception) -> bool:
    """Whether a read that failed may succeed later on, unchanged.

    Throttling, failing servers and networks pass; so may a denial or expired credentials, since somebody can mend
    them while we wait. A thing that does not exist and a request that is wrong do not.

    :param error: what the read raised
    """
    if isinstance(error, ClientError):
        return code_of(error) not in NOT_FOUND | VALIDATION
    return isinstance(error, BotoCoreError) and not isinstance(error, ParamValidationError)


def has_expired(error: Exception) -> bool:
    """Whether the credentials of the client are no longer good.

    :param error: what a call raised
    """
    return isinstance(error, ClientError) and code_of(error) in EXPIRED


def is_throttled(error: Exception) -> bool:
    """Whether there were too many calls.

    :param error: what a call raised
    """
    return isinstance(error, ClientError) and code_of(error) in THROTTLED
