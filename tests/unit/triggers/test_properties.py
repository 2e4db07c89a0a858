"""Whatever SageMaker answers, in whatever order: a triggerer makes nothing green whose step did not succeed."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagemaker_mirror.compat import STARTS_IN_TRIGGERER
from sagemaker_mirror.hooks.connection import AwsConnection
from sagemaker_mirror.hooks.sagemaker_mirror import SageMakerMirrorHook
from sagemaker_mirror.mirror.states import UnknownStatusError, Verdict
from tests.unit.mirror.snapshots import ARN
from tests.unit.mirror.test_properties import NAMES, answers, definitions, patient

pytestmark = pytest.mark.skipif(not STARTS_IN_TRIGGERER, reason="Tasks do not end in this version's triggerer")

if STARTS_IN_TRIGGERER:
    from tests.integration.operators.triggerer import RecordedTrigger, ends_task, event_of, supervised


class Client:
    """A SageMaker client that is answered with one look after the other, and then with an error for ever."""

    def __init__(self, looks, definition):
        self.looks = looks
        self.definition = definition
        self.last = None

    def describe_pipeline_execution(self, **request):
        if not self.looks:
            raise ValueError("There is no more to see.")
        self.last = self.looks.pop(0)
        return self.last[0]

    def get_paginator(self, operation):
        return SimpleNamespace(paginate=lambda **request: [{"PipelineExecutionSteps": self.last[1]}])

    def describe_pipeline_definition_for_execution(self, **request):
        return {"PipelineDefinition": json.dumps(self.definition)}

    def retry_pipeline_execution(self, **request):
        return {}


@pytest.fixture(autouse=True, scope="module")
def client_of_the_test():
    """Let hooks take the client that the test is at."""
    place = SimpleNamespace(client=None)

    def hook(connection):
        made = SageMakerMirrorHook()
        made.__dict__["conn"] = place.client
        return made

    with patch.object(AwsConnection, "hook", hook):
        yield place


def watched(name, try_number):
    """The trigger of a step's task, as the triggerer makes it."""
    task = SimpleNamespace(
        template_ext=(),
        template_fields=(),
        start_trigger_args=None,
        do_xcom_push=True,
        has_on_execute_callback=False,
        has_on_success_callback=False,
        has_on_skipped_callback=False,
        has_on_failure_callback=False,
        has_on_retry_callback=False,
        has_retry_policy=False,
        multiple_outputs=False,
        outlets=[],
        email=None,
        iter_mapped_dependants=list,
        dag=SimpleNamespace(fail_fast=False),
    )
    trigger = RecordedTrigger(ARN, name, poll_interval=0)
    ids = {"dag_id": "d", "run_id": "r", "task_id": name, "map_index": -1, "try_number": try_number}
    trigger.task_instance = SimpleNamespace(task=task, xcom_pull=lambda **which: None, **ids)
    return trigger


@patient
@given(st.lists(answers, min_size=1, max_size=5), st.sampled_from(NAMES), definitions, st.sampled_from([1, 2]))
def test_a_task_is_green_only_when_its_step_succeeded(client_of_the_test, looks, name, definition, try_number):
    client_of_the_test.client = Client(list(looks), definition)
    trigger = watched(name, try_number)
    try:
        with supervised({}):
            event = asyncio.run(event_of(trigger))
    except UnknownStatusError:
        return

    if trigger.outcome.verdict is Verdict.SUCCESS:
        assert trigger.snapshot.steps[name].status == "Succeeded"
    if trigger.outcome.verdict is Verdict.SKIPPED:
        assert name not in trigger.snapshot.steps
    # A later try ends on a worker, which looks for itself.
    assert ends_task(event) == (try_number == 1)
    if ends_task(event):
        assert event.task_instance_state.value == trigger.outcome.verdict.value
