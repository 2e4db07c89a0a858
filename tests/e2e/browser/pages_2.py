"""The UI of Airflow 2.11."""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import urlencode

from playwright.sync_api import Locator, expect

from tests.e2e.browser.pages import LOADED, TURNED, Pages, TriggerForm, wait_for

SHOWN = 3_000.0  # milliseconds until what was drawn is to be seen
# What the browser itself says of wrong values, before anything is sent.
_INVALID = "form => [...form.elements].map(field => field.validationMessage).filter(text => text)"


class TriggerForm2(TriggerForm):
    @property
    def form(self) -> Locator:
        return self.page.locator("#trigger_form")

    def choose(self, name: str, option: str) -> list[str]:
        self.field(name).select_option(option, force=True)
        return self.field(name).locator("option").all_inner_texts()

    def turn_on(self, name: str) -> None:
        self.form.locator(f'label[for="element_{name}"]', has=self.page.locator(".switch")).click()

    def toggle(self, section: str) -> None:
        self.form.get_by_role("link", name=re.compile(f"^{section}")).click()
        expect(self.form.locator(".collapsing")).to_have_count(0)  # while it moves, it takes no clicks

    def refuses_number(self, name: str, value: str) -> bool:
        self.fill(name, value)
        return bool(self.refusal())

    def refusal(self) -> str:
        messages = self.form.evaluate(_INVALID)
        self.form.get_by_role("button", name="Trigger").click()
        if messages:
            return "\n".join(messages)
        return wait_for(self.page.locator(".alert-error, .alert-danger").first).inner_text()

    def submit(self) -> None:
        self.form.get_by_role("button", name="Trigger").click()
        wait_for(self.page.get_by_text("it should start any moment now"))


class Pages2(Pages):
    form: ClassVar[type[TriggerForm]] = TriggerForm2

    def sign_in(self, password: str | None = None) -> None:
        assert self.airflow.sign_in is not None
        name, right_password = self.airflow.sign_in
        self._open("/")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(password or right_password)
        self.page.get_by_role("button", name="Sign In").click()

    @property
    def signed_in(self) -> Locator:
        return self.page.get_by_role("heading", name="DAGs")

    def open_dags(self) -> None:
        self._open("/home")

    def dag(self, name: str) -> Locator:
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("link", name=name, exact=True))

    def open_description(self, dag_id: str) -> Locator:
        self._open(f"/dags/{dag_id}/grid")
        return wait_for(self.page.locator("h3 small"))

    def open_docs(self, dag_id: str) -> Locator:
        self._open(f"/dags/{dag_id}/grid")
        self.page.get_by_role("button", name="DAG Docs").click()
        return wait_for(self.page.get_by_role("tabpanel", name="DAG Docs"))

    def open_trigger_form(self, dag_id: str) -> TriggerForm:
        self._open(f"/dags/{dag_id}/trigger?{urlencode({'origin': f'/dags/{dag_id}/grid'})}")
        form = self.form(self.page)
        wait_for(form.form)
        return form

    def open_graph(self, dag_id: str, run_id: str) -> None:
        self._open(self._grid(dag_id, run_id, tab="graph"))
        self._unfold()
        # Of the graph there is only what its frame shows, and it moves when groups unfold.
        self._until(lambda: (self._fits("upsert") and self._fits("summary")) or self._load_again_where_blank())

    def _unfold(self) -> None:
        wait_for(self.page.get_by_test_id("task-instance").first)
        unfold = self.page.get_by_role("button", name="Expand all task groups")
        if unfold.is_enabled():
            unfold.click()

    def _fits(self, task_id: str) -> bool:
        self.page.get_by_role("button", name="fit view").click()
        return self.node(task_id).is_visible()

    def node(self, task_id: str) -> Locator:
        return self.page.locator(f'.react-flow__node[data-id="{task_id}"]')

    def expect_state(self, task_id: str, state: str) -> None:
        turned = self.node(task_id).get_by_text(state, exact=True)
        self._until(lambda: turned.is_visible() or self._load_again_where_blank(), TURNED)

    def _load_again_where_blank(self) -> bool:
        # Where the graph changes while it is drawn, it may stay hidden, with all that is in it.
        try:
            expect(self.page.locator(".react-flow__node:visible")).not_to_have_count(0, timeout=SHOWN)
        except AssertionError:
            self.page.reload()
            self._unfold()
        return False

    def open_log(self, dag_id: str, run_id: str, task_id: str) -> Locator:
        self._open(self._grid(dag_id, run_id, task_id=task_id, tab="logs"))
        return wait_for(self.page.get_by_role("tabpanel", name="Logs").locator("code").first)

    def open_links(self, dag_id: str, run_id: str, task_id: str) -> None:
        self._open(self._grid(dag_id, run_id, task_id=task_id))
        wait_for(self.page.get_by_text("Extra Links"))

    def open_task_docs(self, dag_id: str, run_id: str, task_id: str) -> Locator:
        self._open(self._grid(dag_id, run_id, task_id=task_id))
        return wait_for(self.page.get_by_role("region", name="Task Documentation"))

    def clear(self, dag_id: str, run_id: str, task_id: str) -> None:
        self._open(self._grid(dag_id, run_id, task_id=task_id))
        self.page.get_by_role("button", name="Clear and retry task.").click()
        self.page.get_by_role("dialog").get_by_role("button", name="Clear", exact=True).click()
        expect(self.page.get_by_role("dialog")).to_have_count(0, timeout=LOADED)

    def mark_run_failed(self, dag_id: str, run_id: str) -> None:
        self._open(self._grid(dag_id, run_id))
        self.page.get_by_role("button", name="Manually set dag run state").click()
        self.page.get_by_role("menuitem", name="failed").click()
        confirm = self.page.get_by_role("button", name="Mark as failed")
        confirm.click()
        expect(confirm).to_have_count(0, timeout=LOADED)

    def _grid(self, dag_id: str, run_id: str, **selected: str) -> str:
        return f"/dags/{dag_id}/grid?{urlencode({'dag_run_id': run_id, **selected})}"
