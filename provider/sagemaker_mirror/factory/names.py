"""Ids in Airflow: steps keep the names of the conf, everything of our own gives way to them."""

from __future__ import annotations

import re
from collections.abc import Container

from sagemaker_mirror.config.names import free

# airflow.utils.helpers.validate_key (2.11), airflow.sdk.definitions._internal.node.validate_key (3.x)
MAX_DAG_ID_LENGTH = 250
_DAG_ID = re.compile(r"[\w.-]+")
_NOT_IN_DAG_ID = re.compile(r"[^\w.-]")
# validate_group_key of the same modules: a group's id may become a prefix, so no dots
MAX_GROUP_ID_LENGTH = 200
_NOT_IN_GROUP_ID = re.compile(r"[^\w-]")


def is_dag_id(name: str) -> bool:
    """Say whether Airflow takes a name as the id of a DAG."""
    return len(name) <= MAX_DAG_ID_LENGTH and _DAG_ID.fullmatch(name) is not None


def as_dag_id(name: str, taken: Container[str]) -> str:
    """Return the closest legal DAG id for any name, different from those that are taken."""
    # Shorter than may be: room for free() to add to it.
    return free(_NOT_IN_DAG_ID.sub("_", name)[: MAX_DAG_ID_LENGTH - 10] or "_", taken)


def as_group_id(name: str) -> str:
    """Return the closest legal task group id for any name."""
    return _NOT_IN_GROUP_ID.sub("_", name)[:MAX_GROUP_ID_LENGTH] or "_"
