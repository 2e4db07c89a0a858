"""What the compiler of one step sees: the step, its section, and what lies around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from sagemaker_mirror.compiler.refused import Refused
from sagemaker_mirror.compiler.source import Sources
from sagemaker_mirror.compiler.target import Target
from sagemaker_mirror.compiler.uploads import Uploads
from sagemaker_mirror.config import PipelineConfig
from sagemaker_mirror.config.model import Channel, JobSection, Section, StepConfig
from sagemaker_mirror.config.validation import section_name

#: The channel of a job that names none.
DEFAULT_CHANNEL = "train"

_Section = TypeVar("_Section", bound=Section)


@dataclass(frozen=True)
class Scope:
    """What the compiler of one step sees.

    :param config: the whole conf, its placeholders replaced.
    :param target: where the pipeline is to run.
    :param uploads: what has to be in S3; compilers add to it.
    :param sources: the source folders' bundles.
    :param model: the name of the step's model.
    :param step: the step.
    """

    config: PipelineConfig
    target: Target
    uploads: Uploads
    sources: Sources
    model: str
    step: StepConfig

    @property
    def pipeline(self) -> str:
        """The pipeline's name."""
        return self.config.pipeline.pipeline_name

    @property
    def section_name(self) -> str:
        """The name of the section that the step reads."""
        return section_name(self.step, self.config.models[self.model].sections) or ""

    @property
    def source_directory(self) -> Path:
        """The folder of the model's scripts; a ConfigError where it is nowhere."""
        return self.sources.folder(self.model)

    def section(self, kind: type[_Section]) -> _Section:
        """Give the section that the step reads.

        :param kind: the class of section that belongs to the step's class.
        :raises TypeError: it is a section of another kind, which no valid conf has.
        """
        section = self.config.section(self.model, self.step)
        if not isinstance(section, kind):
            raise TypeError(f"{self.step.name} reads {type(section).__name__}, which is no {kind.__name__}")
        return section

    def at_step(self, *keys: str | int) -> tuple[str | int, ...]:
        """Give the conf's keys that lead to the step, or to one of its keys."""
        return (*self.config.step_path(self.step.name), *keys)

    def at_section(self, *keys: str | int) -> tuple[str | int, ...]:
        """Give the conf's keys that lead to the step's section, or to one of its keys."""
        return ("models", self.model, self.section_name, *keys)

    def of(self, name: str) -> Scope:
        """Give the scope of another step.

        :param name: the step's name.
        :raises KeyError: there is no such step.
        """
        model, step = self.config.step(name)
        return replace(self, model=model, step=step)

    def one_channel(self, section: JobSection) -> tuple[str, Channel]:
        """Give the only channel of a section that may have just one; without any, ``train``, and nothing in it.

        :raises Refused: there are several.
        """
        if len(section.channels) > 1:
            names = ", ".join(section.channels)
            message = f"a {self.step.step_class} step has one channel; there are {names}"
            raise Refused(message, *self.at_section("channels"))
        return next(iter(section.channels.items()), (DEFAULT_CHANNEL, Channel()))

    def tags(self, own: Mapping[str, str]) -> dict[str, list[dict[str, str]]]:
        """Give ``{"Tags": …}`` for what the step creates: those of folder, model and section; the nearest wins.

        :param own: the section's tags.
        """
        merged = {**self.config.base.tags, **self.config.models[self.model].tags, **own}
        return {"Tags": [{"Key": key, "Value": merged[key]} for key in sorted(merged)]} if merged else {}
