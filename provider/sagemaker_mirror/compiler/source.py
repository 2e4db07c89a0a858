"""The scripts of a model: its source folder as a bundle, and what an entry point asks of it."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from sagemaker_mirror.compiler.bundle import Bundle, BundleError
from sagemaker_mirror.compiler.refused import Refused
from sagemaker_mirror.compiler.uploads import Content, Uploads
from sagemaker_mirror.config import PipelineConfig

REQUIREMENTS = "requirements.txt"
BUNDLE = "sourcedir.tar.gz"


class Sources:
    """The source folders of a pipeline; each is read once, however many steps use it.

    :param config: the conf.
    :param values: the values of the placeholders, for ``SMP_SOURCE_DIR_PATH``.
    :param uploads: where the bundles are registered.
    """

    def __init__(self, config: PipelineConfig, values: Mapping[str, str], uploads: Uploads) -> None:
        self._config = config
        self._values = values
        self._uploads = uploads
        self._folders: dict[str, Path] = {}
        self._bundles: dict[tuple[Path, Path | None], Bundle] = {}

    def folder(self, model: str) -> Path:
        """Give the folder of a model's scripts.

        :raises ConfigError: it is nowhere.
        """
        if model not in self._folders:
            self._folders[model] = self._config.source_directory(model, self._values)
        return self._folders[model]

    def bundle(self, folder: Path, entry_point: str, *where: str | int) -> str:
        """Register a source folder and give its bundle's address in S3.

        The containers install a ``requirements.txt`` at the bundle's root only. So one that lies beside an entry
        point in a sub-folder is packed there too.

        :param folder: the source folder; all of it is packed.
        :param entry_point: the script to run, relative to the folder.
        :param where: the conf's keys that lead to the entry point, for errors.
        :raises Refused: the script isn't there, or the folder can't be packed, or there are two requirements.
        """
        requirements = _requirements_beside(folder, check_entry_point(entry_point, *where), *where)
        if (folder, requirements) not in self._bundles:
            extra = {REQUIREMENTS: requirements} if requirements else {}
            try:
                self._bundles[folder, requirements] = Bundle.read(folder, extra)
            except (BundleError, OSError) as error:
                raise Refused(f"the source folder can't be packed: {error}", *where) from error
        bundle = self._bundles[folder, requirements]
        if not bundle.holds(entry_point):
            raise Refused(f"{entry_point!r} is not in the source folder {folder}, or is ignored there", *where)
        return self._uploads.add(
            Content(bundle.sha256, f"scripts in {folder.parent.name}/{folder.name}", bundle.write), "code", BUNDLE
        ).uri


def check_entry_point(entry_point: str, *where: str | int) -> str:
    """Give the folder that an entry point lies in, relative to its source folder; empty for the root.

    :param entry_point: the script to run.
    :param where: the conf's keys that lead to it, for errors.
    :raises Refused: it is no relative path that stays inside.
    """
    path = PurePosixPath(entry_point)
    if path.is_absolute() or ".." in path.parts or path.as_posix() != entry_point or entry_point == ".":
        raise Refused(
            f"{entry_point!r} is not a path inside the source folder, such as 'train.py' or 'a/train.py'", *where
        )
    return posixpath.dirname(entry_point)


def _requirements_beside(folder: Path, beside: str, *where: str | int) -> Path | None:
    own, root = folder / beside / REQUIREMENTS, folder / REQUIREMENTS
    if not beside or not own.is_file():
        return None
    if root.is_file() and root.read_bytes() != own.read_bytes():
        raise Refused(
            f"{root} and {own} differ, and the container installs only one of them; keep one, or make them equal",
            *where,
        )
    return None if root.is_file() else own
