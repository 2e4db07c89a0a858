"""The one module that knows Airflow's versions: what moved or was renamed between 2.11 and 3.x.

Everything else of this package imports Airflow's names from here. The names follow Airflow 3 (``Asset``, not
``Dataset``). Nothing here imports boto3, so that DAG files stay light to parse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow import __version__ as _airflow_version
from airflow.triggers.base import (
    BaseTrigger,
    StartTriggerArgs,
    TaskFailedEvent,
    TaskSkippedEvent,
    TaskSuccessEvent,
    TriggerEvent,
)

AIRFLOW_VERSION: tuple[int, ...] = tuple(int(part) for part in re.findall(r"\d+", _airflow_version)[:3])
AIRFLOW_3: bool = AIRFLOW_VERSION >= (3,)
# Airflow calls BaseTrigger.on_kill, and only for a user's action, from this version on.
AIRFLOW_3_3: bool = AIRFLOW_VERSION >= (3, 3)
# Tasks can start in the triggerer and end there: 3.2 has it disabled, before 3.3 the trigger's arguments are not
# templates, and before 3.3.1 a task that fails there is not retried.
STARTS_IN_TRIGGERER: bool = AIRFLOW_VERSION >= (3, 3, 1)

if TYPE_CHECKING or AIRFLOW_3:
    from airflow.sdk import (
        DAG,
        Asset,
        AssetAlias,
        BaseOperator,
        BaseOperatorLink,
        BaseSensorOperator,
        Context,
        Param,
        TaskGroup,
        Variable,
        get_parsing_context,
    )
else:
    from airflow.datasets import Dataset as Asset
    from airflow.datasets import DatasetAlias as AssetAlias
    from airflow.models.baseoperator import BaseOperator
    from airflow.models.baseoperatorlink import BaseOperatorLink
    from airflow.models.dag import DAG
    from airflow.models.param import Param
    from airflow.models.variable import Variable
    from airflow.sensors.base import BaseSensorOperator
    from airflow.utils.context import Context
    from airflow.utils.dag_parsing_context import get_parsing_context
    from airflow.utils.task_group import TaskGroup

if TYPE_CHECKING or AIRFLOW_3_3:
    from airflow.sdk import AssetWatcher
    from airflow.triggers.base import BaseEventTrigger
else:
    # Before, there is no asset state store, without which such a trigger does not know where it is.
    AssetWatcher, BaseEventTrigger = None, BaseTrigger

if TYPE_CHECKING or AIRFLOW_VERSION >= (3, 2):
    from airflow.sdk import conf, timezone
    from airflow.sdk.exceptions import (
        AirflowException,
        AirflowFailException,
        AirflowSkipException,
        TaskDeferred,
    )
else:
    from airflow.configuration import conf
    from airflow.exceptions import (
        AirflowException,
        AirflowFailException,
        AirflowSkipException,
        TaskDeferred,
    )
    from airflow.utils import timezone

if TYPE_CHECKING:
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import Connection
    from airflow.sdk.types import TaskInstanceKey

__all__ = [
    "AIRFLOW_3",
    "AIRFLOW_3_3",
    "AIRFLOW_VERSION",
    "DAG",
    "STARTS_IN_TRIGGERER",
    "AirflowException",
    "AirflowFailException",
    "AirflowSkipException",
    "Asset",
    "AssetAlias",
    "AssetWatcher",
    "BaseEventTrigger",
    "BaseOperator",
    "BaseOperatorLink",
    "BaseSensorOperator",
    "BaseTrigger",
    "Context",
    "Param",
    "StartTriggerArgs",
    "TaskDeferred",
    "TaskFailedEvent",
    "TaskGroup",
    "TaskSkippedEvent",
    "TaskState",
    "TaskSuccessEvent",
    "TriggerDagRunOperator",
    "TriggerEvent",
    "Variable",
    "conf",
    "emit_asset",
    "get_parsing_context",
    "push_link",
    "push_xcom",
    "read_connection",
    "read_memory",
    "read_run_states",
    "read_task_state",
    "read_task_states",
    "read_variable",
    "read_xcom",
    "timezone",
    "write_memory",
]


def __getattr__(name: str) -> Any:
    # Only the dispatcher needs it, and importing it costs every other DAG file.
    if name != "TriggerDagRunOperator":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    where = "airflow.providers.standard.operators" if AIRFLOW_3 else "airflow.operators"
    return import_module(f"{where}.trigger_dagrun").TriggerDagRunOperator


def emit_asset(context: Context, task: BaseOperator, name: str, extra: dict[str, Any]) -> None:
    """Emit an event of an asset that is known only now, as the task runs; it is written when the task succeeds.

    In Airflow 3 through each asset alias among the task's outlets. Airflow 2.11 asks its database about an alias
    whenever it parses the DAG, so there the dataset becomes an outlet of this very run of the task: Airflow looks at
    those after it, in the same process. (It keeps events of datasets that a DAG is scheduled on or names, and warns
    of the others in the log.) Before 3.2, Airflow takes no values of several parts from an alias: there they are JSON
    texts.

    :param context: the task's context
    :param task: the task, as it is being executed
    :param name: the asset's name, or its URI
    :param extra: what the event says, JSON-ready
    """
    asset = Asset(name)
    if AIRFLOW_3:
        flat = extra if AIRFLOW_VERSION >= (3, 2) else {name: _as_text(value) for name, value in extra.items()}
        for alias in (outlet for outlet in task.outlets if isinstance(outlet, AssetAlias)):
            context["outlet_events"][alias].add(asset, extra=flat)
    else:
        # Not in place: the list may be that of the task in the DAG, of which this one is a copy.
        task.outlets = [*task.outlets, asset]
        context["outlet_events"][asset].extra = extra


def _as_text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def read_variable(name: str) -> str | None:
    """Return the value of an Airflow Variable, or None where there is none.

    :param name: the Variable's key
    """
    no_value: dict[str, Any] = {"default" if AIRFLOW_3 else "default_var": None}
    value = Variable.get(name, **no_value)
    return None if value is None else str(value)


def read_memory(context: Context, asset: str, key: str) -> Any:
    """Return what tasks remember beyond their runs, or None where that is nothing.

    It lies in the state store of an asset where there is such a thing (Airflow 3.3), else in a Variable.

    :param context: the context of a task which has the asset as an inlet
    :param asset: the asset's name; the Variable's key begins with it
    :param key: what is remembered
    """
    if AIRFLOW_3_3:
        return context["asset_state_store"][Asset(asset)].get(key)
    text = read_variable(f"{asset}__{key}")
    return None if text is None else json.loads(text)


def write_memory(context: Context, asset: str, key: str, value: Any) -> None:
    """Remember something beyond a task's run.

    :param context: the context of a task which has the asset as an inlet
    :param asset: the asset's name; the Variable's key begins with it
    :param key: what is remembered
    :param value: JSON-ready, and not None
    """
    if AIRFLOW_3_3:
        context["asset_state_store"][Asset(asset)].set(key, value)
    else:
        Variable.set(f"{asset}__{key}", json.dumps(value))


def read_connection(conn_id: str) -> Connection:
    """Return an Airflow connection.

    :param conn_id: its id
    :raises AirflowNotFoundException: there is no such connection
    """
    if TYPE_CHECKING or AIRFLOW_3:
        from airflow.sdk import Connection

        get = Connection.get
    else:
        from airflow.hooks.base import BaseHook

        get = BaseHook.get_connection
    connection: Connection = get(conn_id)
    return connection


def read_xcom(ti_key: TaskInstanceKey, key: str) -> Any:
    """Return an XCom of one task instance, or None, in the process that renders the operator's links.

    :param ti_key: the task instance
    :param key: the XCom's key
    """
    if TYPE_CHECKING or AIRFLOW_3:
        from airflow.sdk.execution_time.xcom import XCom
    else:
        from airflow.models.xcom import XCom
    return XCom.get_value(ti_key=ti_key, key=key)


def push_xcom(task_instance: Any, key: str, value: Any) -> None:
    """Push an XCom of a task that runs in a triggerer of Airflow 3.3. Blocking.

    :param task_instance: the task instance, as the triggerer has it; its own ``xcom_push`` fails there in 3.3.1
    :param key: the XCom's key
    :param value: JSON-ready
    """
    from airflow.sdk.execution_time.xcom import XCom

    XCom.set(key, value, **_xcom_place(task_instance))


def push_link(task_instance: Any, link: BaseOperatorLink, address: str) -> None:
    """Give the UI the address of a task's link, as a worker of Airflow 3 does when a task ends. Blocking.

    :param task_instance: the task instance, as the triggerer has it
    :param link: the link
    :param address: where it leads; empty: nowhere
    """
    from airflow.sdk.bases.xcom import BaseXCom

    # Not through the deployment's own XCom backend: the API server reads links from the database.
    BaseXCom.set(link.xcom_key, address, **_xcom_place(task_instance))


def _xcom_place(task_instance: Any) -> dict[str, Any]:
    return {name: getattr(task_instance, name) for name in ("dag_id", "task_id", "run_id", "map_index")}


@dataclass(frozen=True)
class TaskState:
    """What Airflow holds true of one task instance and of its run, in Airflow's words; None is no state.

    :param task: a task instance state, such as ``failed``
    :param run: a DAG run state, such as ``running``
    """

    task: str | None
    run: str | None


def read_task_state(dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> TaskState:
    """Ask Airflow how a task instance and its run stand now.

    In Airflow 3 the execution API answers (the same calls that Airflow's external task sensor makes), from a worker
    and from a triggerer; in 2.11 the database. Blocking: in an event loop, call it through asgiref's
    ``sync_to_async``.
    """
    task = read_task_states(dag_id, run_id, [task_id], map_index).get(task_id)
    return TaskState(task=task, run=_run_state(dag_id, run_id))


def read_task_states(dag_id: str, run_id: str, task_ids: Sequence[str], map_index: int = -1) -> dict[str, str | None]:
    """Ask Airflow how some tasks of a run stand now; tasks that it does not know are left out. Blocking.

    :param dag_id: the DAG
    :param run_id: the run
    :param task_ids: the tasks
    :param map_index: their map index; -1: they are not mapped
    """
    if not AIRFLOW_3:
        return _states_from_database(dag_id, run_id, task_ids, map_index)

    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    answer = RuntimeTaskInstance.get_task_states(
        dag_id=dag_id, task_ids=list(task_ids), run_ids=[run_id], map_index=map_index
    )
    # The API joins the index of a mapped task to its id.
    keys = {task_id: task_id if map_index < 0 else f"{task_id}_{map_index}" for task_id in task_ids}
    found = answer.get(run_id, {})
    return {task_id: _text(found[key]) for task_id, key in keys.items() if key in found}


def _states_from_database(dag_id: str, run_id: str, task_ids: Sequence[str], map_index: int) -> dict[str, str | None]:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        rows = session.execute(
            select(TaskInstance.task_id, TaskInstance.state).where(
                TaskInstance.dag_id == dag_id,
                TaskInstance.run_id == run_id,
                TaskInstance.task_id.in_(task_ids),
                TaskInstance.map_index == map_index,
            )
        )
        return {task_id: _text(state) for task_id, state in rows}


def read_run_states(dag_id: str, run_ids: Sequence[str]) -> dict[str, str]:
    """Ask Airflow how some runs of a DAG stand now; runs that do not exist are left out. Blocking.

    :param dag_id: the DAG
    :param run_ids: the runs
    """
    if AIRFLOW_3:
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

        # The question for a state is an error where there is no run, and shows as one in the log; a count is none.
        count = RuntimeTaskInstance.get_dr_count
        found = [run_id for run_id in run_ids if count(dag_id=dag_id, run_ids=[run_id])]
    else:
        found = list(run_ids)
    states = {run_id: _run_state(dag_id, run_id) for run_id in found}
    return {run_id: state for run_id, state in states.items() if state is not None}


def _run_state(dag_id: str, run_id: str) -> str | None:
    if AIRFLOW_3:
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

        return _text(RuntimeTaskInstance.get_dagrun_state(dag_id=dag_id, run_id=run_id))

    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return _text(session.scalar(select(DagRun.state).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)))


def _text(state: Any) -> str | None:
    return None if state is None else str(getattr(state, "value", state))
