"""Amazon Resource Names: where a thing lies and what it is called."""

from __future__ import annotations

import re
from dataclasses import dataclass

# arn:partition:service:region:account:resource
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):(?P<account_id>\d{12}|aws|)"
    r":(?P<resource>.+)"
)
_EXECUTION = re.compile(r"pipeline/(?P<pipeline>[^/]+)/execution/(?P<execution>[^/]+)")


@dataclass(frozen=True)
class Arn:
    """An Amazon Resource Name in parts.

    :param partition: ``aws``, ``aws-cn``, ``aws-us-gov``…
    :param service: such as ``sagemaker``
    :param region: such as ``eu-central-1``; empty where the resource has none
    :param account_id: twelve digits; empty where the resource has none
    :param resource: the rest, such as ``training-job/abc``
    """

    partition: str
    service: str
    region: str
    account_id: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Read an ARN.

        :param text: the ARN
        :raises ValueError: it is none
        """
        match = _ARN.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no ARN")
        return cls(**match.groupdict())

    @property
    def name(self) -> str:
        """The resource's own name, without its type."""
        return self.resource.partition("/")[2] or self.resource


@dataclass(frozen=True)
class ExecutionArn:
    """The ARN of a pipeline execution in parts.

    :param arn: its general parts
    :param pipeline_name: the pipeline's name. SageMaker writes it in lower case here, whatever its own case is.
    :param execution_id: the last part
    """

    arn: Arn
    pipeline_name: str
    execution_id: str

    @property
    def pipeline_arn(self) -> str:
        """The ARN of its pipeline."""
        arn = self.arn
        return f"arn:{arn.partition}:{arn.service}:{arn.region}:{arn.account_id}:pipeline/{self.pipeline_name}"

    @classmethod
    def parse(cls, text: str) -> ExecutionArn:
        """Read the ARN of a pipeline execution.

        :param text: the ARN
        :raises ValueError: it is none, or that of something else
        """
        arn = Arn.parse(text)
        match = _EXECUTION.fullmatch(arn.resource)
        if arn.service != "sagemaker" or match is None:
            raise ValueError(f"{text!r} is not the ARN of a SageMaker pipeline execution")
        return cls(arn, match["pipeline"], match["execution"])
