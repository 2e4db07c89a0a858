"""Network and keys: what the target says, in the form of each call."""

from __future__ import annotations

import re

from sagemaker_mirror.compiler.references import Request, Value
from sagemaker_mirror.compiler.target import Target

# Instance types with disks of their own, after "Instance store volumes" in the EC2 user guide: a "d" behind the
# generation (m5d, c6id, g4dn, p4d) and these families, whose names don't show it.
_LOCAL_STORAGE = re.compile(
    r"ml\.(?:[a-z]+\d[a-z]*d[a-z]*|g[56]e?|gr6|p[56][a-z]*(?:-[a-z0-9]+)?|trn\d[a-z]*|dl1|i\d[a-z]*)\."
)


def has_local_storage(instance_type: str) -> bool:
    """Tell whether an instance type keeps its data on disks of its own, which take no key: a module encrypts them."""
    return _LOCAL_STORAGE.match(instance_type) is not None


def vpc_config(target: Target) -> Request:
    """Give ``{"VpcConfig": …}``, empty where the target has no network of its own."""
    if not target.subnets:
        return {}
    return {"VpcConfig": {"SecurityGroupIds": list(target.security_group_ids), "Subnets": list(target.subnets)}}


def output_key(target: Target) -> Request:
    """Give ``{"KmsKeyId": …}``, empty where the target has no key."""
    return {"KmsKeyId": target.kms_key} if target.kms_key else {}


def volume_key(target: Target, instance_type: Value) -> Request:
    """Give ``{"VolumeKmsKeyId": …}``, empty where the target has no key or the instances take none."""
    if not target.kms_key or (isinstance(instance_type, str) and has_local_storage(instance_type)):
        return {}
    return {"VolumeKmsKeyId": target.kms_key}
