"""Confs that nobody thought of: each compiles to what passes the check, or is refused with places."""

from __future__ import annotations

import copy
import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sagemaker_mirror.config import ConfigError
from tests.unit.compiler.project import GUARDED, TARGET, compile_conf, conf

EXAMPLES = int(os.environ.get("MUTATIONS", "100"))
FILES = {f"n{number}": {"dataFiles": [{"fileName": f"s3://cellar/{number}.csv"}]} for number in range(24)}
TEXTS = ["", "x" * 70, "ü", "a b", "s3://cellar/a", "${params.P}", "x${params.P}y", "${params.N}", "a/b"]
CHANNELS = [
    "test",
    {},
    {"train": None, "test": None},
    {"a b": None},
    {"${params.P}": None},
    {"code": {"dataFiles": [{"fileName": "s3://cellar/a.csv"}]}},
    {"train": {"dataFiles": [{"sourceName": "code", "fileName": "s3://cellar/a.csv"}]}},
    {"train": {"dataFiles": [{"sourceName": "a"}, {"fileName": "${params.P}"}]}},
    {"train": {"dataFiles": [{"fileName": "scripts/train.py"}, {"fileName": "scripts"}, {"fileName": "gone"}]}},
    {"train": {"dataFiles": [{"fileName": "s3://cellar/a.csv"}, {"fileName": "s3://attic/b.csv"}]}},
    {"train": {"s3Bucket": "${params.P}", "dataFiles": [{"fileName": "b.csv"}]}},
    {"train": {"s3BucketName": "${params.P}", "bucket_prefix": "/", "InputLocalFilepath": "x"}},
    {"train": {"dataFiles": [file for channel in FILES.values() for file in channel["dataFiles"]]}},
    FILES,
]
JOB = {
    "channels": CHANNELS,
    "entry_point": ["a/b.py", "a/../b.py", "/train.py", "run.sh", "tool", *TEXTS],
    "image_uri": TEXTS,
    "instance_count": [0, 10**9, "${params.N}", "${params.P}"],
    "instance_type": ["ml.m5d.large", "ml.x", *TEXTS],
    "env": [{"A": text} for text in TEXTS] + [{"a b": "x"}, {f"V{number}": "x" for number in range(101)}],
    "tags": [{"A": text} for text in TEXTS] + [{"": "x"}, {f"T{number}": "x" for number in range(51)}],
}
PROCESSING = {
    "s3_input_mode": ["Pipe", "${params.P}"],
    "s3_data_type": ["ManifestFile", "${params.P}"],
}
STEP = {
    "display_name": TEXTS,
    "description": ["two\nlines", *TEXTS],
    "enable_cache": [True, "${params.P}"],
    "cache_expire_after": ["T5m", "${params.P}"],
    "depends_on": [["Prepare"], [{"step": "Prepare", "on": "any"}]],
}
CHAINED = {"chain_input_source_step": [[], ["Prepare"], ["Train"], ["Prepare", "Train"], ["Score"], ["Judge"]]}
MODEL = ("models", "red")
STEPS = ("sagemakerPipeline", "models", "red", "steps")
#: What is tried where.
CHANGES: list[tuple[tuple[Any, ...], dict[str, list[Any]]]] = [
    ((), {"s3Bucket": TEXTS, "tags": JOB["tags"]}),
    ((), {"sagemakerNetworkSecurity": [{"subnets": "s"}, {"enable_network_isolation": True}, {"role": "x"}]}),
    (MODEL, {"source_directory": ["gone", "scripts/a", "."], "tags": JOB["tags"], "name": TEXTS}),
    ((*MODEL, "prepare"), {**JOB, **PROCESSING}),
    (
        (*MODEL, "train"),
        {
            **JOB,
            "hyperparams": [{"A": text} for text in TEXTS] + [{"sagemaker_program": "x"}, {"a": [1, {"b": None}]}],
            "output_path": TEXTS,
            "model_data_uri": TEXTS,
            "input_mode": ["Pipe", "FastFile", "${params.P}"],
        },
    ),
    ((*MODEL, "transform"), {**JOB, "max_payload": [0, 101, "${params.N}"], "input_filter": TEXTS}),
    ((*MODEL, "evaluate"), {**JOB, **PROCESSING}),
    ((*MODEL, "registry"), {"ModelRepack": [True, "false"], "ModelPackageGroupName": TEXTS, "tags": JOB["tags"]}),
    (("sagemakerPipeline",), {"pipelineName": ["wine_red", *TEXTS], "description": TEXTS, "parallelism": [0, 3]}),
    ((*STEPS, 0), STEP),
    ((*STEPS, 1), {**STEP, **CHAINED}),
    ((*STEPS, 2), STEP),
    ((*STEPS, 3), {**STEP, **CHAINED, "chain_input_additional_prefix": TEXTS}),
    ((*STEPS, 4), {**STEP, **CHAINED}),
    ((*STEPS, 5), STEP),
]
FLAT = [(path, key, value) for path, keys in CHANGES for key, values in keys.items() for value in values]
SCRIPTS_IN_FOLDERS = {"scripts/a/b.py": "", "scripts/a/requirements.txt": "x\n", "scripts/run.sh": ""}


def full() -> dict[str, Any]:
    wanted = conf()
    wanted["sagemakerPipeline"]["parameters"] = {"P": {"type": "String"}, "N": {"type": "Integer"}}
    return wanted


def mutated(changes: list[tuple[tuple[Any, ...], str, Any]]) -> dict[str, Any]:
    """A conf with some changes, each of one key."""
    wanted = full()
    for path, key, value in changes:
        place = wanted
        for part in path:
            place = place[part]
        place[key] = copy.deepcopy(value)
    return wanted


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(st.sampled_from(FLAT), min_size=1, max_size=3), guarded=st.booleans())
def test_any_conf_compiles_or_is_refused(changes, guarded):
    with tempfile.TemporaryDirectory() as folder:
        try:
            compile_conf(Path(folder), mutated(changes), SCRIPTS_IN_FOLDERS, GUARDED if guarded else TARGET)
        except ConfigError as error:
            assert all(problem.path.name == "conf.yaml" and problem.line >= 1 for problem in error.problems)
