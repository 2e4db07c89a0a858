"""``runproc.sh``: what a processing container starts, since it knows nothing of bundles and requirements."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Sequence
from typing import NamedTuple

from sagemaker_mirror.compiler.refused import Refused

NAME = "runproc.sh"


class Link(NamedTuple):
    """A file that is wanted in another folder than that which it was loaded into.

    :param source: the file.
    :param folder: the folder that it is wanted in.
    """

    source: str
    folder: str


def entrypoint_script(entry_point: str, code: str, links: Sequence[Link] = (), *where: str | int) -> bytes:
    """Write the script that starts an entry point.

    Python scripts start as modules with the bundle's root as the current folder, so that both ``import common`` and
    ``from evaluate.metrics import …`` find what lies at the root; their own folder comes last on the path.

    :param entry_point: the script to run, relative to the bundle's root.
    :param code: the folder in the container that holds the bundle.
    :param links: files that are wanted elsewhere.
    :param where: the conf's keys that lead to the entry point, for errors.
    :raises Refused: the entry point is neither a Python nor a shell script.
    """
    stem, extension = posixpath.splitext(entry_point)
    if extension not in (".py", ".sh"):
        raise Refused(f"{entry_point!r} is neither a .py nor a .sh file", *where)
    lines = [
        "#!/bin/bash",
        "# Unpacks the scripts, installs what they ask for, and runs one of them. The first error ends it.",
        "set -euo pipefail",
        f"cd {shlex.quote(code)}",
        "tar -xzf sourcedir.tar.gz",
    ]
    for link in links:
        source, folder = shlex.quote(link.source), shlex.quote(link.folder)
        # With a share of the files per instance, most are not here.
        lines.append(f"mkdir -p {folder} && if [ -e {source} ]; then ln -s {source} {folder}/; fi")
    lines += [
        'python="$(command -v python || command -v python3)"',
        "if [ -f requirements.txt ]; then",
        '    "$python" -m pip install --disable-pip-version-check --requirement requirements.txt',
        "fi",
    ]
    if extension == ".py":
        beside = posixpath.dirname(entry_point)
        path = ":".join([code, posixpath.join(code, beside)] if beside else [code])
        lines.append(f'export PYTHONPATH={shlex.quote(path)}"${{PYTHONPATH:+:$PYTHONPATH}}"')
        lines.append(f'exec "$python" -m {shlex.quote(stem.replace("/", "."))} "$@"')
    else:
        lines.append(f'exec bash {shlex.quote(entry_point)} "$@"')
    return ("\n".join(lines) + "\n").encode()
