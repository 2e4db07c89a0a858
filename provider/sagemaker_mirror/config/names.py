"""Names that are taken, or that the API would refuse, made others in one way.

Every run of characters that a name can't hold becomes one hyphen; hyphens at the ends go; and where anything was
changed or cut, eight hex digits of the SHA-256 of the wanted name are put behind a hyphen, so that two names which
only differed in what was changed stay two.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container

#: The longest name of a model package group, and of a step.
PACKAGE_GROUP_LENGTH = 63
STEP_LENGTH = 64


def package_group_name(pipeline: str, model: str) -> str:
    """Give the name of a model's package group where the conf names none: ``<pipeline>-<model>``, made valid."""
    return valid_name(f"{pipeline}-{model}", r"[^a-zA-Z0-9-]+", PACKAGE_GROUP_LENGTH)


def derived_step_name(step: str, ending: str) -> str:
    """Give the name of a step that belongs to another one: ``<step>-<ending>``, made valid."""
    return valid_name(f"{step}-{ending}", r"[^a-zA-Z0-9_-]+", STEP_LENGTH)


def valid_name(wanted: str, refused: str, length: int) -> str:
    """Make a name valid.

    :param wanted: the name.
    :param refused: a pattern of what it can't hold.
    :param length: the longest it can be.
    """
    name = re.sub(refused, "-", wanted).strip("-")
    if name == wanted and len(name) <= length:
        return name
    mark = hashlib.sha256(wanted.encode()).hexdigest()[:8]
    return f"{name[: length - 9].strip('-')}-{mark}".lstrip("-")


def free(name: str, taken: Container[str]) -> str:
    """Give the name, with as many ``_`` behind it as it takes to be none of the others.

    In Airflow this is how tasks of our own give way to the steps of a conf.

    :param name: the name.
    :param taken: the others.
    """
    while name in taken:
        name += "_"
    return name
