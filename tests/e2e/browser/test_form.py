"""The trigger form: typed, folded, and not to be sent with wrong values."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from sagemaker_mirror.local.demo.environment import DemoEnvironment
from tests.e2e.browser.confs import FORECAST
from tests.e2e.browser.pages import Pages

pytestmark = pytest.mark.e2e

SECTIONS = {
    "SageMaker": [
        "Display name",
        "Steps at once",
        "Steps to run",
        "Source execution",
        "Recompile",
        "No step cache",
        "Adopt execution",
    ],
    "Placeholders": ["SMP_ACCOUNTID", "SMP_REGION", "SMP_S3BUCKETNAME", "SMP_ROLE", "DATASET"],
}


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_is_folded_and_unfolds(pages: Pages, section: str) -> None:
    form = pages.open_trigger_form(FORECAST.name)
    for title in SECTIONS[section]:
        expect(form.label(title)).to_be_hidden()
    form.toggle(section)
    for title in SECTIONS[section]:
        expect(form.label(title)).to_be_visible()
    form.toggle(section)
    for title in SECTIONS[section]:
        expect(form.label(title)).to_be_hidden()


def test_an_enum_is_a_drop_down(pages: Pages) -> None:
    form = pages.open_trigger_form(FORECAST.name)
    assert form.choose("Market", "south") == ["north", "south"]


def test_defaults_and_descriptions_are_those_of_the_conf(pages: Pages) -> None:
    form = pages.open_trigger_form(FORECAST.name)
    expect(form.field("Weeks")).to_have_value("4")
    expect(form.field("Confidence")).to_have_value("0.9")
    expect(form.form).to_contain_text("How far to look ahead.")
    expect(form.form).to_contain_text("Who asks for it.")


def test_a_run_needs_what_has_no_default(pages: Pages, environment: DemoEnvironment) -> None:
    before = runs(environment)
    assert pages.open_trigger_form(FORECAST.name).refusal()
    assert runs(environment) == before


@pytest.mark.parametrize(("name", "value"), [("Weeks", "99"), ("Weeks", "0"), ("Confidence", "1.5")])
def test_a_number_out_of_its_range_is_refused(
    pages: Pages, environment: DemoEnvironment, name: str, value: str
) -> None:
    before = runs(environment)
    form = pages.open_trigger_form(FORECAST.name)
    form.fill("Requester", "Ada")
    assert form.refuses_number(name, value)
    assert runs(environment) == before


def test_a_placeholder_that_cannot_be_right_is_refused(pages: Pages, environment: DemoEnvironment) -> None:
    before = runs(environment)
    form = pages.open_trigger_form(FORECAST.name)
    form.fill("Requester", "Ada")
    form.toggle("Placeholders")
    form.fill("SMP_ACCOUNTID", "12")
    assert "SMP_ACCOUNTID" in form.refusal()
    assert runs(environment) == before


def runs(environment: DemoEnvironment) -> int:
    return int(environment.airflow.get(f"dags/{FORECAST.name}/dagRuns")["total_entries"])
