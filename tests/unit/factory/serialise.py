"""Print the DAGs of a configs root as Airflow would store them; test_serialisation runs this in its own processes."""

from __future__ import annotations

import json
import sys

from sagemaker_mirror.factory import build_dags

# Airflow's own, and different on every machine.
OF_THE_MACHINE = ("fileloc", "relative_fileloc", "_processor_dags_folder")


def serialise(dag) -> dict:
    """Return a DAG as the DAG processor writes it into the database."""
    stored = json.loads(json.dumps(_serialization().to_dict(dag)))
    for key in OF_THE_MACHINE:
        stored["dag"].pop(key, None)
    return stored


def deserialise(stored: dict):
    """Return the DAG as the scheduler and the webserver read it."""
    stored = {**stored, "dag": {**stored["dag"], "fileloc": "loader.py", "_processor_dags_folder": "dags"}}
    return _serialization().from_dict(stored)


def _serialization():
    # Loading it takes long, so what imports this module doesn't do it before it is needed.
    from airflow.serialization import serialized_objects

    return getattr(serialized_objects, "DagSerialization", serialized_objects.SerializedDAG)


if __name__ == "__main__":
    # Keys in order, as Airflow sorts them to see whether a DAG has changed.
    stored = {dag_id: serialise(dag) for dag_id, dag in build_dags(sys.argv[1]).items()}
    json.dump(stored, sys.stdout, sort_keys=True)
