"""What came of a step: its job, outputs, metrics and cost, and the end of its log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sagemaker_mirror.links.sagemaker import SageMakerJobLink, SageMakerJobLogsLink
from sagemaker_mirror.mirror.jobs import Job, billable_seconds, job_of, outputs_of, told_of
from sagemaker_mirror.mirror.report import step_history
from sagemaker_mirror.mirror.snapshot import StepSnapshot

if TYPE_CHECKING:
    from sagemaker_mirror.hooks.sagemaker_mirror import SageMakerMirrorHook

_LOG_LINES = 20
# XComs lie in Airflow's database.
_METRICS_BYTES = 48 * 1024


@dataclass(frozen=True)
class StepResults:
    """What came of a step, for XCom.

    :param fields: what its task returns
    :param links: the parts of console links, by their XCom key
    """

    fields: dict[str, Any]
    links: dict[str, dict[str, Any]] = field(default_factory=dict)


def collect_results(
    hook: SageMakerMirrorHook, step: StepSnapshot, step_class: str | None, *, succeeded: bool, log: Any
) -> StepResults:
    """Read what came of a step that has ended, and write it into the log. One Describe call per job.

    Nothing that cannot be read changes what has become of the step: it is only missing.

    :param hook: the way to SageMaker, S3 and CloudWatch
    :param step: the step's latest attempt
    :param step_class: its class in the conf: a ``Metrics`` step has a report
    :param succeeded: whether its task succeeds; where not, the end of the job's log is shown
    :param log: the task's log
    """
    log.info("%s.", step_history(step))
    job = job_of(step)
    fields: dict[str, Any] = {
        "step_name": step.name,
        "status": step.status,
        "job_arn": job.arn if job else None,
        "cache_hit": step.cached_from is not None,
        "reused": step.reused_from is not None,
        "seconds": step.seconds,
        **told_of(step),
    }
    if job is None:
        return StepResults(fields)
    description = _describe(hook, job, log)
    job = job.named(description)
    links = {SageMakerJobLink: SageMakerJobLink.parts(job), SageMakerJobLogsLink: SageMakerJobLogsLink.parts(job)}
    log.info("It made %s", job.arn)
    for title, (link, parts) in zip(("In the console", "Its log"), links.items(), strict=True):
        if parts:
            log.info("%s: %s", title, link.format_link(parts))
    if not succeeded:
        _log_tail(hook, job, log)
    if description:
        fields |= outputs_of(job, description) | billable_seconds(step, job, description)
        if step_class == "Metrics" and succeeded:
            fields["metrics"] = _read_metrics(hook, fields["outputs"], log)
    return StepResults(fields, {link.key: parts for link, parts in links.items() if parts})


def _describe(hook: SageMakerMirrorHook, job: Job, log: Any) -> Mapping[str, Any]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return hook.describe_job(job)
    except (BotoCoreError, ClientError) as error:
        # The step is what it is, whether or not we may look at its job.
        log.warning("%s cannot be described, so its outputs are not in the XCom: %s", job.arn, error)
        return {}


def _read_metrics(hook: SageMakerMirrorHook, outputs: Mapping[str, str], log: Any) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    from sagemaker_mirror.compiler.chains import METRICS_FILE, METRICS_OUTPUT

    uri = f"{outputs[METRICS_OUTPUT].rstrip('/')}/{METRICS_FILE}"
    try:
        content = hook.read_small(uri, _METRICS_BYTES)
        if content is not None:
            return _database_json(content)
        log.warning("%s has more than %d bytes, so it is not in the XCom.", uri, _METRICS_BYTES)
    except (BotoCoreError, ClientError, ValueError) as error:
        log.warning("The metrics in %s cannot be read: %s", uri, error)
    return None


def _database_json(content: bytes) -> Any:
    """Read JSON as a database takes it: PostgreSQL refuses NaN, infinities and the character NUL in it."""

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is no JSON")

    if b"\\u0000" in content:
        raise ValueError("it has the character NUL")
    return json.loads(content, parse_constant=refuse)


def _log_tail(hook: SageMakerMirrorHook, job: Job, log: Any) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        lines = hook.tail_log(job, _LOG_LINES)
    except (BotoCoreError, ClientError) as error:
        log.warning("The job's log cannot be read: %s", error)
        return
    if lines:
        log.info("The last %d lines of the job's log:", len(lines))
    for line in lines:
        log.info("%s", line)
