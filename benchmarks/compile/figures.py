"""Figures with their budgets, and the table of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured.

    :param name: what it is.
    :param value: the value, None where it could not be measured here.
    :param unit: its unit.
    :param budget: the most that it may be; for ``at_least`` the least. None: it is there for comparison.
    :param at_least: whether more is better.
    :param note: what a reader should know.
    """

    name: str
    value: float | None
    unit: str
    budget: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def missed(self) -> bool:
        """Whether the budget is missed."""
        if self.value is None or self.budget is None:
            return False
        return self.value < self.budget if self.at_least else self.value > self.budget

    def cells(self) -> tuple[str, str, str, str]:
        """Name, value, budget and note as text."""
        value = "not measured" if self.value is None else f"{_number(self.value)} {self.unit}"
        sign = "≥" if self.at_least else "≤"
        budget = "" if self.budget is None else f"{sign} {_number(self.budget)} {self.unit}"
        return self.name, value, budget, "MISSED  " + self.note if self.missed else self.note


def print_table(figures: Iterable[Figure]) -> None:
    """Print figures, one a line."""
    rows = [("", "measured", "budget", ""), *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for name, value, budget, note in rows:
        line = f"{name:{widths[0]}}  {value:>{widths[1]}}  {budget:>{widths[2]}}  {note}"
        print(line.rstrip())


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.3g}"
