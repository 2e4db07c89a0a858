"""Finding executions that were begun outside Airflow, against the embedded SageMaker.

Airflow's side, its Variables, its memory and its DAG runs, are dictionaries here; tests/e2e has the real one.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from sagemaker_mirror.local.faults import CallFault, StepFault
from sagemaker_mirror.operators import external, values
from sagemaker_mirror.operators.external import SageMakerExternalExecutionsOperator

from .conftest import CONF
from .tasks import context_of, run

PARAMETERS = """
    parameters:
      field: {type: String, default: north}
      rows: {type: Integer, default: 3, minimum: 1}
      share: {type: Float, default: 0.5}
      organic: {type: Boolean, default: false}
"""
MIRRORED = (
    CONF.replace("conf:\n", "conf:\n  airflow: {mirror_external: true}\n  variables: {CREW: }\n", 1) + PARAMETERS
)


class Airflow:
    """What the operator asks Airflow for."""

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        self.memory: dict[str, Any] = {}
        self.runs: dict[tuple[str, str], str] = {}

    def remember(self, context: Any, asset: str, key: str, value: Any) -> None:
        self.memory[key] = json.loads(json.dumps(value))

    def run_states(self, dag_id: str, run_ids: list[str]) -> dict[str, str]:
        return {run_id: self.runs[dag_id, run_id] for run_id in run_ids if (dag_id, run_id) in self.runs}

    def trigger(self, acts: list[dict[str, Any]]) -> list[str]:
        for act in acts:
            self.runs[act["trigger_dag_id"], act["trigger_run_id"]] = "queued"
        return [act["trigger_run_id"] for act in acts]


@pytest.fixture
def airflow(monkeypatch):
    airflow = Airflow()
    monkeypatch.setattr(external, "read_memory", lambda context, asset, key: airflow.memory.get(key))
    monkeypatch.setattr(values, "read_variable", airflow.variables.get)
    monkeypatch.setattr(external, "write_memory", airflow.remember)
    monkeypatch.setattr(external, "read_run_states", airflow.run_states)
    return airflow


@pytest.fixture
def mirrored(configs, started, local):
    """The folder's conf says that executions from elsewhere are mirrored; the pipeline is in SageMaker."""
    arn = started()
    (configs / "harvest" / "conf" / "conf.yaml").write_text(MIRRORED)
    return arn


@pytest.fixture
def look(airflow, configs):
    def look() -> list[dict[str, Any]]:
        task = SageMakerExternalExecutionsOperator(task_id="find", configs_root=str(configs))
        return json.loads(json.dumps(run(task, context_of(task)).result))

    return look


@pytest.fixture
def begin(sagemaker):
    def begin(**arguments: Any) -> str:
        return sagemaker.start_pipeline_execution(PipelineName="harvest", **arguments)["PipelineExecutionArn"]

    return begin


def run_id(arn: str) -> str:
    return f"sagemaker__{arn.rsplit('/', 1)[-1]}"


def test_an_execution_begun_elsewhere_becomes_a_run(mirrored, look, begin, airflow):
    assert look() == []
    arn = begin()
    (act,) = look()
    assert act["trigger_dag_id"] == "harvest"
    assert act["trigger_run_id"] == act["shown_as"] == run_id(arn)
    assert act["conf"] == {"execution_arn": arn, "started_by": None, "CREW": ""}
    # Nobody has triggered it, so it is still new; then it is not.
    assert airflow.trigger(look()) == [run_id(arn)]
    assert look() == []


def test_the_run_has_the_executions_parameters_in_the_types_of_its_params(mirrored, look, begin, sagemaker):
    # The pipeline that is in SageMaker declares them, as the conf does.
    pipeline = sagemaker.describe_pipeline(PipelineName="harvest")
    definition = json.loads(pipeline["PipelineDefinition"])
    definition["Parameters"] = [
        {"Name": name, "Type": kind, "DefaultValue": default}
        for name, kind, default in [
            ("field", "String", "north"),
            ("rows", "Integer", 3),
            ("share", "Float", 0.5),
            ("organic", "Boolean", False),
            ("unknown", "String", "to the conf"),
        ]
    ]
    sagemaker.update_pipeline(
        PipelineName="harvest", RoleArn=pipeline["RoleArn"], PipelineDefinition=json.dumps(definition)
    )
    look()
    given = {"field": "{{ var.value.secret }}", "rows": "7", "organic": "true"}
    arn = begin(PipelineParameters=[{"Name": name, "Value": value} for name, value in given.items()])
    (act,) = look()
    assert act["conf"] == {
        "execution_arn": arn,
        "started_by": None,
        "CREW": "",
        "field": "{{ var.value.secret }}",
        "rows": 7,
        "share": 0.5,
        "organic": True,
    }


def test_who_began_it_is_told(mirrored, look, begin, local):
    look()
    local.studio_users = {"local": "maria"}
    begin()
    (act,) = look()
    assert act["conf"]["started_by"] == "maria"


def test_executions_of_ours_are_left_alone(mirrored, look, started, sagemaker, local, airflow):
    assert look() == []
    local.faults.add(StepFault("sow", "fail", times=1))
    arn = started(run_id="manual__2")
    assert local.wait(arn, 20) == "Failed"
    assert look() == []
    # Retried and described anew in Studio it is still ours.
    local.faults.add(StepFault("sow", "hold"))
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    sagemaker.update_pipeline_execution(PipelineExecutionArn=arn, PipelineExecutionDescription="mine")
    assert look() == []
    local.faults.clear()


def test_the_first_look_takes_what_is_under_way_and_leaves_history_alone(mirrored, look, begin, local):
    ended = begin()
    assert local.wait(ended, 20) == "Succeeded"
    local.faults.add(StepFault("sow", "hold"))
    under_way = begin()
    assert [act["trigger_run_id"] for act in look()] == [run_id(under_way)]
    local.faults.clear()


def test_a_burst_arrives_once_each_and_the_oldest_first(mirrored, look, begin, airflow):
    look()
    arns = [begin() for _ in range(120)]
    assert airflow.trigger(look()) == [run_id(arn) for arn in arns]
    assert look() == []


def test_what_was_not_triggered_is_found_again(mirrored, look, begin, airflow):
    look()
    arns = [begin() for _ in range(5)]
    assert airflow.trigger(look()[:2]) == [run_id(arn) for arn in arns[:2]]
    assert airflow.trigger(look()) == [run_id(arn) for arn in arns[2:]]
    assert look() == []


def test_a_look_whose_memory_was_lost_doubles_nothing(mirrored, look, begin, airflow):
    look()
    arn = begin()
    before = dict(airflow.memory)
    assert airflow.trigger(look()) == [run_id(arn)]
    airflow.memory.update(before)
    assert look() == []


def test_other_folders_are_not_looked_at(look, started, local, airflow):
    started()
    begun = local.calls.after(0)[-1].number
    assert look() == []
    assert not local.calls.after(begun)
    assert airflow.memory == {}


def test_one_folders_trouble_is_its_own(mirrored, look, begin, configs, local):
    look()
    arn = begin()
    other = configs / "zebra" / "conf" / "conf.yaml"
    other.parent.mkdir(parents=True)
    other.write_text(MIRRORED.replace("pipelineName: harvest", "pipelineName: SMP_FIELD"))
    broken = configs / "apples" / "conf" / "conf.yaml"
    broken.parent.mkdir(parents=True)
    broken.write_text("conf: {airflow: {mirror_external: true}}")
    first, second = look()
    assert first["trigger_run_id"] == run_id(arn)
    assert second["trigger_dag_id"] == "zebra"
    assert "has SMP_FIELD, which has no value" in second["problem"]


def test_placeholders_in_the_pipelines_name_get_their_values(mirrored, look, begin, configs, airflow, monkeypatch):
    conf = configs / "harvest" / "conf" / "conf.yaml"
    conf.write_text(conf.read_text().replace("pipelineName: harvest", "pipelineName: SMP_FIELD"))
    monkeypatch.setenv("SMP_FIELD", "elsewhere")
    # There is no such pipeline yet, and so no execution.
    assert look() == []
    airflow.variables["SMP_FIELD"] = "harvest"
    # Another pipeline begins anew.
    assert look() == []
    arn = begin()
    assert [act["trigger_run_id"] for act in look()] == [run_id(arn)]
    assert airflow.memory["harvest"]["watermark"]["pipeline"] == "harvest"


def test_a_pipeline_that_cannot_be_listed_is_a_problem_and_nothing_is_forgotten(mirrored, look, begin, local):
    look()
    arn = begin()
    fault = local.faults.add(CallFault("ListPipelineExecutions", "deny"))
    (act,) = look()
    assert "AccessDeniedException" in act["problem"]
    local.faults.remove(fault)
    assert [act["trigger_run_id"] for act in look()] == [run_id(arn)]


def test_an_execution_retried_after_its_run_ended_is_reported_once(mirrored, look, begin, airflow, local, sagemaker):
    look()
    local.faults.add(StepFault("sow", "fail", times=1))
    arn = begin()
    airflow.trigger(look())
    assert local.wait(arn, 20) == "Failed"
    airflow.runs["harvest", run_id(arn)] = "failed"
    assert look() == []
    local.faults.add(StepFault("sow", "hold"))
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    (act,) = look()
    assert act["trigger_run_id"] == run_id(arn)
    assert act["going_on"] == {"execution_arn": arn, "is_folders": True, "start": "start", "summary": "summary"}
    assert look() == []
    local.faults.clear()


def test_an_execution_that_ended_with_its_run_is_not_taken_for_a_retried_one(
    mirrored, look, begin, airflow, local, monkeypatch
):
    look()
    held = local.faults.add(StepFault("sow", "hold"))
    arn = begin()
    airflow.trigger(look())

    def ends_in_between(dag_id: str, run_ids: list[str]) -> dict[str, str]:
        local.faults.remove(held)
        local.wait(arn, 20)
        return dict.fromkeys(run_ids, "success")

    monkeypatch.setattr(external, "read_run_states", ends_in_between)
    assert look() == []


def test_the_look_is_one_call_where_nothing_happens(mirrored, look, local):
    assert local.wait(mirrored, 20) == "Succeeded"
    look()
    begun = local.calls.after(0)[-1].number
    look()
    assert [call.operation for call in local.calls.after(begun)] == ["ListPipelineExecutions"]
