"""Which run of Airflow started an execution: written into its description, and read from there."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DESCRIPTION = re.compile(
    r"Airflow DAG (?P<dag_id>[^,\s]+), run (?P<run_id>.+), task (?P<task_id>[^,\s]+), version .+"
)


@dataclass(frozen=True)
class Origin:
    """The task that started an execution.

    :param dag_id: its DAG
    :param run_id: its run
    :param task_id: the task
    """

    dag_id: str
    run_id: str
    task_id: str

    def description(self, version: int | None) -> str:
        """Return the PipelineExecutionDescription of an execution that the task starts.

        :param version: PipelineVersionId of what is started
        """
        return f"Airflow DAG {self.dag_id}, run {self.run_id}, task {self.task_id}, version {version}"

    @classmethod
    def read(cls, description: str | None) -> Origin | None:
        """Read what :meth:`description` wrote; None: no task of Airflow started the execution.

        :param description: PipelineExecutionDescription
        """
        match = _DESCRIPTION.fullmatch(description or "")
        return cls(**match.groupdict()) if match else None
