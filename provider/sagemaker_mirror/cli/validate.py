"""``validate``: every problem of config folders."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sagemaker_mirror.cli.errors import from_here
from sagemaker_mirror.cli.output import warning_text, write
from sagemaker_mirror.config import (
    ConfigError,
    ConfigFolder,
    PipelineConfig,
    Problem,
    clashing_names,
    discover,
    load_folder,
)


@dataclass
class Findings:
    """What was found in some folders.

    :param errors: what has to be mended.
    :param warnings: what does nothing, or is probably not meant so.
    :param clean: folders without errors.
    """

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    clean: list[Path] = field(default_factory=list)


def run(options: argparse.Namespace) -> int:
    """Write the problems; the exit code is 1 if there are errors."""
    values = None
    if options.compile:
        from sagemaker_mirror.cli.folders import collect_values

        values = collect_values(options.values)
    findings = find_problems(options.folders or discover(options.configs), values)
    lines = list(FORMATS[options.format](findings))
    if lines:
        write("\n".join(lines))
    return 1 if findings.errors else 0


def find_problems(folders: Sequence[ConfigFolder | Path], values: Mapping[str, str] | None) -> Findings:
    """Check folders, and that no two write the same pipeline.

    :param folders: the folders.
    :param values: values of placeholders, to compile each folder too; None: don't.
    """
    findings = Findings()
    configs: list[PipelineConfig] = []
    for folder in folders:
        try:
            config = load_folder(folder)
            configs.append(config)
            findings.warnings += config.notices()
            if values is not None:
                from sagemaker_mirror.cli.folders import compile_config

                findings.warnings += compile_config(config, values).compiled.warnings
        except ConfigError as error:
            findings.errors += error.problems
        else:
            findings.clean.append(folder.path if isinstance(folder, ConfigFolder) else folder)
    findings.errors += clashing_names(configs)
    findings.errors, findings.warnings = from_here(findings.errors), from_here(findings.warnings)
    return findings


def _text(findings: Findings) -> Iterator[str]:
    yield from map(str, findings.errors)
    yield from map(warning_text, findings.warnings)
    for folder in findings.clean:
        yield f"{folder}: no errors"


def _github(findings: Findings) -> Iterator[str]:
    """Workflow commands: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands."""
    for severity, problem in _all(findings):
        place = f"file={_property(str(problem.path))},line={problem.line},col={problem.column}"
        yield f"::{severity} {place}::{_data(problem.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _json(findings: Findings) -> Iterator[str]:
    problems = [
        {
            "path": str(problem.path),
            "line": problem.line,
            "column": problem.column,
            "severity": severity,
            "message": problem.message,
        }
        for severity, problem in _all(findings)
    ]
    yield json.dumps(problems, indent=2, ensure_ascii=False)


def _all(findings: Findings) -> Iterator[tuple[str, Problem]]:
    yield from (("error", problem) for problem in findings.errors)
    yield from (("warning", problem) for problem in findings.warnings)


FORMATS: Mapping[str, Callable[[Findings], Iterator[str]]] = {"text": _text, "github": _github, "json": _json}
