"""Which connection a hook is made of: the amazon provider's four arguments as one value that can be compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sagemaker_mirror.hooks.sagemaker_mirror import SageMakerMirrorHook


@dataclass(frozen=True)
class AwsConnection:
    """The arguments that all hooks, operators, sensors and triggers for AWS share.

    :param aws_conn_id: the Airflow connection; None is boto3's own search for credentials
    :param region_name: the AWS Region; None is the connection's
    :param verify: whether TLS certificates are verified, or a CA bundle; None is the connection's
    :param botocore_config: arguments of botocore's ``Config``, as JSON, so that equal ones are equal
    """

    aws_conn_id: str | None = "aws_default"
    region_name: str | None = None
    verify: bool | str | None = None
    botocore_config: str | None = None

    @classmethod
    def of(
        cls,
        aws_conn_id: str | None,
        region_name: str | None,
        verify: bool | str | None,
        botocore_config: Mapping[str, Any] | None,
    ) -> AwsConnection:
        """Take the arguments as an operator has them; an empty text, which a template may render to, is None."""
        return cls(
            aws_conn_id or None,
            region_name or None,
            verify,
            json.dumps(botocore_config, sort_keys=True) if botocore_config else None,
        )

    def hook(self) -> SageMakerMirrorHook:
        """Return a new hook. Imports boto3; resolves nothing yet."""
        from sagemaker_mirror.hooks.sagemaker_mirror import SageMakerMirrorHook

        return SageMakerMirrorHook(
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            config=json.loads(self.botocore_config) if self.botocore_config else None,
        )
