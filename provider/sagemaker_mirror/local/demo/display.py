"""The run as a live table in the terminal; a line for each change where there is no terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table

_COLOURS = {
    "success": "green",
    "failed": "red",
    "upstream_failed": "dark_orange",
    "skipped": "magenta",
    "running": "bright_green",
    "deferred": "medium_purple",
}


@dataclass(frozen=True)
class Row:
    """One task of the run, seen from both sides.

    :param task: the task's id; for a step, the step's name.
    :param airflow: the task's state, empty while it has none.
    :param sagemaker: the step's status, empty for tasks that are no steps and steps that have not begun.
    :param seconds: how long the step took or has taken so far, in seconds.
    :param note: what is worth knowing beside it, such as a cache hit.
    """

    task: str
    airflow: str = ""
    sagemaker: str = ""
    seconds: float | None = None
    note: str = ""


class Display(Protocol):
    """Where the rows go."""

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows in place of the last ones."""

    def close(self) -> None:
        """Leave what was shown last."""


class LiveTable:
    """A table that is redrawn in place."""

    def __init__(self, console: Console, title: str) -> None:
        self._title = title
        self._live = Live(console=console, refresh_per_second=4)
        self._live.start()

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows in place of the last ones."""
        table = Table(title=self._title, title_justify="left")
        for heading in ("task", "Airflow", "SageMaker"):
            table.add_column(heading)
        table.add_column("seconds", justify="right")
        table.add_column("")
        for row in rows:
            colour = _COLOURS.get(row.airflow, "dim")
            seconds = "" if row.seconds is None else f"{row.seconds:.0f}"
            table.add_row(row.task, f"[{colour}]{row.airflow}[/]", row.sagemaker, seconds, row.note)
        self._live.update(table)

    def close(self) -> None:
        """Leave the table on the screen as it is."""
        self._live.stop()


class Lines:
    """A line for each change, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: dict[str, tuple[str, str]] = {}

    def show(self, rows: Sequence[Row]) -> None:
        """Print the rows whose states differ from what was printed last."""
        for row in rows:
            states = (row.airflow, row.sagemaker)
            if states != self._shown.get(row.task, ("", "")):
                self._shown[row.task] = states
                note = f"  ({row.note})" if row.note else ""
                self._console.print(
                    f"{row.task:<32} {row.airflow:<16} {row.sagemaker}{note}", highlight=False, markup=False
                )

    def close(self) -> None:
        """Do nothing: every line has been printed."""


def display(console: Console, title: str) -> Display:
    """Return the display that fits this console."""
    return LiveTable(console, title) if console.is_terminal else Lines(console)
