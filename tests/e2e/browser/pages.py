"""Airflow's UI as the tests use it, whatever its version looks like."""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from playwright.sync_api import Locator, Page, expect

from sagemaker_mirror.local.demo.airflow import Airflow

LOADED = 30_000.0  # milliseconds until a page shows what was asked for
TURNED = 180_000.0  # milliseconds until a task has turned


class TriggerForm(ABC):
    """The form that triggers a run.

    :param page: the page that it is on.
    """

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    @abstractmethod
    def form(self) -> Locator:
        """The form itself."""

    def field(self, name: str) -> Locator:
        """Return a param's input."""
        return self.form.locator(f'[name="element_{name}"]')

    def label(self, title: str) -> Locator:
        """Return a param's label."""
        return self.form.locator("label").filter(has_text=re.compile(rf"^\s*{re.escape(title)}")).first

    def fill(self, name: str, value: str) -> None:
        """Write into a text or number field, and leave it."""
        self.field(name).fill(value)
        self.field(name).blur()

    @abstractmethod
    def choose(self, name: str, option: str) -> list[str]:
        """Choose from a drop-down, and return what there was to choose from."""

    @abstractmethod
    def turn_on(self, name: str) -> None:
        """Turn a switch on."""

    @abstractmethod
    def toggle(self, section: str) -> None:
        """Open a folded section, or fold it."""

    @abstractmethod
    def refuses_number(self, name: str, value: str) -> bool:
        """Write a number that is out of its range, and say whether the form keeps it from being sent."""

    @abstractmethod
    def refusal(self) -> str:
        """Try to trigger a run with wrong values, and return what the form says."""

    @abstractmethod
    def submit(self) -> None:
        """Trigger the run, and wait until that is done."""


class Pages(ABC):
    """The pages of one version.

    :param page: the browser's page.
    :param airflow: the Airflow that it shows.
    """

    form: ClassVar[type[TriggerForm]]

    def __init__(self, page: Page, airflow: Airflow) -> None:
        self.page = page
        self.airflow = airflow

    @abstractmethod
    def sign_in(self, password: str | None = None) -> None:
        """Open the UI, and sign in where it asks for that.

        :param password: another than the right one.
        """

    @property
    @abstractmethod
    def signed_in(self) -> Locator:
        """What only those see who are signed in."""

    @abstractmethod
    def open_dags(self) -> None:
        """Open the list of DAGs."""

    @abstractmethod
    def dag(self, name: str) -> Locator:
        """Return a DAG's entry in the list, by the name that is shown."""

    def tag(self, name: str, tag: str) -> Locator:
        """Return a tag of a DAG in the list."""
        return self.dag(name).get_by_role("link", name=tag, exact=True)

    @abstractmethod
    def open_description(self, dag_id: str) -> Locator:
        """Open the page that has a DAG's description, and return that."""

    @abstractmethod
    def open_docs(self, dag_id: str) -> Locator:
        """Open a DAG's docs."""

    @abstractmethod
    def open_trigger_form(self, dag_id: str) -> TriggerForm:
        """Open the form that triggers a run of a DAG."""

    @abstractmethod
    def open_graph(self, dag_id: str, run_id: str) -> None:
        """Open the graph of a run, with all groups unfolded."""

    @abstractmethod
    def node(self, task_id: str) -> Locator:
        """Return a task in the graph."""

    @abstractmethod
    def expect_state(self, task_id: str, state: str) -> None:
        """Wait until a task in the graph that is open has a state."""

    @abstractmethod
    def open_log(self, dag_id: str, run_id: str, task_id: str) -> Locator:
        """Open a task's log."""

    @abstractmethod
    def open_links(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Open the page that has a task's links."""

    @abstractmethod
    def open_task_docs(self, dag_id: str, run_id: str, task_id: str) -> Locator:
        """Open a task's docs."""

    def link(self, name: str) -> Locator:
        """Return a link of the task whose links are open."""
        return self.page.get_by_role("link", name=name, exact=True)

    @abstractmethod
    def clear(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Clear a task, and what is below it."""

    @abstractmethod
    def mark_run_failed(self, dag_id: str, run_id: str) -> None:
        """Mark a run failed."""

    def _open(self, path: str) -> None:
        self.page.goto(f"{self.airflow.settings.url}{path}")

    def _until(self, done: Callable[[], bool], within: float = LOADED) -> None:
        """Look again and again, until something holds.

        :param within: milliseconds.
        """
        deadline = time.monotonic() + within / 1000
        while not done():
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.page.url} did not show what was asked for in time")
            self.page.wait_for_timeout(250)


def wait_for(locator: Locator) -> Locator:
    """Wait until something is there to see, and return it."""
    expect(locator).to_be_visible(timeout=LOADED)
    return locator
