"""The list of calls that the embedded SageMaker received, so that tests can count them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs

from werkzeug.wrappers import Request

from sagemaker_mirror.local.clients import OWN_CALLS
from sagemaker_mirror.local.protocol import TARGET_PREFIX
from sagemaker_mirror.local.store import now

_KEPT = 100_000


@dataclass(frozen=True)
class Call:
    """A call as received.

    :param number: grows by one from call to call.
    :param operation: of SageMaker its operation (``StartPipelineExecution``), else with the service in front:
        ``logs:GetLogEvents``, ``sts:GetCallerIdentity``, and for S3 the HTTP method (``s3:PUT``).
    :param resource: what it is about, see :func:`resource_of`.
    :param fault: the kind of fault that hit it.
    """

    number: int
    operation: str
    path: str
    resource: str
    received: datetime
    fault: str | None


class Calls:
    """The newest calls, oldest first. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=_KEPT)
        self._number = 0

    def add(self, operation: str, path: str, resource: str, fault: str | None) -> None:
        """Note a call."""
        with self._lock:
            self._number += 1
            self._calls.append(Call(self._number, operation, path, resource, now(), fault))

    def after(self, number: int, operation: str | None = None) -> tuple[Call, ...]:
        """The calls after that number, or those of them that are of one operation."""
        with self._lock:
            calls = tuple(self._calls)
        return tuple(call for call in calls if call.number > number and operation in (None, call.operation))

    def counts(self, after: int = 0) -> Mapping[str, int]:
        """How often each operation was called after that number."""
        counted: dict[str, int] = {}
        for call in self.after(after):
            counted[call.operation] = counted.get(call.operation, 0) + 1
        return counted


def operation_of(request: Request) -> str:
    """What a request asks for, as :class:`Call` shows it."""
    target = request.headers.get("X-Amz-Target", "")
    if target.startswith(TARGET_PREFIX):
        return target.removeprefix(TARGET_PREFIX)
    service = credential_scope(request)[1] or "s3"
    if target:
        return f"{service}:{target.rpartition('.')[2]}"
    if request.mimetype == "application/x-www-form-urlencoded":
        action = parse_qs(request.get_data(cache=True, as_text=True)).get("Action")
        if action:
            return f"{service}:{action[0]}"
    return f"{service}:{request.method}"


def resource_of(request: Request) -> str:
    """What a request is about: an execution's ARN, a pipeline's name or ARN, else the request's path."""
    if request.headers.get("X-Amz-Target", "").startswith(TARGET_PREFIX):
        body = request.get_json(force=True, silent=True)
        if isinstance(body, dict):
            return str(body.get("PipelineExecutionArn") or body.get("PipelineName") or request.path)
    return request.path


def credential_scope(request: Request) -> tuple[str | None, str | None, str | None]:
    """Region, service and access key that a request was signed for; each None if it was not signed."""
    # AWS4-HMAC-SHA256 Credential=KEY/20260102/us-east-1/sagemaker/aws4_request, SignedHeaders=…
    _, _, credential = request.headers.get("Authorization", "").partition("Credential=")
    parts = credential.split(",")[0].split("/")
    if len(parts) != 5:
        return None, None, None
    return parts[2], parts[3], parts[0]


def is_own(request: Request) -> bool:
    """Whether the embedded SageMaker itself made the call."""
    return OWN_CALLS in request.headers.get("User-Agent", "")
