"""What the trigger form of a run sets beside the pipeline's parameters and the conf's placeholders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sagemaker_mirror.compat import Context


@dataclass(frozen=True)
class RunSettings:
    """The settings of one run; what a run does not say is as if nobody had asked for it.

    The fields are named like the params of the form: :data:`sagemaker_mirror.config.pipeline.RUN_SETTINGS`.

    :param display_name: the execution's name in Studio
    :param max_parallel_steps: how many steps run at once
    :param selected_steps: the steps to run alone, on the results of an earlier execution
    :param source_execution_arn: that earlier execution
    :param force_recompile: upload all code and update the pipeline, even where nothing has changed
    :param disable_cache: start a definition in which no step takes its result from the cache
    :param execution_arn: an execution to adopt: it is followed, and none is started
    """

    display_name: str | None = None
    max_parallel_steps: int | None = None
    selected_steps: tuple[str, ...] = ()
    source_execution_arn: str | None = None
    force_recompile: bool = False
    disable_cache: bool = False
    execution_arn: str | None = None

    @classmethod
    def of(cls, context: Context) -> RunSettings:
        """Read what the run was triggered with, else the defaults of its form.

        :param context: the task's context
        """
        # Not by templates: those turn None, which is no value, and numbers into texts.
        conf: Mapping[str, Any] = getattr(context["dag_run"], "conf", None) or {}
        params: Mapping[str, Any] = context.get("params") or {}
        names = [field.name for field in fields(cls)]
        found = {name: conf[name] if name in conf else params.get(name) for name in names}
        given = {name: value for name, value in found.items() if value not in (None, "")}
        return cls(**{**given, "selected_steps": step_names(given.get("selected_steps"))})

    def beside_adoption(self) -> tuple[str, ...]:
        """Return the settings that say something about an execution to start, where one is adopted instead."""
        return tuple(
            field.name
            for field in fields(self)
            if field.name != "execution_arn" and getattr(self, field.name) != field.default
        )


def step_names(value: Sequence[str] | str | None) -> tuple[str, ...]:
    """Return names of steps, each once, from a list or from a text with commas, which a template renders to.

    :param value: the names; None, or the text of it, are none
    """
    if isinstance(value, str):
        value = (given(value) or "").strip("[]").split(",")
    names = (item.strip(" '\"") for item in value or ())
    return tuple(dict.fromkeys(name for name in names if name))


def given(value: str | None) -> str | None:
    """Return what a template renders to, but None where it renders to nothing or to the text of None.

    :param value: the text
    """
    return None if value in (None, "", "None") else value
