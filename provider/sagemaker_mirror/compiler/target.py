"""Where a pipeline is to run: account, region, bucket, role, network and key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sagemaker_mirror.config.model import BaseConfig, NetworkSecurity


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
            missing = "security groups" if self.subnets else "subnets"
            raise TargetError(f"a network needs subnets and security groups, or neither; there are no {missing}")

    @classmethod
    def from_values(cls, values: Mapping[str, str], base: BaseConfig | None = None) -> Target:
        """Read the target from the values of the ``SMP_*`` names.

        :param values: ``SMP_REGION``, ``SMP_ACCOUNTID``, ``SMP_S3BUCKETNAME``, ``SMP_ROLE``; optional
            ``SMP_SUBNETS`` and ``SMP_SECURITYGROUPS`` (separated by commas) and ``SMP_KMS_KEY``. Empty is absent.
        :param base: a folder's own settings, which go before the values.
        :raises TargetError: something is missing, or only one of subnets and security groups is there.
        """
        base = base or BaseConfig()
        network = base.network_security
        required = {
            "SMP_REGION": values.get("SMP_REGION"),
            "SMP_ACCOUNTID": values.get("SMP_ACCOUNTID"),
            "SMP_S3BUCKETNAME": base.s3_bucket or values.get("SMP_S3BUCKETNAME"),
            "SMP_ROLE": network.role or values.get("SMP_ROLE"),
        }
        missing = ", ".join(name for name, value in required.items() if not value)
        if missing:
            raise TargetError(f"no value for {missing}: set a param, an Airflow Variable or the environment")
        region, account_id, bucket, role_arn = map(str, required.values())
        target = cls(
            region,
            account_id,
            bucket,
            role_arn,
            subnets=network.subnets or _split(values.get("SMP_SUBNETS")),
            security_group_ids=network.security_groups_id or _split(values.get("SMP_SECURITYGROUPS")),
            kms_key=values.get("SMP_KMS_KEY") or None,
        )
        return target.with_base(base)

    def with_base(self, base: BaseConfig) -> Target:
        """Give the target with a folder's own settings before what it has.

        :raises TargetError: only one of subnets and security groups is there.
        """
        network = base.network_security
        return replace(
            self,
            bucket=base.s3_bucket or self.bucket,
            role_arn=network.role or self.role_arn,
            subnets=network.subnets or self.subnets,
            security_group_ids=network.security_groups_id or self.security_group_ids,
            kms_key=network.kms_key or self.kms_key,
            network_isolation=_flag(network, "enable_network_isolation", self.network_isolation),
            encrypt_traffic=_flag(network, "encrypt_inter_container_traffic", self.encrypt_traffic),
        )


def _flag(network: NetworkSecurity, key: str, otherwise: bool) -> bool:
    """Give a flag if somebody has written it; its default must not go before what the target has."""
    return bool(getattr(network, key)) if key in network.model_fields_set else otherwise


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
