"""What goes wrong, said without a traceback."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sagemaker_mirror.config import ConfigError, Problem


class CommandError(Exception):
    """A command can't do what it is asked for; the message is all there is to say."""


def message_of(error: Exception) -> str | None:
    """Say what went wrong; None for what is nobody's mistake but ours.

    :param error: what a command raised.
    """
    if isinstance(error, ConfigError):
        return "\n".join(str(problem) for problem in from_here(error.problems))
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"sagemaker-mirror: {where}{error.strerror or error}"
    if isinstance(error, CommandError):
        return f"sagemaker-mirror: {error}"
    return None


def from_here(problems: Iterable[Problem]) -> list[Problem]:
    """Give problems with their paths relative to the current folder, where they lie below it.

    :param problems: what was found.
    """
    here = Path.cwd()
    return [
        replace(problem, path=problem.path.relative_to(here)) if problem.path.is_relative_to(here) else problem
        for problem in problems
    ]
