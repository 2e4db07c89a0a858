"""Placeholders, variables, parameters, the conf for all folders, source folders."""

from __future__ import annotations

import pytest

from sagemaker_mirror.config import ConfigError, clashing_names, load_folder
from sagemaker_mirror.config.pipeline import RUN_SETTINGS
from tests.unit.config.folders import CONF, VALUES, changed, expect, load, problems_of, write

NETWORK = """\
  s3Bucket: SMP_S3BUCKETNAME
  sagemakerNetworkSecurity:
    subnets: SMP_SUBNETS
    role: SMP_ROLE
    security_groups_id: [SMP_SECURITYGROUPS, sg-2]
    kms_key: arn:aws:kms:SMP_REGION:SMP_ACCOUNTID:key/SMP_KMS_KEY
"""


def test_placeholders_stay_until_they_are_resolved(tmp_path):
    config = load(tmp_path)
    resolved = config.resolve(VALUES)

    assert config.placeholders == {"SMP_ACCOUNTID", "SMP_REGION", "SMP_S3BUCKETNAME"}
    assert resolved.placeholders == frozenset()
    prepare = resolved.models["iris"].sections["prepare"]
    assert prepare.image_uri == "123456789012.dkr.ecr.eu-central-1.amazonaws.com/sklearn:1.2"
    assert prepare.channels["train"].data_files[0].file_name == "s3://bucket/iris/raw.csv"
    assert resolved.name == config.name
    assert resolved.edges == config.edges


def test_placeholders_are_whole_words_in_any_string(tmp_path):
    conf = changed(
        ("criterion: gini", "criterion: [a/SMP_REGION-b, {c: SMP_REGION}, MY_SMP_REGION, SMP_REGIONS_x, smp_region]"),
    )
    config = load(tmp_path, conf)

    assert config.resolve(VALUES).models["iris"].train.hyperparams["criterion"] == [
        "a/eu-central-1-b",
        {"c": "eu-central-1"},
        "MY_SMP_REGION",
        "SMP_REGIONS_x",
        "smp_region",
    ]


def test_what_stays_unresolved_is_one_error_with_each_name_once(tmp_path):
    config = load(tmp_path)

    with pytest.raises(ConfigError) as caught:
        config.resolve({"SMP_REGION": "eu-central-1", "SMP_S3BUCKETNAME": ""})

    assert [f"{problem.line}:{problem.column}: {problem.message}" for problem in caught.value.problems] == [
        "6:20: SMP_ACCOUNTID has no value",
        "12:32: SMP_S3BUCKETNAME has no value",
    ]


def test_a_value_that_does_not_fit_is_reported_where_it_is_used(tmp_path):
    config = load(tmp_path, changed(("instance_count: 2", "instance_count: SMP_COUNT")))

    with pytest.raises(ConfigError, match=r"conf.yaml:17:25: 'instance_count' must be a whole number, is 'many'"):
        config.resolve(VALUES | {"SMP_COUNT": "many"})


def test_optional_settings_without_value_are_absent(tmp_path):
    config = load(tmp_path, changed(("  sagemakerPipeline:", NETWORK + "  sagemakerPipeline:")))

    absent = config.resolve(VALUES).base
    assert absent.s3_bucket == "bucket"
    assert absent.network_security.subnets == ()
    assert absent.network_security.role == VALUES["SMP_ROLE"]
    assert absent.network_security.security_groups_id == ("sg-2",)
    assert absent.network_security.kms_key is None

    given = config.resolve(
        VALUES | {"SMP_SUBNETS": "subnet-1, subnet-2", "SMP_SECURITYGROUPS": "sg-1", "SMP_KMS_KEY": "k"}
    ).base
    assert given.network_security.subnets == ("subnet-1", "subnet-2")
    assert given.network_security.security_groups_id == ("sg-1", "sg-2")
    assert given.network_security.kms_key == "arn:aws:kms:eu-central-1:123456789012:key/k"


def with_variables(variables, *changes):
    return changed(("conf:\n", f"conf:\n  variables: {variables}\n"), *changes)


def test_variables_stand_for_values_of_any_kind(tmp_path):
    conf = with_variables(
        "{COUNT: 3, PREFIX: SMP_REGION/data, PATH_: s3://PREFIX/x, FLAG: true, LATER: }",
        ("instance_count: 2", "instance_count: COUNT"),
        ("enable_cache: true", "enable_cache: FLAG"),
        ("depth: 3", "depth: LATER"),
        ("criterion: gini", "criterion: [PATH_, COUNT, xCOUNT, 'COUNT and FLAG']"),
    )
    config = load(tmp_path, conf)
    resolved = config.resolve(VALUES | {"LATER": "9", "COUNT": ""})
    train = resolved.models["iris"].train

    assert config.placeholders == {
        "SMP_ACCOUNTID", "SMP_REGION", "SMP_S3BUCKETNAME", "COUNT", "PREFIX", "PATH_", "FLAG", "LATER",
    }  # fmt: skip
    assert train.instance_count == 3
    assert train.hyperparams["depth"] == "9"
    assert train.hyperparams["criterion"] == ["s3://eu-central-1/data/x", 3, "xCOUNT", "3 and true"]
    assert resolved.step("train")[1].enable_cache is True
    assert config.resolve(VALUES | {"LATER": "9", "COUNT": "5"}).models["iris"].train.instance_count == 5


def test_a_variable_without_value_is_unresolved(tmp_path):
    config = load(tmp_path, with_variables("{LATER: }", ("depth: 3", "depth: LATER")))

    with pytest.raises(ConfigError, match=r"conf.yaml:20:18: LATER has no value"):
        config.resolve(VALUES)


@pytest.mark.parametrize(
    ("conf", "messages"),
    [
        (
            with_variables("{▶count: 1, ▶SMP_X: 2}"),
            ["'count' must be a name in capitals (A-Z, 0-9, _) that doesn't begin with SMP_"],
        ),
        (with_variables("{X: ▶[1]}"), ["'X' must be text, a number or a boolean, is a list"]),
        (with_variables("{X: ▶a Y, Y: X/b}"), ["these variables stand for each other: X, Y"]),
        (
            with_variables("{NEW: 1}", ("step_name: create,", "step_name: create-▶NEW,")),
            ["'NEW' has no value yet when the DAG is built, which needs 'step_name'"],
        ),
        (with_variables("{X: ▶X}"), ["these variables stand for each other: X"]),
        (with_variables("▶[X]"), ["'variables' must be a mapping, is a list"]),
    ],
)
def test_wrong_variables_are_reported(tmp_path, conf, messages):
    if "SMP_X" in conf:
        messages = [*messages, messages[0].replace("count", "SMP_X", 1)]

    expect(tmp_path, conf, *messages)


def with_parameters(parameters, *changes):
    return changed(("    dependencies:", f"    parameters: {parameters}\n    dependencies:"), *changes)


def test_parameters_are_described_and_referred_to(tmp_path):
    conf = with_parameters(
        "{Count: {type: Integer, default: 2, minimum: 1}, Mode: {enum: [File, Pipe], default: File}, "
        "Rate: {type: Float, default: 1, description: How fast}, Fast: {type: Boolean, default: false}, Name: }",
        ("instance_count: 2", "instance_count: ${params.Count}"),
        ("criterion: gini", "criterion: s3://${params.Mode}/${params.Rate}, ${HOME}"),
        ("VERBOSE: true", "VERBOSE: true\n        input_mode: ${params.Mode}"),
    )
    config = load(tmp_path, conf)

    parameters = config.pipeline.parameters
    assert {name: (parameter.type, parameter.default) for name, parameter in parameters.items()} == {
        "Count": ("Integer", 2),
        "Mode": ("String", "File"),
        "Rate": ("Float", 1),
        "Fast": ("Boolean", False),
        "Name": ("String", None),
    }
    assert config.resolve(VALUES).models["iris"].train.instance_count == "${params.Count}"


@pytest.mark.parametrize("name", RUN_SETTINGS)
def test_the_names_of_the_trigger_form_are_reserved(tmp_path, name):
    message = f"'{name}' is reserved: the trigger form has a field of this name; choose another one"

    expect(tmp_path, with_parameters(f"{{▶{name}: {{}}}}"), message)


def test_parameters_and_variables_keep_apart(tmp_path):
    conf = changed(
        ("conf:\n", "conf:\n  variables: {COUNT: 1}\n"),
        ("    dependencies:", "    parameters: {▶COUNT: {}, ▶SMP_X: {}, XCOUNT: {}}\n    dependencies:"),
    )
    message = "the parameter {!r} holds the name of a placeholder or variable, which would replace it"

    expect(tmp_path, conf, message.format("COUNT"), message.format("SMP_X"))


@pytest.mark.parametrize(
    ("parameters", "changes", "message"),
    [
        ("{A: ▶{type: Integer, default: x}}", [], "'A' is of type Integer, which 'x' is not"),
        (
            "{A: {type: ▶Int}}",
            [],
            "'type' must be 'String', 'Integer', 'Float' or 'Boolean', is 'Int'; did you mean 'Integer'?",
        ),
        ("{▶A: {enum: [a], default: b}}", [], "'A' has the default 'b', which its enum lacks"),
        ("{▶A: {minimum: 1}}", [], "'A' is of type String, which has no minimum and maximum"),
        ("{▶A: {type: Boolean, enum: [true]}}", [], "'A' is a Boolean, which takes no enum"),
        (
            "{Name: {}}",
            [("depth: 3", "depth: a/▶${params.name}")],
            "the pipeline has no parameter 'name'; did you mean 'Name'?",
        ),
        (
            "{Name: {}}",
            [("depth: 3", "depth: a/▶${param.Name}")],
            "'${param.Name}' is no reference to a parameter; did you mean '${params.Name}'?",
        ),
        (
            "{Name: {}}",
            [("instance_count: 2", "instance_count: ▶${params.Name}")],
            "'instance_count' must be a parameter of type Integer, but 'Name' is of type String",
        ),
        (
            "{Count: {type: Integer}}",
            [("instance_count: 2", "instance_count: ▶1${params.Count}")],
            "'instance_count' must be a parameter of type Integer alone, is '1${params.Count}'",
        ),
        (
            "{Name: {type: Boolean}}",
            [("enable_cache: true", "enable_cache: ▶${params.Name}")],
            "'enable_cache' can't be left to a parameter of the pipeline",
        ),
        (
            "{Name: {}}",
            [("entry_point: train.py", "entry_point: ▶${params.Name}.py")],
            "'entry_point' can't be left to a parameter of the pipeline: it is needed before the pipeline is written",
        ),
    ],
)
def test_wrong_parameters_are_reported(tmp_path, parameters, changes, message):
    parameters = parameters.replace("A: ▶{", "▶A: {")

    expect(tmp_path, with_parameters(parameters, *changes), message)


def test_a_conf_for_all_folders_lies_below_that_of_each(tmp_path):
    base = (
        "conf:\n  s3Bucket: shared\n  modelConfigFilePath: SMP_MODEL_CONFIGPATH\n  variables: {COUNT: 4, OTHER: 1}\n"
        "  tags: [{Key: team, Value: ml}, {Key: env, Value: dev}]\n"
        "  airflow: {owner: ml, default_args: {retries: 2}}\n  sagemakerNetworkSecurity: {subnets: [a], role: r}\n"
    )
    conf = changed(
        (
            "conf:\n",
            "conf:\n  tags: {env: prod, model: iris}\n  variables: {COUNT: 5}\n  airflow: {schedule: '@daily'}\n"
            "  sagemakerNetworkSecurity: {role: other}\n",
        )
    )
    folder = write(tmp_path, {"iris/conf/conf.yaml": conf, "conf/conf.yaml": base})
    config = load_folder(folder)

    assert config.base.s3_bucket == "shared"
    assert config.base.tags == {"team": "ml", "env": "prod", "model": "iris"}
    assert config.base.variables == {"COUNT": 5, "OTHER": 1}
    assert config.base.airflow.owner == "ml"
    assert config.base.airflow.cron == "@daily"
    assert config.base.network_security.subnets == ("a",)
    assert config.base.network_security.role == "other"
    assert config.files == (folder / "conf/conf.yaml", tmp_path / "conf/conf.yaml")


def test_mistakes_in_the_conf_for_all_folders_are_reported_there(tmp_path):
    folder = write(
        tmp_path,
        {
            "iris/conf/conf.yaml": CONF,
            "conf/conf.yaml": "conf:\n  s3bucket: x\n  models: {}\n  airflow:\n    retries: many\n",
        },
    )

    with pytest.raises(ConfigError) as caught:
        load_folder(folder)

    assert str(caught.value).replace(f"{tmp_path}/conf/conf.yaml:", "") == (
        "2:3: unknown key 's3bucket'; did you mean 's3Bucket'?\n"
        "3:3: 'models' belongs into a folder's conf, not into the one for all folders\n"
        "5:14: 'retries' must be a whole number, is 'many'"
    )


def test_two_anchors_and_twice_given_keys_are_reported(tmp_path):
    folder = write(
        tmp_path,
        {
            "iris/a/conf/conf.yaml": CONF,
            "iris/b/conf/conf.yaml": CONF.replace("entry_point: evaluate.py", "extra: 1"),
        },
    )

    with pytest.raises(ConfigError) as caught:
        load_folder(folder)

    anchor = [problem for problem in caught.value.problems if "'sagemakerPipeline'" in problem.message]
    first = folder / "a/conf/conf.yaml"
    assert [str(problem) for problem in anchor] == [
        f"{folder}/b/conf/conf.yaml:36:3: 'sagemakerPipeline' is given twice in this folder; "
        f"the first is in {first}:36:3"
    ]
    assert any("'image_uri' is given twice" in problem.message for problem in caught.value.problems)


def test_one_pipeline_name_in_two_folders_is_reported(tmp_path):
    folders = [write(tmp_path, {f"{name}/conf/conf.yaml": CONF}) for name in ("a", "b")]
    problems = clashing_names(map(load_folder, folders))

    assert [str(problem) for problem in problems] == [
        f"{tmp_path}/b/conf/conf.yaml:37:19: the pipeline 'iris' is that of folder 'a' already"
    ]


@pytest.mark.parametrize(
    "place", ["iris/model/scripts", "iris/scripts", "scripts", "../scripts", "../elsewhere/scripts"]
)
def test_source_folders_are_looked_for_from_the_model_upward(tmp_path, monkeypatch, place):
    root = tmp_path / "configs"
    config = load_folder(write(root, {"iris/model/conf/conf.yaml": CONF}))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    expected = (root / place).resolve()
    expected.mkdir(parents=True)

    assert config.source_directory("iris", {}) == expected
    assert config.model_folder("iris") == root / "iris/model"


def test_a_source_folder_that_is_nowhere_names_the_places_tried(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_folder(write(tmp_path / "configs", {"iris/model/conf/conf.yaml": CONF}))

    with pytest.raises(ConfigError) as caught:
        config.source_directory("iris", {})

    tried = ", ".join(
        f"{tmp_path}/{place}scripts" for place in ("configs/iris/model/", "configs/iris/", "configs/", "")
    )
    assert str(caught.value) == (
        f"{tmp_path}/configs/iris/model/conf/conf.yaml:4:25: there is no folder 'scripts'; tried {tried}"
    )


def test_a_source_folder_may_come_from_the_environment_or_be_missing(tmp_path):
    config = load(tmp_path, changed(("      source_directory: scripts\n", "")))
    (tmp_path / "code").mkdir()

    assert config.source_directory("iris", {"SMP_SOURCE_DIR_PATH": str(tmp_path / "code")}) == tmp_path / "code"
    with pytest.raises(ConfigError, match=r":3:5: model 'iris' needs 'source_directory'; SMP_SOURCE_DIR_PATH has no"):
        config.source_directory("iris", {})


def test_a_source_folder_may_not_leave_the_configs_root_by_dots(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "configs/shared").mkdir(parents=True)
    outside = changed(("source_directory: scripts", "source_directory: ../../code"))
    neighbour = changed(("source_directory: scripts", "source_directory: ../shared"))

    with pytest.raises(ConfigError, match=r"tried .*code \(leaves "):
        load(tmp_path / "configs", outside).source_directory("iris", {})
    assert load(tmp_path / "configs", neighbour).source_directory("iris", {}) == tmp_path / "configs/shared"


def test_keys_without_effect_are_told(tmp_path):
    conf = changed(
        ("step_class: CreateModel", "step_class: CreateModel, enable_cache: true"),
        ("        entry_point: evaluate.py\n", "        entry_point: evaluate.py\n        strategy: MultiRecord\n"),
        ("  sagemakerPipeline:", "    spare:\n  sagemakerPipeline:"),
    )
    notices = load(tmp_path, conf).notices()

    assert [f"{notice.line}:{notice.column}: {notice.message}" for notice in notices] == [
        "35:9: 'strategy' has no effect: processing jobs have no batch strategy; set it in the transform section",
        "37:5: no step belongs to model 'spare'",
        "48:58: 'enable_cache' has no effect: SageMaker caches no CreateModel steps",
    ]
    assert problems_of(tmp_path, conf) == ()
