"""A folder with errors: a DAG of its name says so, where one would look for the pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sagemaker_mirror.compat import DAG, AirflowFailException, BaseOperator, Context
from sagemaker_mirror.config import ConfigFolder
from sagemaker_mirror.factory.arguments import UNSCHEDULED
from sagemaker_mirror.factory.docs import broken_docs, portable

TAG = "broken-config"


class BrokenConfigOperator(BaseOperator):
    """Fail with the errors of a config folder, without retries.

    :param problems: the errors, ``path:line:column: message``
    """

    ui_color = "#f8d7da"
    custom_operator_name = "Broken config"

    def __init__(self, *, problems: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.problems = tuple(problems)

    def execute(self, context: Context) -> None:
        """Fail.

        :raises AirflowFailException: always, with the errors
        """
        advice = "Mend the conf: once Airflow has parsed it again, this DAG is the pipeline's."
        raise AirflowFailException("\n".join([*self.problems, advice]))


def broken_dag(dag_id: str, folder: ConfigFolder, problems: Sequence[str]) -> DAG:
    """Return the DAG of a folder with errors: they are its docs, its description, and why its runs fail.

    :param dag_id: the DAG's id
    :param folder: the folder
    :param problems: the errors, one line each
    """
    lines = portable(problems, folder.path.parent)
    dag = DAG(dag_id, **UNSCHEDULED, description="; ".join(lines), doc_md=broken_docs(folder, lines), tags=[TAG])
    BrokenConfigOperator(task_id="config-errors", problems=lines, dag=dag)
    return dag
