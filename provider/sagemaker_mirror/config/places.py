"""Where in its files a value of a conf stands. Looked up only when there is something to say about it."""

from __future__ import annotations

from collections.abc import Sequence as Items
from functools import cached_property

from sagemaker_mirror.config.discovery import SourceFile
from sagemaker_mirror.config.nodes import Mapping, Node, Scalar, Sequence, YamlError, compose, entries
from sagemaker_mirror.config.problems import Problem

KeyPath = tuple[str | int, ...]
"""The way to a value in a document: keys and positions in lists."""


class Places:
    """The places of a folder's values.

    :param sources: the files the values come from; where several hold a value, the first counts.
    """

    def __init__(self, sources: Items[SourceFile]) -> None:
        self._sources = tuple(sources)

    @cached_property
    def _roots(self) -> tuple[tuple[SourceFile, Node | None], ...]:
        return tuple((source, _compose(source)) for source in self._sources)

    def key(self, path: KeyPath, message: str) -> Problem:
        """Say something about a key.

        :param path: the way to it; where it isn't there, the nearest value above it stands for it.
        :param message: what there is to say.
        """
        source, key, _, _ = self._find(path)
        return _problem(source, key, 0, message)

    def value(self, path: KeyPath, message: str, offset: int | None = None) -> Problem:
        """Say something about a value.

        :param path: the way to it; where it isn't there, the nearest value above it stands for it.
        :param message: what there is to say.
        :param offset: the character of the text that is meant, from 0; the whole value by default.
        """
        source, key, node, missing = self._find(path)
        if missing:
            return _problem(source, key, 0, message)
        if offset is None or not isinstance(node, Scalar):
            return _problem(source, node, 0, message)
        return _problem(
            source, node, _source_offset(source.text[node.start.index : node.end.index], node, offset), message
        )

    def either(self, path: KeyPath, message: str) -> Problem:
        """Say something about a single value at its place, about a mapping or list at that of its key.

        :param path: the way to it.
        :param message: what there is to say.
        """
        single = isinstance(self._find(path)[2], Scalar)
        return self.value(path, message) if single else self.key(path, message)

    def token(self, path: KeyPath, token: str, message: str) -> Problem:
        """Say something about a word within a value.

        :param path: the way to the value.
        :param token: the word; the value's begin stands for it where the source writes it otherwise.
        :param message: what there is to say.
        """
        source, key, node, missing = self._find(path)
        if missing or node is None:
            return _problem(source, key, 0, message)
        return _problem(source, node, max(source.text[node.start.index : node.end.index].find(token), 0), message)

    def holds(self, path: KeyPath) -> bool:
        """Whether a value is written somewhere, be it empty."""
        return not self._find(path)[3]

    def source(self, path: KeyPath) -> SourceFile:
        """Give the file that a value is written in, or else the nearest value above it."""
        return self._find(path)[0]

    def _find(self, path: KeyPath) -> tuple[SourceFile, Node | None, Node | None, int]:
        """The nearest place: file, node of the key, node of the value, and how many parts of the path it lacks."""
        best: tuple[SourceFile, Node | None, Node | None, int] | None = None
        for source, root in self._roots:
            found = _descend(source, root, path)
            if best is None or found[3] < best[3]:
                best = found
        if best is None:
            raise ValueError("a conf without files has no places")
        return best


def _compose(source: SourceFile) -> Node | None:
    try:
        return compose(source.text)
    except YamlError:
        # A conf is YAML, or it would not have been read. Nearly all JSON is; what is not (characters that are escaped
        # in halves, tabs) has no places but its begin.
        return None


def _descend(
    source: SourceFile, root: Node | None, path: KeyPath
) -> tuple[SourceFile, Node | None, Node | None, int]:
    key, node = root, root
    if path[: len(source.below)] != source.below:
        return source, key, node, len(path)
    path = path[len(source.below) :]
    for done, part in enumerate(path):
        if part == 0 and not isinstance(node, Sequence):
            continue  # one value stands for a list of one
        step = _step(node, part)
        if step is None:
            return source, key, node, len(path) - done
        key, node = step
    return source, key, node, 0


def _step(node: Node | None, part: str | int) -> tuple[Node, Node] | None:
    if isinstance(node, Mapping) and isinstance(part, str):
        return next((pair for pair in entries(node) if pair[0].text == part), None)
    if isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
        return node.items[part], node.items[part]
    return None


def _problem(source: SourceFile, node: Node | None, offset: int, message: str) -> Problem:
    index = (node.start.index if node is not None else 0) + offset
    before = source.text[:index]
    return Problem(source.path, before.count("\n") + 1, index - before.rfind("\n"), message)


def _source_offset(written: str, node: Scalar, offset: int) -> int:
    """Find a character of a scalar's text in the source that the scalar was read from.

    YAML folds line breaks and drops indentation, but keeps every other character in order: so the place is that of
    the same non-blank character, counted from the scalar's begin.

    :param written: the scalar as the source has it.
    :param node: the scalar.
    :param offset: the character of its text.
    :return: the character of the source that stands for it.
    """
    wanted = sum(not char.isspace() for char in node.text[:offset])
    quote = written[:1] if not node.plain and written[:1] in "'\"" else ""
    position = len(quote)
    if not node.plain and written[:1] in ("|", ">"):
        position = written.find("\n") + 1
    while position < len(written):
        if written[position].isspace():
            position += 1
            continue
        if quote == '"' and written[position : position + 2] in ("\\n", "\\t", "\\\n", "\\ "):
            position += 2
            continue
        if wanted == 0:
            return position
        wanted -= 1
        # An escaped character is two in the source: `''` in single quotes, `\\"` in double quotes.
        escaped = (quote == "'" and written[position] == "'") or (quote == '"' and written[position] == "\\")
        position += 2 if escaped else 1
    return len(written.rstrip()) if wanted == 0 else 0
