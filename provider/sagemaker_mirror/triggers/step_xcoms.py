"""The XComs of a step's task that runs in a triggerer, pushed as a worker pushes them.

Not with the event that ends the task: Airflow 3.3.1 stores what comes with it as texts, so that other tasks would
pull a text of JSON where a worker gives them a dictionary. And whoever opens a waiting task wants its link.
"""

from __future__ import annotations

from typing import Any

from sagemaker_mirror.compat import push_link, push_xcom
from sagemaker_mirror.following.step import Ending, Resumption
from sagemaker_mirror.links.sagemaker import SageMakerJobLink, SageMakerJobLogsLink, SageMakerPipelineExecutionLink

RETURNED = "return_value"
RESUMPTION = "sagemaker_resumption"


class StepXComs:
    """Pushes and pulls the XComs of one try. All of it blocks.

    :param task_instance: the task instance, as the triggerer has it
    """

    def __init__(self, task_instance: Any) -> None:
        self._ti = task_instance
        self.try_number: int = task_instance.try_number

    def begin(self, execution_arn: str) -> None:
        """Push what is known at the beginning, and empty what an earlier try has left.

        :param execution_arn: the execution
        """
        self._push_link(SageMakerPipelineExecutionLink(), SageMakerPipelineExecutionLink.parts(execution_arn))
        if self.try_number > 1:
            push_xcom(self._ti, RETURNED, None)
            for link in (SageMakerJobLink(), SageMakerJobLogsLink()):
                self._push_link(link, None)

    def remember(self, resumption: Resumption) -> None:
        """Keep what this try asks SageMaker for, lest a restart of the triggerer has it ask for another retry.

        :param resumption: the retry
        """
        push_xcom(self._ti, RESUMPTION, {"try_number": self.try_number, **resumption.to_json()})

    def remembered(self) -> Resumption | None:
        """Return what this try has asked for already."""
        kept = self._ti.xcom_pull(task_ids=self._ti.task_id, key=RESUMPTION, map_indexes=self._ti.map_index)
        if not kept or kept["try_number"] != self.try_number:
            return None
        return Resumption.from_json(kept)

    def end(self, ending: Ending) -> None:
        """Push what came of the step.

        :param ending: the task's end
        """
        for link in (SageMakerJobLink(), SageMakerJobLogsLink()):
            if link.key in ending.links:
                self._push_link(link, ending.links[link.key])
        if ending.fields and self._ti.task.do_xcom_push:
            push_xcom(self._ti, RETURNED, ending.fields)

    def _push_link(self, link: Any, parts: dict[str, Any] | None) -> None:
        push_xcom(self._ti, link.key, parts)
        push_link(self._ti, link, link.format_link(parts) if parts else "")
