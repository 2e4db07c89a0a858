from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sagemaker_mirror.local.jobs.interpreter import Interpreter


def wheel(folder: Path, name: str, version: str) -> Path:
    """Make the smallest package that pip installs."""
    file = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    contents = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(file, "w") as archive:
        for path, text in contents.items():
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{path},,\n" for path in [*contents, f"{info}/RECORD"]))
    return file


@pytest.fixture(scope="module")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Interpreter(sys.executable).layer(tmp_path_factory.mktemp("layer") / "python")


def execute(binaries: Path, *argv: str) -> str:
    environment = {"PATH": f"{binaries}:{os.defpath}", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("name", ["python", "python3"])
def test_what_the_interpreter_has_is_there(binaries: Path, name: str) -> None:
    script = "import json, pytest, sys; print(json.dumps([pytest.__file__, sys.prefix, sys.version_info[:2]]))"
    file, prefix, version = json.loads(execute(binaries, name, "-c", script))
    assert file == pytest.__file__
    assert prefix == str(binaries.parent)
    assert tuple(version) == sys.version_info[:2]


@pytest.mark.parametrize("pip", [["pip"], ["python", "-m", "pip"]])
def test_what_it_has_counts_as_installed(binaries: Path, pip: list[str]) -> None:
    assert "already satisfied: pytest" in execute(binaries, *pip, "install", "--no-index", "pytest")


def test_what_is_installed_stays_in_the_layer(binaries: Path, tmp_path: Path) -> None:
    package = wheel(tmp_path, "only_in_the_layer", "1.0")
    execute(binaries, "pip", "install", "--no-index", str(package))
    assert execute(binaries, "python", "-c", "import only_in_the_layer as it; print(it.version)") == "1.0\n"
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("only_in_the_layer")


def test_another_version_hides_the_interpreters_and_leaves_it(binaries: Path, tmp_path: Path) -> None:
    before = importlib.metadata.version("iniconfig")
    package = wheel(tmp_path, "iniconfig", "99.0")
    execute(binaries, "python", "-m", "pip", "install", "--no-index", str(package))
    script = "import importlib.metadata as m, iniconfig; print(iniconfig.version, m.version('iniconfig'))"
    assert execute(binaries, "python", "-c", script) == "99.0 99.0\n"
    assert importlib.metadata.version("iniconfig") == before
    import iniconfig

    assert Path(iniconfig.__file__).is_file()
