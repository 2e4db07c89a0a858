"""Where the values of a conf's placeholders come from when a task runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from sagemaker_mirror.compat import Context, read_variable

PREFIX = "SMP_"
# What tells where a pipeline runs is asked for whether or not a conf names it.
TARGET_NAMES = (
    "SMP_REGION",
    "SMP_ACCOUNTID",
    "SMP_S3BUCKETNAME",
    "SMP_ROLE",
    "SMP_SUBNETS",
    "SMP_SECURITYGROUPS",
    "SMP_KMS_KEY",
    "SMP_SOURCE_DIR_PATH",
)


def resolve_values(names: Iterable[str], given: Mapping[str, Any] | None, context: Context) -> dict[str, str]:
    """Find the values of placeholders; names without value are left out.

    The task's own argument goes first, then the run's conf and params, then Airflow Variables, then the
    environment. Names without the prefix ``SMP_`` are a conf's own variables: no Airflow Variable and no environment
    variable that happens to be called so is taken for them.

    :param names: the placeholders
    :param given: values that the task was given
    :param context: the task's context
    """
    conf = getattr(context["dag_run"], "conf", None) or {}
    sources: tuple[Mapping[str, Any], ...] = (given or {}, conf, context.get("params") or {})
    found: dict[str, str] = {}
    for name in names:
        value = next((source[name] for source in sources if _has(source, name)), None)
        if value is None and name.startswith(PREFIX):
            value = read_variable(name) or os.environ.get(name)
        if value is not None and value != "":
            found[name] = str(value)
    return found


def _has(source: Mapping[str, Any], name: str) -> bool:
    # An empty field of the trigger form is no value.
    return name in source and source[name] not in (None, "")
