"""Waits for the end of an execution that this DAG did not start."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sagemaker_mirror import settings
from sagemaker_mirror.compat import AirflowException, BaseSensorOperator, Context, conf
from sagemaker_mirror.hooks.connection import AwsConnection
from sagemaker_mirror.links.sagemaker import SageMakerPipelineExecutionLink
from sagemaker_mirror.mirror.arns import ExecutionArn
from sagemaker_mirror.mirror.states import Outcome, Verdict, execution_outcome
from sagemaker_mirror.operators.base import AWS_TEMPLATE_FIELDS
from sagemaker_mirror.operators.waiting import shortest_deferral

if TYPE_CHECKING:
    from sagemaker_mirror.hooks.sagemaker_mirror import SageMakerMirrorHook


class SageMakerPipelineExecutionSensor(BaseSensorOperator):
    """Wait until an execution has succeeded; fail as soon as it failed or was stopped.

    It only watches: it never stops, starts or resumes an execution.

    :param pipeline_execution_arn: the execution. (templated)
    :param tolerate_failures: whether an execution that ended ``CompletedWithFailures``, as its run conditions
        provided, is a success
    :param deferrable: wait in the triggerer
    :param poke_interval: seconds between two looks; None is ``[sagemaker_mirror] poll_interval``
    :param aws_conn_id: The Airflow connection used for AWS credentials.
    :param region_name: AWS Region. If not specified, that of the execution's ARN.
    :param verify: Whether or not to verify SSL certificates.
    :param botocore_config: Configuration dictionary (key-values) for botocore client.
    """

    template_fields: Sequence[str] = (*AWS_TEMPLATE_FIELDS, "pipeline_execution_arn")
    operator_extra_links = (SageMakerPipelineExecutionLink(),)
    ui_color = "#e6f0fb"

    def __init__(
        self,
        *,
        pipeline_execution_arn: str,
        tolerate_failures: bool = False,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poke_interval: float | timedelta | None = None,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=settings.poll_interval() if poke_interval is None else poke_interval, **kwargs)
        self.pipeline_execution_arn = pipeline_execution_arn
        self.tolerate_failures = tolerate_failures
        self.deferrable = deferrable
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config

    @property
    def connection(self) -> AwsConnection:
        """The way to AWS, once the task's templates are rendered."""
        connection = AwsConnection.of(self.aws_conn_id, self.region_name, self.verify, self.botocore_config)
        region = connection.region_name or ExecutionArn.parse(self.pipeline_execution_arn).arn.region
        return replace(connection, region_name=region)

    @cached_property
    def hook(self) -> SageMakerMirrorHook:
        """The hook, once the task's templates are rendered."""
        return self.connection.hook()

    def execute(self, context: Context) -> Any:
        """Look once; where the execution is under way, wait."""
        parts = SageMakerPipelineExecutionLink.parts(self.pipeline_execution_arn)
        link = SageMakerPipelineExecutionLink.persist(context, parts)
        self.log.info("Execution: %s", self.pipeline_execution_arn)
        self.log.info("In the console: %s", link)
        if not self.deferrable:
            return super().execute(context)
        if not self.poke(context):
            self._defer(time.time() + self.timeout)
        return None

    def poke(self, context: Context) -> bool:
        """Look once.

        :param context: the task's context
        :raises AirflowException: the execution has failed or was stopped
        """
        snapshot = self.hook.read_execution(self.pipeline_execution_arn)
        outcome = execution_outcome(snapshot, tolerate_failures=self.tolerate_failures)
        self.log.info("%s", outcome.reason)
        return self._judge(outcome)

    def resume(self, context: Context, event: dict[str, Any] | None = None, deadline: float | None = None) -> None:
        """Go on after a deferral: SageMaker is read again, whatever the event says.

        :param context: the task's context
        :param event: the trigger's
        :param deadline: when the sensor's timeout is over, in seconds since the epoch; ``airflow dags test`` drops
            it, and begins anew
        """
        deadline = time.time() + self.timeout if deadline is None else deadline
        if self.poke(context):
            return
        if time.time() >= deadline:
            raise AirflowException(f"The execution has not ended within the timeout of {self.timeout} s.")
        self._defer(deadline)

    def _defer(self, deadline: float) -> None:
        from sagemaker_mirror.triggers.sagemaker_pipeline import SageMakerPipelineTrigger

        self.defer(
            trigger=SageMakerPipelineTrigger(
                pipeline_execution_arn=self.pipeline_execution_arn,
                poll_interval=self.poke_interval,
                not_before=time.time() + shortest_deferral(),
                deadline=deadline,
                aws_conn_id=self.connection.aws_conn_id,
                region_name=self.connection.region_name,
                verify=self.verify,
                botocore_config=self.botocore_config,
            ),
            method_name="resume",
            kwargs={"deadline": deadline},
        )

    def _judge(self, outcome: Outcome) -> bool:
        if outcome.verdict is Verdict.FAILED:
            raise AirflowException(outcome.reason)
        return outcome.verdict is Verdict.SUCCESS
