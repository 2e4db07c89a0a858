"""YAML as nodes that know their place, read with libyaml; and the plain values they stand for.

Only what a conf needs is read: one document of mappings, lists and scalars, with anchors, aliases and merge keys.
Nothing is constructed but text, numbers, booleans and nothing. Keys are always text, so that ``on:`` stays a key.
The loop reads events and not libyaml's own nodes: composing those overflows the C stack on deeply nested input.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_DEPTH = 64
MAX_VALUES = 50_000

_PLAIN_WORDS: dict[str, bool | None] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
for _word, _value in (("yes", True), ("true", True), ("on", True), ("no", False), ("false", False), ("off", False)):
    _PLAIN_WORDS.update({_word: _value, _word.title(): _value, _word.upper(): _value})

# YAML 1.1 as PyYAML reads it, except that numbers with leading zeros and times (`1:30`) stay text: they are account
# ids and clocks more often than octal and sexagesimal numbers. Dates stay text too.
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F_]*[0-9a-fA-F]|0b[01_]*[01])")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?")
_INFINITE = {".inf": "inf", "+.inf": "inf", "-.inf": "-inf", ".nan": "nan"}
_TAG = "tag:yaml.org,2002:"


class YamlError(ValueError):
    """YAML that can't be read.

    :param line: the line, from 1.
    :param column: the column in characters, from 1.
    :param message: what is wrong.
    """

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.message = message


@dataclass(eq=False)
class Node:
    """A piece of YAML and its place.

    :param start: the mark where it begins (``line``, ``column`` and ``index`` in characters, from 0).
    :param end: the mark where it ends.
    """

    __slots__ = ("end", "start")

    start: Any
    end: Any


@dataclass(eq=False)
class Scalar(Node):
    """A single value.

    :param text: its text, without quotes.
    :param plain: whether it was written without quotes, so that it may stand for a number or the like.
    """

    __slots__ = ("plain", "text")

    text: str
    plain: bool


@dataclass(eq=False)
class Sequence(Node):
    """A list."""

    items: list[Node] = field(default_factory=list)


@dataclass(eq=False)
class Mapping(Node):
    """A mapping; a merge key is an entry with the key ``<<`` here, see :func:`entries`."""

    pairs: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)
    key: Scalar | None = None


def compose(text: str) -> Node | None:
    """Read YAML into nodes.

    :param text: the YAML.
    :return: the node of the one document; None where there is none.
    :raises YamlError: it is no YAML, or more than a conf may hold.
    """
    try:
        return _compose(yaml.CSafeLoader(text))
    except yaml.reader.ReaderError as error:
        found = yaml.reader.Reader.NON_PRINTABLE.search(text)
        raise _at(text, found.start() if found else 0, f"is no YAML: {error.reason}") from error
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(text, error) from error


def _compose(parser: Any) -> Node | None:
    root: Node | None = None
    stack: list[Mapping | Sequence] = []
    anchors: dict[str, tuple[Node, int]] = {}
    opened: list[tuple[str | None, int]] = []
    count = 0
    while True:
        event = parser.get_event()
        kind = event.__class__
        if kind is yaml.ScalarEvent:
            count += 1
            node: Node = Scalar(event.start_mark, event.end_mark, event.value, _is_plain(event))
            if event.anchor is not None:
                anchors[event.anchor] = (node, 1)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            _check_tag(event, "map" if kind is yaml.MappingStartEvent else "seq")
            if len(stack) == MAX_DEPTH:
                raise _mark(event, f"is nested more than {MAX_DEPTH} levels deep")
            container = (Mapping if kind is yaml.MappingStartEvent else Sequence)(event.start_mark, event.end_mark)
            if stack:
                _add(stack[-1], container)
            else:
                root = container
            stack.append(container)
            opened.append((event.anchor, count))
            continue
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            node = stack.pop()
            node.end = event.end_mark
            anchor, before = opened.pop()
            if anchor is not None:
                anchors[anchor] = (node, count - before + 1)
            continue
        elif kind is yaml.AliasEvent:
            if event.anchor not in anchors:
                raise _mark(event, f"*{event.anchor} stands for nothing above it")
            node, size = anchors[event.anchor]
            count += size
        elif kind is yaml.StreamEndEvent:
            return root
        elif kind is yaml.DocumentStartEvent and root is not None:
            raise _mark(event, "begins a second document; a conf is one document")
        else:
            continue
        if count > MAX_VALUES:
            raise _mark(event, f"has more than {MAX_VALUES:,} values, aliases written out")
        if stack:
            _add(stack[-1], node)
        else:
            root = node


def _add(container: Mapping | Sequence, node: Node) -> None:
    if isinstance(container, Sequence):
        container.items.append(node)
    elif container.key is None:
        if not isinstance(node, Scalar):
            raise YamlError(node.start.line + 1, node.start.column + 1, "is a key, which must be plain text")
        if node.text in container.pairs:
            first = container.pairs[node.text][0].start
            raise YamlError(
                node.start.line + 1,
                node.start.column + 1,
                f"has the key {node.text!r} twice in one mapping; the first is in line {first.line + 1}",
            )
        container.key = node
    else:
        container.pairs[container.key.text] = (container.key, node)
        container.key = None


def _is_plain(event: yaml.ScalarEvent) -> bool:
    if event.tag is not None and event.tag != "!":
        _check_tag(event, "str")
        return False
    return bool(event.implicit[0])


def _check_tag(event: Any, allowed: str) -> None:
    if event.tag not in (None, "!", _TAG + allowed):
        tag = event.tag.replace(_TAG, "!!")
        raise _mark(event, f"has the tag {tag!r}, which a conf doesn't need; write the value without it")


def entries(mapping: Mapping) -> Iterator[tuple[Scalar, Node]]:
    """Give the keys and values of a mapping, merge keys (``<<``) written out; its own keys come first and win.

    :param mapping: the node.
    :raises YamlError: a merge key holds something else than mappings.
    """
    seen = set()
    for name, pair in mapping.pairs.items():
        if not _is_merge(pair[0]):
            seen.add(name)
            yield pair
    merge = mapping.pairs.get("<<")
    if merge is None or not _is_merge(merge[0]):
        return
    for source in merge[1].items if isinstance(merge[1], Sequence) else [merge[1]]:
        if not isinstance(source, Mapping):
            raise YamlError(source.start.line + 1, source.start.column + 1, "'<<' takes mappings only")
        for key, value in entries(source):
            if key.text not in seen:
                seen.add(key.text)
                yield key, value


def _is_merge(key: Scalar) -> bool:
    return key.plain and key.text == "<<"


def construct(node: Node | None) -> Any:
    """Give the plain value that a node stands for.

    :param node: the node.
    :return: dict, list, str, int, float, bool or None.
    :raises YamlError: a merge key holds something else than mappings.
    """
    if isinstance(node, Scalar):
        return _plain_value(node.text) if node.plain else node.text
    if isinstance(node, Mapping):
        if "<<" in node.pairs:
            return {key.text: construct(value) for key, value in entries(node)}
        return {name: construct(pair[1]) for name, pair in node.pairs.items()}
    if isinstance(node, Sequence):
        return [construct(item) for item in node.items]
    return None


def _plain_value(text: str) -> Any:
    if text in _PLAIN_WORDS:
        return _PLAIN_WORDS[text]
    if text[0] not in "-+.0123456789" or len(text) > 40:
        return text
    if _INTEGER.fullmatch(text):
        return int(text.replace("_", ""), 0)
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    return float(_INFINITE[text.lower()]) if text.lower() in _INFINITE else text


def _mark(event: Any, message: str) -> YamlError:
    return YamlError(event.start_mark.line + 1, event.start_mark.column + 1, message)


def _at(text: str, index: int, message: str) -> YamlError:
    before = text[:index]
    return YamlError(before.count("\n") + 1, index - before.rfind("\n"), message)


def _syntax_error(text: str, error: yaml.MarkedYAMLError) -> YamlError:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return YamlError(1, 1, f"is no YAML: {error.problem}")
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    message = f"is no YAML: {error.problem}"
    if error.context:
        message += f", {error.context}"
        if error.context_mark is not None and error.context_mark.line != mark.line:
            message += f" (line {error.context_mark.line + 1})"
    if "\t" in line[: mark.column + 1]:
        message += "; indent with blanks, not with tabs"
    elif ">>" in line or "<<" in line:
        message += "; put a dependency that begins with '[' in quotes"
    return YamlError(mark.line + 1, mark.column + 1, message)
