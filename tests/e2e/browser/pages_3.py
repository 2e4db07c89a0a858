"""The UI of Airflow 3."""

from __future__ import annotations

import re
from http.client import CONFLICT
from typing import ClassVar

from playwright.sync_api import Locator, expect

from tests.e2e.browser.pages import LOADED, TURNED, Pages, TriggerForm, wait_for


class TriggerForm3(TriggerForm):
    @property
    def form(self) -> Locator:
        return self.page.get_by_role("dialog")

    def choose(self, name: str, option: str) -> list[str]:
        self.form.get_by_role("combobox", name=name, exact=True).click()
        options = self.page.get_by_role("option")
        wait_for(options.first)
        there = options.all_inner_texts()
        options.filter(has_text=re.compile(f"^{re.escape(option)}$")).click()
        return there

    def turn_on(self, name: str) -> None:
        # The input itself is hidden behind what is drawn of the switch.
        switch = self.form.locator('label[data-scope="switch"]').filter(
            has=self.page.locator(f'[name="element_{name}"]')
        )
        switch.locator('[data-part="control"]').click()
        expect(self.field(name)).to_be_checked()

    def toggle(self, section: str) -> None:
        self.form.get_by_role("button", name=section, exact=True).click()

    def refuses_number(self, name: str, value: str) -> bool:
        self.fill(name, value)
        # The form puts a number into its range as soon as one leaves the field.
        expect(self.field(name)).not_to_have_value(value)
        return True

    def refusal(self) -> str:
        submit = self.form.get_by_test_id("trigger-dag-submit")
        if submit.is_enabled():
            submit.click()
            return wait_for(self.form.get_by_test_id("error-alert").first).inner_text()
        return "\n".join(self.form.locator('[data-part="error-text"]').all_inner_texts())

    def submit(self) -> None:
        self.form.get_by_test_id("trigger-dag-submit").click()
        expect(self.form).to_have_count(0, timeout=LOADED)


class Pages3(Pages):
    form: ClassVar[type[TriggerForm]] = TriggerForm3

    def sign_in(self, password: str | None = None) -> None:
        # Where everybody is an admin, there is no form.
        self._open("/")

    @property
    def signed_in(self) -> Locator:
        return self.page.get_by_test_id("nav-dags-link")

    def open_dags(self) -> None:
        self._open("/dags")

    def dag(self, name: str) -> Locator:
        link = self.page.get_by_role("link", name=name, exact=True)
        return self.page.get_by_test_id("dag-card").filter(has=link)

    def open_description(self, dag_id: str) -> Locator:
        self._open(f"/dags/{dag_id}/details")
        return wait_for(self.page.get_by_test_id("description-row"))

    def open_docs(self, dag_id: str) -> Locator:
        self._open(f"/dags/{dag_id}")
        self.page.get_by_role("button", name="Dag Docs").click()
        return wait_for(self.page.get_by_role("dialog"))

    def open_trigger_form(self, dag_id: str) -> TriggerForm:
        self._open(f"/dags/{dag_id}")
        self.page.get_by_test_id("trigger-dag-button").click()
        form = self.form(self.page)
        wait_for(form.form.get_by_role("button", name="Run Parameters"))
        return form

    def open_graph(self, dag_id: str, run_id: str) -> None:
        self._open(self._run(dag_id, run_id))
        self.page.get_by_role("button", name=re.compile("^Show Graph")).click()
        wait_for(self.node("upsert"))
        unfold = self.page.get_by_test_id("expand-all-button")
        if unfold.is_enabled():
            unfold.click()

    def node(self, task_id: str) -> Locator:
        return self.page.get_by_test_id(f"rf__node-{task_id}")

    def expect_state(self, task_id: str, state: str) -> None:
        expect(self.node(task_id).get_by_test_id("state-badge")).to_have_text(state, timeout=TURNED)

    def open_log(self, dag_id: str, run_id: str, task_id: str) -> Locator:
        self._open(self._task(dag_id, run_id, task_id))
        return wait_for(self.page.locator("code").first)

    def open_links(self, dag_id: str, run_id: str, task_id: str) -> None:
        self._open(f"{self._task(dag_id, run_id, task_id)}/details")
        wait_for(self.page.get_by_role("heading", name="Extra Links"))

    def open_task_docs(self, dag_id: str, run_id: str, task_id: str) -> Locator:
        self._open(f"/dags/{dag_id}/tasks/{task_id}")
        self.page.get_by_role("button", name="Documentation", exact=True).click()
        return wait_for(self.page.get_by_role("dialog"))

    def clear(self, dag_id: str, run_id: str, task_id: str) -> None:
        self._open(self._task(dag_id, run_id, task_id))
        self.page.get_by_role("button", name="Press shift+c to clear").click()
        self.page.get_by_role("button", name="Confirm", exact=True).click()
        expect(self.page.get_by_role("dialog")).to_have_count(0, timeout=LOADED)

    def mark_run_failed(self, dag_id: str, run_id: str) -> None:
        self._open(self._run(dag_id, run_id))
        self.page.get_by_test_id("mark-run-as-button").click()
        self.page.get_by_test_id("mark-run-as-failed").click()
        confirm = self.page.get_by_test_id("mark-run-as-confirm")
        with self.page.expect_response(lambda answer: answer.request.method == "PATCH") as answer:
            confirm.click()
        if answer.value.status == CONFLICT:
            # The form sends a note with the state, and Airflow 3.3.1 may add it twice, then ask to try again.
            confirm.click()
        expect(self.page.get_by_role("dialog")).to_have_count(0, timeout=LOADED)

    def _run(self, dag_id: str, run_id: str) -> str:
        return self.airflow.run_url(dag_id, run_id).removeprefix(self.airflow.settings.url)

    def _task(self, dag_id: str, run_id: str, task_id: str) -> str:
        return f"{self._run(dag_id, run_id)}/tasks/{task_id}"
