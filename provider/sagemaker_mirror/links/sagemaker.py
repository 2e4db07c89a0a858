"""Console links to an execution, to a step's job, and to the job's log.

They follow the conventions of the amazon provider's ``BaseAwsLink`` (one XCom per link, ``format_str``) but stand on
Airflow's class: importing the other one loads botocore wherever a DAG file is parsed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sagemaker_mirror.compat import BaseOperatorLink, Context, read_xcom
from sagemaker_mirror.mirror.arns import Arn, ExecutionArn

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

    from sagemaker_mirror.mirror.jobs import Job

# Where each partition has its console; others (the isolated ones) have none that we know.
CONSOLE_DOMAINS = {
    "aws": "aws.amazon.com",
    "aws-cn": "amazonaws.cn",
    "aws-us-gov": "amazonaws-us-gov.com",
}
CONSOLE = "https://console.{aws_domain}"


class ConsoleLink(BaseOperatorLink):
    """A link whose parts a task pushes to XCom, under :attr:`key`."""

    name: ClassVar[str]
    key: ClassVar[str]
    format_str: ClassVar[str]

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the link of one task instance; empty where its task has pushed no parts.

        :param operator: the task
        :param ti_key: the task instance
        """
        parts = read_xcom(ti_key, self.key)
        return self.format_link(parts) if parts else ""

    @classmethod
    def format_link(cls, parts: dict[str, Any]) -> str:
        """Return the address.

        :param parts: what :attr:`format_str` asks for
        """
        return cls.format_str.format(**parts)

    @classmethod
    def persist(cls, context: Context, parts: dict[str, Any] | None) -> str | None:
        """Push a link's parts to XCom, and return the address.

        :param context: the task's context
        :param parts: what :attr:`format_str` asks for; None: there is nothing to link to
        """
        if parts is None:
            return None
        context["ti"].xcom_push(key=cls.key, value=parts)
        return cls.format_link(parts)


class SageMakerPipelineExecutionLink(ConsoleLink):
    """Link to a pipeline execution: in Studio where the domain is known, else in the console."""

    name = "SageMaker Pipeline Execution"
    key = "sagemaker_pipeline_execution"
    format_str = CONSOLE + "/sagemaker/home?region={region_name}#/pipelines/{pipeline_name}/executions/{execution_id}"
    studio_format_str = (
        "https://studio-{studio_domain_id}.studio.{region_name}.sagemaker.aws"
        "/pipelines/view/{pipeline_name}/executions/{execution_id}/graph"
    )

    @classmethod
    def format_link(cls, parts: dict[str, Any]) -> str:
        """Return the address."""
        in_studio = parts.get("studio_domain_id") and parts["aws_domain"] == CONSOLE_DOMAINS["aws"]
        return (cls.studio_format_str if in_studio else cls.format_str).format(**parts)

    @classmethod
    def parts(cls, execution_arn: str, studio_domain_id: str | None = None) -> dict[str, Any] | None:
        """Return the link's parts; None in a partition without a public console.

        :param execution_arn: the execution
        :param studio_domain_id: the Studio domain in which it can be seen
        """
        execution = ExecutionArn.parse(execution_arn)
        where = _console(execution.arn)
        return where and {
            **where,
            "pipeline_name": execution.pipeline_name,
            "execution_id": execution.execution_id,
            "studio_domain_id": studio_domain_id,
        }


class SageMakerJobLink(ConsoleLink):
    """Link to the job, model, model package, endpoint or function that a step made or called."""

    name = "SageMaker Job"
    key = "sagemaker_job"
    format_str = CONSOLE + "/{service}/home?region={region_name}#/{page}/{job_name}"

    @classmethod
    def format_link(cls, parts: dict[str, Any]) -> str:
        """Return the address."""
        return super().format_link({"service": "sagemaker", **parts})

    @classmethod
    def parts(cls, job: Job) -> dict[str, Any] | None:
        """Return the link's parts; None where the console has no page for it.

        :param job: what the step made
        """
        where = _console(Arn.parse(job.arn))
        if where is None or job.kind is None:
            return None
        service = {} if job.kind.service == "sagemaker" else {"service": job.kind.service}
        return {**where, **service, "page": job.kind.console_page, "job_name": job.name}


class SageMakerJobLogsLink(ConsoleLink):
    """Link to the CloudWatch log of a step's job."""

    name = "CloudWatch Logs"
    key = "sagemaker_job_logs"
    # The console writes what is behind the # percent-encoded twice, the second time with $ for %.
    format_str = (
        CONSOLE + "/cloudwatch/home?region={region_name}#logsV2:log-groups/log-group/{log_group}"
        "$3FlogStreamNameFilter$3D{job_name}$252F"
    )

    @classmethod
    def parts(cls, job: Job) -> dict[str, Any] | None:
        """Return the link's parts; None where the job writes no log.

        :param job: what the step made
        """
        where = _console(Arn.parse(job.arn))
        if where is None or job.kind is None or job.kind.log_group is None:
            return None
        return {**where, "log_group": job.kind.log_group.replace("/", "$252F"), "job_name": job.name}


def _console(arn: Arn) -> dict[str, Any] | None:
    domain = CONSOLE_DOMAINS.get(arn.partition)
    return None if domain is None else {"region_name": arn.region, "aws_domain": domain}
