"""Blocks that are files: the text right above names the path, as in "`configs/churn/model/conf/conf.yaml`:"."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.conftest import REPOSITORY
from tests.docs.snippets import Snippet, tried

_PATH = re.compile(r"`(configs/[\w./-]+\.(?:yaml|py|txt)|dags/[\w./-]+\.py)`")


def path_of(snippet: Snippet) -> str | None:
    """Return the path of the file that a block is; None: it is no file."""
    above = (REPOSITORY / snippet.page).read_text().splitlines()[: snippet.line - 1]
    while above and not above[-1].strip():
        above.pop()
    paragraph: list[str] = []
    while above and above[-1].strip() and not above[-1].startswith("```"):
        paragraph.append(above.pop())
    found = _PATH.findall("\n".join(reversed(paragraph)))
    return found[-1] if found else None


def write_files(folder: Path) -> None:
    """Write all files of the docs, and scripts that their confs name and that the docs don't show.

    :param folder: has ``configs/``
    """
    confs = []
    for snippet in tried("yaml", "python", "text"):
        path = path_of(snippet)
        if path is None:
            continue
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(snippet.text)
        if path.endswith(".yaml"):
            confs.append(file)
    for conf in confs:
        for directory, script in _scripts(conf):
            directory.mkdir(parents=True, exist_ok=True)
            if not (directory / script).exists():
                (directory / script).write_text("print('The docs do not show this script.')\n")


def _scripts(conf: Path) -> list[tuple[Path, str]]:
    content = yaml.safe_load(conf.read_text())["conf"]
    return [
        (conf.parents[1] / model.get("source_directory", "scripts"), section["entry_point"])
        for model in content.get("models", {}).values()
        for section in model.values()
        if isinstance(section, dict) and "entry_point" in section
    ]
