from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import botocore.session
import pytest
from airflow.utils.file import list_py_file_paths

import sagemaker_mirror
from sagemaker_mirror import __version__
from sagemaker_mirror.cli.bundle.dependencies import MISSING
from sagemaker_mirror.cli.bundle.files import LOADER
from sagemaker_mirror.cli.parser import MWAA_VERSIONS
from tests.conftest import REPOSITORY
from tests.unit.cli.conftest import VALUES, Result

PACKAGE = f"airflow-provider-sagemaker-mirror=={__version__}"


@pytest.fixture
def bundle(call: Callable[..., Result], here: Path) -> Callable[..., Path]:
    def write(*arguments: str, version: str = "3.3.1") -> Path:
        result = call("bundle", "mwaa", "--version", version, "-o", "build/mwaa", *arguments)
        assert (result.code, result.err) == (0, "")
        return here / "build/mwaa"

    return write


def test_dags_hold_the_loader_and_the_configs_with_their_scripts(bundle: Callable[..., Path], here: Path) -> None:
    junk = here / "configs/breast-cancer/diagnosis/scripts/__pycache__"
    junk.mkdir()
    (junk / "train.pyc").write_bytes(b"")
    dags = bundle() / "dags"
    copied = {path.relative_to(dags / "configs") for path in (dags / "configs").rglob("*") if path.is_file()}
    originals = {path.relative_to(here / "configs") for path in (here / "configs").rglob("*") if path.is_file()}
    assert originals ^ copied == {(junk / "train.pyc").relative_to(here / "configs"), Path(".airflowignore")}
    assert (dags / "sagemaker_pipelines.py").read_text() == LOADER


def test_a_kept_definition_goes_along(bundle: Callable[..., Path], here: Path) -> None:
    conf = here / "configs/abalone/conf/conf.yaml"
    conf.parent.mkdir(parents=True)
    conf.write_text("conf:\n    sagemakerPipeline:\n        pipelineName: shells\n        definition: kept.json\n")
    step = {"Name": "give-up", "Type": "Fail", "Arguments": {"ErrorMessage": "none"}}
    conf.with_name("kept.json").write_text(json.dumps({"Version": "2020-12-01", "Steps": [step]}))
    folder = bundle()
    assert (folder / "dags/configs/abalone/conf/kept.json").exists()
    assert ":pipeline/shells" in (folder / "iam-policy.json").read_text()


def test_the_loader_is_the_one_of_this_repository() -> None:
    assert (REPOSITORY / "dags/sagemaker_pipelines.py").read_text() == LOADER


@pytest.mark.parametrize("version", MWAA_VERSIONS)
def test_requirements(bundle: Callable[..., Path], version: str) -> None:
    folder = bundle(version=version)
    constraint, plugins, package = (folder / "requirements.txt").read_text().splitlines()
    address = f"https://raw.githubusercontent.com/apache/airflow/constraints-{version}/constraints-3.12.txt"
    assert constraint == f'--constraint "{address}"'
    assert plugins == "--find-links /usr/local/airflow/plugins"
    assert package == PACKAGE


def test_offline_requirements_name_no_address(bundle: Callable[..., Path]) -> None:
    assert (bundle("--offline") / "requirements.txt").read_text().splitlines() == [
        "--find-links /usr/local/airflow/plugins",
        "--no-index",
        PACKAGE,
    ]


def test_what_an_environment_lacks_comes_along_offline(
    bundle: Callable[..., Path], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = here / "index"
    index.mkdir()
    names = {write_wheel(index, requirement) for requirement in MISSING["2.11.2"]}
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    folder = bundle("--offline", version="2.11.2")
    with zipfile.ZipFile(folder / "plugins.zip") as archive:
        assert {*archive.namelist()} - names == {f"airflow_provider_sagemaker_mirror-{__version__}-py3-none-any.whl"}
        assert {*archive.namelist()} >= names
    assert all(name in (folder / "README.md").read_text() for name in names)


def write_wheel(folder: Path, requirement: str) -> str:
    name, version = requirement.replace("-", "_").split("==")
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        info = f"{name}-{version}.dist-info"
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path.name


def test_without_an_index_it_says_what_is_missing(
    call: Callable[..., Result], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(here))
    result = call("bundle", "mwaa", "--version", "2.11.2", "-o", "out", "--offline")
    assert result.code == 1
    assert "pip can't download what MWAA 2.11.2 lacks (annotated-types==0.7.0" in result.err
    assert not (here / "out").exists()


@pytest.mark.parametrize("version", MISSING)
def test_what_is_missing_has_the_versions_of_mwaa(version: str) -> None:
    lock = (REPOSITORY / f".ci/locks/mwaa-{version}.txt").read_text().splitlines()
    assert {*MISSING[version]} <= {*lock}


def test_plugins_hold_a_wheel_that_pip_installs(bundle: Callable[..., Path], here: Path) -> None:
    plugins = here / "plugins"
    with zipfile.ZipFile(bundle() / "plugins.zip") as archive:
        archive.extractall(plugins)
    (wheel,) = plugins.iterdir()
    assert wheel.name == f"airflow_provider_sagemaker_mirror-{__version__}-py3-none-any.whl"
    site = here / "site"
    options = ["--no-deps", "--no-index", "--no-compile", "--find-links", str(plugins), "--target", str(site)]
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *options, PACKAGE], check=True)
    package = Path(sagemaker_mirror.__file__).parent
    ours = {path.relative_to(package) for path in package.rglob("*") if "__pycache__" not in path.parts}
    theirs = {path.relative_to(site / package.name) for path in (site / package.name).rglob("*")}
    assert theirs == ours
    (installed,) = metadata.distributions(path=[str(site)])
    assert installed.version == __version__
    assert "apache_airflow_provider" in {entry_point.group for entry_point in installed.entry_points}


def test_the_same_package_is_the_same_bundle(bundle: Callable[..., Path], here: Path) -> None:
    first = bundle().rename(here / "first")
    second = bundle()
    names = {path.relative_to(first) for path in first.rglob("*") if path.is_file()}
    assert names == {path.relative_to(second) for path in second.rglob("*") if path.is_file()}
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def test_the_startup_script_gives_the_values_to_what_runs_after_it(
    bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VALUES:
        monkeypatch.delenv(name)
    script = bundle("--value", "SMP_ROLE=arn:aws:iam::1:role/it's; $(a) role", "--value", "SMP_REGION=us-east-1")
    # MWAA has bash run it and keeps what it has exported.
    done = subprocess.run(
        ["bash", "-c", f". {script / 'startup.sh'} && env -0"],
        capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    exported = dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)
    own = {name: value for name, value in exported.items() if name.startswith("SMP_")}
    assert own == {"SMP_ROLE": "arn:aws:iam::1:role/it's; $(a) role", "SMP_REGION": "us-east-1"}
    assert "# export SMP_S3BUCKETNAME=" in (script / "startup.sh").read_text()


def test_the_startup_script_names_what_the_confs_name(bundle: Callable[..., Path], here: Path) -> None:
    conf = here / "configs/breast-cancer/diagnosis/conf/conf.yaml"
    conf.write_text(re.sub(r"pipelineName: .*", "pipelineName: SMP_TEAM", conf.read_text()))
    assert "# export SMP_TEAM=" in (bundle() / "startup.sh").read_text()


def test_the_readme_has_five_steps_with_options_that_mwaa_knows(bundle: Callable[..., Path]) -> None:
    text = (bundle() / "README.md").read_text()
    assert re.findall(r"^(\d)\. ", text, re.MULTILINE) == list("12345")
    assert "breast-cancer, digits-pca-classifier" in text
    members = (
        botocore.session.get_session().get_service_model("mwaa").operation_model("UpdateEnvironment").input_shape
    )
    known = {f"--{re.sub('(?<=[a-z0-9])(?=[A-Z])', '-', name).lower()}" for name in members.members}
    command = text[text.index("update-environment") :].partition("```")[0]
    used = set(re.findall(r"--[a-z0-9-]+", command))
    assert used <= known


def test_the_readme_says_why_each_action_is_allowed(bundle: Callable[..., Path]) -> None:
    folder = bundle("--value", "SMP_KMS_KEY=alias/cellar")
    text = (folder / "README.md").read_text()
    policy = json.loads((folder / "iam-policy.json").read_text())
    for statement in policy["Statement"]:
        section = text.partition(f"### {statement['Sid']}\n")[2].partition("###")[0]
        assert all(f"- `{resource}`\n" in section for resource in statement["Resource"])
        assert re.findall(r"^\| `([^`]+)` \| .+ \|$", section, re.MULTILINE) == statement["Action"]


def test_a_folder_with_contents_is_left_alone(call: Callable[..., Result], here: Path) -> None:
    (here / "out").mkdir()
    (here / "out/mine").write_text("kept")
    result = call("bundle", "mwaa", "--version", "3.3.1", "-o", "out")
    assert (result.code, [path.name for path in (here / "out").iterdir()]) == (1, ["mine"])
    assert "not empty" in result.err


def test_problems_of_a_conf_are_told_before_anything_is_written(call: Callable[..., Result], here: Path) -> None:
    conf = here / "configs/breast-cancer/diagnosis/conf/conf.yaml"
    conf.write_text(conf.read_text().replace("entry_point: train.py", "entry_pont: train.py"))
    result = call("bundle", "mwaa", "--version", "3.3.1", "-o", "out")
    assert result.code == 1
    assert re.match(r"configs/breast-cancer/diagnosis/conf/conf\.yaml:\d+:\d+: ", result.err)
    assert not (here / "out").exists()


def test_scripts_beside_the_configs_would_be_missing(call: Callable[..., Result], here: Path) -> None:
    (here / "shared-scripts").mkdir()
    conf = here / "configs/breast-cancer/diagnosis/conf/conf.yaml"
    conf.write_text(conf.read_text().replace("source_directory: scripts", "source_directory: shared-scripts"))
    result = call("bundle", "mwaa", "--version", "3.3.1", "-o", "out")
    assert result.code == 1
    assert "lies outside configs" in result.err


def test_all_problems_are_told_at_once(call: Callable[..., Result], here: Path) -> None:
    for name in ("breast-cancer/diagnosis", "digits-pca-classifier/classifier"):
        conf = here / f"configs/{name}/conf/conf.yaml"
        conf.write_text(conf.read_text().replace("source_directory: scripts", "source_directory: nowhere"))
    result = call("bundle", "mwaa", "--version", "3.3.1", "-o", "out")
    assert result.code == 1
    assert result.err.count("there is no folder 'nowhere'") == 2


def test_a_bundle_is_not_written_into_what_it_copies(call: Callable[..., Result], here: Path) -> None:
    result = call("bundle", "mwaa", "--version", "3.3.1", "-o", "configs/mwaa")
    assert (result.code, (here / "configs/mwaa").exists()) == (1, False)
    assert "lies in configs" in result.err


def test_airflow_looks_for_no_dags_among_the_scripts(bundle: Callable[..., Path]) -> None:
    dags = bundle() / "dags"
    assert list_py_file_paths(dags, safe_mode=False) == [str(dags / "sagemaker_pipelines.py")]


def test_no_folders_no_bundle(call: Callable[..., Result], here: Path) -> None:
    (here / "empty").mkdir()
    result = call("bundle", "mwaa", "--version", "3.3.1", "--configs", "empty", "-o", "out")
    assert (result.code, result.err) == (1, "sagemaker-mirror: empty has no config folders\n")
