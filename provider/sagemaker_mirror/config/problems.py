"""What is wrong with a conf, and where: one line per problem, in the form editors and CI can jump to."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, at one place of one file.

    :param path: the file.
    :param line: the line, from 1.
    :param column: the column in characters, from 1.
    :param message: what is wrong and, where it can be guessed, what was meant.
    """

    path: Path
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class ConfigError(ValueError):
    """A conf that can't be used; it carries everything that is wrong with it, not only the first thing.

    :param problems: what is wrong, in any order; kept sorted by place, each once.
    """

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[ConfigError], tuple[tuple[Problem, ...]]]:
        # Exceptions cross process borders in Airflow; the default would hand __init__ the message.
        return type(self), (self.problems,)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the word that was probably meant, else the words there are.

    :param word: what was written.
    :param known: what could have been written.
    :return: ``"; did you mean 'x'?"``, ``"; known are 'x', 'y'"``, or nothing where there is nothing to choose from.
    """
    words = list(dict.fromkeys(known))
    folded = {candidate.casefold(): candidate for candidate in reversed(words)}
    close = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {folded[close[0]]!r}?"
    if 0 < len(words) <= 12:
        return f"; known are {', '.join(map(repr, words))}"
    return ""
