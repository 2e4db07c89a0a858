"""dags/sagemaker_pipelines.py, as Airflow reads it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

LOADER = REPOSITORY / "dags" / "sagemaker_pipelines.py"
HEAVY = ("boto3", "botocore", "aiobotocore", "pandas", "moto", "sagemaker")


def test_it_passes_airflows_safe_mode():
    from airflow.utils.file import might_contain_dag

    assert might_contain_dag(str(LOADER), safe_mode=True)


def dag_bag(path):
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models.dagbag import DagBag
    return DagBag(str(path))


def test_airflow_finds_a_dag_for_each_shipped_folder():
    bag = dag_bag(LOADER)
    assert bag.import_errors == {}
    assert {"breast-cancer", "digits-pca-classifier"} <= set(bag.dags)
    assert not [dag_id for dag_id, dag in bag.dags.items() if "broken-config" in dag.tags]


@pytest.mark.parametrize("layout", ["dags/configs", "configs"])
def test_a_bundle_carries_its_confs(configs, tmp_path, layout):
    bundle = tmp_path / "bundle"
    (bundle / "dags").mkdir(parents=True)
    shutil.copy(LOADER, bundle / "dags")
    configs.add("churn")
    shutil.move(configs.root, bundle / layout)
    bag = dag_bag(bundle / "dags" / LOADER.name)
    assert bag.import_errors == {}
    assert set(bag.dags) == {"churn"}


def test_a_broken_folder_is_no_import_error(configs, monkeypatch):
    configs.add("good")
    configs.write("bad", "conf: [")
    monkeypatch.setenv("AIRFLOW__SAGEMAKER_MIRROR__CONFIGS_FOLDER", str(configs.root))
    bag = dag_bag(LOADER)
    assert bag.import_errors == {}
    assert set(bag.dags) == {"good", "bad"}


def test_a_removed_folder_has_no_dag(configs, monkeypatch):
    configs.add("good")
    configs.add("gone")
    monkeypatch.setenv("AIRFLOW__SAGEMAKER_MIRROR__CONFIGS_FOLDER", str(configs.root))
    assert set(dag_bag(LOADER).dags) == {"good", "gone"}
    shutil.rmtree(configs.root / "gone")
    assert set(dag_bag(LOADER).dags) == {"good"}


def test_parsing_it_loads_nothing_heavy():
    code = f"""
import json, runpy, sys
found = runpy.run_path({str(LOADER)!r})
assert "breast-cancer" in found
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []
