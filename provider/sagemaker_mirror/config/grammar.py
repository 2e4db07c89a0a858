"""The order of steps as Airflow people write it: ``a >> [b, c] >> d``, ``d << c``.

A text holds chains, one a line; a line goes on where brackets are open, after an operator or a comma, and where the
next line begins with an operator. ``#`` begins a comment. Names may stand in quotes. Between two lists, every step of
one waits for every step of the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

_TOKEN = re.compile(
    r"""(?P<blank>[^\S\n]+|\#[^\n]*)
      | (?P<newline>\n)
      | (?P<operator>>>|<<)
      | (?P<mark>[\[\],])
      | (?P<quoted>'[^'\n]*'|"[^"\n]*")
      | (?P<name>[^\s\[\],<>'"\#]+)""",
    re.VERBOSE,
)


class GrammarError(ValueError):
    """Text that is no order of steps.

    :param offset: the character that is meant, from 0.
    :param message: what is wrong.
    """

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message


@dataclass(frozen=True)
class Name:
    """The name of a step, where it is written.

    :param text: the name.
    :param offset: its first character, from 0.
    """

    text: str
    offset: int


@dataclass(frozen=True)
class Dependency:
    """One step that waits for another.

    :param source: the step that runs first.
    :param target: the step that waits.
    """

    source: Name
    target: Name


@dataclass(frozen=True)
class _Token:
    kind: Literal["operator", "mark", "name", "newline", "end"]
    text: str
    offset: int


def parse(text: str) -> tuple[Dependency, ...]:
    """Read an order of steps.

    :param text: the text; blank text and comments hold no dependencies.
    :return: who waits for whom, in the order of the text.
    :raises GrammarError: at the character that doesn't fit.
    """
    return tuple(_chains(_Reader(list(_tokens(text)))))


def render(chains: Iterable[Sequence[Sequence[str]]]) -> str:
    """Write chains of groups of names, one chain a line; the counterpart of :func:`parse`.

    :param chains: the chains; each a sequence of groups, each of which waits for the one before it.
    """
    return "\n".join(" >> ".join(_group_text(group) for group in chain) for chain in chains)


def _group_text(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise GrammarError(position, _stray(text, position))
        if match["newline"]:
            yield _Token("newline", "the end of the line", position)
        elif match["operator"]:
            yield _Token("operator", match[0], position)
        elif match["mark"]:
            yield _Token("mark", match[0], position)
        elif match["quoted"]:
            yield _Token("name", match[0][1:-1], position)
        elif match["name"]:
            yield _Token("name", match[0], position)
        position = match.end()
    yield _Token("end", "the end", len(text))


def _stray(text: str, position: int) -> str:
    char = text[position]
    if char in "'\"":
        return f"the quote {char} is never closed"
    return f"{char!r} alone means nothing; steps are put in order by '>>' or '<<'"


class _Reader:
    """The tokens, one after the other."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._position = 0

    @property
    def token(self) -> _Token:
        return self._tokens[self._position]

    def take(self) -> _Token:
        token = self.token
        self._position += 1
        return token

    def skip_newlines(self) -> None:
        while self.token.kind == "newline":
            self._position += 1

    def at_operator(self) -> bool:
        """Whether an operator comes next, be it in one of the next lines."""
        following = (token for token in self._tokens[self._position :] if token.kind != "newline")
        return next(following).kind == "operator"

    def at_mark(self, mark: str) -> bool:
        return self.token.kind == "mark" and self.token.text == mark


def _chains(reader: _Reader) -> Iterator[Dependency]:
    reader.skip_newlines()
    while reader.token.kind != "end":
        begin = reader.token
        left = _group(reader)
        if not reader.at_operator():
            _end_of_chain(reader)
            raise GrammarError(begin.offset, "puts nothing in order; write 'first >> second'")
        while reader.at_operator():
            reader.skip_newlines()
            operator = reader.take()
            reader.skip_newlines()
            right = _group(reader)
            first, second = (left, right) if operator.text == ">>" else (right, left)
            yield from (Dependency(source, target) for source, target in product(first, second))
            left = right
        _end_of_chain(reader)
        reader.skip_newlines()


def _end_of_chain(reader: _Reader) -> None:
    if reader.token.kind not in ("newline", "end"):
        raise GrammarError(
            reader.token.offset, f"expected '>>', '<<' or the end of the line, not {reader.token.text!r}"
        )


def _group(reader: _Reader) -> list[Name]:
    if not reader.at_mark("["):
        return [_name(reader, "a step or '['")]
    opening = reader.take()
    names: list[Name] = []
    while True:
        reader.skip_newlines()
        if names and reader.at_mark("]"):
            break
        names.append(_name(reader, "a step"))
        reader.skip_newlines()
        if reader.at_mark("]"):
            break
        if not reader.at_mark(","):
            if reader.token.kind == "end":
                raise GrammarError(opening.offset, "'[' is never closed")
            raise GrammarError(reader.token.offset, f"expected ',' or ']', not {reader.token.text!r}")
        reader.take()
    reader.take()
    return names


def _name(reader: _Reader, wanted: str) -> Name:
    token = reader.token
    if token.kind != "name":
        found = token.text if token.kind in ("newline", "end") else repr(token.text)
        raise GrammarError(token.offset, f"expected {wanted}, not {found}")
    reader.take()
    return Name(token.text, token.offset)
