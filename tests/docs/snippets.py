"""The fenced blocks of README, CONTRIBUTING and docs.

A block that can't be tried here has an HTML comment above it, which says why::

    <!-- not run: needs a Docker engine -->
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY

PAGES = sorted([REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *(REPOSITORY / "docs").rglob("*.md")])
# Pages that are written by a program, whose blocks are not for people to run.
WRITTEN = ("docs/reference/command-line.md",)
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^(?P=indent)```\s*$", re.M | re.S)
_NOT_RUN = re.compile(r"<!-- not run: (?P<reason>.+?) -->\s*\Z", re.S)


@dataclass(frozen=True)
class Snippet:
    """A fenced block.

    :param page: where it stands, from the repository's root
    :param line: of the opening fence
    :param language: what the fence says; may be empty
    :param text: without the fences, and without the indentation that they have
    :param not_run: why it can't be tried; None: it is
    """

    page: str
    line: int
    language: str
    text: str
    not_run: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def all_snippets() -> list[Snippet]:
    """Return all blocks, in the order of the pages."""
    return [snippet for page in PAGES for snippet in _of_page(page)]


def snippets(*languages: str) -> list[Snippet]:
    """Return the blocks in these languages."""
    return [snippet for snippet in all_snippets() if snippet.language in languages]


def tried(*languages: str) -> list[Snippet]:
    """Return those of them that are to be tried."""
    return [snippet for snippet in snippets(*languages) if snippet.not_run is None]


def _of_page(page: Path) -> Iterator[Snippet]:
    name = page.relative_to(REPOSITORY).as_posix()
    if name in WRITTEN:
        return
    text = page.read_text()
    for match in _FENCE.finditer(text):
        indent = match["indent"]
        lines = [line.removeprefix(indent) for line in match["text"].splitlines()]
        before = _NOT_RUN.search(text[: match.start()])
        yield Snippet(
            page=name,
            line=text.count("\n", 0, match.start()) + 1,
            language=match["language"],
            text="\n".join(lines) + "\n",
            not_run=before["reason"] if before else None,
        )
