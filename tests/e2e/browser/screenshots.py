"""The pictures in docs/img/: ``make screenshots``."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, expect

from sagemaker_mirror.local.demo.environment import DemoEnvironment
from sagemaker_mirror.local.faults import StepFault
from tests.conftest import REPOSITORY
from tests.e2e.browser.chromium import chromium, find_chromium
from tests.e2e.browser.confs import FORECAST
from tests.e2e.browser.environment import browser_environment
from tests.e2e.browser.pages import LOADED, wait_for
from tests.e2e.browser.pages_3 import Pages3
from tests.e2e.confs import BROKEN
from tests.e2e.runs import PIPELINE, RUN_WITHIN

IMAGES = REPOSITORY / "docs" / "img"
MOST_BYTES = 200_000
REASON = "AlgorithmError: the history is too short, exit code: 1"


@dataclass(frozen=True)
class Runs:
    """The runs that are shown.

    :param succeeded: of the shipped pipeline.
    :param failed: of the forecast, whose second step failed.
    """

    succeeded: str
    failed: str


class Album:
    """Takes the pictures.

    :param pages: Airflow's pages.
    :param folder: where the pictures go.
    """

    def __init__(self, pages: Pages3, folder: Path) -> None:
        self.pages = pages
        self.page = pages.page
        self.folder = folder

    def take(self, runs: Runs) -> None:
        """Take all of them."""
        self.dags()
        self.trigger_form()
        self.log("failed-step", FORECAST.name, runs.failed, "predict", REASON)
        self.log("summary", PIPELINE, runs.succeeded, "summary", "The execution succeeded.")
        self.links("links", PIPELINE, runs.succeeded, "train")
        self.docs("graph-and-conf", PIPELINE)
        self.docs("broken-folder", BROKEN.name)
        # Airflow remembers that a graph was open, and shows it beside all else: so they come last.
        self.graph("mirrored-run", PIPELINE, runs.succeeded, "success")
        self.graph("failed-run", FORECAST.name, runs.failed, "failed")

    def dags(self) -> None:
        self._size(820)
        self.pages.open_dags()
        wait_for(self.pages.dag("Sales forecast"))
        self._picture("dags")

    def trigger_form(self) -> None:
        self._size(1500)
        form = self.pages.open_trigger_form(FORECAST.name)
        form.fill("Requester", "Ada")
        expect(form.form.get_by_test_id("trigger-dag-submit")).to_be_enabled(timeout=LOADED)
        self._picture("trigger-form", form.form)
        form.toggle("SageMaker")
        wait_for(form.label("Adopt execution"))
        self._picture("trigger-form-sagemaker", form.form)

    def graph(self, name: str, dag_id: str, run_id: str, state: str) -> None:
        self._size(620, width=1600)
        self.pages.open_graph(dag_id, run_id)
        self.page.get_by_role("button", name="Collapse Details Panel").click()
        self.pages.expect_state("summary", state)
        self.page.get_by_role("button", name="Fit View").click()
        self._picture(name)

    def log(self, name: str, dag_id: str, run_id: str, task_id: str, text: str) -> None:
        # Of a long log there is only what can be seen, and that is its end.
        self._size(860, width=1600)
        log = self.pages.open_log(dag_id, run_id, task_id)
        expect(log).to_contain_text(text, timeout=LOADED)
        # Tracebacks have the paths of the machine that the picture is taken on.
        for traceback in log.get_by_text(re.compile("^AirflowException: ")).all():
            traceback.click()
        self._picture(name, log)

    def links(self, name: str, dag_id: str, run_id: str, task_id: str) -> None:
        self._size(400)
        self.pages.open_links(dag_id, run_id, task_id)
        self._picture(name)

    def docs(self, name: str, dag_id: str) -> None:
        self._size(720)
        self._picture(name, self.pages.open_docs(dag_id))

    def _size(self, height: int, width: int = 1280) -> None:
        self.page.set_viewport_size({"width": width, "height": height})

    def _picture(self, name: str, of: Locator | None = None) -> None:
        # No cursor over anything, and nothing that moves.
        self.page.mouse.move(0, 0)
        self.page.wait_for_load_state("networkidle")
        file = self.folder / f"{name}.png"
        (of or self.page).screenshot(path=file, animations="disabled")
        size = file.stat().st_size
        print(f"{file.relative_to(self.folder.parent)}: {size // 1000} kB")
        if size > MOST_BYTES:
            raise ValueError(f"{file} has {size} bytes, which is more than {MOST_BYTES}")


def run(environment: DemoEnvironment) -> Runs:
    """Make the runs, and wait for their ends."""
    environment.sagemaker.faults.add(StepFault("predict", "fail", reason=REASON))
    airflow = environment.airflow
    runs = {}
    for dag_id, conf in ((FORECAST.name, {"Requester": "Ada"}), (PIPELINE, {}), (BROKEN.name, {})):
        airflow.unpause(dag_id)
        runs[dag_id] = airflow.trigger(dag_id, conf)
    for dag_id, run_id in runs.items():
        airflow.wait_for_run(dag_id, run_id, RUN_WITHIN)
    return Runs(runs[PIPELINE], runs[FORECAST.name])


def main(arguments: Sequence[str]) -> int:
    """Take all pictures.

    :param arguments: the folder they go to; docs/img by default.
    """
    folder = Path(arguments[0]) if arguments else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    executable = find_chromium()
    if executable is None:
        print("There is no Chromium here; Debian's package is `chromium`.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as home, browser_environment(Path(home)) as environment:
        runs = run(environment)
        with chromium(executable) as browser:
            pages = Pages3(browser.new_page(), environment.airflow)
            pages.page.set_default_timeout(LOADED)
            Album(pages, folder).take(runs)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
