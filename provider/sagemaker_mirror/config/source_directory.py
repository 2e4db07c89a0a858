"""Where a model's scripts are."""

from __future__ import annotations

import os
from pathlib import Path

from sagemaker_mirror.config.discovery import is_inside


def find_source_directory(named: str, conf: Path, folder: Path) -> tuple[Path | None, list[str]]:
    """Look for a model's ``source_directory``.

    :param named: the folder as the conf names it.
    :param conf: the conf that names it.
    :param folder: the config folder.
    :return: the folder, or None; and the places that were tried.
    """
    tried: list[str] = []
    if Path(named).is_absolute():
        return (Path(named), tried) if Path(named).is_dir() else (None, [named])
    root = folder.parent
    for above in dict.fromkeys((model_folder(conf), folder, root, root.parent, Path.cwd())):
        candidate = above / named
        # `..` may lead to a neighbour that the configs root holds too, but not out of it.
        real = os.path.realpath(candidate)
        if ".." in Path(named).parts and not any(is_inside(real, os.path.realpath(place)) for place in (above, root)):
            tried.append(f"{candidate} (leaves {above})")
        elif candidate.is_dir():
            return Path(os.path.normpath(candidate)), tried
        else:
            tried.append(str(candidate))
    return None, tried


def model_folder(conf: Path) -> Path:
    """Give the folder of the model that a conf describes: that above the conf's ``conf`` folder.

    :param conf: the conf.
    """
    return next((parent.parent for parent in conf.parents if parent.name == "conf"), conf.parent)
