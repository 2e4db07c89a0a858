"""What came of every step of a run, for its summary."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sagemaker_mirror.mirror.jobs import Job, billable_seconds, job_of, outputs_of
from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot, StepSnapshot

if TYPE_CHECKING:
    from sagemaker_mirror.hooks.sagemaker_mirror import SageMakerMirrorHook

# An event of an asset lies in Airflow's database.
_METRICS_BYTES = 48 * 1024


def run_results(
    hook: SageMakerMirrorHook, snapshot: ExecutionSnapshot, returned: Iterable[Any], log: Any
) -> dict[str, Mapping[str, Any]]:
    """Return, by step, what the tasks of steps return: job ARN, outputs, model package, billable seconds.

    The steps' tasks have described their jobs already. SageMaker is asked for a job of which no task tells, such as
    that of a step that failed.

    :param hook: the way to SageMaker
    :param snapshot: the execution after its end
    :param returned: what the steps' tasks have returned, as far as they have
    :param log: the task's log
    """
    told = {item.get("job_arn"): item for item in returned if isinstance(item, Mapping)}
    jobs = {step.name: (step, job) for step in snapshot.steps.values() if (job := job_of(step)) is not None}
    return {name: told.get(job.arn) or _describe(hook, step, job, log) for name, (step, job) in jobs.items()}


def read_metrics(hook: SageMakerMirrorHook, uri: str, log: Any) -> Any:
    """Return the report of a Metrics step, or None where it is too large for a database or cannot be read.

    :param hook: the way to S3
    :param uri: where it lies
    :param log: the task's log
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        content = hook.read_small(uri, _METRICS_BYTES)
        return None if content is None else json.loads(content)
    except (BotoCoreError, ClientError, ValueError) as error:
        log.warning("The metrics in %s cannot be read: %s", uri, error)
        return None


def _describe(hook: SageMakerMirrorHook, step: StepSnapshot, job: Job, log: Any) -> Mapping[str, Any]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        description = hook.describe_job(job)
    except (BotoCoreError, ClientError) as error:
        # The run is what it is, whether or not we may look at its jobs.
        log.warning("%s cannot be described: %s", job.arn, error)
        return {"job_arn": job.arn}
    return {"job_arn": job.arn, **outputs_of(job, description), **billable_seconds(step, job, description)}
