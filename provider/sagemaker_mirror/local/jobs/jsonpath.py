"""The part of JSONPath that batch transform knows.

It is the table "Supported JSONPath Operators" of "Associate Prediction Results with Input Records" in the
SageMaker developer guide. Slices leave out their end, as in the JsonPath library that the page names; its prose says
otherwise in one place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

NAME = r"'((?:[^'\\]|\\.)*)'"
STEP = re.compile(
    rf"""
    \.?\[\s*(?P<names>{NAME}(?:\s*,\s*{NAME})*)\s*\]       # ['a'], ['a','b']
    | \.?\[\s*(?P<indexes>-?\d+(?:\s*,\s*-?\d+)*)\s*\]     # [1], [1,-1]
    | \.?\[\s*(?P<start>-?\d*)\s*:\s*(?P<end>-?\d*)\s*\]   # [1:], [:5], [2:5]
    | (?P<all>\.\* | \.?\[\s*\*\s*\])                      # .*, [*]
    | \.(?P<name>[^\s.\[\]*'"]+)                           # .a
    """,
    re.VERBOSE,
)


class PathError(ValueError):
    """A path that isn't one, or that leads nowhere in some value."""


@dataclass(frozen=True)
class Names:
    """Members of an object: the value of one, or an object of several."""

    names: tuple[str, ...]

    def of(self, value: Any) -> Any:
        """Select them."""
        if not isinstance(value, dict) or not set(self.names) <= value.keys():
            raise PathError(f"no member {' and '.join(map(repr, self.names))}")
        return value[self.names[0]] if len(self.names) == 1 else {name: value[name] for name in self.names}


@dataclass(frozen=True)
class Indexes:
    """Elements of an array: one, or an array of several."""

    indexes: tuple[int, ...]

    def of(self, value: Any) -> Any:
        """Select them."""
        if not isinstance(value, list) or any(not -len(value) <= index < len(value) for index in self.indexes):
            raise PathError(f"no element {' and '.join(map(str, self.indexes))}")
        return value[self.indexes[0]] if len(self.indexes) == 1 else [value[index] for index in self.indexes]


@dataclass(frozen=True)
class Slice:
    """A part of an array."""

    start: int | None
    end: int | None

    def of(self, value: Any) -> Any:
        """Select it."""
        if not isinstance(value, list):
            raise PathError("not an array")
        return value[self.start : self.end]


@dataclass(frozen=True)
class Everything:
    """All members or elements, as an array."""

    def of(self, value: Any) -> Any:
        """Select them."""
        if not isinstance(value, (dict, list)):
            raise PathError("neither an object nor an array")
        return list(value.values()) if isinstance(value, dict) else list(value)


Step = Names | Indexes | Slice | Everything


@dataclass(frozen=True)
class Path:
    """A JSONPath.

    :param text: as it was written
    :param steps: what it is made of, from the root
    """

    text: str
    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str) -> Path:
        """Read a path.

        :raises PathError: if it is none, or uses more than SageMaker knows
        """
        if not text.startswith("$"):
            raise PathError(f"Invalid JsonPath: {text}: it must begin with $")
        steps: list[Step] = []
        position = 1
        while position < len(text):
            match = STEP.match(text, position)
            if match is None:
                raise PathError(f"Invalid JsonPath: {text}: {text[position:]!r} isn't supported")
            steps.append(as_step(match))
            position = match.end()
        if any(isinstance(step, Names) and len(step.names) > 1 for step in steps[:-1]):
            raise PathError(f"Invalid JsonPath: {text}: nothing can follow several names")
        return cls(text, tuple(steps))

    @property
    def is_root(self) -> bool:
        """Whether it selects everything."""
        return not self.steps

    def of(self, value: Any) -> Any:
        """Select from a value; what follows several elements is selected from each of them.

        :param value: of the kinds that JSON has
        :raises PathError: if the path leads nowhere in it
        """
        try:
            return select(self.steps, value)
        except PathError as error:
            raise PathError(f"JsonPath {self.text}: {error}") from None


def as_step(match: re.Match[str]) -> Step:
    """Return the step that a match of :data:`STEP` stands for."""
    if match["names"] is not None:
        return Names(tuple(re.sub(r"\\(.)", r"\1", name) for name in re.findall(NAME, match["names"])))
    if match["indexes"] is not None:
        return Indexes(tuple(int(index) for index in match["indexes"].split(",")))
    if match["start"] is not None:
        return Slice(*(int(text) if text else None for text in (match["start"], match["end"])))
    return Everything() if match["all"] is not None else Names((match["name"],))


def select(steps: tuple[Step, ...], value: Any) -> Any:
    """Apply steps, one after the other."""
    if not steps:
        return value
    first, *rest = steps
    selected = first.of(value)
    several = isinstance(first, (Slice, Everything)) or (isinstance(first, Indexes) and len(first.indexes) > 1)
    return [select(tuple(rest), item) for item in selected] if several and rest else select(tuple(rest), selected)
