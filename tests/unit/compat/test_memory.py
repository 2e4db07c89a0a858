"""What tasks remember beyond their runs, and which runs there are."""

from __future__ import annotations

import pytest

from sagemaker_mirror.compat import AIRFLOW_3, AIRFLOW_3_3, read_memory, read_run_states, write_memory


class Accessors(dict):
    """The state stores of a task's inlets, as Airflow 3.3 gives them: by asset, compared by name."""

    def __getitem__(self, asset):
        return super().__getitem__(asset.name)


class Store(dict):
    set = dict.__setitem__


@pytest.mark.skipif(not AIRFLOW_3_3, reason="assets have no state store before")
def test_it_lies_in_the_state_store_of_an_asset():
    store = Store()
    context = {"asset_state_store": Accessors({"harvest": store})}
    assert read_memory(context, "harvest", "field") is None
    write_memory(context, "harvest", "field", {"rows": 3})
    assert read_memory(context, "harvest", "field") == {"rows": 3} == store["field"]


@pytest.mark.skipif(AIRFLOW_3, reason="Airflow 3 has no database for tasks")
def test_before_it_lies_in_a_variable():
    from airflow.models.variable import Variable
    from airflow.utils.db import initdb

    initdb()
    assert read_memory({}, "harvest", "field") is None
    write_memory({}, "harvest", "field", {"rows": 3})
    assert read_memory({}, "harvest", "field") == {"rows": 3}
    assert Variable.get("harvest__field") == '{"rows": 3}'
    Variable.delete("harvest__field")


@pytest.mark.skipif(not AIRFLOW_3, reason="2.11 has the database")
def test_runs_are_counted_before_their_states_are_asked_for(monkeypatch):
    from airflow.sdk.execution_time import task_runner

    def state(dag_id, run_id):
        # Where there is no run the execution API answers with an error.
        return {("d", "a"): "running", ("d", "b"): "failed"}[dag_id, run_id]

    monkeypatch.setattr(
        task_runner.RuntimeTaskInstance,
        "get_dr_count",
        staticmethod(lambda dag_id, run_ids: len({"a", "b"}.intersection(run_ids))),
    )
    monkeypatch.setattr(task_runner.RuntimeTaskInstance, "get_dagrun_state", staticmethod(state))
    assert read_run_states("d", ["a", "b", "c"]) == {"a": "running", "b": "failed"}
