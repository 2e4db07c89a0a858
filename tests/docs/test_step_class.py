"""The worked example of CONTRIBUTING: made in a copy of the sources, it gives the step class that it promises."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sagemaker_mirror.local.demo.environment import VARIABLES
from tests.conftest import REPOSITORY
from tests.docs.snippets import snippets

PAGE = "CONTRIBUTING.md"
FILE = re.compile(r"`(provider/[\w/]+\.py)`")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the sources with the changes, and the conf in a folder."""
    shutil.copytree(REPOSITORY / "provider", tmp_path / "provider", ignore=shutil.ignore_patterns("__pycache__"))
    lines = (REPOSITORY / PAGE).read_text().splitlines()
    for change in snippets("diff"):
        # The last file that is named above it.
        name = FILE.findall("\n".join(lines[: change.line]))[-1]
        apply(tmp_path / name, change.text.splitlines())
    (conf,) = (snippet for snippet in snippets("yaml") if snippet.page == PAGE)
    folder = tmp_path / "configs/fruit/fruit"
    (folder / "conf").mkdir(parents=True)
    (folder / "conf/conf.yaml").write_text(conf.text)
    (folder / "scripts").mkdir()
    for script in ("sort.py", "taste.py"):
        (folder / "scripts" / script).write_text("print('fruit')\n")
    return tmp_path


def apply(file: Path, change: list[str]) -> None:
    """Put what follows ``+`` in the place of what follows ``-``; lines with neither stay."""
    old = "".join(f"{line[1:]}\n" for line in change if line[:1] in " -")
    new = "".join(f"{line[1:]}\n" for line in change if line[:1] in " +")
    if not old:
        assert not file.exists()
        file.write_text(new)
        return
    text = file.read_text()
    assert text.count(old) == 1, f"{file.name} has this {text.count(old)} times:\n{old}"
    file.write_text(text.replace(old, new))


def run(checkout: Path, *arguments: str) -> str:
    env = {**os.environ, **VARIABLES, "PYTHONPATH": str(checkout / "provider")}
    command = [sys.executable, "-m", "sagemaker_mirror.cli", *arguments]
    done = subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_step_class_of_the_example_compiles(checkout: Path) -> None:
    run(checkout, "validate")
    definition = json.loads(run(checkout, "compile", "configs/fruit"))
    steps = {step["Name"]: step for step in definition["Steps"]}
    assert steps["taste"]["Type"] == "Processing"
    assert steps["taste"]["Arguments"]["ProcessingOutputConfig"]["Outputs"] == []
    inputs = [each["InputName"] for each in steps["taste"]["Arguments"]["ProcessingInputs"]]
    assert "sort-ripe" in inputs


def test_it_is_in_graph_and_reference(checkout: Path) -> None:
    graph = run(checkout, "graph", "configs/fruit")
    assert "taste<br/><small>Check</small>" in graph
    assert "s1 --> s2" in graph
    assert "Processing, Check" in run(checkout, "keys")
