"""Which folders there are, which files belong to each, and what the files say: all that touches the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sagemaker_mirror.config.problems import ConfigError, Problem

MAX_BYTES = 1 << 20
"""Largest conf that is read."""


@dataclass(frozen=True)
class ConfigFolder:
    """A direct sub-folder of a configs root: one pipeline, one DAG.

    :param name: the folder's name, which is the DAG's id.
    :param path: the folder.
    :param files: its confs, sorted by path.
    """

    name: str
    path: Path
    files: tuple[Path, ...]


@dataclass(frozen=True)
class SourceFile:
    """A conf as it was read.

    :param path: the file.
    :param text: what it said.
    :param below: the way to the value that it holds; a conf holds the whole tree.
    """

    path: Path
    text: str
    below: tuple[str, ...] = ()


def discover(configs_root: Path) -> tuple[ConfigFolder, ...]:
    """Find the config folders: direct sub-folders with a ``conf/*.yaml`` or ``conf/*.yml`` at any depth.

    ``<configs root>/conf`` is none of them: it holds what is common to all folders.

    :param configs_root: the folder that holds them.
    :return: the folders by name.
    """
    with os.scandir(configs_root) as found:
        names = sorted(entry.name for entry in found if _is_folder(entry))
    folders = (find_folder(configs_root, name) for name in names)
    return tuple(folder for folder in folders if folder is not None)


def find_folder(configs_root: Path, name: str) -> ConfigFolder | None:
    """Find one config folder, without looking at the others.

    :param configs_root: the folder that holds it.
    :param name: its name.
    :return: the folder; None where there is no such folder, or one without confs. One that can't be looked into has
        no files: loading it says why.
    """
    if name in ("", "conf", "..") or name.startswith(".") or Path(name).name != name:
        return None
    path = Path(configs_root) / name
    try:
        files = conf_files(path)
    except OSError:
        return ConfigFolder(name, path, ())
    return ConfigFolder(name, path, files) if files else None


def conf_files(folder: Path) -> tuple[Path, ...]:
    """Find the confs of a folder.

    :param folder: the folder.
    :return: the confs, sorted by path.
    """
    root = os.path.realpath(folder.parent)
    return tuple(sorted(_walk(folder, root, set())))


def base_files(configs_root: Path) -> tuple[Path, ...]:
    """Find the confs that hold for all folders: ``<configs root>/conf/*.yaml``.

    :param configs_root: the folder that holds the config folders.
    :return: the confs, sorted by path.
    """
    return tuple(sorted(_yaml_files(Path(configs_root) / "conf")))


def _walk(folder: Path, root: str, visited: set[str]) -> Iterator[Path]:
    if folder.name == "conf":
        yield from _yaml_files(folder)
    try:
        with os.scandir(folder) as found:
            folders = [entry for entry in found if not _is_ignored(entry.name) and entry.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in folders:
        path = folder / entry.name
        if not entry.is_symlink():
            yield from _walk(path, root, visited)
            continue
        real = os.path.realpath(path)
        if not is_inside(real, root):
            # Not followed; but confs there are named, so that reading them says why they are refused.
            yield from _yaml_files(path if entry.name == "conf" else path / "conf")
        elif real not in visited:
            visited.add(real)
            yield from _walk(path, root, visited)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a symlink to itself
        return False


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name in ("__pycache__", "node_modules")


def _yaml_files(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as found:
            return [folder / entry.name for entry in found if _is_conf(entry)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_conf(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith((".yaml", ".yml")) and not entry.name.startswith(".") and not entry.is_dir()


def is_inside(path: str, folder: str) -> bool:
    """Whether a path lies in a folder; both without symlinks."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def read_source(path: Path, configs_root: Path, most: int = MAX_BYTES) -> SourceFile:
    """Read a conf.

    :param path: the file.
    :param configs_root: the folder that it may not leave by symlinks or ``..``.
    :param most: how many bytes it may have, whole MiB.
    :return: the file and its text.
    :raises ConfigError: it lies elsewhere, is too large, is no UTF-8 or can't be read.
    """
    if not is_inside(os.path.realpath(path), os.path.realpath(configs_root)):
        raise ConfigError([Problem(path, 1, 1, f"leaves the configs root {configs_root} by a symlink or '..'")])
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise ConfigError([Problem(path, 1, 1, f"can't be read: {error.strerror}")]) from error
    if len(data) > most:
        raise ConfigError([Problem(path, 1, 1, f"is larger than {most >> 20} MiB, which no conf needs to be")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, start = before.count(b"\n") + 1, before.rfind(b"\n") + 1
        column = len(before[start:].decode("utf-8", "replace")) + 1
        byte = error.object[error.start]
        raise ConfigError([Problem(path, line, column, f"is not UTF-8: byte 0x{byte:02x} is no text")]) from error
    return SourceFile(path, text)
