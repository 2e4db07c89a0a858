"""The work of one attempt of a step, by step type."""

from __future__ import annotations

import logging
import secrets
import string
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from botocore.exceptions import ClientError, ParamValidationError

from sagemaker_mirror.local.conditions import ConditionError, all_hold
from sagemaker_mirror.local.definition import StepDefinition
from sagemaker_mirror.local.errors import ServiceError
from sagemaker_mirror.local.job_descriptions import describe_job
from sagemaker_mirror.local.jobs import JobOutcome
from sagemaker_mirror.local.logs import JobLogs
from sagemaker_mirror.local.protocol import check_request
from sagemaker_mirror.local.records import Execution, Job, JobKind, StepResult
from sagemaker_mirror.local.resolve import Resolver, UnresolvedReference
from sagemaker_mirror.local.store import Store, now

logger = logging.getLogger(__name__)

_ALPHABET = string.ascii_letters + string.digits
_JOB_KINDS: Mapping[str, JobKind] = {
    "Processing": "ProcessingJob",
    "Training": "TrainingJob",
    "Transform": "TransformJob",
}


class Runner(Protocol):
    """What runs jobs; ``sagemaker_mirror.local.jobs.JobRunner`` is one."""

    def run_processing(
        self, request: dict[str, Any], *, job_name: str, stop: threading.Event, log: Callable[[str], None]
    ) -> JobOutcome:
        """Run a processing job to its end."""

    def run_training(
        self, request: dict[str, Any], *, job_name: str, stop: threading.Event, log: Callable[[str], None]
    ) -> JobOutcome:
        """Run a training job to its end."""

    def run_transform(
        self,
        request: dict[str, Any],
        *,
        model: dict[str, Any],
        job_name: str,
        stop: threading.Event,
        log: Callable[[str], None],
    ) -> JobOutcome:
        """Run a batch transform job to its end."""


@dataclass(frozen=True)
class Attempt:
    """One attempt of a step.

    :param arguments: of the step, references resolved (of a condition step: as defined).
    :param stop: set when the attempt is to end.
    :param show: makes metadata visible in the step's row while the attempt runs.
    """

    execution: Execution
    step: StepDefinition
    arguments: dict[str, Any]
    resolver: Resolver
    stop: threading.Event
    show: Callable[[Mapping[str, Any]], None]

    def new_name(self) -> str:
        """A name for what this attempt creates, made as SageMaker makes them."""
        suffix = "".join(secrets.choice(_ALPHABET) for _ in range(10))
        step = self.step.name.replace("_", "-")[:29].strip("-")
        return f"pipelines-{self.execution.id}-{step}-{suffix}"


class StepWork:
    """Does what steps are there for.

    :param clients: makes boto3 clients on the embedded SageMaker, by service and region.
    """

    def __init__(self, store: Store, clients: Callable[[str, str], Any], runner: Runner, logs: JobLogs) -> None:
        self._store = store
        self._clients = clients
        self._runner = runner
        self._logs = logs
        self._stops: dict[str, threading.Event] = {}
        self._groups = threading.Lock()
        self._by_type: Mapping[str, Callable[[Attempt], StepResult]] = {
            **dict.fromkeys(_JOB_KINDS, self._run_job),
            "Model": self._create_model,
            "RegisterModel": self._register_model,
            "Condition": self._decide,
            "Fail": self._fail,
        }

    def run(self, attempt: Attempt) -> StepResult:
        """Do the work of a step, to its end.

        :return: how it ended; problems of the step's own making are failures, not exceptions.
        """
        kind = attempt.step.type
        work = self._by_type.get(kind)
        if work is None:
            return StepResult("Failed", f"ClientError: The embedded SageMaker runs no steps of type {kind}")
        try:
            return work(attempt)
        except (UnresolvedReference, ConditionError) as error:
            return StepResult("Failed", f"ClientError: {error}")

    def stop_job(self, arn: str) -> None:
        """Ask a job to stop, if it still runs."""
        with self._store.change():
            stop = self._stops.get(arn)
            if stop is not None:
                self._store.put_job(replace(self._store.job(arn), status="Stopping", modified=now()))
                stop.set()

    def _run_job(self, attempt: Attempt) -> StepResult:
        kind, name = _JOB_KINDS[attempt.step.type], attempt.new_name()
        request = {**attempt.arguments, f"{kind}Name": name}
        try:
            check_request(f"Create{kind}", request, unknown_members=False)
            model = self._model_of(attempt) if kind == "TransformJob" else {}
        except (ServiceError, ClientError) as error:
            return _refused(f"Create{kind}", error)
        moment = now()
        job = Job(kind, name, attempt.execution.scope, request, moment, moment, moment)
        with self._store.change():
            self._store.put_job(job)
            self._stops[job.arn] = attempt.stop
        metadata: dict[str, Any] = {kind: {"Arn": job.arn}}
        attempt.show(metadata)
        log = self._logs.open(job)
        try:
            outcome = self._call_runner(attempt, job, model, log.write)
        except Exception as error:
            # The job has ended, whatever the reason, and its record says so.
            logger.exception("Job %s broke down", name)
            outcome = JobOutcome("Failed", f"InternalServerError: {error!r}")
        finally:
            self._logs.end(log)
            with self._store.change():
                del self._stops[job.arn]
        ended = self._end_job(job, outcome)
        return StepResult(
            status="Succeeded" if outcome.status == "Completed" else outcome.status,
            failure_reason=ended.failure_reason,
            properties=describe_job(ended),
            metadata=metadata,
        )

    def _call_runner(
        self, attempt: Attempt, job: Job, model: dict[str, Any], log: Callable[[str], None]
    ) -> JobOutcome:
        request = dict(job.request)
        if job.kind == "ProcessingJob":
            return self._runner.run_processing(request, job_name=job.name, stop=attempt.stop, log=log)
        if job.kind == "TrainingJob":
            return self._runner.run_training(request, job_name=job.name, stop=attempt.stop, log=log)
        return self._runner.run_transform(request, model=model, job_name=job.name, stop=attempt.stop, log=log)

    def _end_job(self, job: Job, outcome: JobOutcome) -> Job:
        moment = now()
        ended = replace(
            job,
            status=outcome.status,
            secondary_status=outcome.secondary_status,
            failure_reason=outcome.failure_reason,
            exit_message=outcome.exit_message,
            model_artifacts=outcome.model_artifacts,
            modified=moment,
            ended=moment,
        )
        with self._store.change():
            self._store.put_job(ended)
        return ended

    def _model_of(self, attempt: Attempt) -> dict[str, Any]:
        client = self._clients("sagemaker", attempt.execution.scope.region)
        model: dict[str, Any] = client.describe_model(ModelName=attempt.arguments["ModelName"])
        return model

    def _create_model(self, attempt: Attempt) -> StepResult:
        client = self._clients("sagemaker", attempt.execution.scope.region)
        arguments = {"ModelName": attempt.new_name(), **attempt.arguments}
        try:
            client.create_model(**arguments)
            model = client.describe_model(ModelName=arguments["ModelName"])
        except (ClientError, ParamValidationError) as error:
            return _refused("CreateModel", error)
        return StepResult("Succeeded", properties=model, metadata={"Model": {"Arn": model["ModelArn"]}})

    def _register_model(self, attempt: Attempt) -> StepResult:
        client = self._clients("sagemaker", attempt.execution.scope.region)
        arguments = dict(attempt.arguments)
        try:
            group = arguments.get("ModelPackageGroupName")
            if group is not None:
                self._ensure_group(client, group)
            arn = client.create_model_package(**arguments)["ModelPackageArn"]
            package = client.describe_model_package(ModelPackageName=arn)
        except (ClientError, ParamValidationError) as error:
            return _refused("CreateModelPackage", error)
        return StepResult("Succeeded", properties=package, metadata={"RegisterModel": {"Arn": arn}})

    def _ensure_group(self, client: Any, name: str) -> None:
        # A step that registers a first model makes the group, as SageMaker does; two steps make it once.
        with self._groups:
            if not any(
                summary["ModelPackageGroupName"] == name
                for page in client.get_paginator("list_model_package_groups").paginate(NameContains=name)
                for summary in page["ModelPackageGroupSummaryList"]
            ):
                client.create_model_package_group(ModelPackageGroupName=name)

    def _decide(self, attempt: Attempt) -> StepResult:
        outcome = all_hold(attempt.step.arguments.get("Conditions") or [], attempt.resolver.resolve)
        shown = "True" if outcome else "False"
        return StepResult(
            "Succeeded",
            properties={"Outcome": shown},
            metadata={"Condition": {"Outcome": shown}},
            outcome=outcome,
        )

    def _fail(self, attempt: Attempt) -> StepResult:
        message = str(attempt.arguments.get("ErrorMessage", ""))
        return StepResult("Failed", message, metadata={"Fail": {"ErrorMessage": message}})


def _refused(operation: str, error: Exception) -> StepResult:
    details = error.response["Error"]["Message"] if isinstance(error, ClientError) else str(error)
    return StepResult("Failed", f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: {details}")
