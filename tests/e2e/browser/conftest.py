"""One browser for all these tests, signed in, and an Airflow of their own."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from importlib.metadata import version

import pytest
from playwright.sync_api import Browser

from sagemaker_mirror.local.demo.environment import DemoEnvironment
from tests.e2e.browser.chromium import VIEWPORT, chromium, find_chromium
from tests.e2e.browser.environment import browser_environment
from tests.e2e.browser.pages import Pages
from tests.e2e.browser.pages_2 import Pages2
from tests.e2e.browser.pages_3 import Pages3
from tests.required import require

MISSING = "there is no Chromium here; Debian's package is `chromium`"
PAGES: type[Pages] = Pages2 if version("apache-airflow").startswith("2.") else Pages3


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the browser shows to the report of a test that failed."""
    report = yield
    pages = getattr(item, "funcargs", {}).get("pages")
    if report.failed and isinstance(pages, Pages):
        report.sections.append(("What the browser shows", _shown(item, pages)))
    return report


def _shown(item: pytest.Item, pages: Pages) -> str:
    folder = item.config.rootpath / ".demo" / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / f"{item.name}.png"
    pages.page.screenshot(path=picture)
    return f"{pages.page.url}\n{picture}\n{pages.page.locator('body').aria_snapshot()}"


# Not for the whole session: while Playwright runs, this thread has an event loop, and no test can begin another.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    executable = find_chromium()
    require(executable is not None, MISSING, "BROWSER_REQUIRED")
    assert executable is not None
    with chromium(executable) as browser:
        yield browser


@pytest.fixture(scope="package")
def environment(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoEnvironment]:
    """Airflow and the embedded SageMaker; not before there is a browser."""
    with browser_environment(tmp_path_factory.mktemp("browser")) as environment:
        yield environment


@pytest.fixture(scope="package")
def pages(browser: Browser, environment: DemoEnvironment) -> Iterator[Pages]:
    """Airflow's pages, signed in."""
    page = browser.new_page(viewport=VIEWPORT)
    pages = PAGES(page, environment.airflow)
    pages.sign_in()
    yield pages
    page.close()
