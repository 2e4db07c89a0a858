"""The WSGI application: pipelines are answered here, everything else by moto, in the same server."""

from __future__ import annotations

import io
import logging
import socket
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from werkzeug.wrappers import Request, Response

from sagemaker_mirror.local import executions, job_operations, pipelines, tags
from sagemaker_mirror.local.calls import Calls, credential_scope, is_own, operation_of, resource_of
from sagemaker_mirror.local.control import PREFIX, Control
from sagemaker_mirror.local.errors import ServiceError
from sagemaker_mirror.local.faults import CallFault, Faults
from sagemaker_mirror.local.http_server import WsgiApplication
from sagemaker_mirror.local.protocol import (
    CONTENT_TYPE,
    TARGET_PREFIX,
    has_operation,
    read_request,
    write_error,
    write_response,
)
from sagemaker_mirror.local.records import Scope
from sagemaker_mirror.local.service import Caller, Operation, Service

_OPERATIONS: Mapping[str, Operation] = {
    **pipelines.OPERATIONS,
    **executions.OPERATIONS,
    **job_operations.OPERATIONS,
    **tags.OPERATIONS,
}
_FAULT_ERRORS: Mapping[str, ServiceError] = {
    "throttle": ServiceError("ThrottlingException", "Rate exceeded"),
    "fail": ServiceError("InternalFailure", "The service has a fault on request.", 500),
    "deny": ServiceError("AccessDeniedException", "User is not authorized to perform this operation."),
    "expire": ServiceError("ExpiredTokenException", "The security token included in the request is expired", 403),
    "conflict": ServiceError("ConflictException", "There was a conflict with another operation."),
    "missing": ServiceError("ResourceNotFound", "The resource does not exist."),
}

logger = logging.getLogger(__name__)


class LocalApplication:
    """The whole embedded SageMaker as a WSGI application.

    :param account_id: in which everything lives.
    :param moto: moto's application, which answers what is not about pipelines.
    """

    def __init__(
        self,
        service: Service,
        faults: Faults,
        calls: Calls,
        control: Control,
        account_id: str,
        moto: WsgiApplication,
    ) -> None:
        self._service = service
        self._faults = faults
        self._calls = calls
        self._control = control
        self._account_id = account_id
        self._moto = moto

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        request = Request(environ)
        if request.path.startswith(PREFIX):
            return self._control(request)(environ, start_response)
        _keep_body(request)
        if is_own(request):
            return self._answer(request)(environ, start_response)
        operation, resource = operation_of(request), resource_of(request)
        hit = self._faults.for_call(operation, resource)
        self._calls.add(operation, request.path, resource, hit[1].kind if hit else None)
        if hit is None:
            return self._answer(request)(environ, start_response)
        return self._answer_with(*hit, request)(environ, start_response)

    def _answer_with(self, number: int, fault: CallFault, request: Request) -> WsgiApplication:
        time.sleep(fault.seconds)
        if fault.after:
            Response.from_app(self._answer(request), request.environ)
        if fault.kind == "hold":
            self._faults.wait_while_held(number)
        if fault.kind in ("delay", "hold"):
            return self._answer(request)
        if fault.kind == "drop":
            # The server takes it as a connection that the other side has closed, and says nothing more.
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError("fault on request")
        return _error_response(request, _FAULT_ERRORS[fault.kind])

    def _answer(self, request: Request) -> WsgiApplication:
        target = request.headers.get("X-Amz-Target", "")
        operation = target.removeprefix(TARGET_PREFIX)
        if not target.startswith(TARGET_PREFIX) or operation not in _OPERATIONS:
            return self._moto
        try:
            caller = self._caller(request)
            if not has_operation(operation):
                raise ServiceError("UnknownOperationException", f"{operation} is not known to this botocore")
            members = read_request(operation, request.get_data())
            if not self._is_ours(caller, operation, members):
                return self._moto
            response = _OPERATIONS[operation](self._service, caller, members)
            return _json_response(write_response(operation, response), 200)
        except ServiceError as error:
            return _json_response(write_error(error), error.status)
        except Exception as error:
            # The caller is told, as by any service that has a fault of its own; the log has the rest.
            logger.exception("%s broke down", operation)
            return _json_response(write_error(ServiceError("InternalFailure", repr(error))), 500)

    def _is_ours(self, caller: Caller, operation: str, members: Mapping[str, Any]) -> bool:
        if operation in job_operations.OPERATIONS:
            return job_operations.made_by_a_step(self._service, caller, operation, members)
        if operation in tags.OPERATIONS:
            return ":pipeline/" in members["ResourceArn"]
        return True

    def _caller(self, request: Request) -> Caller:
        region, _, access_key = credential_scope(request)
        if region is None or access_key is None:
            raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
        scope = Scope(region, self._account_id)
        profile = self._service.studio_users.get(access_key)
        identity = {"Arn": f"arn:{scope.partition}:iam::{self._account_id}:user/{access_key}"}
        if profile is None:
            return Caller(scope, {"IamIdentity": identity})
        return Caller(
            scope,
            {
                "UserProfileArn": scope.arn(f"user-profile/d-local/{profile}"),
                "UserProfileName": profile,
                "DomainId": "d-local",
                "IamIdentity": identity,
            },
        )


def _keep_body(request: Request) -> None:
    # These bodies are small and read here; whoever comes behind us reads them once more.
    if "X-Amz-Target" in request.headers or request.mimetype == "application/x-www-form-urlencoded":
        request.environ["wsgi.input"] = io.BytesIO(request.get_data(cache=True))


def _json_response(body: bytes, status: int) -> Response:
    return Response(body, status=status, content_type=CONTENT_TYPE, headers={"x-amzn-RequestId": str(uuid.uuid4())})


def _error_response(request: Request, error: ServiceError) -> Response:
    if "X-Amz-Target" in request.headers:
        return _json_response(write_error(error), error.status)
    # S3 has the bare element, the services of the Query protocol have it wrapped.
    detail = f"<Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
    is_s3 = credential_scope(request)[1] == "s3"
    body = f"<Error>{detail}</Error>" if is_s3 else f"<ErrorResponse><Error>{detail}</Error></ErrorResponse>"
    return Response(body, status=error.status, mimetype="text/xml")
