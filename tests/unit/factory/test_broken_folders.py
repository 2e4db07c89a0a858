"""A folder with errors is its own problem, and it is loud."""

from __future__ import annotations

import errno
import os

import pytest

from sagemaker_mirror.compat import AirflowFailException
from sagemaker_mirror.factory import build_dags


@pytest.fixture
def broken(configs):
    """Return the DAGs of one good folder and one where a key is misspelt."""
    configs.add("good")
    file = configs.add("bad")
    file.write_text(file.read_text().replace("pipelineName", "pipelineNam"))
    return build_dags(configs.root)


def test_other_folders_work(broken):
    assert "fit" in broken["good"].task_ids


def test_the_errors_are_shown_with_their_places(broken):
    dag = broken["bad"]
    assert set(dag.tags) == {"broken-config"}
    for text in (dag.description, dag.doc_md):
        assert "bad/churn/conf/conf.yaml:" in text
        assert "pipelineNam" in text


def test_errors_are_a_list_whatever_they_quote(configs):
    # In a block, Airflow would cut long ones at the right.
    configs.write("bad", "conf:\n  mod`els: {}\n  __models__: {}\n  <models>: {}\n")
    errors = [line for line in build_dags(configs.root)["bad"].doc_md.splitlines() if line.startswith("- ")]
    for place, key in (("2:3", r"mod\`els"), ("3:3", r"\_\_models\_\_"), ("4:3", r"\<models>")):
        start = f"- `bad/model/conf/conf.yaml:{place}`: unknown key '{key}'"
        assert [line for line in errors if line.startswith(start)], errors


def test_the_conf_is_shown_as_written(broken):
    assert "pipelineNam: bad-pipeline" in broken["bad"].doc_md


def test_runs_fail_with_the_errors_and_are_not_retried(broken):
    (task,) = broken["bad"].tasks
    with pytest.raises(AirflowFailException, match=r"bad/churn/conf/conf.yaml:\d+:\d+: .*pipelineNam") as failure:
        task.execute({})
    assert str(failure.value).splitlines()[-1].startswith("Mend the conf")


def test_no_path_of_this_machine(broken, configs):
    dag = broken["bad"]
    (task,) = dag.tasks
    assert str(configs.root) not in "\n".join([dag.description, dag.doc_md, *task.problems])


def test_a_cycle_is_shown(configs):
    configs.add("loop", {"m": [("a", "Processing", []), ("b", "Processing", [])]}, dependencies=["a >> b", "b >> a"])
    assert "a >> b >> a" in build_dags(configs.root)["loop"].doc_md


def test_no_yaml(configs):
    configs.write("bad", "conf: [unclosed")
    configs.add("good")
    dags = build_dags(configs.root)
    assert "bad/model/conf/conf.yaml:2:1: " in dags["bad"].description
    assert "fit" in dags["good"].task_ids


def test_bytes_that_are_no_text(configs):
    configs.write("bad", "").write_bytes(b"conf: \xff\xfe")
    assert "conf.yaml:1:" in build_dags(configs.root)["bad"].description


def test_a_name_that_is_no_dag_id(configs):
    configs.add("two words")
    configs.add("two_words")
    dags = build_dags(configs.root)
    assert set(dags) == {"two_words", "two_words_"}
    assert "fit" in dags["two_words"].task_ids
    assert set(dags["two_words_"].tags) == {"broken-config"}
    assert "two words" in dags["two_words_"].description


def test_what_airflow_refuses_is_the_folders_error_too(configs):
    file = configs.add("bad")
    file.write_text(file.read_text().replace("conf:\n", "conf:\n  airflow:\n    schedule: 61 * * * *\n", 1))
    configs.add("good")
    dags = build_dags(configs.root)
    assert set(dags["bad"].tags) == {"broken-config"}
    assert "61 * * * *" in dags["bad"].description
    assert "fit" in dags["good"].task_ids


def test_a_conf_outside_the_root_is_not_shown(configs, tmp_path):
    secret = tmp_path / "secret.yaml"
    secret.write_text("password: hunter2")
    file = configs.write("bad", "")
    file.unlink()
    file.symlink_to(secret)
    dag = build_dags(configs.root)["bad"]
    assert set(dag.tags) == {"broken-config"}
    assert "hunter2" not in dag.doc_md


def test_a_folder_that_cannot_be_looked_into(configs, monkeypatch):
    configs.add("good")
    configs.add("locked")
    scandir = os.scandir

    def refuse(path):
        if "locked" in str(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    # The tests may run as root, whom no mode keeps out.
    monkeypatch.setattr(os, "scandir", refuse)
    dags = build_dags(configs.root)
    assert "fit" in dags["good"].task_ids
    assert "Permission denied" in dags["locked"].description
    assert str(configs.root.parent) not in dags["locked"].description


def test_symlinks_to_themselves_are_no_folders(configs):
    configs.add("good")
    (configs.root / "good" / "loop").symlink_to("loop")
    (configs.root / "loop").symlink_to("loop")
    assert set(build_dags(configs.root)) == {"good"}
