"""Following one step to its end, in one try of its task; a later try resumes the execution first."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sagemaker_mirror.following.failure import log_failure
from sagemaker_mirror.following.results import collect_results
from sagemaker_mirror.following.wait import Wait, judge
from sagemaker_mirror.mirror.advice import step_advice
from sagemaker_mirror.mirror.retry import Attempt, Move, next_move, retry_token
from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot
from sagemaker_mirror.mirror.states import Outcome, Verdict
from sagemaker_mirror.mirror.watch import Watch

if TYPE_CHECKING:
    from sagemaker_mirror.hooks.sagemaker_mirror import SageMakerMirrorHook


@dataclass(frozen=True)
class Resumption:
    """The retry of an execution that a try of a task has asked for; JSON-ready.

    :param watch: what the try waits for since
    :param token: the ClientRequestToken that it sent
    """

    watch: Watch
    token: str

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Resumption:
        """Read what :meth:`to_json` wrote."""
        return cls(Watch.from_json(fields["watch"]), fields["token"])

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON takes them."""
        return {"watch": self.watch.to_json(), "token": self.token}


@dataclass(frozen=True)
class Ending:
    """How the task of a step ends.

    :param verdict: success, failed or skipped
    :param reason: why, in one sentence
    :param fields: what the task returns
    :param links: the parts of console links, by their XCom key
    """

    verdict: Verdict
    reason: str
    fields: dict[str, Any] = field(default_factory=dict)
    links: dict[str, dict[str, Any]] = field(default_factory=dict)


def _forget(resumption: Resumption) -> None:
    """Remember nothing: whoever waits carries the wait along."""


class StepFollowing:
    """Says what looks at an execution make of the task of one of its steps.

    :param hook: the way to SageMaker
    :param execution_arn: the execution
    :param step_name: the step
    :param step_class: its class in the conf; None: there is no conf
    :param log: the task's log
    :param remember: is told of a retry before it is asked for, where a try may begin anew without knowing of itself
    """

    def __init__(
        self,
        hook: SageMakerMirrorHook,
        execution_arn: str,
        step_name: str,
        *,
        step_class: str | None = None,
        log: Any,
        remember: Callable[[Resumption], None] = _forget,
    ) -> None:
        self._hook = hook
        self._execution_arn = execution_arn
        self._step_name = step_name
        self._step_class = step_class
        self._log = log
        self._remember = remember

    def advance(self, wait: Wait, snapshot: ExecutionSnapshot) -> Wait | Outcome:
        """Say what a look makes of a wait: the wait that goes on, or a final outcome.

        :param wait: what is waited for
        :param snapshot: the latest look
        :raises UnknownStatusError: nobody knows the status that SageMaker sent
        """
        outcome = judge(self._hook, self._execution_arn, wait.watch, snapshot)
        if not outcome.final:
            return wait
        if wait.watch.step_name is None:  # only a later try waits for the whole execution, to resume it
            return self.try_again(wait, snapshot)
        return outcome

    def try_again(self, wait: Wait, snapshot: ExecutionSnapshot, resumed: Resumption | None = None) -> Wait | Outcome:
        """Say what the first look of a later try makes of it; resume the execution where that is due.

        :param wait: its deadline and stop scope hold on
        :param snapshot: the look
        :param resumed: what this very try has asked for already, before its process was restarted
        :raises UnknownStatusError: nobody knows the status that SageMaker sent
        """
        failed = wait.watch.retried_attempt if wait.watch.step_name is None else None
        move = next_move(snapshot, self._step_name, failed)
        if resumed is not None:
            # The same end as then: SageMaker does not show the retry yet, or was never asked. Asking again is safe.
            if move is Move.RESUME and retry_token(snapshot) == resumed.token:
                return self._resume(replace(wait, watch=resumed.watch), snapshot)
            return self.advance(replace(wait, watch=resumed.watch), snapshot)
        if move is Move.REFUSE:
            return Outcome(
                Verdict.FAILED,
                f"The step failed, but its execution is {snapshot.status}: SageMaker resumes only executions that "
                "failed or were stopped. Clear the task that starts the execution to run it anew.",
            )
        if move is Move.AWAIT_END:
            self._log.info("The step failed, but its execution is under way: it is resumed once it has ended.")
            return replace(wait, watch=Watch(retried_attempt=Attempt.of(snapshot, self._step_name)))
        if move is Move.FOLLOW:
            return self.advance(replace(wait, watch=Watch(self._step_name)), snapshot)
        watch = Watch(self._step_name, Attempt.of(snapshot, self._step_name), time.time())
        self._remember(Resumption(watch, retry_token(snapshot)))
        return self._resume(replace(wait, watch=watch), snapshot)

    def end(self, snapshot: ExecutionSnapshot, outcome: Outcome) -> Ending:
        """Collect what came of the step, and write it into the log.

        :param snapshot: the look that the outcome follows from
        :param outcome: success, failed or skipped
        """
        step = snapshot.steps.get(self._step_name)
        failed = outcome.verdict is Verdict.FAILED
        if failed:
            log_failure(self._log, outcome.reason, step_advice(snapshot, step))
        else:
            self._log.info("%s", outcome.reason)
        if outcome.verdict is Verdict.SKIPPED or step is None:
            return Ending(outcome.verdict, outcome.reason)
        results = collect_results(self._hook, step, self._step_class, succeeded=not failed, log=self._log)
        return Ending(outcome.verdict, outcome.reason, results.fields, results.links)

    def _resume(self, wait: Wait, snapshot: ExecutionSnapshot) -> Wait | Outcome:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            resumed = self._hook.retry_execution(self._execution_arn, retry_token(snapshot))
        except (BotoCoreError, ClientError) as error:
            refused = Outcome(Verdict.FAILED, f"SageMaker does not resume the execution: {error}")
            latest = self._hook.read_execution(self._execution_arn)
            if next_move(latest, self._step_name) is not Move.FOLLOW:
                return refused
            self._log.info("Somebody else has resumed the execution meanwhile.")
            return self.advance(replace(wait, watch=Watch(self._step_name)), latest)
        self._log.info(
            "Resumed the execution, which was %s.%s",
            snapshot.status,
            "" if resumed else " A sibling had done so already.",
        )
        return wait
