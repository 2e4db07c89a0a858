"""``compile``: a folder's definition."""

from __future__ import annotations

import argparse

from sagemaker_mirror.cli.errors import from_here
from sagemaker_mirror.cli.folders import collect_values, compile_folder
from sagemaker_mirror.cli.output import warn, write


def run(options: argparse.Namespace) -> int:
    """Write the definition as canonical JSON: the bytes that SageMaker would get."""
    folder = compile_folder(options.folder, collect_values(options.values))
    warn(from_here((*folder.config.notices(), *folder.compiled.warnings)))
    write(folder.compiled.definition_json, options.output)
    return 0
