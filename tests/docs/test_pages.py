"""The pages of docs/reference, and the site."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from sagemaker_mirror.cli.parser import make_parser
from tests.conftest import REPOSITORY
from tests.docs.pages import FOLDER, PAGES, commands, examples
from tests.required import require

MKDOCS = REPOSITORY / ".venv-docs" / "bin" / "mkdocs"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_written_page_is_current(path: Path) -> None:
    assert path.read_text() == PAGES[path](), "run `python -m tests.docs.pages`"


@pytest.mark.parametrize("example", [line for parser in commands().values() for line in examples(parser)])
def test_the_examples_of_a_command_are_calls_of_it(example: str) -> None:
    make_parser().parse_args(shlex.split(example.split("|")[0])[1:])


def documented_objects() -> list[str]:
    return re.findall(r"^::: (\S+)$", (FOLDER / "operators.md").read_text(), re.M)


def public_names() -> set[str]:
    lazy = {"operators.sagemaker_pipeline", "factory"}
    names = {name for module in lazy for name in importlib.import_module(f"sagemaker_mirror.{module}").__all__}
    for path in ("sensors.sagemaker_pipeline", "hooks.sagemaker_mirror", "triggers.sagemaker_pipeline"):
        module = importlib.import_module(f"sagemaker_mirror.{path}")
        classes = inspect.getmembers(module, inspect.isclass)
        names |= {name for name, it in classes if it.__module__ == module.__name__ and name.startswith("SageMaker")}
    return names


def test_every_public_class_is_on_the_page_of_operators() -> None:
    assert {name.rpartition(".")[2] for name in documented_objects()} >= public_names()


@pytest.mark.parametrize("name", documented_objects())
def test_what_the_page_of_operators_names_is_there(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    assert hasattr(importlib.import_module(module), attribute)


def test_every_page_is_in_the_navigation() -> None:
    listed = re.findall(r"[\w/.-]+\.md", (REPOSITORY / "mkdocs.yml").read_text())
    pages = {path.relative_to(REPOSITORY / "docs").as_posix() for path in (REPOSITORY / "docs").rglob("*.md")}
    assert set(listed) == pages


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    require(MKDOCS.exists(), "mkdocs is not set up; `make docs` does it", "DOCS_REQUIRED")
    command = [MKDOCS, "build", "--strict", "--quiet", "--site-dir", tmp_path / "site"]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    site = (tmp_path / "site/reference/operators/index.html").read_text()
    assert all(name in site for name in documented_objects())


def test_the_navigation_is_yaml_that_mkdocs_reads() -> None:
    class Loader(yaml.SafeLoader):
        pass

    # What mkdocs resolves as names of Python.
    Loader.add_multi_constructor("tag:yaml.org,2002:python/name:", lambda loader, suffix, node: suffix)
    config = yaml.load((REPOSITORY / "mkdocs.yml").read_text(), Loader)
    assert config["strict"] is True
