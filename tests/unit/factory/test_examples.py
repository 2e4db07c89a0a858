"""dags/examples/, which Airflow's own loader passes over."""

from __future__ import annotations

import pytest

from tests.conftest import REPOSITORY
from tests.unit.factory.serialise import deserialise, serialise
from tests.unit.factory.test_loader import dag_bag

EXAMPLES = REPOSITORY / "dags" / "examples"
FOLDERS = sorted(folder.name for folder in (REPOSITORY / "configs").iterdir() if folder.is_dir())


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.py")), ids=lambda file: file.stem)
def test_an_example_is_a_dag_of_its_name(file):
    bag = dag_bag(file)
    assert bag.import_errors == {}
    assert sorted(bag.dags) == ([file.stem] if file.stem != "all_folders" else FOLDERS)
    for dag in bag.dags.values():
        assert "broken-config" not in dag.tags
        assert set(deserialise(serialise(dag)).task_ids) == set(dag.task_ids)


def test_the_training_lies_between_the_data_and_the_news():
    dag = dag_bag(EXAMPLES / "nightly_training.py").dags["nightly_training"]
    assert dag.get_task("bring_data").downstream_task_ids == {"breast-cancer.upsert", "breast-cancer.start"}
    assert dag.get_task("announce").upstream_task_ids == {
        "breast-cancer.summary",
        "breast-cancer.diagnosis.register",
    }


def test_the_dags_folder_has_only_the_loaders_dags():
    bag = dag_bag(EXAMPLES.parent)
    assert bag.import_errors == {}
    assert "nightly_training" not in bag.dags
    assert "breast-cancer" in bag.dags
