"""Where a pipeline is to run: account, region, bucket, role, network and key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sagemaker_mirror.config.model import BaseConfig

_REQUIRED = ("SMP_REGION", "SMP_ACCOUNTID", "SMP_S3BUCKETNAME", "SMP_ROLE")


_FLAGS = {
    "network_isolation": "enable_network_isolation",
    "encrypt_traffic": "encrypt_inter_container_traffic",
}


class TargetError(ValueError):
    """It is not known where the pipeline is to run."""


@dataclass(frozen=True)
class Target:
    """Where a pipeline is to run.

    :param region: the AWS region, for example ``eu-central-1``.
    :param account_id: the AWS account, twelve digits.
    :param bucket: the bucket for code and outputs.
    :param role_arn: the execution role of pipeline and jobs.
    :param subnets: the subnets that jobs and models run in; none: SageMaker's own network.
    :param security_group_ids: the security groups that go with the subnets.
    :param kms_key: the key that outputs and volumes are encrypted with; none: the service's defaults.
    :param network_isolation: whether containers are cut off from all networks, S3 included.
    :param encrypt_traffic: whether the instances of a job talk to each other encrypted.
    """

    region: str
    account_id: str
    bucket: str
    role_arn: str
    subnets: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    kms_key: str | None = None
    network_isolation: bool = False
    encrypt_traffic: bool = True

    def __post_init__(self) -> None:
        if bool(self.subnets) != bool(self.security_group_ids):
            has, lacks = ("subnets", "security groups")[:: 1 if self.subnets else -1]
            raise TargetError(f"there are {has}, but no {lacks}; a VPC configuration needs both (or neither)")

    @classmethod
    def from_values(cls, values: Mapping[str, str], base: BaseConfig | None = None) -> Target:
        """Read the target from the values of the ``SMP_*`` names.

        :param values: ``SMP_REGION``, ``SMP_ACCOUNTID``, ``SMP_S3BUCKETNAME``, ``SMP_ROLE``; optional
            ``SMP_SUBNETS`` and ``SMP_SECURITYGROUPS`` (separated by commas) and ``SMP_KMS_KEY``. Empty is absent.
        :param base: a folder's own settings, which go before the values.
        :raises TargetError: something is missing, or only one of subnets and security groups is there.
        """
        settings = _settings(base or BaseConfig())
        given = {name: value for name, value in values.items() if value} | settings
        missing = [name for name in _REQUIRED if name not in given]
        if missing:
            raise TargetError(
                f"no value for {', '.join(missing)}: set a param, an Airflow Variable or the environment"
            )
        return cls(
            region=given["SMP_REGION"],
            account_id=given["SMP_ACCOUNTID"],
            bucket=given["SMP_S3BUCKETNAME"],
            role_arn=given["SMP_ROLE"],
            subnets=_split([given.get("SMP_SUBNETS", "")]),
            security_group_ids=_split([given.get("SMP_SECURITYGROUPS", "")]),
            kms_key=given.get("SMP_KMS_KEY"),
        )

    def with_base(self, base: BaseConfig) -> Target:
        """Give the target with a folder's own settings before what it has.

        :raises TargetError: only one of subnets and security groups is there.
        """
        network = base.network_security
        flags = {name: bool(getattr(network, key)) for name, key in _FLAGS.items() if key in network.model_fields_set}
        return replace(
            self,
            **flags,
            bucket=base.s3_bucket or self.bucket,
            role_arn=network.role or self.role_arn,
            subnets=_split(network.subnets) or self.subnets,
            security_group_ids=_split(network.security_groups_id) or self.security_group_ids,
            kms_key=network.kms_key or self.kms_key,
        )


def _settings(base: BaseConfig) -> dict[str, str]:
    network = base.network_security
    settings = {
        "SMP_S3BUCKETNAME": base.s3_bucket,
        "SMP_ROLE": network.role,
        "SMP_SUBNETS": ",".join(network.subnets),
        "SMP_SECURITYGROUPS": ",".join(network.security_groups_id),
        "SMP_KMS_KEY": network.kms_key,
    }
    return {name: value for name, value in settings.items() if value}


def _split(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(part.strip() for text in texts for part in text.split(",") if part.strip())
