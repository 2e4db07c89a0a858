"""The trigger form."""

from __future__ import annotations

from pathlib import Path

import pytest

from sagemaker_mirror.compat import AIRFLOW_3, DAG
from sagemaker_mirror.config import ConfigError
from sagemaker_mirror.config.pipeline import RUN_SETTINGS
from sagemaker_mirror.factory import SageMakerPipelineDag, SageMakerPipelineTaskGroup, build_dags


def params_of(configs, **kwargs):
    configs.add("churn", **kwargs)
    dag = build_dags(configs.root)["churn"]
    assert "broken-config" not in dag.tags, dag.description
    return dict(dag.params.items())


def accepts(param, value):
    try:
        param.resolve(value)
    except Exception as error:
        assert type(error).__name__ == "ParamValidationError"
        return False
    return True


PARAMETERS = {
    "Epochs": {"type": "Integer", "default": 10, "minimum": 1, "maximum": 100, "description": "How long."},
    "Rate": {"type": "Float", "default": 0.5},
    "Dry": {"type": "Boolean", "default": False},
    "Kind": {"default": "small", "enum": ["small", "large"]},
    "Input": {},
    "Output": {"default": "s3://SMP_S3BUCKETNAME/out", "description": "Where to."},
}


def test_parameters_come_first_in_the_order_of_the_conf(configs):
    params = params_of(configs, parameters=PARAMETERS)
    assert list(params)[: len(PARAMETERS)] == list(PARAMETERS)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("Epochs", [1, 100], [0, 101, 1.5, "ten", None]),
        ("Rate", [0.1, 3], ["a lot", None]),
        ("Dry", [True, False], ["yes", 1]),
        ("Kind", ["small", "large"], ["medium", None]),
        ("Input", ["s3://bucket/in"], [3, None]),
        ("Output", ["s3://bucket/out", None], [3]),
    ],
)
def test_the_form_refuses_what_sagemaker_would(configs, name, good, bad):
    param = params_of(configs, parameters=PARAMETERS)[name]
    assert [value for value in good if not accepts(param, value)] == []
    assert [value for value in bad if accepts(param, value)] == []


def test_defaults_and_descriptions(configs):
    params = params_of(configs, parameters=PARAMETERS)
    assert (params["Epochs"].value, params["Epochs"].description) == (10, "How long.")
    assert params["Output"].value is None
    assert params["Output"].description == "Where to. Empty: s3://SMP_S3BUCKETNAME/out"
    assert not params["Input"].has_value


def test_params_go_to_the_execution(configs):
    configs.add("churn", parameters=PARAMETERS)
    start = build_dags(configs.root)["churn"].get_task("start")
    assert start.param_names == tuple(PARAMETERS)


def test_the_settings_of_a_run_are_folded_and_stand_for_nothing(configs):
    params = params_of(configs, parameters=PARAMETERS)
    start = len(PARAMETERS)
    assert tuple(params)[start : start + len(RUN_SETTINGS)] == RUN_SETTINGS
    for name in RUN_SETTINGS:
        assert params[name].schema["section"] == "SageMaker"
        assert params[name].value in (None, False, [])
        assert accepts(params[name], params[name].value)


ARN = "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/churn-pipeline/execution/abc123"


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("display_name", ["nightly-1", "x" * 82, None], ["", "no spaces", "-a", "a-", "ä", "x" * 83, 3]),
        ("max_parallel_steps", [1, 500, None], [0, 1.5, "two"]),
        ("selected_steps", [["fit"], ["fit", "score"], [], None], [["nothing"], ["fit", "fit"], "fit", [1]]),
        ("force_recompile", [True, False], [None, "yes"]),
        ("disable_cache", [True, False], [None, 1]),
        *(
            (
                name,
                [ARN, ARN.replace("arn:aws:", "arn:aws-us-gov:"), None],
                ["", "abc123", ARN.replace("churn-pipeline", "other"), ARN.replace("/abc123", ""), f"{ARN}/more"],
            )
            for name in ("source_execution_arn", "execution_arn")
        ),
    ],
)
def test_the_form_refuses_settings_that_sagemaker_would_refuse(configs, name, good, bad):
    param = params_of(configs)[name]
    assert [value for value in good if not accepts(param, value)] == []
    assert [value for value in bad if accepts(param, value)] == []


def test_executions_of_a_pipeline_are_known_by_its_name_unless_that_has_placeholders(configs):
    file = configs.add("churn")
    written = file.read_text()
    for name, accepted in (
        ("Churn-Pipeline", {"Churn-Pipeline", "churn-pipeline"}),
        ("SMP_TEAM-churn", {"a-churn", "b"}),
        ("TEAM-churn", {"a-churn", "b"}),
    ):
        variables = "conf:\n  variables: {TEAM: a}\n" if name == "TEAM-churn" else "conf:\n"
        file.write_text(written.replace("churn-pipeline", name).replace("conf:\n", variables, 1))
        param = build_dags(configs.root)["churn"].params.get_param("execution_arn")
        names = ["Churn-Pipeline", "churn-pipeline", "a-churn", "b", "a/b"]
        found = {text for text in names if accepts(param, ARN.replace("churn-pipeline", text))}
        assert found >= accepted
        assert ("b" in found) == ("b" in accepted)
        assert "a/b" not in found


def test_at_most_fifty_steps_are_run_by_themselves(configs):
    many = {"churn": [(f"fit-{number}", "Training", []) for number in range(51)]}
    param = params_of(configs, steps=many)["selected_steps"]
    names = [f"fit-{number}" for number in range(51)]
    # What Airflow 3 offers; the form of Airflow 2 breaks where it is refused and no example was chosen.
    assert param.schema.get("examples") == (names if AIRFLOW_3 else None)
    assert accepts(param, names[:50])
    assert not accepts(param, names)


@pytest.mark.skipif(AIRFLOW_3, reason="the form of Airflow 3 is no template")
@pytest.mark.parametrize("value", [None, [], ["fit"]])
def test_airflow_2_can_show_the_form_again_when_a_value_was_wrong(configs, value):
    """Its form sends null where nothing is chosen, and is then rendered with what it sent."""
    import airflow.www
    import jinja2

    template = (Path(airflow.www.__file__).parent / "templates" / "airflow" / "trigger.html").read_text()
    macro = template[template.index("{% macro form_element") : template.index("{% endmacro %}")]
    field = params_of(configs)["selected_steps"].dump() | {"value": value}
    page = jinja2.Environment(autoescape=True).from_string(
        f"{macro}{{% endmacro %}}{{{{ form_element('selected_steps', field) }}}}"
    )

    lines = page.render(field=field).partition("<textarea")[2].partition("</textarea")[0]
    assert ("fit\n" in lines) == bool(value)


def test_the_tasks_of_a_folder_read_the_form_and_those_of_a_group_do_not(configs):
    configs.add("churn")
    dag = build_dags(configs.root)["churn"]
    assert dag.get_task("start").run_settings
    assert dag.get_task("upsert").run_settings
    with DAG("other", schedule=None) as other:
        SageMakerPipelineTaskGroup("churn", configs=configs.root)
    assert not other.get_task("churn.start").run_settings
    assert not other.get_task("churn.upsert").run_settings


def test_placeholders_are_folded_and_never_required(configs):
    params = {name: param for name, param in params_of(configs).items() if name.startswith("SMP_")}
    assert {"SMP_REGION", "SMP_ACCOUNTID", "SMP_S3BUCKETNAME", "SMP_ROLE"} <= set(params)
    for param in params.values():
        assert param.schema["section"] == "Placeholders"
        assert param.value is None
        assert accepts(param, None)


def test_placeholders_of_the_conf_are_asked_for(configs):
    params = params_of(configs, tags={"Owner": "SMP_TEAM"})
    assert "environment variable SMP_TEAM" in params["SMP_TEAM"].description


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("SMP_ACCOUNTID", "123456789012", "12345"),
        ("SMP_REGION", "us-gov-west-1", "Virginia"),
        ("SMP_S3BUCKETNAME", "my-bucket.eu", "s3://my-bucket"),
        ("SMP_ROLE", "arn:aws-cn:iam::123456789012:role/path/SageMaker", "SageMaker"),
    ],
)
def test_values_of_known_placeholders_are_checked(configs, name, good, bad):
    param = params_of(configs)[name]
    assert accepts(param, good)
    assert not accepts(param, bad)


def test_variables_show_their_default(configs):
    params = params_of(configs, variables={"TEAM": "data", "STAGE": None}, tags={"Owner": "TEAM", "Stage": "STAGE"})
    assert params["TEAM"].value is None
    assert params["TEAM"].description == "Variable of the conf. Empty: data."
    assert not accepts(params["STAGE"], None)


def test_a_schedule_needs_a_default_for_everything(configs):
    configs.add(
        "churn",
        parameters=PARAMETERS,
        variables={"STAGE": None},
        tags={"Stage": "STAGE"},
        airflow={"schedule": "@daily"},
    )
    dag = build_dags(configs.root)["churn"]
    assert set(dag.tags) == {"broken-config"}
    (first, second) = dag.description.split("; ")
    assert "needs a default" in first
    assert "needs a default" in second
    with pytest.raises(ConfigError, match="needs a default"):
        SageMakerPipelineDag("churn", configs=configs.root)
    assert SageMakerPipelineDag("churn", configs=configs.root, schedule=None)


def test_params_of_ones_own_come_before_the_form(configs):
    configs.add("churn", parameters=PARAMETERS)
    dag = SageMakerPipelineDag("churn", configs=configs.root, params={"Epochs": 3, "mine": 4})
    assert (dag.params["Epochs"], dag.params["mine"], dag.params["Rate"]) == (3, 4, 0.5)


def test_tasks_carry_no_copies_of_the_form(configs):
    configs.add("churn", parameters=PARAMETERS)
    dag = build_dags(configs.root)["churn"]
    assert [task.task_id for task in dag.tasks if task.params] == []
