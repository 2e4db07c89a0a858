"""The hook: SageMaker Pipelines as the mirror needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.providers.amazon.aws.hooks.sagemaker import SageMakerHook
from botocore.config import Config

from sagemaker_mirror.hooks import executions, job_logs
from sagemaker_mirror.hooks.objects import read_small
from sagemaker_mirror.hooks.pipelines import OnDrift, PipelineVersion, WrittenPipeline, read_version, write_pipeline
from sagemaker_mirror.hooks.uploads import upload, upload_missing

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sagemaker.client import SageMakerClient

    from sagemaker_mirror.compiler import CompiledPipeline, Upload
    from sagemaker_mirror.mirror.external import ListedExecution
    from sagemaker_mirror.mirror.jobs import Job
    from sagemaker_mirror.mirror.plan import Plan
    from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot

# Adaptive: a client that is throttled slows all its calls down. A client is shared by all that wait for executions
# through one connection, so this is one rate limit for them.
# https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html
DEFAULT_CONFIG = Config(retries={"mode": "adaptive", "total_max_attempts": 6}, connect_timeout=10, read_timeout=30)


class SageMakerMirrorHook(SageMakerHook):
    """Interact with SageMaker Pipelines, and with what their jobs leave in S3 and CloudWatch.

    Provide a thick wrapper around :external+boto3:py:class:`boto3.client("sagemaker") <SageMaker.Client>`.

    :param aws_conn_id: the Airflow connection; None is boto3's own search for credentials
    :param region_name: the AWS Region; None is the connection's
    :param verify: whether TLS certificates are verified, or a CA bundle; None is the connection's
    :param config: botocore's configuration, or its arguments; None is the connection's

    .. seealso::
        - :class:`airflow.providers.amazon.aws.hooks.sagemaker.SageMakerHook`
    """

    def __init__(
        self,
        aws_conn_id: str | None = AwsGenericHook.default_conn_name,
        region_name: str | None = None,
        verify: bool | str | None = None,
        config: Config | dict[str, Any] | None = None,
    ) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            aws_conn_id=aws_conn_id, region_name=region_name, verify=verify, config=config
        )

    @property
    def config(self) -> Config:
        """Botocore's configuration: the connection's or the caller's, over :data:`DEFAULT_CONFIG`."""
        return DEFAULT_CONFIG.merge(super().config)

    @property
    def client(self) -> SageMakerClient:
        """The boto3 client of SageMaker; it may be used in any thread."""
        return cast("SageMakerClient", self.get_conn())

    @cached_property
    def s3_client(self) -> S3Client:
        """The boto3 client of S3, through the same connection."""
        return cast("S3Client", self._client_of("s3"))

    @cached_property
    def logs_client(self) -> CloudWatchLogsClient:
        """The boto3 client of CloudWatch Logs, through the same connection."""
        return cast("CloudWatchLogsClient", self._client_of("logs"))

    def upload_missing(self, uploads: Iterable[Upload]) -> tuple[Upload, ...]:
        """Put into S3 what is not there yet, and return it.

        :param uploads: what a compiled pipeline refers to
        """
        return upload_missing(self.s3_client, uploads)

    def upload(self, uploads: Iterable[Upload]) -> tuple[Upload, ...]:
        """Put all into S3, whether or not it is there, and return it.

        :param uploads: what a compiled pipeline refers to
        """
        return upload(self.s3_client, uploads)

    def write_pipeline(
        self, compiled: CompiledPipeline, on_drift: OnDrift = "fail", *, force: bool = False
    ) -> WrittenPipeline:
        """Create or update a pipeline, only where SageMaker has another definition, role or description.

        :param compiled: the pipeline as it should be
        :param on_drift: what to do where somebody else has changed it: ``overwrite``, ``fail`` or ``adopt``
        :param force: update it where nothing differs too
        :raises PipelineDriftError: somebody else has changed it
        """
        return write_pipeline(self.client, compiled, on_drift, force=force)

    def read_version(self, name: str, version_id: int | None) -> PipelineVersion:
        """Read a version of a pipeline.

        :param name: the pipeline, or its ARN
        :param version_id: PipelineVersionId; None is what SageMaker would start
        """
        return read_version(self.client, name, version_id)

    def start_execution(self, request: executions.ExecutionRequest) -> str:
        """Start an execution and return its ARN.

        :param request: what to start
        """
        return executions.start_execution(self.client, request)

    def find_under_way(self, pipeline_name: str, description: str, created_after: datetime) -> str | None:
        """Return the ARN of the newest execution under way that has a certain description, or None.

        :param pipeline_name: the pipeline
        :param description: PipelineExecutionDescription, whole
        :param created_after: executions before this time are not looked at
        """
        return executions.find_under_way(self.client, pipeline_name, description, created_after)

    def list_executions(
        self, pipeline_name: str, created_after: datetime, complete_from: datetime
    ) -> list[ListedExecution]:
        """List executions of a pipeline, the newest first; none where there is no such pipeline.

        :param pipeline_name: the pipeline
        :param created_after: executions before this time are not listed
        :param complete_from: from this time on all are listed; of those before it, a few pages at most
        """
        return executions.list_executions(self.client, pipeline_name, created_after, complete_from)

    def read_status(self, arn: str) -> str:
        """Return an execution's status, as SageMaker sends it.

        :param arn: the execution
        """
        return executions.read_status(self.client, arn)

    def read_begin(self, arn: str) -> executions.ExecutionBegin:
        """Read who began an execution, and with which parameters.

        :param arn: the execution
        """
        return executions.read_begin(self.client, arn)

    def read_execution(self, arn: str) -> ExecutionSnapshot:
        """Look at an execution and all its steps, however many pages they are.

        :param arn: the execution
        """
        return executions.read_execution(self.client, arn)

    def read_plan(self, arn: str) -> Plan:
        """Read what the definition of an execution asks for.

        :param arn: the execution
        """
        return executions.read_plan(self.client, arn)

    def stop_execution(self, arn: str) -> bool:
        """Ask SageMaker to stop an execution; False: there was nothing to stop any more. Does not wait.

        :param arn: the execution
        """
        return executions.stop_execution(self.client, arn)

    def retry_execution(self, arn: str, token: str) -> bool:
        """Ask SageMaker to resume an ended execution; False: somebody else is resuming it right now.

        :param arn: the execution
        :param token: ClientRequestToken
        """
        return executions.retry_execution(self.client, arn, token)

    def describe_job(self, job: Job) -> Mapping[str, Any]:
        """Describe a step's job, model or model package; empty for a kind that we do not know.

        :param job: the job
        """
        if job.kind is None or job.kind.describe is None:
            return {}
        describe = getattr(self.client, job.kind.describe)
        return cast("Mapping[str, Any]", describe(**{job.kind.name_argument: job.name}))

    def tail_log(self, job: Job, lines: int = 20) -> list[str]:
        """Return the last lines of a job's log in CloudWatch, oldest first; empty for a kind without log.

        :param job: the job
        :param lines: how many
        """
        if job.kind is None or job.kind.log_group is None:
            return []
        return job_logs.tail(self.logs_client, job.kind.log_group, job.name, lines)

    def read_small(self, uri: str, limit: int) -> bytes | None:
        """Return the content of an object in S3, or None where it is larger than the limit.

        :param uri: such as ``s3://bucket/key``
        :param limit: bytes
        """
        return read_small(self.s3_client, uri, limit)

    def _client_of(self, service: str) -> Any:
        return AwsGenericHook(
            aws_conn_id=self.aws_conn_id,
            region_name=self._region_name,
            verify=self._verify,
            config=self._config,
            client_type=service,
        ).get_conn()
