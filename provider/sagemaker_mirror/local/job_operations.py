"""Describe and Stop of the jobs that steps made; other jobs are moto's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from sagemaker_mirror.local.errors import validation
from sagemaker_mirror.local.job_descriptions import describe_job
from sagemaker_mirror.local.records import JobKind, job_arn
from sagemaker_mirror.local.service import Caller, Operation, Service


def made_by_a_step(service: Service, caller: Caller, operation: str, request: Mapping[str, Any]) -> bool:
    """Whether one of these operations is about a job that a step made."""
    kind = _KIND_OF[operation]
    return service.store.find_job(_arn(caller, kind, request)) is not None


def _arn(caller: Caller, kind: JobKind, request: Mapping[str, Any]) -> str:
    return job_arn(caller.scope, kind, request[f"{kind}Name"])


def _describe(kind: JobKind) -> Operation:
    def describe(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        return describe_job(service.store.job(_arn(caller, kind, request)))

    return describe


def _stop(kind: JobKind) -> Operation:
    def stop(service: Service, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        job = service.store.job(_arn(caller, kind, request))
        if job.status not in ("InProgress", "Stopping"):
            raise validation(
                f"The request was rejected because the job is in status {job.status} and can't be stopped."
            )
        service.work.stop_job(job.arn)
        return {}

    return stop


_KINDS: tuple[JobKind, ...] = get_args(JobKind)
_KIND_OF: Mapping[str, JobKind] = {f"{verb}{kind}": kind for verb in ("Describe", "Stop") for kind in _KINDS}
OPERATIONS: Mapping[str, Operation] = {
    **{f"Describe{kind}": _describe(kind) for kind in _KINDS},
    **{f"Stop{kind}": _stop(kind) for kind in _KINDS},
}
