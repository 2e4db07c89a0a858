"""Pipelines that were compiled from a conf: imported, they are confs again, and compile to the same definition."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from sagemaker_mirror.compiler import CompiledPipeline, Target, compile_pipeline
from sagemaker_mirror.config import ConfigError, load_folder
from sagemaker_mirror.graph import build_graph
from sagemaker_mirror.importer import FolderTakenError, ImportedPipeline, write_folder
from sagemaker_mirror.mirror.arns import Arn
from tests.conftest import REPOSITORY
from tests.unit.compiler.project import GUARDED, TARGET, compile_conf, conf
from tests.unit.compiler.test_mutations import FLAT, SCRIPTS_IN_FOLDERS, full, mutated
from tests.unit.compiler.test_reference import NAMES, REFERENCE, configs, values

__all__ = ["configs"]

EXAMPLES = int(os.environ.get("MUTATIONS", "100"))
WHERE = {"SMP_ACCOUNTID": "123456789012", "SMP_REGION": "eu-central-1"}
FULL_VALUES = {**WHERE, "SMP_S3BUCKETNAME": "cellar", "SMP_ROLE": "arn:aws:iam::123456789012:role/Vintner"}


def imported(compiled: CompiledPipeline, target: Target) -> ImportedPipeline:
    """What SageMaker would have of a compiled pipeline."""
    arn = f"arn:aws:sagemaker:{target.region}:{target.account_id}:pipeline/{compiled.name.lower()}"
    return ImportedPipeline(
        definition=compiled.definition,
        name=compiled.name,
        arn=Arn.parse(arn),
        version_id=1,
        role_arn=compiled.role_arn,
        description=compiled.description,
        parallelism=compiled.parallelism,
        tags=compiled.tags,
    )


def objects(compiled: CompiledPipeline):
    """What S3 would have of it."""
    uploads = {upload.uri: upload for upload in compiled.uploads}

    def fetch(uri: str) -> bytes:
        file = io.BytesIO()
        uploads[uri].write(file)
        return file.getvalue()

    return fetch


def again(compiled: CompiledPipeline, target: Target, folder: Path):
    """Import a pipeline and compile what was written: the folder and the pipeline."""
    written = write_folder(imported(compiled, target), compiled.name, folder, fetch=objects(compiled))
    config = load_folder(folder)
    base = {"SMP_REGION": target.region, "SMP_ACCOUNTID": target.account_id, "SMP_S3BUCKETNAME": target.bucket}
    result = compile_pipeline(config, build_graph(config), Target.from_values(base, config.base), {})
    # None and an empty description are the same to SageMaker.
    assert (result.description or "") == (compiled.description or "")
    unlike = {"uploads": result.uploads, "warnings": result.warnings, "description": result.description}
    assert result == replace(compiled, **unlike)
    return written, result


@pytest.mark.parametrize("folder", ["breast-cancer", "digits-pca-classifier"])
def test_the_shipped_confs_are_confs_again(folder, tmp_path):
    config = load_folder(REPOSITORY / "configs" / folder)
    target = Target.from_values(FULL_VALUES, config.base)
    resolved = config.resolve(FULL_VALUES)
    compiled = compile_pipeline(resolved, build_graph(resolved), target, FULL_VALUES)

    written, result = again(compiled, target, tmp_path / "configs" / folder)

    assert written.why_kept == ()
    assert [upload.uri for upload in result.uploads] == [upload.uri for upload in compiled.uploads]
    original = build_graph(config)
    assert {(edge.source, edge.target, edge.on) for edge in written.graph.edges} == {
        (edge.source, edge.target, edge.on) for edge in original.edges
    }
    assert {name: step.step_class for name, step in written.graph.steps.items()} == {
        name: step.step_class for name, step in original.steps.items()
    }


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference is not part of the repository")
@pytest.mark.parametrize("name", NAMES)
def test_the_confs_of_the_framework_are_confs_again(name, configs, tmp_path):
    config = load_folder(configs / name).resolve(values())
    target = Target.from_values(values(), config.base)
    compiled = compile_pipeline(config, build_graph(config), target, values())

    written, _ = again(compiled, target, tmp_path / "imported" / name)

    assert written.why_kept == ()


@pytest.mark.parametrize("target", [TARGET, GUARDED, replace(GUARDED, network_isolation=True, encrypt_traffic=False)])
@pytest.mark.parametrize("make", [conf, full])
def test_a_conf_with_every_class_of_step_is_a_conf_again(make, target, tmp_path):
    compiled = compile_conf(tmp_path, make(), target=target)

    written, _ = again(compiled, target, tmp_path / "imported/wine")

    assert written.why_kept == ()
    assert sorted(written.files)[0] == "conf/conf.yaml"
    assert (tmp_path / "imported/wine/scripts/train.py").read_text() == "print('train')\n"


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(st.sampled_from(FLAT), min_size=1, max_size=3), guarded=st.booleans())
def test_whatever_the_conf_the_imported_folder_compiles_to_an_equal_pipeline(changes, guarded):
    target = GUARDED if guarded else TARGET
    with tempfile.TemporaryDirectory() as root:
        try:
            compiled = compile_conf(Path(root), mutated(changes), SCRIPTS_IN_FOLDERS, target)
        except ConfigError:
            event("refused")
            return
        written, _ = again(compiled, target, Path(root, "imported/wine"))
        event("kept" if written.why_kept else "a conf again")


def test_several_files_of_a_channel_are_named_again(tmp_path):
    wanted = conf()
    files = [{"fileName": f"s3://cellar/{year}/grapes.csv"} for year in (1998, 1999)]
    wanted["models"]["red"]["train"]["channels"] = {"train": {"dataFiles": files}}
    compiled = compile_conf(tmp_path, wanted)

    written, _ = again(compiled, TARGET, tmp_path / "imported/wine")

    assert written.why_kept == ()
    [channel] = load_folder(tmp_path / "imported/wine").models["red"].train.channels.values()
    assert [{"fileName": file.file_name} for file in channel.data_files] == files


@pytest.mark.parametrize("content", [b"", b"{}", b"[1, 2]", b"\xff", b"exec"])
def test_objects_of_another_content_are_no_reason_to_fail(content, tmp_path):
    wanted = conf()
    files = [{"fileName": f"s3://cellar/{number}.csv"} for number in range(2)]
    wanted["models"]["red"]["train"]["channels"] = {"train": {"dataFiles": files}}
    compiled = compile_conf(tmp_path, wanted)
    read = objects(compiled)

    for ending in ("sourcedir.tar.gz", "runproc.sh", ".manifest"):
        folder = tmp_path / f"imported/{ending}"
        written = write_folder(
            imported(compiled, TARGET),
            "wine",
            folder,
            fetch=lambda uri, ending=ending: content if uri.endswith(ending) else read(uri),
        )
        assert written.why_kept[0].startswith("its scripts can't be read")


@pytest.mark.parametrize("image", [None, "packer:1"])
def test_a_repacked_model_is_repacked_again(image, tmp_path):
    wanted = conf()
    wanted["models"]["red"]["registry"] |= {"ModelRepack": True, "ModelRepackImageUri": image}
    compiled = compile_conf(tmp_path, wanted)
    assert len(compiled.definition["Steps"]) == 7

    written, _ = again(compiled, TARGET, tmp_path / "imported/wine")

    assert written.why_kept == ()


def test_tags_of_all_steps_are_the_folders_and_those_that_were_put_on_the_pipeline_alone_stay_there(tmp_path):
    compiled = compile_conf(tmp_path, conf() | {"tags": {"team": "cellar"}})
    pipeline = imported(compiled, TARGET)
    tagged = replace(pipeline, tags={**pipeline.tags, "aws:stack": "x", "by-hand": "x"})

    written = write_folder(tagged, "wine", tmp_path / "imported/wine", fetch=objects(compiled))

    assert written.why_kept == ()
    assert load_folder(tmp_path / "imported/wine").base.tags == {"team": "cellar"}


def test_scripts_of_others_are_never_mixed_with_its_own(tmp_path):
    compiled = compile_conf(tmp_path, conf())
    other = tmp_path / "imported/wine/scripts/tasting/notes.py"
    other.parent.mkdir(parents=True)
    other.write_text("")

    with pytest.raises(FolderTakenError, match="has other scripts: scripts/tasting/notes"):
        write_folder(
            imported(compiled, TARGET), "wine", tmp_path / "imported/wine", fetch=objects(compiled), force=True
        )


def test_without_its_scripts_the_definition_is_kept(tmp_path):
    compiled = compile_conf(tmp_path, conf())

    written = write_folder(imported(compiled, TARGET), "wine", tmp_path / "imported/wine")

    assert written.why_kept == ("its scripts are in S3, to which a file shows no way",)


def test_scripts_that_lie_outside_a_bundle_are_never_written(tmp_path):
    compiled = compile_conf(tmp_path, conf())
    evil = io.BytesIO()
    with tarfile.open(fileobj=evil, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../../escaped.py"))

    written = write_folder(
        imported(compiled, TARGET), "wine", tmp_path / "imported/wine", fetch=lambda uri: evil.getvalue()
    )

    assert "which is no file of a source folder" in written.why_kept[0]
    assert not list(tmp_path.rglob("escaped.py"))


def test_what_somebody_changed_in_sagemaker_is_kept(tmp_path):
    compiled = compile_conf(tmp_path, conf())
    compiled.definition["Steps"][0]["Arguments"]["AppSpecification"]["ContainerArguments"] = ["--fast"]

    written = write_folder(imported(compiled, TARGET), "wine", tmp_path / "imported/wine", fetch=objects(compiled))

    assert written.why_kept == ("somebody has changed it since it was compiled from a conf",)


def test_under_another_name_the_definition_is_kept(tmp_path):
    compiled = compile_conf(tmp_path, conf())

    written = write_folder(imported(compiled, TARGET), "mead", tmp_path / "imported/mead", fetch=objects(compiled))

    assert written.why_kept == ("it is called wine, and its S3 addresses say so",)
