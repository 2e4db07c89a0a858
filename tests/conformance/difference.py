"""A difference that is meant, and how a found one is told to be it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tests.conformance.comparison import Found


@dataclass(frozen=True)
class Difference:
    """A difference that is meant; ``…`` stands for any text, ``*`` for the same text on both sides.

    :param where: the step's class and the way to the value, as :class:`Found` has it.
    :param ours: our value; ``absent`` where we have none.
    :param theirs: the other side's.
    :param reason: why ours is another.
    """

    where: str
    ours: str
    theirs: str
    reason: str

    def covers(self, found: Found) -> bool:
        """Whether a found difference is this one."""
        pattern = "\n".join(_pattern(text) for text in (self.where, self.ours, self.theirs))
        # The first star is the text, the others repeat it.
        pattern = pattern.replace(r"\*", "(.+)", 1).replace(r"\*", r"\1")
        return re.fullmatch(pattern, f"{found.where}\n{found.ours}\n{found.theirs}") is not None


def _pattern(text: str) -> str:
    return re.escape(text).replace("…", ".*")


def unlisted(found: Iterable[Found], listed: Iterable[Difference]) -> list[Found]:
    """The found differences that nobody has listed, in order."""
    differences = list(listed)
    rest = (item for item in found if not any(difference.covers(item) for difference in differences))
    return sorted(rest, key=lambda item: (item.where, item.ours, item.theirs))


def gone(found: Iterable[Found], listed: Iterable[Difference]) -> list[Difference]:
    """The listed differences that occur no more."""
    items = list(found)
    return [difference for difference in listed if not any(difference.covers(item) for item in items)]
