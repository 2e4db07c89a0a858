"""The keys of a conf as JSON schema, for editors, and as a table, for the reference page; both from the models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from sagemaker_mirror.config.fields import OPEN_TEXT
from sagemaker_mirror.config.model import (
    DOCUMENTED_SECTIONS,
    SECTION_OF_CLASS,
    BaseConfig,
    Channel,
    ModelKeys,
    RunAfter,
    SageMakerPipeline,
)

SCHEMA_ID = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Give the JSON schema of a conf, as ``configs/conf.schema.json`` holds it."""
    sections = tuple(dict.fromkeys(SECTION_OF_CLASS.values()))
    roots: tuple[type[BaseModel], ...] = (BaseConfig, SageMakerPipeline, ModelKeys, Channel, RunAfter, *sections)
    _, generated = models_json_schema([(model, "validation") for model in roots], by_alias=True)
    definitions = {name: _with_empty_keys(definition) for name, definition in generated["$defs"].items()}
    base, model = definitions.pop("BaseConfig"), definitions.pop("ModelKeys")
    model["title"] = "Model"
    model["description"] = "A model: what holds for all its steps, and the sections that they read."
    for name, section in DOCUMENTED_SECTIONS.items():
        model["properties"][name] = _or_empty({"$ref": f"#/$defs/{section.__name__}"})
    # A section of another name is what the step that names it as its step_type makes of it.
    model["additionalProperties"] = {"anyOf": [{"$ref": f"#/$defs/{section.__name__}"} for section in sections]}
    conf = {
        **base,
        "title": "conf",
        "description": "A pipeline: its models, its steps, and what holds for all of them.",
        "properties": {
            "models": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Model"}},
            "sagemakerPipeline": {"$ref": "#/$defs/SageMakerPipeline"},
            **base["properties"],
        },
    }
    return {
        "$schema": SCHEMA_ID,
        "title": "conf.yaml of a SageMaker pipeline",
        "type": "object",
        "properties": {"conf": conf},
        "required": ["conf"],
        "additionalProperties": False,
        "$defs": {"Model": model, **dict(sorted(definitions.items()))},
    }


def json_schema_text() -> str:
    """Give the JSON schema as the file for editors has it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _with_empty_keys(definition: dict[str, Any]) -> dict[str, Any]:
    """Let keys stand without value where they may be absent."""
    required = definition.get("required", [])
    properties = {
        name: value if name in required else _or_empty(value)
        for name, value in definition.get("properties", {}).items()
    }
    return {**definition, "properties": properties}


def _or_empty(schema: dict[str, Any]) -> dict[str, Any]:
    annotations = ("title", "description", "default")
    described = {name: value for name, value in schema.items() if name in annotations or name.startswith("x-")}
    rest = {name: value for name, value in schema.items() if name not in described}
    alternatives = rest["anyOf"] if set(rest) == {"anyOf"} else [rest]
    if {"type": "null"} not in alternatives:
        alternatives = [*alternatives, {"type": "null"}]
    return {**described, "anyOf": alternatives}


@dataclass(frozen=True)
class KeyRow:
    """One key of a conf, for the reference page.

    :param path: where it stands, such as ``models.<model>.train.instance_count``.
    :param type: what it takes.
    :param default: its default as YAML, or "required".
    :param steps: the step classes that read it; none for keys that are no step's.
    :param api: where the value goes.
    :param no_effect: why it does nothing.
    :param description: what it is for.
    """

    path: str
    type: str
    default: str
    steps: tuple[str, ...]
    api: str | None
    no_effect: str | None
    description: str


def key_table() -> list[KeyRow]:
    """Give every key of a conf, in the order of the models."""
    schema = json_schema()
    definitions = schema["$defs"]
    conf = dict(schema["properties"]["conf"]["properties"])
    conf.pop("models")
    pipeline = conf.pop("sagemakerPipeline")
    model = dict(definitions["Model"]["properties"])
    sections = {name: model.pop(name) for name in DOCUMENTED_SECTIONS}
    walk = _Walk(definitions)
    rows = [*walk.rows({"properties": conf}, "", ()), *walk.rows({"properties": model}, "models.<model>.", ())]
    for name in sections:
        if name != "preprocess":
            kind = DOCUMENTED_SECTIONS[name]
            rows.extend(walk.rows(definitions[kind.__name__], f"models.<model>.{name}.", kind.STEP_CLASSES))
    return [*rows, *walk.rows(walk.nested(pipeline) or {}, "sagemakerPipeline.", ())]


class _Walk:
    """Reads the keys of a schema's definitions."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self._definitions = definitions

    def rows(self, definition: dict[str, Any], prefix: str, steps: tuple[str, ...]) -> Iterator[KeyRow]:
        required = definition.get("required", ())
        for name, schema in definition["properties"].items():
            readers = tuple(schema.get("x-steps", steps))
            if ".channels." in prefix and not set(readers) & set(steps):
                continue  # a key of other sections' channels
            yield KeyRow(
                path=prefix + name,
                type=_type_words(schema),
                default="required" if name in required else json.dumps(schema.get("default")),
                steps=readers,
                api=schema.get("x-api"),
                no_effect=schema.get("x-no-effect"),
                description=schema.get("description", ""),
            )
            nested = self.nested(schema)
            if nested is not None:
                yield from self.rows(nested, f"{prefix}{name}{_step_into(name, schema)}.", readers)

    def nested(self, schema: Any) -> dict[str, Any] | None:
        """The definition that a schema refers to, be it of an item, of a value, or one of several."""
        for part in _parts(schema):
            if "$ref" in part:
                definition: dict[str, Any] = self._definitions[part["$ref"].rsplit("/", 1)[-1]]
                return definition
        return None


def _parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema, and all that it is made of."""
    yield schema
    for alternative in schema.get("anyOf", ()):
        yield from _parts(alternative)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from _parts(schema[name])
    # A mapping whose names follow a pattern.
    for values in schema.get("patternProperties", {}).values():
        yield from _parts(values)


def _step_into(name: str, schema: dict[str, Any]) -> str:
    parts = tuple(_parts(schema))
    if any("items" in part for part in parts):
        return "[]"
    if any(isinstance(part.get("additionalProperties"), dict) or "patternProperties" in part for part in parts):
        return f".<{name.rstrip('s')}>"
    return ""


def _type_words(schema: dict[str, Any]) -> str:
    words: list[str] = []
    for part in schema.get("anyOf", [schema]):
        kinds = part.get("type", "object" if "$ref" in part else "any")
        if True in part.get("enum", ()):
            words.append(_WORDS["boolean"])
        elif "enum" in part:
            words.append(" | ".join(part["enum"]))
        elif part.get("pattern") != OPEN_TEXT["pattern"]:
            words.extend(_WORDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind in _WORDS)
    return " or ".join(dict.fromkeys(words))


_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "mapping",
    "any": "any",
}
