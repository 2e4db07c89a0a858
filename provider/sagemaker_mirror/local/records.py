"""What the embedded SageMaker knows: frozen records, replaced as a whole when something changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sagemaker_mirror.local.definition import Definition

StepStatus = Literal["Starting", "Executing", "Stopping", "Stopped", "Failed", "Succeeded"]
ExecutionStatus = Literal["Executing", "Stopping", "Stopped", "Failed", "Succeeded", "CompletedWithFailures"]
JobKind = Literal["ProcessingJob", "TrainingJob", "TransformJob"]

_JOB_RESOURCES: Mapping[JobKind, str] = {
    "ProcessingJob": "processing-job",
    "TrainingJob": "training-job",
    "TransformJob": "transform-job",
}
ENDED_STEP: frozenset[str] = frozenset({"Stopped", "Failed", "Succeeded"})
ENDED_EXECUTION: frozenset[str] = frozenset({"Stopped", "Failed", "Succeeded", "CompletedWithFailures"})


@dataclass(frozen=True)
class Scope:
    """Where resources live.

    :param region: for instance ``eu-west-1``.
    :param account_id: twelve digits.
    """

    region: str
    account_id: str

    @property
    def partition(self) -> str:
        """The ARN partition of the region."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    def arn(self, resource: str) -> str:
        """The ARN of a SageMaker resource, for instance of ``pipeline/orders``."""
        return f"arn:{self.partition}:sagemaker:{self.region}:{self.account_id}:{resource}"


@dataclass(frozen=True)
class PipelineVersion:
    """One version of a pipeline's definition."""

    number: int
    definition_json: str
    definition: Definition
    created: datetime
    display_name: str | None = None
    description: str | None = None
    last_execution_arn: str | None = None


@dataclass(frozen=True)
class Pipeline:
    """A pipeline with all its versions, the newest last."""

    scope: Scope
    name: str
    role_arn: str
    versions: tuple[PipelineVersion, ...]
    created: datetime
    modified: datetime
    created_by: Mapping[str, Any]
    modified_by: Mapping[str, Any]
    display_name: str | None = None
    description: str | None = None
    max_parallel_steps: int | None = None
    last_run: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The pipeline's ARN. Names differ in more than case, ARNs don't show case."""
        return self.scope.arn(f"pipeline/{self.name.lower()}")

    @property
    def latest(self) -> PipelineVersion:
        """The version that an execution runs when none is named."""
        return self.versions[-1]


@dataclass(frozen=True)
class StepResult:
    """How one attempt of a step ended.

    :param properties: what other steps can refer to: the response of the job's Describe call.
    :param outcome: of a condition step.
    :param cache_source: ARN of the execution whose result was taken from the cache.
    """

    status: Literal["Succeeded", "Failed", "Stopped"]
    failure_reason: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] | None = None
    outcome: bool | None = None
    cache_source: str | None = None


@dataclass(frozen=True)
class CachedStep:
    """A successful run of a step.

    :param execution_arn: of the execution that ran it.
    """

    execution_arn: str
    result: StepResult
    ended: datetime


@dataclass(frozen=True)
class StepRow:
    """One row of ListPipelineExecutionSteps.

    :param sequence: position in the execution, ever growing; rows are listed by it.
    :param attempt: what AttemptCount shows.
    :param superseded: a retry was asked for, so this row no longer decides anything.
    :param reused_from: ARN of the source execution of a selective execution.
    """

    sequence: int
    name: str
    status: StepStatus
    attempt: int
    started: datetime
    ended: datetime | None = None
    result: StepResult | None = None
    metadata: Mapping[str, Any] | None = None
    reused_from: str | None = None
    superseded: bool = False


@dataclass(frozen=True)
class Execution:
    """An execution of a pipeline.

    :param rows: of its steps, in the order in which they began.
    :param selected: names of the steps of a selective execution, None for all steps.
    :param looks_before_retry: a retry was accepted, and shows after so many more looks at the execution.
    """

    scope: Scope
    id: str
    pipeline_name: str
    pipeline_arn: str
    sequence: int
    version: PipelineVersion
    parameters: Mapping[str, str | int | float | bool]
    created: datetime
    modified: datetime
    created_by: Mapping[str, Any]
    modified_by: Mapping[str, Any]
    status: ExecutionStatus = "Executing"
    failure_reason: str | None = None
    display_name: str | None = None
    description: str | None = None
    max_parallel_steps: int | None = None
    selected: frozenset[str] | None = None
    selective_config: Mapping[str, Any] | None = None
    looks_before_retry: int = 0
    rows: tuple[StepRow, ...] = ()

    @property
    def arn(self) -> str:
        """The execution's ARN."""
        return f"{self.pipeline_arn}/execution/{self.id}"

    @property
    def definition(self) -> Definition:
        """The definition that this execution runs."""
        return self.version.definition

    @property
    def current_rows(self) -> Mapping[str, StepRow]:
        """The row that decides, by step name."""
        return {row.name: row for row in self.rows if not row.superseded}

    @property
    def ended(self) -> bool:
        """Whether the execution has come to an end, and stays there."""
        return self.status in ENDED_EXECUTION and not self.looks_before_retry


@dataclass(frozen=True)
class Job:
    """A processing, training or transform job that a step made.

    :param request: of its Create call, references resolved, with the job's name.
    :param status: the job's own status word.
    """

    kind: JobKind
    name: str
    scope: Scope
    request: Mapping[str, Any]
    created: datetime
    started: datetime
    modified: datetime
    ended: datetime | None = None
    status: Literal["InProgress", "Stopping", "Completed", "Failed", "Stopped"] = "InProgress"
    failure_reason: str | None = None
    exit_message: str | None = None
    model_artifacts: str | None = None

    secondary_status: str | None = None

    @property
    def arn(self) -> str:
        """The job's ARN."""
        return job_arn(self.scope, self.kind, self.name)


def job_arn(scope: Scope, kind: JobKind, name: str) -> str:
    """The ARN of a job by name."""
    return scope.arn(f"{_JOB_RESOURCES[kind]}/{name.lower()}")
