"""What of a definition a conf has no words for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sagemaker_mirror.compiler.envelope import CALLS
from sagemaker_mirror.config.definition import defined_steps


def inexpressible(definition: Mapping[str, Any]) -> Iterator[str]:
    """Say what a conf has no words for, one line each; nothing: it may have words for all.

    :param definition: the definition.
    """
    for step in defined_steps(definition):
        if step.type not in CALLS:
            yield f"step {step.name} is of type {step.type}"
