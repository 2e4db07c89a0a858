"""What commands write: to the standard output or a file; in colour only where somebody looks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from sagemaker_mirror.config import Problem

_COLOURS = {"+": "32", "-": "31", "~": "33", "bold": "1"}


def write(text: str, file: Path | None = None) -> None:
    """Write a command's result.

    :param text: what to write; it gets a line end if it has none.
    :param file: where to; the standard output by default.
    :raises OSError: it can't be written.
    """
    text = text if text.endswith("\n") else f"{text}\n"
    if file is None:
        sys.stdout.write(text)
    else:
        file.write_text(text, encoding="utf-8")


def warning_text(problem: Problem) -> str:
    """Mark a problem as none that has to be mended.

    :param problem: what was found.
    """
    return str(replace(problem, message=f"warning: {problem.message}"))


def warn(problems: Iterable[Problem]) -> None:
    """Say what is no error, where it doesn't get into a command's result.

    :param problems: what was found.
    """
    for problem in problems:
        sys.stderr.write(f"{warning_text(problem)}\n")


def coloured(text: str, style: str, stream: TextIO | None = None) -> str:
    """Give text in colour, where the stream is a terminal and nobody minds (https://no-color.org).

    :param text: the text.
    :param style: ``+``, ``-``, ``~`` for changes, ``bold`` for headings; any other is no colour.
    :param stream: where it is going to; the standard output by default.
    """
    stream = stream or sys.stdout
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty()
    return text if plain or style not in _COLOURS else f"\x1b[{_COLOURS[style]}m{text}\x1b[0m"
