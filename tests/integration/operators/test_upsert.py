from __future__ import annotations

import json

import pytest

from sagemaker_mirror.compat import AirflowFailException
from sagemaker_mirror.local.faults import CallFault
from sagemaker_mirror.operators.sagemaker_pipeline import SageMakerPipelineUpsertOperator

from .conftest import CONF, VALUES
from .tasks import context_of, run


def upsert(configs, params=None, **arguments):
    task = SageMakerPipelineUpsertOperator(
        task_id="upsert", config_folder="harvest", configs_root=str(configs), values=VALUES, **arguments
    )
    return run(task, context_of(task, params=params)).result


def test_the_first_run_creates_the_pipeline_and_uploads_its_code(local, sagemaker, configs):
    result = upsert(configs)

    pipeline = sagemaker.describe_pipeline(PipelineName="harvest")
    objects = local.client("s3").list_objects_v2(Bucket=VALUES["SMP_S3BUCKETNAME"])["Contents"]
    assert result == {
        "pipeline_name": "harvest",
        "pipeline_arn": pipeline["PipelineArn"],
        "pipeline_version_id": 1,
        "definition_sha256": result["definition_sha256"],
        "changed": True,
        "uploaded": len(objects),
    }
    assert result["definition_sha256"] in pipeline["PipelineDefinition"]


def test_a_run_without_change_writes_and_uploads_nothing(local, configs):
    first = upsert(configs)
    before = local.calls.after(0)[-1].number
    second = upsert(configs)

    calls = dict(local.calls.counts(before))
    assert second == {**first, "changed": False, "uploaded": 0}
    assert calls.pop("s3:HEAD") == first["uploaded"]
    assert calls == {"ListPipelineVersions": 1, "DescribePipeline": 1}


def test_a_change_of_the_conf_is_a_new_version(local, sagemaker, configs):
    first = upsert(configs)
    conf = configs / "harvest" / "conf" / "conf.yaml"
    conf.write_text(CONF.replace("ml.m5.large", "ml.m5.xlarge"))
    second = upsert(configs)

    assert (second["pipeline_version_id"], second["changed"], second["uploaded"]) == (2, True, 0)
    assert second["definition_sha256"] != first["definition_sha256"]


def test_a_script_that_changed_is_uploaded_under_a_new_key(configs, local):
    first = upsert(configs)
    (configs / "harvest" / "scripts" / "train.py").write_text("print('another')\n")
    second = upsert(configs)

    assert second["changed"]
    assert 0 < second["uploaded"] <= first["uploaded"]


def by_hand(sagemaker, **changes):
    """Change the pipeline as somebody in Studio does."""
    definition = json.loads(sagemaker.describe_pipeline(PipelineName="harvest")["PipelineDefinition"])
    definition["Steps"][0]["Arguments"]["Environment"] = {"WEATHER": "dry"}
    sagemaker.update_pipeline(PipelineName="harvest", **({"PipelineDefinition": json.dumps(definition)} | changes))


OTHER_ROLE = {"RoleArn": "arn:aws:iam::123456789012:role/Other"}
NOTHING_OF_OURS = {"Name": "f", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}
FOREIGN = {"PipelineDefinition": json.dumps({"Version": "2020-12-01", "Steps": [NOTHING_OF_OURS]})}


@pytest.mark.parametrize(
    ("changes", "difference"), [({}, "WEATHER"), (OTHER_ROLE, "role/Other"), (FOREIGN, r"\+ .*sow")]
)
def test_what_somebody_else_changed_is_shown_and_left(configs, local, sagemaker, changes, difference):
    upsert(configs)
    by_hand(sagemaker, **changes)
    before = sagemaker.describe_pipeline(PipelineName="harvest")

    with pytest.raises(AirflowFailException, match=difference):
        upsert(configs)
    assert sagemaker.describe_pipeline(PipelineName="harvest")["LastModifiedTime"] == before["LastModifiedTime"]


def test_a_role_that_somebody_else_changed_is_drift(configs, local, sagemaker):
    upsert(configs)
    sagemaker.update_pipeline(PipelineName="harvest", **OTHER_ROLE)

    with pytest.raises(AirflowFailException, match="~ role"):
        upsert(configs)


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"PipelineDescription": "of another team"}, "~ description: of another team → Of the fields."),
        ({"ParallelismConfiguration": {"MaxParallelExecutionSteps": 9}}, "~ parallelism: 9 → 4"),
    ],
)
def test_what_stands_beside_the_definition_can_drift_too(configs, local, sagemaker, changes, difference):
    conf = configs / "harvest" / "conf" / "conf.yaml"
    conf.write_text(
        CONF.replace(
            "pipelineName: harvest", "pipelineName: harvest\n    description: Of the fields.\n    parallelism: 4"
        )
    )
    upsert(configs)
    sagemaker.update_pipeline(PipelineName="harvest", **changes)

    with pytest.raises(AirflowFailException, match=difference):
        upsert(configs)
    assert upsert(configs, on_drift="overwrite")["changed"]
    assert not upsert(configs)["changed"]


def test_a_conf_that_changes_what_stands_beside_the_definition_is_no_drift(configs, local, sagemaker):
    conf = configs / "harvest" / "conf" / "conf.yaml"
    for settings in ("description: a", "description: b", "parallelism: 4", "parallelism: 5", "description: c"):
        conf.write_text(CONF.replace("pipelineName: harvest", f"pipelineName: harvest\n    {settings}"))
        assert upsert(configs)["changed"]
        assert not upsert(configs)["changed"]
    # A limit that the conf no longer has stays, since an update can't take it away.
    pipeline = sagemaker.describe_pipeline(PipelineName="harvest")
    assert pipeline["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 5}


def test_what_somebody_else_changed_can_be_overwritten(configs, local, sagemaker):
    first = upsert(configs)
    by_hand(sagemaker, **OTHER_ROLE)
    result = upsert(configs, on_drift="overwrite")

    assert (result["changed"], result["pipeline_version_id"]) == (True, 3)
    assert result["definition_sha256"] == first["definition_sha256"]
    assert sagemaker.describe_pipeline(PipelineName="harvest")["RoleArn"] == VALUES["SMP_ROLE"]


def test_what_somebody_else_changed_can_be_adopted(configs, local, sagemaker):
    upsert(configs)
    by_hand(sagemaker)
    conf = configs / "harvest" / "conf" / "conf.yaml"
    conf.write_text(CONF.replace("conf:\n", "conf:\n  airflow: {on_drift: adopt}\n", 1))
    result = upsert(configs)

    assert (result["changed"], result["pipeline_version_id"]) == (False, 2)


def test_a_conf_that_changed_is_no_drift(configs, local):
    upsert(configs)
    conf = configs / "harvest" / "conf" / "conf.yaml"
    conf.write_text(CONF.replace("ml.m5.large", "ml.m5.xlarge"))

    assert upsert(configs)["changed"]


def test_two_runs_that_create_the_pipeline_at_once_agree(configs, local):
    # SageMaker made the pipeline for the other run: ours finds that the name is taken, and looks again.
    local.faults.add(CallFault("CreatePipeline", "conflict", times=1, after=True))

    result = upsert(configs)

    assert (result["changed"], result["pipeline_version_id"]) == (False, 1)


def test_a_conf_that_is_wrong_is_shown_with_its_place(configs, local):
    conf = configs / "harvest" / "conf" / "conf.yaml"
    conf.write_text(CONF.replace("entry_point: train.py", "entry_piont: train.py"))

    with pytest.raises(AirflowFailException, match=r"conf\.yaml:\d+:\d+: .*entry_piont"):
        upsert(configs)


def test_values_come_from_the_run_then_from_the_environment(configs, local, sagemaker, monkeypatch):
    monkeypatch.setenv("SMP_ACCOUNTID", VALUES["SMP_ACCOUNTID"])
    monkeypatch.setenv("SMP_REGION", "eu-central-1")
    monkeypatch.setenv("SMP_S3BUCKETNAME", VALUES["SMP_S3BUCKETNAME"])
    monkeypatch.setenv("AIRFLOW_VAR_SMP_ROLE", VALUES["SMP_ROLE"])
    task = SageMakerPipelineUpsertOperator(task_id="upsert", config_folder="harvest", configs_root=str(configs))
    result = run(task, context_of(task, params={"SMP_REGION": "us-east-1", "SMP_ACCOUNTID": None})).result

    assert result["pipeline_arn"].startswith("arn:aws:sagemaker:us-east-1:123456789012:")


def test_what_has_no_value_is_named(configs, local):
    task = SageMakerPipelineUpsertOperator(task_id="upsert", config_folder="harvest", configs_root=str(configs))

    with pytest.raises(AirflowFailException, match=r"SMP_ACCOUNTID.*SMP_ROLE"):
        run(task, context_of(task))


def test_tags_that_the_conf_got_later_are_added_and_strange_ones_stay(configs, sagemaker, local):
    arn = upsert(configs)["pipeline_arn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "of-others", "Value": "1"}])
    conf = configs / "harvest" / "conf" / "conf.yaml"
    conf.write_text(CONF.replace("conf:\n", "conf:\n  tags: {team: fields}\n", 1))
    upsert(configs)

    tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    assert tags == {"of-others": "1", "team": "fields"}
    before = local.calls.after(0)[-1].number
    upsert(configs)
    assert "AddTags" not in local.calls.counts(before)


def cached_steps(sagemaker, version=None):
    which = {"PipelineVersionId": version} if version else {}
    definition = json.loads(sagemaker.describe_pipeline(PipelineName="harvest", **which)["PipelineDefinition"])
    return [step["Name"] for step in definition["Steps"] if step["CacheConfig"]["Enabled"]]


def test_a_run_without_step_cache_has_a_definition_of_its_own(configs, local, sagemaker):
    conf = configs / "harvest" / "conf" / "conf.yaml"
    conf.write_text(CONF.replace("step_class: Training", "step_class: Training\n            enable_cache: true"))
    form = {"disable_cache": False}
    first = upsert(configs, form, run_settings=True)
    without = upsert(configs, {"disable_cache": True}, run_settings=True)
    again = upsert(configs, form, run_settings=True)

    assert [result["pipeline_version_id"] for result in (first, without, again)] == [1, 2, 3]
    assert [cached_steps(sagemaker, version) for version in (1, 2, 3)] == [["grow"], [], ["grow"]]
    assert first["definition_sha256"] == again["definition_sha256"] != without["definition_sha256"]


def test_recompiling_writes_all_anew(configs, local, sagemaker):
    first = upsert(configs)
    before = local.calls.after(0)[-1].number
    second = upsert(configs, {"force_recompile": True}, run_settings=True)

    calls = local.calls.counts(before)
    assert second == {**first, "pipeline_version_id": 2}
    assert calls["s3:PUT"] == first["uploaded"]
    assert calls["UpdatePipeline"] == 1


def test_recompiling_does_not_overwrite_what_somebody_else_changed(configs, local, sagemaker):
    upsert(configs)
    by_hand(sagemaker)

    with pytest.raises(AirflowFailException, match="WEATHER"):
        upsert(configs, {"force_recompile": True}, run_settings=True)


def test_a_run_that_adopts_an_execution_writes_nothing(configs, local, sagemaker):
    first = upsert(configs)
    conf = configs / "harvest" / "conf" / "conf.yaml"
    conf.write_text(CONF.replace("ml.m5.large", "ml.m5.xlarge"))
    before = local.calls.after(0)[-1].number
    result = upsert(configs, {"execution_arn": f"{first['pipeline_arn']}/execution/abc"}, run_settings=True)

    assert result == {
        "pipeline_name": "harvest",
        "pipeline_arn": first["pipeline_arn"],
        "pipeline_version_id": None,
        "definition_sha256": None,
        "changed": False,
        "uploaded": 0,
    }
    assert dict(local.calls.counts(before)) == {"DescribePipeline": 1}


def test_there_is_nothing_to_adopt_of_a_pipeline_that_is_not_there(configs, local):
    arn = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/harvest/execution/abc"

    with pytest.raises(AirflowFailException, match="no pipeline harvest"):
        upsert(configs, {"execution_arn": arn}, run_settings=True)


def test_without_a_form_the_runs_settings_are_left_alone(configs, local):
    first = upsert(configs)

    assert upsert(configs, {"force_recompile": True, "disable_cache": True}) == {
        **first,
        "changed": False,
        "uploaded": 0,
    }
