"""Signing in, the list of DAGs, and what a DAG says of itself."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from sagemaker_mirror.local.demo.environment import DemoEnvironment
from tests.e2e.browser.confs import FORECAST
from tests.e2e.browser.pages import LOADED, Pages
from tests.e2e.confs import BROKEN

pytestmark = pytest.mark.e2e


def test_who_signs_in_sees_airflow(pages: Pages, browser: Browser, environment: DemoEnvironment) -> None:
    page = browser.new_page()
    somebody = type(pages)(page, environment.airflow)
    if environment.airflow.sign_in is not None:
        somebody.sign_in(password="not this one")
        expect(page.get_by_text("Invalid login")).to_be_visible(timeout=LOADED)
        expect(somebody.signed_in).to_be_hidden()
    somebody.sign_in()
    expect(somebody.signed_in).to_be_visible(timeout=LOADED)
    page.close()


def test_each_config_folder_is_a_dag_with_its_tags(pages: Pages) -> None:
    pages.open_dags()
    for name in ("breast-cancer", "digits-pca-classifier", "Sales forecast"):
        expect(pages.dag(name)).to_be_visible(timeout=LOADED)
    for tag in ("sagemaker", "shops", "demand", "Processing"):
        expect(pages.tag("Sales forecast", tag)).to_be_visible()


def test_a_broken_folder_is_a_dag_that_says_what_is_wrong(pages: Pages) -> None:
    pages.open_dags()
    expect(pages.tag(BROKEN.name, "broken-config")).to_be_visible(timeout=LOADED)
    error = re.compile(r"broken/model/conf/conf\.yaml:\d+:\d+: 'processing' needs 'image_uri'")
    expect(pages.open_description(BROKEN.name)).to_contain_text(error)
    docs = pages.open_docs(BROKEN.name)
    expect(docs).to_contain_text(error)
    expect(docs).to_contain_text("did you mean 'image_uri'?")


def test_a_dag_says_what_it_is_for_and_shows_its_graph_and_its_conf(pages: Pages) -> None:
    expect(pages.open_description(FORECAST.name)).to_contain_text("Forecasts the sales of each shop.")
    docs = pages.open_docs(FORECAST.name)
    # Its own line breaks, and no others.
    graph = docs.locator("code").filter(has_text="collect (Processing)").first
    assert "  predict (Processing) <- collect\n  tidy-up (Processing) <- collect (failed)" in graph.inner_text()
    expect(docs).to_contain_text("How far to look ahead.")
