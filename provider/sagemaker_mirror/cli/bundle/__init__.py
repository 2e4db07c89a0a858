"""``bundle``: what goes into the S3 bucket of an Amazon MWAA environment."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from sagemaker_mirror.cli.bundle import files
from sagemaker_mirror.cli.bundle.dependencies import missing_wheels
from sagemaker_mirror.cli.bundle.policy import policy_document, resources_of
from sagemaker_mirror.cli.bundle.readme import Contents, readme
from sagemaker_mirror.cli.bundle.wheel import Wheel, pack
from sagemaker_mirror.cli.errors import CommandError
from sagemaker_mirror.cli.folders import collect_values
from sagemaker_mirror.cli.output import write
from sagemaker_mirror.config import ConfigError, PipelineConfig, Problem, clashing_names, discover, load_folder
from sagemaker_mirror.config.discovery import is_inside

# What a checkout has beside confs and scripts.
_UNWANTED = shutil.ignore_patterns("__pycache__", "*.pyc", ".git", ".venv", ".ipynb_checkpoints", ".DS_Store")


def run(options: argparse.Namespace) -> int:
    """Write the bundle and say what lies where."""
    output: Path = options.output
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise CommandError(f"{output} is there and not empty; give another folder, or remove it")
    if output.resolve().is_relative_to(options.configs.resolve()):
        raise CommandError(f"{output} lies in {options.configs}, which is copied into it")
    configs = load_all(options.configs)
    values = collect_values(options.values)
    wheel = Wheel.of_this_package()
    plugins = {wheel.name: wheel.content, **(missing_wheels(options.version) if options.offline else {})}
    resources = resources_of(configs, values)
    contents = Contents(options.version, [config.name for config in configs], sorted(plugins), resources)
    texts = {
        "README.md": readme(contents),
        "iam-policy.json": json.dumps(policy_document(resources), indent=2),
        "requirements.txt": files.requirements(options.version, wheel.version, offline=options.offline),
        "startup.sh": files.startup_script(_names(configs), values),
        "dags/sagemaker_pipelines.py": files.LOADER,
        "dags/configs/.airflowignore": files.IGNORED,
    }
    shutil.copytree(options.configs, output / "dags" / "configs", ignore=_UNWANTED)
    for name, text in texts.items():
        write(text, output / name)
    (output / "plugins.zip").write_bytes(pack(plugins))
    write(f"Wrote {output} with {len(configs)} pipelines; {output / 'README.md'} says how to deploy it.")
    return 0


def load_all(root: Path) -> list[PipelineConfig]:
    """Read all folders: what has problems is mended here, not in MWAA.

    :param root: the configs root.
    :raises ConfigError: with everything that is wrong.
    :raises CommandError: there are no folders.
    """
    configs: list[PipelineConfig] = []
    problems: list[Problem] = []
    for folder in discover(root):
        try:
            config = load_folder(folder)
        except ConfigError as error:
            problems += error.problems
        else:
            configs.append(config)
            problems += _scripts_outside(config, root)
    problems += clashing_names(configs)
    if problems:
        raise ConfigError(problems)
    if not configs:
        raise CommandError(f"{root} has no config folders")
    return configs


def _scripts_outside(config: PipelineConfig, root: Path) -> Iterable[Problem]:
    """Find scripts that are missing, or beside the configs root: only what lies in it is copied."""
    for name, model in config.models.items():
        if not model.source_directory or model.source_directory in config.placeholders:
            continue
        try:
            found = config.source_directory(name, {})
        except ConfigError as error:
            yield from error.problems
            continue
        if not is_inside(str(found.resolve()), str(root.resolve())):
            where = ("models", name, "source_directory")
            yield config.problem(where, f"{found} lies outside {root}, so it can't go to MWAA with it")


def _names(configs: Iterable[PipelineConfig]) -> list[str]:
    own = {name for config in configs for name in config.placeholders if name.startswith("SMP_")}
    return [*files.REQUIRED, *sorted(own - {*files.REQUIRED, *files.OPTIONAL}), *files.OPTIONAL]
