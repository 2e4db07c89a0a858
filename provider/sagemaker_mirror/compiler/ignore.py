"""Patterns of ``.sagemakerignore``: the part of ``.gitignore``'s language that people use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

#: What no job needs, in any source folder. A later ``!pattern`` brings something back.
ALWAYS = (".git", "__pycache__/", "*.pyc", ".venv", "/.sagemakerignore")


@dataclass(frozen=True)
class _Rule:
    regex: re.Pattern[str]
    directories_only: bool
    keeps: bool


@dataclass(frozen=True)
class IgnoreRules:
    """Which files of a source folder stay out of its bundle.

    As in ``.gitignore``: one pattern a line; ``#`` begins a comment; the last pattern that matches decides; ``!``
    takes back; a slash at the end means folders only; a slash elsewhere ties the pattern to the root of the folder;
    ``*``, ``?`` and ``[…]`` stay within a name, ``**`` crosses folders; a folder that is ignored is not entered.

    :param rules: the compiled patterns, in order.
    """

    rules: tuple[_Rule, ...]

    @classmethod
    def parse(cls, lines: Iterable[str]) -> IgnoreRules:
        """Compile the built-in patterns and, after them, these lines.

        :raises re.error: a pattern's brackets make no sense.
        """
        patterns = (line.strip() for line in (*ALWAYS, *lines))
        return cls(tuple(_compile(pattern) for pattern in patterns if pattern and pattern[0] != "#"))

    def ignores(self, path: str, *, is_directory: bool) -> bool:
        """Tell whether a file or folder stays out.

        :param path: relative to the source folder, with forward slashes.
        :param is_directory: whether it is a folder.
        """
        for rule in reversed(self.rules):
            if (is_directory or not rule.directories_only) and rule.regex.fullmatch(path):
                return not rule.keeps
        return False


def _compile(pattern: str) -> _Rule:
    keeps = pattern.startswith("!")
    pattern = pattern.removeprefix("!")
    directories_only = pattern.endswith("/")
    pattern = pattern.rstrip("/")
    tied = "/" in pattern
    body = _translate(pattern.lstrip("/"))
    return _Rule(re.compile(body if tied else f"(?:.*/)?{body}", re.DOTALL), directories_only, keeps)


_GLOB = re.compile(r"\*\*/|/\*\*$|\*\*|\*|\?|\[!?\]?[^]]*\]|\\.|.", re.DOTALL)


def _translate(pattern: str) -> str:
    return "".join(_regex_of(glob) for glob in _GLOB.findall(pattern))


def _regex_of(glob: str) -> str:
    if glob == "**/":
        return "(?:.*/)?"
    if glob == "/**":
        return "/.*"
    if glob == "**":
        return ".*"
    if glob == "*":
        return "[^/]*"
    if glob == "?":
        return "[^/]"
    if glob.startswith("[") and len(glob) > 1:
        inside = glob[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"[{'^' + inside[1:] if inside.startswith('!') else inside}]"
    return re.escape(glob[1] if glob.startswith("\\") and len(glob) == 2 else glob)
