"""What Airflow stores of a DAG: the same for every parse, process and machine, so that no versions pile up."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from sagemaker_mirror.factory import build_dags
from tests.unit.factory import serialise as script
from tests.unit.factory.conftest import TWO_MODELS
from tests.unit.factory.serialise import deserialise, serialise


@pytest.fixture
def filled(configs):
    """Return a configs root with good and broken folders."""
    configs.add("churn")
    configs.add("two-models", TWO_MODELS)
    configs.add("no dag id")
    file = configs.add("bad")
    file.write_text(file.read_text().replace("step_class: Training", "step_class: Trainig"))
    return configs


def stored_by_a_process(root, hash_seed):
    env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-W", "ignore", script.__file__, str(root)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # Airflow 3.2 logs there, too, while it is loaded.
    return done.stdout.splitlines()[-1]


def test_every_parse_is_the_same(filled):
    first = {dag_id: serialise(dag) for dag_id, dag in build_dags(filled.root).items()}
    for _ in range(5):
        assert {dag_id: serialise(dag) for dag_id, dag in build_dags(filled.root).items()} == first


def test_every_process_and_machine_is_the_same(filled, tmp_path):
    first = stored_by_a_process(filled.root, "0")
    elsewhere = tmp_path / "another" / "machine"
    shutil.copytree(filled.root, elsewhere)
    assert stored_by_a_process(elsewhere, "4242") == first
    assert set(json.loads(first)) == {"churn", "two-models", "no_dag_id", "bad"}


def test_the_parse_for_a_task_is_the_same(filled, parsing):
    full = serialise(build_dags(filled.root)["churn"])
    parsing("churn")
    assert serialise(build_dags(filled.root)["churn"]) == full


def test_nothing_of_this_machine_is_in_it(filled):
    for dag in build_dags(filled.root).values():
        text = json.dumps(serialise(dag))
        assert str(filled.root) not in text
        assert "<lambda>" not in text
        assert " object at 0x" not in text


def test_what_comes_back_is_the_same_graph(filled):
    for dag in build_dags(filled.root).values():
        back = deserialise(serialise(dag))
        assert set(back.task_ids) == set(dag.task_ids)
        for task in dag.tasks:
            assert back.get_task(task.task_id).downstream_task_ids == task.downstream_task_ids
        assert set(back.task_group.children) == set(dag.task_group.children)
        assert set(back.params) == set(dag.params)
