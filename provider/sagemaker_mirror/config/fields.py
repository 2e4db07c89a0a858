"""The kinds of values that a conf's keys take, and what each key carries into schema, docs and compiler.

Values may be left open until a task runs: ``SMP_*`` placeholders, names declared under ``variables:`` and
``${params.Name}`` references may stand where a number, a flag or one of a few words is wanted. Validation lets such
text pass; in a resolved conf only references to the pipeline's parameters are left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainValidator,
    StrictStr,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

if TYPE_CHECKING:
    from typing_extensions import Self

NOTHING: dict[str, Any] = {}
"""The default of mappings; pydantic copies it."""

PLACEHOLDER = re.compile(r"(?<![A-Za-z0-9_])SMP_[A-Z0-9_]+(?![A-Za-z0-9_])")
"""A name whose value is known when a task runs; whole words only."""

PARAMETER = re.compile(r"\$\{params\.([A-Za-z0-9_-]+)\}")
"""A reference to a parameter of the pipeline, which SageMaker fills in."""


def key(
    description: str,
    *,
    api: str | None = None,
    steps: tuple[str, ...] = (),
    alias: str | None = None,
    no_effect: str | None = None,
) -> Any:
    """Describe one key of a conf, inside ``Annotated``: the one place its documentation and schema come from.

    :param description: one sentence for people.
    :param api: where the value goes: a path in the request (or the pipeline definition) that the step stands for.
    :param steps: step classes that read the key, where they are fewer than those that read its section.
    :param alias: the key as it is written in a conf, where it differs from the attribute's name.
    :param no_effect: why the key is accepted although the API has no place for it, and what to use instead.
    """
    extra: dict[str, Any] = {"x-api": api, "x-steps": list(steps), "x-no-effect": no_effect}
    return Field(
        description=description,
        alias=alias,
        json_schema_extra={name: value for name, value in extra.items() if value},
    )


class Keys(BaseModel):
    """A mapping with known keys: any other is a mistake, and a key without value is an absent key."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        # Frozen, so one will do. Pydantic copies defaults at each validation, which took a tenth of reading a conf.
        return self

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, value: Any) -> Any:
        if isinstance(value, dict) and None in value.values():
            return {name: item for name, item in value.items() if item is not None}
        return value


@dataclass(frozen=True)
class OpenNames:
    """Validation context: what gets its value later.

    :param pattern: finds placeholders, and the names that the conf declares itself.
    :param parameters: the types of the pipeline's parameters, by name.
    """

    pattern: re.Pattern[str] = PLACEHOLDER
    parameters: Mapping[str, str] = field(default_factory=dict)


def is_open(value: Any) -> bool:
    """Whether a value is text with a placeholder or a reference to a parameter."""
    return isinstance(value, str) and bool(PLACEHOLDER.search(value) or PARAMETER.search(value))


def describe(value: Any) -> str:
    """A value as an error message names it, in YAML's words."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:37] + "...")
    return "a mapping" if isinstance(value, Mapping) else "a list"


def wrong(message: str) -> PydanticCustomError:
    """The error that a validator raises; the message goes on after the key's name."""
    return PydanticCustomError("conf", "{message}", {"message": message})


OPEN_TEXT = {"type": "string", "pattern": r"SMP_[A-Z0-9_]+|\$\{params\.|^[A-Z][A-Z0-9_]*$"}
"""JSON schema of text that may stand for any value; a conf's own variables have names in capitals."""


@dataclass(frozen=True)
class OpenType:
    """A type whose value may also be left open; used inside ``Annotated``.

    :param check: gives the value in its type, or raises :func:`wrong`.
    :param schema: the JSON schema of the type.
    :param parameter: type of the pipeline parameters that may stand for the value; none may by default.
    """

    check: Callable[[Any], Any]
    schema: Mapping[str, Any]
    parameter: str | None = None

    def validate(self, value: Any, info: ValidationInfo) -> Any:
        """Let open text pass and check everything else."""
        if isinstance(value, str):
            names = info.context if isinstance(info.context, OpenNames) else OpenNames()
            if names.pattern.search(value):
                return value
            if PARAMETER.search(value):
                return self._reference(value, names.parameters)
        return self.check(value)

    def _reference(self, value: str, parameters: Mapping[str, str]) -> str:
        if self.parameter is None:
            raise wrong("can't be left to a parameter of the pipeline")
        match = PARAMETER.fullmatch(value)
        if match is None:
            raise wrong(f"must be a parameter of type {self.parameter} alone, is {describe(value)}")
        # A parameter that the pipeline doesn't have is reported once, whatever the key.
        known = parameters.get(match[1], self.parameter)
        if known != self.parameter:
            raise wrong(f"must be a parameter of type {self.parameter}, but {match[1]!r} is of type {known}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        return {"anyOf": [dict(self.schema), dict(OPEN_TEXT)]}


def whole_number(minimum: int = 1, maximum: int | None = None, *, parameter: str | None = "Integer") -> OpenType:
    """Describe the type of whole numbers within limits.

    :param minimum: the smallest that is allowed.
    :param maximum: the largest that is allowed, if there is a limit.
    :param parameter: type of the pipeline parameters that may stand for the number.
    """

    def check(value: Any) -> int:
        number = int(value) if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", value) else value
        if isinstance(number, bool) or not isinstance(number, int):
            raise wrong(f"must be a whole number, is {describe(value)}")
        if number < minimum or (maximum is not None and number > maximum):
            limits = f"{minimum} or more" if maximum is None else f"from {minimum} to {maximum}"
            raise wrong(f"must be {limits}, is {number}")
        return number

    limits = {"minimum": minimum} | ({} if maximum is None else {"maximum": maximum})
    return OpenType(check, {"type": "integer", **limits}, parameter)


def one_of(*words: str) -> OpenType:
    """Describe the type of keys that take one of a few words.

    :param words: the words.
    """

    def check(value: Any) -> str:
        if value in words:
            return str(value)
        raise wrong(f"must be one of {', '.join(map(repr, words))}, is {describe(value)}")

    return OpenType(check, {"type": "string", "enum": list(words)}, "String")


def _not_parametric(text: str) -> str:
    if PARAMETER.search(text):
        raise wrong("can't be left to a parameter of the pipeline: it is needed before the pipeline is written")
    return text


def _check_flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise wrong(f"must be true or false, is {describe(value)}")


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _split(value: Any) -> Any:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return value
    parts = [part.strip() for item in value for part in (item.split(",") if isinstance(item, str) else [item])]
    return [part for part in parts if part]


def _environment_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(_scalar(value))


def _scalar(value: Any) -> Any:
    if isinstance(value, bool | int | float | str):
        return value
    raise wrong(f"must be text, a number or a boolean, is {describe(value)}")


def _tags_by_name(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    tags: dict[str, Any] = {}
    for tag in value:
        if not isinstance(tag, dict) or set(tag) != {"Key", "Value"} or not isinstance(tag["Key"], str):
            raise wrong("must be a mapping of names to values, or a list of {Key: ..., Value: ...}")
        if tag["Key"] in tags:
            raise wrong(f"has the tag {tag['Key']!r} twice")
        tags[tag["Key"]] = tag["Value"]
    return tags


FLAG = OpenType(_check_flag, {"enum": [True, False, "true", "false", "True", "False"]})

Text = StrictStr
"""Text; a number or boolean in its place is a mistake, since YAML has changed it already (``012``, ``yes``)."""

WrittenText = Annotated[Text, AfterValidator(_not_parametric)]
"""Text that is needed to write the pipeline: placeholders may stand in it, parameters of the pipeline may not."""

TextList = Annotated[
    tuple[Text, ...],
    BeforeValidator(_one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""A list of texts; one text is a list of one."""

CommaList = Annotated[
    tuple[Text, ...],
    BeforeValidator(_split),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""A list of texts; also written as one text with commas, as environment variables hold lists."""

Scalar = Annotated[
    str | int | float | bool,
    PlainValidator(_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
"""Text, a number or a boolean, kept as it is."""

EnvironmentValue = Annotated[
    str, BeforeValidator(_environment_value), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
"""The value of an environment variable or tag: text, since that is what the API takes."""

Tags = Annotated[
    Mapping[Text, EnvironmentValue],
    BeforeValidator(_tags_by_name),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "Key": {"type": "string"},
                            "Value": {"type": ["string", "number", "boolean"]},
                        },
                        "required": ["Key", "Value"],
                        "additionalProperties": False,
                    },
                },
            ]
        }
    ),
]
"""Tags by name; written as a mapping or as the list of ``{Key, Value}`` that the SageMaker SDK takes."""
