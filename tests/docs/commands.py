"""How each command of the docs is tried: run in a sandbox, or checked against the program's own parser or model."""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import botocore.session
import tomllib
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from packaging.requirements import Requirement

from sagemaker_mirror.cli.parser import make_parser
from sagemaker_mirror.local import LocalSageMaker
from tests.conftest import REPOSITORY

# Served until somebody ends them, or minutes of work; tests/e2e and tests/integration/cli run them.
PARSED_ONLY = ("local", "demo")
PLAN_HAS_CHANGES = 2
# Commands of the AWS CLI's own, which the service models don't have.
AWS_S3_COMMANDS = ("cp", "ls", "mb", "mv", "rm", "sync")
AWS_GLOBAL = ("query", "output", "region", "profile", "endpoint-url", "no-cli-pager", "no-paginate")
ASSIGNMENT = re.compile(r"(?:export )?[A-Z_][A-Z0-9_]*=\S*$")


def command_lines(text: str) -> Iterator[str]:
    """Give the commands of a block: continued lines joined, without comments and empty lines."""
    for line in text.replace("\\\n", " ").splitlines():
        command = re.sub(r"(^|\s+)#.*$", "", line).strip()
        if command:
            yield command


@dataclass(frozen=True)
class Sandbox:
    """A folder like a user's checkout, beside an embedded SageMaker.

    :param folder: has ``configs/`` and ``dags/``
    :param environment: leads to the embedded SageMaker, and has values of ``SMP_*``
    :param sagemaker: the embedded SageMaker
    """

    folder: Path
    environment: dict[str, str]
    sagemaker: LocalSageMaker

    def copy(self, folder: Path) -> Sandbox:
        """Return one with the same files, beside the same SageMaker.

        :param folder: where; it is made
        """
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder)

    def try_command(self, command: str) -> None:
        """Fail unless the command is right.

        :param command: one line
        :raises AssertionError: it is not, or nobody knows how to try it
        """
        words = shlex.split(command.split("|")[0])
        while words and ASSIGNMENT.match(words[0]):
            words = words[1:]
        if not words or words == ["export"]:
            return
        check = self._checks().get(words[0])
        if check is None and words[0].startswith((".ci/", ".docker/")):
            assert os.access(REPOSITORY / words[0], os.X_OK), f"there is no {words[0]}"
            return
        assert check is not None, f"how {words[0]!r} is tried is not known: see tests/docs/commands.py"
        check(command, words[1:])

    def _checks(self) -> dict[str, Callable[[str, list[str]], None]]:
        return {
            "sagemaker-mirror": self._our_command,
            "make": _make,
            "pip": _pip,
            "aws": _aws,
            "airflow": _airflow,
            "python": _python,
            "cd": lambda command, words: None,
            "mkdir": self._run,
            "export": lambda command, words: None,
            "pre-commit": lambda command, words: None,
        }

    def _our_command(self, command: str, words: list[str]) -> None:
        name = words[0]
        if name in PARSED_ONLY:
            make_parser().parse_args(words)
            return
        allowed = (0, PLAN_HAS_CHANGES) if name == "plan" else (0,)
        self._run(command, words, allowed)

    def _run(self, command: str, words: list[str], allowed: tuple[int, ...] = (0,)) -> None:
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in allowed, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"


def _make(command: str, words: list[str]) -> None:
    targets = re.findall(r"^([\w./-]+):", (REPOSITORY / "Makefile").read_text(), re.M)
    for word in words:
        assert "=" in word or word in targets, f"the Makefile makes no {word}"
        if word.startswith("ARGS=") and words[0] == "demo":
            make_parser().parse_args(["demo", *shlex.split(word.removeprefix("ARGS="))])


def _pip(command: str, words: list[str]) -> None:
    assert words[0] == "install"
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    for word in words[1:]:
        if word.startswith("-") or "$" in word or "/" in word:
            continue
        requirement = Requirement(word)
        assert requirement.name == project["name"]
        assert requirement.extras <= project["optional-dependencies"].keys()


def _aws(command: str, words: list[str]) -> None:
    service, operation, *rest = words
    options = [word.removeprefix("--").split("=")[0] for word in rest if word.startswith("--")]
    if service == "s3":
        assert operation in AWS_S3_COMMANDS, f"aws s3 has no {operation}"
        return
    session = botocore.session.Session()
    try:
        model = session.get_service_model("s3" if service == "s3api" else service)
    except UnknownServiceError as error:
        raise AssertionError(str(error)) from error
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in operations, f"aws {service} has no {operation}"
    shape = model.operation_model(operations[operation]).input_shape
    members = {xform_name(name, "-") for name in (shape.members if shape else ())}
    unknown = set(options) - members - set(AWS_GLOBAL)
    assert not unknown, f"aws {service} {operation} has no option {sorted(unknown)}"


def _airflow(command: str, words: list[str]) -> None:
    from airflow.cli.cli_parser import get_parser

    _parse(get_parser(), words)


def _python(command: str, words: list[str]) -> None:
    assert words[0] == "-m", "only modules are known to be there"
    assert importlib.util.find_spec(words[1]) is not None, f"there is no module {words[1]}"


def _parse(parser: argparse.ArgumentParser, words: list[str]) -> None:
    try:
        parser.parse_args(words)
    except SystemExit as error:
        raise AssertionError(f"{parser.prog} does not take {words}") from error
