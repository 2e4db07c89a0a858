"""The errors of the SageMaker API, typed as the service types them."""

from __future__ import annotations


class ServiceError(Exception):
    """An error that goes back over the wire.

    :param code: what botocore shows as ``Error.Code``.
    :param message: what botocore shows as ``Error.Message``.
    :param status: the HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def validation(message: str) -> ServiceError:
    """The request is not one that the service takes (a common error of all operations)."""
    return ServiceError("ValidationException", message)


def not_found(message: str) -> ServiceError:
    """What the request names does not exist."""
    return ServiceError("ResourceNotFound", message)


def conflict(message: str) -> ServiceError:
    """The request does not go together with what is happening to the entity just now."""
    return ServiceError("ConflictException", message)


def limit_exceeded(message: str) -> ServiceError:
    """A quota of the account is used up."""
    return ServiceError("ResourceLimitExceeded", message)
