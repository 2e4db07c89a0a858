"""Where the configs root is looked for."""

from __future__ import annotations

import pytest

from sagemaker_mirror.settings import find_configs


@pytest.fixture
def dag_file(tmp_path):
    folder = tmp_path / "bundle" / "dags"
    folder.mkdir(parents=True)
    return folder / "loader.py"


def test_a_relative_root_lies_beside_the_dag_file(dag_file):
    (dag_file.parent / "configs").mkdir()
    (dag_file.parent.parent / "configs").mkdir()
    assert find_configs("configs", dag_file) == dag_file.parent / "configs"


def test_or_beside_the_dags_folder(dag_file):
    (dag_file.parent.parent / "configs").mkdir()
    assert find_configs("configs", dag_file) == dag_file.parent.parent / "configs"


def test_the_working_directory_does_not_matter(dag_file, tmp_path, monkeypatch):
    (tmp_path / "configs").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError):
        find_configs("configs", dag_file)


def test_an_absolute_root_is_itself(dag_file, tmp_path):
    root = tmp_path / "elsewhere"
    root.mkdir()
    assert find_configs(root, dag_file) == root


def test_the_default_is_airflows_option(dag_file, monkeypatch):
    (dag_file.parent / "confs").mkdir()
    monkeypatch.setenv("AIRFLOW__SAGEMAKER_MIRROR__CONFIGS_FOLDER", "confs")
    assert find_configs(None, dag_file) == dag_file.parent / "confs"


def test_a_missing_root_names_the_places_tried_and_the_option(dag_file):
    with pytest.raises(FileNotFoundError) as caught:
        find_configs(None, dag_file)
    message = str(caught.value)
    assert "[sagemaker_mirror] configs_folder" in message
    assert str(dag_file.parent / "configs") in message
    assert str(dag_file.parent.parent / "configs") in message


def test_a_symlinked_dag_folder_finds_the_confs_of_its_target(dag_file, tmp_path):
    (dag_file.parent.parent / "configs").mkdir()
    link = tmp_path / "current"
    link.symlink_to(dag_file.parent)
    assert find_configs("configs", link / "loader.py") == dag_file.parent.parent / "configs"
