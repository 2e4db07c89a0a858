"""The DAG that gives executions begun outside Airflow a run each: where there is one, and what it is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from sagemaker_mirror.compat import AIRFLOW_3, AIRFLOW_3_3
from sagemaker_mirror.factory import build_dags
from sagemaker_mirror.factory.dispatcher import DISPATCHER_ID
from tests.unit.factory.serialise import serialise
from tests.unit.factory.test_serialisation import stored_by_a_process

MIRRORED = {"airflow": {"mirror_external": True}}


def test_it_is_there_only_where_a_folder_mirrors_what_was_begun_elsewhere(configs):
    configs.add("a")
    assert list(build_dags(configs.root)) == ["a"]
    configs.add("b", **MIRRORED)
    assert list(build_dags(configs.root)) == ["a", "b", DISPATCHER_ID]


def test_a_broken_folder_makes_none(configs):
    configs.write("a", "conf: {airflow: {mirror_external: true}}")
    assert list(build_dags(configs.root)) == ["a"]


def test_its_own_tasks_open_no_folder(configs, parsing, monkeypatch):
    from sagemaker_mirror.factory import dags

    configs.add("a", **MIRRORED)
    full = build_dags(configs.root)[DISPATCHER_ID]
    monkeypatch.setattr(dags, "load_folder", lambda folder: pytest.fail(f"{folder} was opened"))
    parsing(DISPATCHER_ID)
    (dag,) = build_dags(configs.root).values()
    stored, of_all = (serialise(one)["dag"]["tasks"] for one in (dag, full))
    for task in (*stored, *of_all):
        # What watches the asset is the DAG processor's business.
        task["__var"].pop("inlets", None)
    assert stored == of_all


def test_the_tasks_of_a_folder_open_no_dispatcher(configs, parsing):
    configs.add("a", **MIRRORED)
    parsing("a")
    assert list(build_dags(configs.root)) == ["a"]


def test_another_dag_of_the_file_opens_it_too(configs, parsing):
    configs.add("a", **MIRRORED)
    parsing("somebody-elses")
    assert list(build_dags(configs.root)) == ["a", DISPATCHER_ID]


def test_no_folder_can_have_its_name(configs):
    configs.add(DISPATCHER_ID)
    configs.add("z", **MIRRORED)
    dags = build_dags(configs.root)
    assert list(dags) == ["z", f"{DISPATCHER_ID}_", DISPATCHER_ID]
    assert "no folder can have it" in dags[f"{DISPATCHER_ID}_"].description


def test_it_looks_and_maps_one_task_over_what_it_found(configs):
    configs.add("a", **MIRRORED)
    dag = build_dags(configs.root, default_args={"aws_conn_id": "mine", "deferrable": True})[DISPATCHER_ID]
    assert set(dag.task_ids) == {"find", "dispatch"}
    assert dag.get_task("find").downstream_task_ids == {"dispatch"}
    assert dag.get_task("find").aws_conn_id == "mine"
    assert type(dag.get_task("dispatch")).__name__ == "MappedOperator"
    assert {dag.get_task(name).retries for name in dag.task_ids} == {2}
    assert (dag.catchup, dag.max_active_runs, dag.is_paused_upon_creation) == (False, 1, False)


@pytest.mark.skipif(not AIRFLOW_3_3, reason="assets have no state store before")
def test_it_runs_when_there_is_something_to_do(configs):
    for name in ("b", "a"):
        configs.add(name, **MIRRORED)
    configs.add("c")
    (asset,) = build_dags(configs.root)[DISPATCHER_ID].timetable.asset_condition.objects
    (watcher,) = asset.watchers
    _, arguments = watcher.trigger.serialize()
    assert arguments == {"folders": ["a", "b"], "interval": 300}


def test_the_interval_is_airflows_option(configs, monkeypatch):
    monkeypatch.setenv("AIRFLOW__SAGEMAKER_MIRROR__EXTERNAL_INTERVAL", "60")
    configs.add("a", **MIRRORED)
    stored = serialise(build_dags(configs.root)[DISPATCHER_ID])["dag"]
    # 2.11 stores a schedule under another name.
    assert "60" in str(stored.get("timetable") or stored["schedule_interval"])


def test_it_tells_no_path_of_this_machine(configs):
    configs.add("a", **MIRRORED)
    dag = build_dags(configs.root)[DISPATCHER_ID]
    stored = serialise(dag)
    assert str(configs.root) not in str(stored)


def test_every_process_and_machine_stores_the_same(configs, tmp_path):
    for name in ("c", "a", "b"):
        configs.add(name, **MIRRORED)
    first = stored_by_a_process(configs.root, "0")
    elsewhere = tmp_path / "another" / "machine"
    shutil.copytree(configs.root, elsewhere)
    assert stored_by_a_process(elsewhere, "4242") == first
    assert DISPATCHER_ID in json.loads(first)


def test_building_it_loads_nothing_heavy(configs):
    configs.add("a", **MIRRORED)
    script = (
        "import sys\nfrom sagemaker_mirror.factory import build_dags\n"
        f"assert {DISPATCHER_ID!r} in build_dags({str(configs.root)!r})\n"
        "print([m for m in ('boto3', 'botocore', 'aiobotocore', 'pandas', 'moto') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_where_nothing_is_mirrored_airflows_trigger_operator_is_not_loaded(configs):
    configs.add("a")
    module = "airflow.providers.standard.operators" if AIRFLOW_3 else "airflow.operators"
    script = (
        "import sys\nfrom sagemaker_mirror.factory import build_dags\n"
        f"build_dags({str(configs.root)!r})\nprint('{module}.trigger_dagrun' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
