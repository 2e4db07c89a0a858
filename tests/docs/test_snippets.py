"""Every block of README, CONTRIBUTING and docs is tried, or says why not."""

from __future__ import annotations

import configparser
import shutil
from pathlib import Path

import pytest
import yaml

from sagemaker_mirror.compat import AIRFLOW_3
from sagemaker_mirror.config import load_folder
from sagemaker_mirror.get_provider_info import get_provider_info
from sagemaker_mirror.graph import build_graph
from sagemaker_mirror.settings import SECTION
from tests.docs.commands import Sandbox, command_lines
from tests.docs.files import path_of
from tests.docs.snippets import Snippet, all_snippets, snippets, tried
from tests.unit.factory.serialise import deserialise, serialise
from tests.unit.factory.test_loader import dag_bag

# What is tried below; and a picture, what a program prints, a change that test_step_class.py makes.
TRIED = ("sh", "python", "yaml", "ini")
SHOWN = ("mermaid", "text", "diff")

# What README's excerpt of a DAG takes for granted.
PRELUDE = """\
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
extract, publish = EmptyOperator(task_id="extract"), EmptyOperator(task_id="publish")
"""


def each(*languages: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("snippet", tried(*languages), ids=str)


def test_every_block_says_what_it_is() -> None:
    assert [f"{s}: {s.language}" for s in all_snippets() if s.language not in (*TRIED, *SHOWN)] == []


@pytest.mark.parametrize("page", sorted({snippet.page for snippet in tried("sh")}))
def test_commands_work(sandbox: Sandbox, page: str, tmp_path: Path) -> None:
    # All of a page in their order: later ones stand on earlier ones.
    here = sandbox.copy(tmp_path / "checkout")
    for snippet in tried("sh"):
        if snippet.page == page:
            for command in command_lines(snippet.text):
                here.try_command(command)


@pytest.mark.skipif(not AIRFLOW_3, reason="the docs import from airflow.sdk")
@each("python")
def test_python_is_a_dag_file_or_a_script(sandbox: Sandbox, snippet: Snippet, tmp_path: Path) -> None:
    path = path_of(snippet)
    if path is not None and path.startswith("configs/"):
        compile(snippet.text, path, "exec")
        return
    # Beside configs/, as the docs say.
    folder = tmp_path / "dags"
    folder.mkdir()
    shutil.copytree(sandbox.folder / "configs", tmp_path / "configs")
    file = folder / "snippet_of_airflow_dags.py"
    is_excerpt = snippet.page == "README.md" and "DAG(" in snippet.text
    file.write_text(PRELUDE + snippet.text if is_excerpt else snippet.text)
    bag = dag_bag(file)
    assert bag.import_errors == {}
    assert bag.dags
    for dag in bag.dags.values():
        assert "broken-config" not in dag.tags, dag.doc_md
        assert set(deserialise(serialise(dag)).task_ids) == set(dag.task_ids)


@each("yaml")
def test_a_conf_is_valid(sandbox: Sandbox, snippet: Snippet, tmp_path: Path) -> None:
    path = path_of(snippet)
    if path is not None:
        folder = sandbox.folder / "configs" / Path(path).parts[1]
    else:
        # A part of a conf: one more file of a folder that has the rest.
        folder = tmp_path / "configs" / "breast-cancer"
        shutil.copytree(sandbox.folder / "configs/breast-cancer", folder)
        (folder / "part/conf").mkdir(parents=True)
        (folder / "part/conf/part.yaml").write_text(snippet.text)
    build_graph(load_folder(folder))


@each("ini")
def test_options_are_ours_or_airflows(snippet: Snippet) -> None:
    from airflow.configuration import conf

    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(snippet.text)
    for section in parser.sections():
        known = get_provider_info()["config"] if section == SECTION else conf.configuration_description
        assert set(parser.options(section)) <= known[section]["options"].keys()


def test_what_is_not_tried_has_a_reason() -> None:
    for snippet in snippets(*TRIED):
        assert snippet.not_run is None or len(snippet.not_run.split()) > 2, snippet


def test_every_conf_of_the_docs_is_yaml() -> None:
    for snippet in tried("yaml"):
        assert list(yaml.safe_load(snippet.text)) == ["conf"], snippet
