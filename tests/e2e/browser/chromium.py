"""Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ViewportSize, sync_playwright

VIEWPORT: ViewportSize = {"width": 1680, "height": 1050}


def find_chromium() -> str | None:
    """Return the path of the Chromium that is installed; Playwright's own are not downloaded."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium(executable: str) -> Iterator[Browser]:
    """Run a Chromium without a window.

    :param executable: its path.
    """
    # In a container there is neither a user namespace for its sandbox nor much of /dev/shm. It only sees our Airflow.
    options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=options)
        yield browser
        browser.close()
