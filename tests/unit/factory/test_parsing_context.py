"""What is opened when Airflow parses on behalf of one task."""

from __future__ import annotations

import pytest

from sagemaker_mirror.factory import build_dags


@pytest.fixture
def opened(configs, monkeypatch):
    """Return the names of the folders that were opened, as it grows."""
    from sagemaker_mirror.factory import dags

    load, names = dags.load_folder, []
    monkeypatch.setattr(dags, "load_folder", lambda folder: names.append(folder.name) or load(folder))
    for name in ("a", "b", "c"):
        configs.add(name)
    return names


def test_one_task_run_opens_one_folder(configs, parsing, opened):
    parsing("b")
    assert list(build_dags(configs.root)) == ["b"]
    assert opened == ["b"]


def test_the_dag_processor_opens_all(configs, opened):
    assert list(build_dags(configs.root)) == ["a", "b", "c"]
    assert opened == ["a", "b", "c"]


@pytest.mark.parametrize("dag_id", ["somebody-elses", "..", ".", "conf", "a/churn"])
def test_another_dag_of_the_file_opens_all(configs, parsing, opened, dag_id):
    parsing(dag_id)
    assert list(build_dags(configs.root)) == ["a", "b", "c"]


def test_the_task_of_a_folder_with_an_illegal_name_is_found(configs, parsing):
    configs.add("two words")
    parsing("two_words")
    assert "two_words" in build_dags(configs.root)


def test_the_dag_is_the_same_as_in_a_full_parse(configs, parsing, opened):
    full = build_dags(configs.root)["b"]
    parsing("b")
    one = build_dags(configs.root)["b"]
    assert one.task_ids == full.task_ids
    assert one.doc_md == full.doc_md
