"""What changes when a pipeline is written: the one that SageMaker has against the one that should be. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Protocol

from sagemaker_mirror.compiler.canonical import digest
from sagemaker_mirror.compiler.pipeline import SETTINGS_SHA256_KEY, SHA256_KEY, settings_sha256
from sagemaker_mirror.compiler.references import Request, Value, is_reference

#: What tells the items of a list apart, in definitions and in the requests of steps.
_IDENTITIES = ("Name", "InputName", "OutputName", "ChannelName", "PropertyFileName", "Key", "Id")
# The compiler's addresses of content; hyperparameters hold them as JSON, in quotes.
_CONTENT = re.compile(r'"?(?P<place>s3://[^"]+)/(?P<sha256>[0-9a-f]{64})/(?P<name>[^/"]+)"?')


class Missing(Enum):
    """The side of a change that has no value."""

    VALUE = "missing"


MISSING = Missing.VALUE


class PipelineState(Protocol):
    """A pipeline, as SageMaker has it or as it was compiled."""

    @property
    def definition(self) -> dict[str, Any]:
        """The definition."""

    @property
    def role_arn(self) -> str | None:
        """The role that it runs as."""

    @property
    def description(self) -> str | None:
        """What it is for."""

    @property
    def parallelism(self) -> int | None:
        """How many steps of an execution may run at once; None for the service's limit."""


@dataclass(frozen=True)
class ValueChange:
    """A value that changes.

    :param path: the way to it, such as ``ResourceConfig.InstanceType`` or ``ProcessingInputs[code].S3Input.S3Uri``.
    :param old: the value that SageMaker has, or :data:`MISSING`.
    :param new: the value that is to be written, or :data:`MISSING`.
    """

    path: str
    old: Value | Missing
    new: Value | Missing


@dataclass(frozen=True, order=True)
class ContentChange:
    """An object in S3, such as a code bundle, that a step takes from now on in another state.

    :param place: the address without hash and name, such as ``s3://bucket/pipeline/code``.
    :param name: the last part of the address.
    :param old: SHA-256 of the state that is used so far.
    :param new: SHA-256 of the state that is used from now on.
    """

    place: str
    name: str
    old: str
    new: str

    @property
    def uri(self) -> str:
        """The address of the new state."""
        return f"{self.place}/{self.new}/{self.name}"


@dataclass(frozen=True)
class StepChange:
    """A step that changes.

    :param name: its name.
    :param type: its type, as the definition names it.
    :param change: what happens to it.
    :param values: what changes in it; paths without a prefix lie in its ``Arguments``, unless they begin with another
        key of a step, such as ``DependsOn``. Empty for a step that is added or removed.
    :param contents: what it takes from S3 in another state.
    """

    name: str
    type: str
    change: Literal["added", "removed", "changed"]
    values: tuple[ValueChange, ...] = ()
    contents: tuple[ContentChange, ...] = ()


@dataclass(frozen=True)
class PipelineDifference:
    """What changes when a pipeline is written; false where nothing does.

    :param is_new: SageMaker has no such pipeline.
    :param settings: what changes beside the definition: ``role``, ``description``, ``parallelism``.
    :param values: what changes in the definition outside of its steps, such as ``Parameters[Rate].DefaultValue``.
    :param steps: the steps that change: first those that are removed, then the others in their new order.
    :param order: the steps that are on both sides, in their new order, if that changes.
    """

    is_new: bool
    settings: tuple[ValueChange, ...]
    values: tuple[ValueChange, ...]
    steps: tuple[StepChange, ...]
    order: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.is_new or any((self.settings, self.values, self.steps, self.order))


def difference(current: PipelineState | None, wanted: PipelineState) -> PipelineDifference:
    """Compare the pipeline that SageMaker has with the one that should be.

    :param current: the one that SageMaker has; None if there is none.
    :param wanted: the one that should be. Where it sets no parallelism, it takes that which is: an update can't take
        a limit away.
    """
    if current is None:
        added = tuple(StepChange(step["Name"], step["Type"], "added") for step in wanted.definition["Steps"])
        return PipelineDifference(True, (), (), added, ())
    old, new = without_mark(current.definition), without_mark(wanted.definition)
    old_steps, new_steps = (_by_identity(side.pop("Steps", []), "Name") for side in (old, new))
    steps = tuple(_step_changes(old_steps, new_steps))
    values = tuple(_changes(old, new, ""))
    order = _new_order(tuple(old_steps), tuple(new_steps))
    if not (steps or values or order):
        # The hash follows from the rest, so it says something only where it changes alone.
        old_hash, new_hash = (side.definition.get("Metadata") or {} for side in (current, wanted))
        values = tuple(_changes(old_hash, new_hash, "Metadata"))
    return PipelineDifference(False, tuple(_settings(current, wanted)), values, steps, order)


def provenance(definition: Mapping[str, Any]) -> Literal["compiled", "changed", "foreign"]:
    """Tell where a definition comes from, by the hash that it carries.

    :param definition: the definition that SageMaker has.
    :return: ``compiled``: it is as this compiler made it; ``changed``: somebody has changed it since; ``foreign``: it
        was made otherwise.
    """
    known = (definition.get("Metadata") or {}).get(SHA256_KEY)
    if known is None:
        return "foreign"
    rest = {name: value for name, value in definition.items() if name != "Metadata"}
    return "compiled" if digest(rest) == known else "changed"


def settings_provenance(state: PipelineState) -> Literal["compiled", "changed", "foreign"]:
    """Tell where a pipeline's role, description and parallelism come from, by the hash that its definition carries.

    :param state: the pipeline, as SageMaker has it.
    :return: as :func:`provenance`.
    """
    known = (state.definition.get("Metadata") or {}).get(SETTINGS_SHA256_KEY)
    if known is None:
        return "foreign"
    # A conf that does not say how many steps run at once leaves the number as it is.
    fitting = {settings_sha256(state.role_arn, state.description, limit) for limit in (state.parallelism, None)}
    return "compiled" if known in fitting else "changed"


def _settings(current: PipelineState, wanted: PipelineState) -> Iterator[ValueChange]:
    yield from _changes(current.role_arn, wanted.role_arn, "role")
    yield from _changes(current.description or "", wanted.description or "", "description")
    if wanted.parallelism is not None and wanted.parallelism != current.parallelism:
        old = MISSING if current.parallelism is None else current.parallelism
        yield ValueChange("parallelism", old, wanted.parallelism)


def without_mark(definition: Mapping[str, Any]) -> Request:
    """Give a definition without the hashes over itself and what stands beside it.

    :param definition: the definition.
    """
    marks = (SHA256_KEY, SETTINGS_SHA256_KEY)
    metadata = {name: value for name, value in (definition.get("Metadata") or {}).items() if name not in marks}
    rest = {name: value for name, value in definition.items() if name != "Metadata"}
    return {**rest, "Metadata": metadata} if metadata else rest


def _step_changes(old: Mapping[str, Request], new: Mapping[str, Request]) -> Iterator[StepChange]:
    for name, step in old.items():
        if name not in new:
            yield StepChange(name, step["Type"], "removed")
    for name, step in new.items():
        if name not in old:
            yield StepChange(name, step["Type"], "added")
        elif old[name] != step:
            yield _step_change(old[name], step)


def _step_change(old: Request, new: Request) -> StepChange:
    values: list[ValueChange] = []
    contents: dict[ContentChange, None] = {}
    for change in _changes(old, new, ""):
        content = _content_change(change)
        if content is None:
            values.append(ValueChange(change.path.removeprefix("Arguments."), change.old, change.new))
        else:
            contents[content] = None
    return StepChange(new["Name"], new["Type"], "changed", tuple(values), tuple(sorted(contents)))


def _content_change(change: ValueChange) -> ContentChange | None:
    if not isinstance(change.old, str) or not isinstance(change.new, str):
        return None
    old, new = _CONTENT.fullmatch(change.old), _CONTENT.fullmatch(change.new)
    if old is None or new is None or (old["place"], old["name"]) != (new["place"], new["name"]):
        return None
    return ContentChange(new["place"], new["name"], old["sha256"], new["sha256"])


def _changes(old: Value, new: Value, path: str) -> Iterator[ValueChange]:
    """Compare two values down to what differs in them; what SageMaker fills in is compared as a whole."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict) and not is_reference(old) and not is_reference(new):
        separator = "." if path else ""
        yield from _changes_by_name(old, new, lambda name: f"{path}{separator}{name}")
        return
    identity = _identity(old, new) if isinstance(old, list) and isinstance(new, list) else None
    if identity is None:
        yield ValueChange(path, old, new)
        return
    old_items, new_items = _by_identity(old, identity), _by_identity(new, identity)
    yield from _changes_by_name(old_items, new_items, lambda name: f"{path}[{name}]")
    order = _new_order(tuple(old_items), tuple(new_items))
    if order:
        yield ValueChange(path, [name for name in old_items if name in order], list(order))


def _changes_by_name(
    old: Mapping[str, Value], new: Mapping[str, Value], path: Callable[[str], str]
) -> Iterator[ValueChange]:
    for name in dict.fromkeys((*old, *new)):
        if name in old and name in new:
            yield from _changes(old[name], new[name], path(name))
        else:
            yield ValueChange(path(name), old.get(name, MISSING), new.get(name, MISSING))


def _identity(old: Sequence[Value], new: Sequence[Value]) -> str | None:
    """The key that tells the items of both lists apart, if there is one."""
    for key in _IDENTITIES:
        if old and new and all(_is_told_apart_by(key, side) for side in (old, new)):
            return key
    return None


def _is_told_apart_by(key: str, items: Sequence[Value]) -> bool:
    names = [item.get(key) if isinstance(item, dict) else None for item in items]
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def _by_identity(items: Sequence[Request], key: str) -> dict[str, Request]:
    return {item[key]: item for item in items}


def _new_order(old: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """What is on both sides, in its new order, if that isn't the old one."""
    kept = tuple(name for name in new if name in old)
    return () if kept == tuple(name for name in old if name in new) else kept
