"""Triggers the run of an execution that was begun outside Airflow, or re-opens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sagemaker_mirror import settings
from sagemaker_mirror.compat import AIRFLOW_3, AirflowFailException, Context, TriggerDagRunOperator

if TYPE_CHECKING:
    from sagemaker_mirror.hooks.airflow_api import AirflowApi


class SageMakerExternalRunOperator(TriggerDagRunOperator):
    """Do one thing that :class:`~sagemaker_mirror.operators.external.SageMakerExternalExecutionsOperator` found.

    * Trigger the run that mirrors an execution, unless there is one: the run's id is made of the execution's.
    * An execution goes on although its run has ended, because somebody retried it in Studio: re-open the run, where
      ``[sagemaker_mirror] airflow_api_conn_id`` names a connection to Airflow's API. Else fail, to report it.
    * Fail with a problem.

    :param trigger_dag_id: the DAG
    :param shown_as: what stands for this in Airflow's list of mapped tasks
    :param going_on: the execution that goes on, and the tasks of its run that matter
    :param problem: why a folder's executions could not be looked for
    """

    # The parameters of an execution are anybody's text: none of it is a template.
    template_fields: Sequence[str] = ()
    ui_color = "#e6f0fb"

    def __init__(
        self,
        *,
        trigger_dag_id: str,
        shown_as: str = "",
        going_on: Mapping[str, Any] | None = None,
        problem: str | None = None,
        **kwargs: Any,
    ) -> None:
        # In Airflow 3 runs need no logical date, and no two may have the same.
        when: dict[str, Any] = {"logical_date": None} if AIRFLOW_3 else {}
        super().__init__(trigger_dag_id=trigger_dag_id, skip_when_already_exists=True, **when, **kwargs)
        self.shown_as = shown_as
        self.going_on = going_on
        self.problem = problem

    def execute(self, context: Context) -> None:
        """Trigger, re-open or fail."""
        if self.problem is not None:
            raise AirflowFailException(self.problem)
        if self.going_on is not None:
            self._reopen(self.going_on)
            return
        conf = self.conf or {}
        if hasattr(self, "note"):  # Airflow 3.3; before, the conf tells alone
            self.note = note_of(conf)
        self.log.info("%s", note_of(conf))
        super().execute(context)

    def _reopen(self, going_on: Mapping[str, Any]) -> None:
        dag_id, run_id, arn = self.trigger_dag_id, str(self.trigger_run_id), going_on["execution_arn"]
        report = f"Execution {arn} goes on, although run {run_id} of {dag_id}, which mirrors it, has ended"
        conn_id = settings.airflow_api_conn_id()
        if conn_id is None:
            raise AirflowFailException(
                f"{report}. Clear the failed tasks of the run to follow it again; with [sagemaker_mirror] "
                "airflow_api_conn_id they are cleared for you."
            )
        if not going_on["is_folders"]:
            raise AirflowFailException(f"{report}. That is a DAG with other tasks, too: clear in it what you need.")
        from sagemaker_mirror.hooks.airflow_api import AirflowApi

        api = AirflowApi(conn_id)
        obstacle = self._obstacle(api, going_on)
        if obstacle is not None:
            raise AirflowFailException(f"{report}. The run is not re-opened: {obstacle}.")
        self.log.warning("%s: somebody retried it. Clearing the run's failed tasks.", report)
        self.log.info("Cleared: %s.", ", ".join(api.clear_failed(dag_id, run_id)))

    def _obstacle(self, api: AirflowApi, going_on: Mapping[str, Any]) -> str | None:
        """Say why it was not a retry that set the execution going again, or one of another execution."""
        run = (self.trigger_dag_id, str(self.trigger_run_id))
        # Where a run is marked failed by hand its summary never gives a verdict; then its execution is being stopped.
        verdict = api.task_state(*run, going_on["summary"])
        if verdict != "failed":
            return f"its task {going_on['summary']} is {verdict}, so it did not end because its execution failed"
        followed = api.xcom(*run, going_on["start"])
        if followed != going_on["execution_arn"]:
            return f"it follows {followed} by now"
        return None


def note_of(conf: Mapping[str, Any]) -> str:
    """Return the note of a run that mirrors an execution begun elsewhere.

    :param conf: the run's conf
    """
    by = f" by {conf['started_by']}, a user of Studio" if conf.get("started_by") else ""
    return f"Execution {conf.get('execution_arn')} was begun outside Airflow{by}."
