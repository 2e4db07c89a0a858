"""What all operators here share: the amazon provider's arguments, on Airflow's own BaseOperator.

The amazon provider's ``AwsBaseOperator`` loads boto3 wherever it is imported, so at every parse of a DAG file.
These operators take the same arguments and import their hook when they execute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sagemaker_mirror.compat import BaseOperator
from sagemaker_mirror.hooks.connection import AwsConnection
from sagemaker_mirror.mirror.arns import Arn

if TYPE_CHECKING:
    from sagemaker_mirror.hooks.sagemaker_mirror import SageMakerMirrorHook

AWS_TEMPLATE_FIELDS = ("aws_conn_id", "region_name", "verify")


class SageMakerPipelineBaseOperator(BaseOperator):
    """Base of the operators for SageMaker pipelines.

    :param aws_conn_id: The Airflow connection used for AWS credentials. If this is ``None`` or empty then the default
        boto3 behaviour is used.
    :param region_name: AWS Region. If not specified, that of the ARN at hand, else the connection's.
    :param verify: Whether or not to verify SSL certificates. See:
        https://boto3.amazonaws.com/v1/documentation/api/latest/reference/core/session.html
    :param botocore_config: Configuration dictionary (key-values) for botocore client. See:
        https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html
    """

    template_fields: Sequence[str] = AWS_TEMPLATE_FIELDS
    ui_color = "#e6f0fb"

    def __init__(
        self,
        *,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config

    @property
    def connection(self) -> AwsConnection:
        """The way to AWS, once the task's templates are rendered."""
        connection = AwsConnection.of(self.aws_conn_id, self.region_name, self.verify, self.botocore_config)
        # What has an ARN lies in the Region that the ARN names, whatever the connection's own is.
        arn = self._arn()
        if connection.region_name is None and arn is not None:
            return replace(connection, region_name=arn.region)
        return connection

    @cached_property
    def hook(self) -> SageMakerMirrorHook:
        """The hook, once the task's templates are rendered."""
        return self.connection.hook()

    def _arn(self) -> Arn | None:
        """Return the ARN whose Region counts where none is given."""
        return None
