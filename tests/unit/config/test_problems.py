"""Each mistake in a conf is reported at its line and column, all of a folder at once."""

from __future__ import annotations

import pytest

from sagemaker_mirror.config import ConfigError, load_folder
from sagemaker_mirror.config.problems import did_you_mean
from tests.unit.config.folders import CONF, changed, expect, problems_of, write

TRAIN = "      train:\n        image_uri: sklearn\n        entry_point: train.py\n"
PREPARE_STEP = "{step_name: prepare, step_class: Processing, step_type: prepare}"
CREATE_STEP = "{step_name: create, step_class: CreateModel}"
REGISTER_STEP = "{step_name: register, step_class: RegisterModel}"

KEYS = [
    ("instance_count: 2", "▶instance_cont: 2", "unknown key 'instance_cont'; did you mean 'instance_count'?"),
    ("sourceName: raw", "▶sourcename: raw", "unknown key 'sourcename'; did you mean 'sourceName'?"),
    (
        "            enable_cache: true\n",
        "            ▶enable_caching: true\n",
        "unknown key 'enable_caching'; did you mean 'enable_cache'?",
    ),
    (
        "            chain_input_source_step: [prepare, score]",
        "            ▶chain_input_source_steps: [prepare, score]",
        "unknown key 'chain_input_source_steps'; did you mean 'chain_input_source_step'?",
    ),
    (
        "      evaluate:\n        image_uri",
        "      ▶evalute: {}\n      evaluate:\n        image_uri",
        "unknown key 'evalute', and no step of 'iris' has it as its step_type; did you mean 'evaluate'?",
    ),
    (
        "  sagemakerPipeline:",
        "  ▶sagemakerpipelines: {}\n  sagemakerPipeline:",
        "unknown key 'sagemakerpipelines'; did you mean 'sagemakerPipeline'?",
    ),
    ("conf:\n", "▶models: {}\nconf:\n", "'models' belongs below 'conf'"),
    ("conf:\n", "▶version: 1\nconf:\n", "unknown key 'version'; all keys stand below 'conf'"),
    (TRAIN, "      ▶train:\n        entry_point: train.py\n", "'train' needs 'image_uri'"),
    ("entry_point: train.py", "▶entry_point:", "'entry_point' has no value"),
    (CREATE_STEP, "▶{step_class: CreateModel}", "entry 3 of 'steps' needs 'step_name'"),
    (
        "    pipelineName: iris\n",
        "",
        "'sagemakerPipeline' needs 'pipelineName'",
        "  sagemakerPipeline:",
        "  ▶sagemakerPipeline:",
    ),
]
VALUES = [
    ("pipelineName: iris", "pipelineName: ▶on", "'pipelineName' must be text, is the boolean true; put it in quotes"),
    ("entry_point: train.py", "entry_point: ▶1.2", "'entry_point' must be text, is the number 1.2; put it in quotes"),
    ("instance_count: 2", "instance_count: ▶two", "'instance_count' must be a whole number, is 'two'"),
    ("instance_count: 2", "instance_count: ▶2.5", "'instance_count' must be a whole number, is the number 2.5"),
    ("instance_count: 2", "instance_count: ▶yes", "'instance_count' must be a whole number, is the boolean true"),
    ("instance_count: 2", "instance_count: ▶0", "'instance_count' must be 1 or more, is 0"),
    (
        "hyperparams:\n          depth: 3\n          criterion: gini",
        "hyperparams:\n          ▶- depth",
        "'hyperparams' must be a mapping, is a list",
    ),
    (
        "transform:\n        image_uri: sklearn\n        channels: test",
        "transform: ▶x",
        "'transform' must be a mapping, is 'x'",
    ),
    ("dependencies:", "dependencies: ▶{a: b}", "'dependencies' must be a list, is a mapping"),
    (
        "dependencies:",
        "dependencies: [▶1]",
        "entry 1 of 'dependencies' must be text, is the number 1; put it in quotes",
    ),
    (
        "VERBOSE: true",
        "VERBOSE: true\n        input_mode: ▶file",
        "'input_mode' must be one of 'File', 'Pipe', 'FastFile', is 'file'",
    ),
    ("VERBOSE: true", "VERBOSE: ▶[1]", "'VERBOSE' must be text, a number or a boolean, is a list"),
    ("enable_cache: true", "enable_cache: ▶maybe", "'enable_cache' must be true or false, is 'maybe'"),
    (
        "step_class: CreateModel",
        "step_class: ▶createmodel",
        "'step_class' must be 'Processing', 'Training', 'CreateModel', 'Transform', 'Metrics' or 'RegisterModel', "
        "is 'createmodel'; did you mean 'CreateModel'?",
    ),
    (
        "step_name: create,",
        "step_name: ▶create it,",
        "'step_name' must be 1 to 64 letters, digits, '-' or '_', is 'create it'",
    ),
    (
        "step_name: create,",
        "step_name: ▶SMP_NAME,",
        "'SMP_NAME' has no value yet when the DAG is built, which needs 'step_name'",
    ),
    (
        "enable_cache: true",
        "cache_expire_after: ▶10 days",
        "'cache_expire_after' must be a duration like '10d', 'T16m', '30dT5h' or 'P1DT12H', is '10 days'",
    ),
    (
        "ModelRepack",
        "tags: ▶[{Key: a}]\n        ModelRepack",
        "'tags' must be a mapping of names to values, or a list of {Key: ..., Value: ...}",
    ),
    (
        "ModelRepack",
        "tags: ▶[{Key: a, Value: b}, {Key: a, Value: c}]\n        ModelRepack",
        "'tags' has the tag 'a' twice",
    ),
    (
        '      registry:\n        ModelRepack: "False"\n        InferenceSpecification:\n',
        "      ▶registry:\n        ModelApprovalStatus: Approved\n        InferenceSpecification:\n"
        "          approval_status: Rejected\n",
        "'registry' has ModelApprovalStatus 'Approved', but approval_status 'Rejected' in InferenceSpecification; "
        "give one of them",
    ),
]
STEPS = [
    ("step_name: create,", "step_name: ▶train,", "two steps have the name 'train'"),
    (
        PREPARE_STEP,
        "▶{step_name: prepare, step_class: Processing}",
        "step 'prepare' is of class Processing and needs 'step_type', the section it reads",
    ),
    (
        "step_type: prepare",
        "step_type: ▶prepar",
        "step 'prepare' reads the section 'prepar', which model 'iris' lacks; did you mean 'prepare'?",
    ),
    (
        "step_type: prepare",
        "step_type: ▶train",
        "section 'train' is none for a step of class Processing; give it one of its own",
    ),
    (
        REGISTER_STEP,
        "{step_name: register, step_class: RegisterModel, step_type: ▶prepare}",
        "section 'prepare' is read as Processing by step 'prepare' already",
    ),
    (
        PREPARE_STEP,
        PREPARE_STEP + "\n          - {step_name: early, step_class: ▶CreateModel}",
        "'early' is of class CreateModel and needs a step of class Training above it in model 'iris'",
    ),
    (
        CREATE_STEP,
        "{step_name: create, step_class: CreateModel, ▶chain_input_source_step: train}",
        "step 'create' is of class CreateModel, which takes no chained inputs",
    ),
    (
        "chain_input_source_step: [prepare]\n            chain_input_additional",
        "▶chain_input_source_step: [prepare, train]\n            chain_input_additional",
        "step 'score' is of class Transform, which takes one chained input, not 2",
    ),
    (
        "enable_cache: true",
        "▶chain_input_additional_prefix: x",
        "'chain_input_additional_prefix' is for Transform steps with a 'chain_input_source_step'",
    ),
    ("[prepare, score]", "[prepare, ▶scor]", "there is no step 'scor'; did you mean 'score'?"),
    ("[prepare, score]", "[prepare, ▶prepare]", "'prepare' is in the list already"),
    ("[prepare, score]", "[▶create]", "'create' is of class CreateModel, which has no outputs to chain"),
    (
        PREPARE_STEP,
        "{step_name: prepare, step_class: Processing, step_type: prepare, chain_input_source_step: ▶train}",
        "'train' comes below 'prepare'; a step can read the outputs of steps above it only",
    ),
    ("[prepare, score]", "[▶evaluate]", "'evaluate' waits for itself"),
    (
        REGISTER_STEP,
        "{step_name: register, step_class: RegisterModel, depends_on: [▶scores]}",
        "there is no step 'scores'; did you mean 'score'?",
    ),
    (
        REGISTER_STEP,
        "{step_name: register, step_class: RegisterModel, depends_on: {step: score, on: ▶fail}}",
        "'on' must be 'succeeded', 'failed', 'stopped' or 'any', is 'fail'; did you mean 'failed'?",
    ),
    (
        REGISTER_STEP,
        "{step_name: ▶register, step_class: RegisterModel, depends_on: {step: evaluate, on: failed}}",
        "'register' needs what 'evaluate' makes, so it can't run when that has 'failed'",
    ),
]
DEPENDENCIES = [
    ("prepare >> ▶trian", "there is no step 'trian'; did you mean 'train'?"),
    ("prepare >> [train, ▶screate]", "there is no step 'screate'; did you mean 'create'?"),
    ("prepare >> ▶prepare", "'prepare' waits for itself"),
    ("prepare ▶> train", "'>' alone means nothing; steps are put in order by '>>' or '<<'"),
    ("prepare ▶train >> create", "expected '>>', '<<' or the end of the line, not 'train'"),
    ("prepare >> [train▶", "'[' is never closed"),
    ("▶prepare", "puts nothing in order; write 'first >> second'"),
    (
        "create >> ▶prepare",
        "these steps wait for each other: prepare >> train >> create >> prepare",
    ),
    (
        "register >> ▶evaluate",
        "these steps wait for each other: evaluate >> register >> evaluate",
    ),
]


def _id(case):
    return case[2]


@pytest.mark.parametrize("case", KEYS + VALUES + STEPS, ids=_id)
def test_a_mistake_is_reported_where_it_is(tmp_path, case):
    old, new, message, *more = case
    changes = [(old.replace("▶", ""), new)]
    if more:
        changes.append((more[0], more[1]))

    expect(tmp_path, changed(*changes), message)


@pytest.mark.parametrize(("text", "message"), DEPENDENCIES, ids=[message for _, message in DEPENDENCIES])
@pytest.mark.parametrize(
    "form",
    [
        "dependencies: {}",
        "dependencies: ['{}']",
        'dependencies:\n      - "{}"',
        "dependencies:\n      - train >> create\n      - {}",
        "dependencies: |\n      # comment\n      {}\n",
        "dependencies: |4-\n        train >> create # comment\n\n        {}",
        'dependencies: "train >> create\\n{}"',
    ],
)
def test_a_mistake_in_dependencies_is_reported_at_its_column(tmp_path, form, text, message):
    if text.startswith("prepare >> [train") and "[" in text and message.startswith("'['"):
        # The bracket is what is meant, wherever the text ends.
        text = "prepare >> ▶[train"

    expect(tmp_path, changed(("dependencies:", form.format(text))), message)


def test_everything_that_is_wrong_with_a_folder_is_reported_at_once(tmp_path):
    conf = changed(
        ("conf:\n", "▶top: 1\nconf:\n  ▶other: 1\n"),
        ("entry_point: prepare.py", "▶entrypoint: prepare.py"),
        ("instance_count: 2", "instance_count: ▶two"),
        ("step_class: CreateModel", "step_class: ▶Create"),
        ("    dependencies:", "    dependencies:\n      - prepare >> ▶trian\n      - prepare >>▶ "),
        ("    pipelineName: iris", "    ▶pipelinename: iris"),
        ("  sagemakerPipeline:", "  ▶sagemakerPipeline:"),
        ("      prepare:\n", "      ▶prepare:\n"),
    )

    expect(
        tmp_path,
        conf,
        "unknown key 'top'; all keys stand below 'conf'",
        "unknown key 'other'; known are 'models', 'sagemakerPipeline', 's3Bucket', 'modelConfigFilePath', "
        "'sagemakerNetworkSecurity', 'tags', 'airflow', 'variables'",
        "'prepare' needs 'entry_point'",
        "unknown key 'entrypoint'; did you mean 'entry_point'?",
        "'instance_count' must be a whole number, is 'two'",
        "'sagemakerPipeline' needs 'pipelineName'",
        "unknown key 'pipelinename'; did you mean 'pipelineName'?",
        "'step_class' must be 'Processing', 'Training', 'CreateModel', 'Transform', 'Metrics' or 'RegisterModel', "
        "is 'Create'; did you mean 'CreateModel'?",
        "there is no step 'trian'; did you mean 'train'?",
        "expected a step or '[', not the end",
    )


def test_problems_of_several_files_come_together(tmp_path):
    folder = write(
        tmp_path,
        {
            "iris/a/conf/conf.yaml": changed(("instance_count: 2", "instance_count: x")),
            "iris/b/conf/conf.yaml": "conf:\n  models:\n    two:\n      train: {image: x}\n",
        },
    )

    with pytest.raises(ConfigError) as caught:
        load_folder(folder)

    assert str(caught.value).replace(f"{folder}/", "") == (
        "a/conf/conf.yaml:17:25: 'instance_count' must be a whole number, is 'x'\n"
        "b/conf/conf.yaml:4:7: 'train' needs 'entry_point'\n"
        "b/conf/conf.yaml:4:7: 'train' needs 'image_uri'\n"
        "b/conf/conf.yaml:4:15: unknown key 'image'; did you mean 'image_uri'?"
    )


def test_an_unreadable_file_keeps_others_from_being_judged(tmp_path):
    model = CONF.split("  sagemakerPipeline:")[0]
    folder = write(tmp_path, {"iris/a/conf/conf.yaml": model, "iris/b/conf/conf.yaml": "conf: ["})

    with pytest.raises(ConfigError) as caught:
        load_folder(folder)

    assert [problem.path for problem in caught.value.problems] == [folder / "b/conf/conf.yaml"]


@pytest.mark.parametrize("text", ["10d", "T16m", "30dT5h", "P1DT12H", "p30d", "1y2m3w4d", "PT90S"])
def test_durations_of_the_cache(tmp_path, text):
    assert problems_of(tmp_path, changed(("enable_cache: true", f"cache_expire_after: {text}"))) == ()


@pytest.mark.parametrize("text", ["10", "d", "T", "P", "10h", "5d T1h", "-1d", "PT", "1dT"])
def test_no_durations_of_the_cache(tmp_path, text):
    assert len(problems_of(tmp_path, changed(("enable_cache: true", f"cache_expire_after: '{text}'")))) == 1


RETRIES = [
    ("{exception_types: Step.THROTTLING, max_attempts: 3}", None),
    ("{exception_types: [Step.SERVICE_FAULT, SageMaker.CAPACITY_ERROR], expire_after_mins: 60}", None),
    (
        "{exception_types: Step.THROTTLING}",
        "entry 1 of 'retry_policies' needs exactly one of max_attempts and expire_after_mins",
    ),
    (
        "{exception_types: Step.THROTLING, max_attempts: 3}",
        "entry 1 of 'retry_policies' has unknown exception_types Step.THROTLING; known are Step.SERVICE_FAULT, "
        "Step.THROTTLING, SageMaker.JOB_INTERNAL_ERROR, SageMaker.CAPACITY_ERROR, SageMaker.RESOURCE_LIMIT",
    ),
    ("{exception_types: Step.THROTTLING, max_attempts: 21}", "'max_attempts' must be from 1 to 20, is 21"),
    (
        "{exception_types: Step.THROTTLING, max_attempts: 3, backoff_rate: 0.5}",
        "'backoff_rate': input should be greater than or equal to 1",
    ),
]


@pytest.mark.parametrize(("policy", "message"), RETRIES)
def test_retry_policies(tmp_path, policy, message):
    found = problems_of(tmp_path, changed(("enable_cache: true", f"retry_policies: [{policy}]")))

    assert [problem.message for problem in found] == ([] if message is None else [message])


def test_steps_without_job_retry_no_job_errors(tmp_path):
    policies = "retry_policies: [{exception_types: SageMaker.RESOURCE_LIMIT, max_attempts: 3}]"
    conf = changed((CREATE_STEP, "▶{step_name: create, step_class: CreateModel, " + policies + "}"))

    expect(
        tmp_path,
        conf,
        "entry 3 of 'steps' retries SageMaker.RESOURCE_LIMIT, which steps of class CreateModel don't raise: "
        "they run no job",
    )


def test_two_run_conditions_for_one_step_contradict(tmp_path):
    conf = changed(
        (REGISTER_STEP, "{step_name: register, step_class: RegisterModel, depends_on: [▶{step: score, on: any}]}"),
        ("    dependencies:", "    dependencies: score >> register"),
    )

    expect(tmp_path, conf, "'register' waits for 'score' on 'succeeded' already, which 'any' contradicts")


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("trian", ["train", "test"], "; did you mean 'train'?"),
        ("TRAIN", ["test", "train"], "; did you mean 'train'?"),
        ("x", ["train"], "; known are 'train'"),
        ("x", [], ""),
        ("x", map(str, range(20)), ""),
    ],
)
def test_did_you_mean(word, known, hint):
    assert did_you_mean(word, known) == hint
