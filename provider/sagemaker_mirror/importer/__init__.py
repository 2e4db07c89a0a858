"""From a pipeline that was made otherwise to a config folder that mirrors it."""

from __future__ import annotations

from sagemaker_mirror.importer.folder import FolderTakenError, WrittenFolder, write_folder
from sagemaker_mirror.importer.reading import (
    ImportedPipeline,
    NoDefinitionError,
    NoPipelineError,
    object_reader,
    read_file,
    read_pipeline,
)

__all__ = [
    "FolderTakenError",
    "ImportedPipeline",
    "NoDefinitionError",
    "NoPipelineError",
    "WrittenFolder",
    "object_reader",
    "read_file",
    "read_pipeline",
    "write_folder",
]
