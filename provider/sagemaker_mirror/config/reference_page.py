"""The reference page of a conf's keys, written from the models: ``docs/reference/conf.md``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sagemaker_mirror.config.schema import KeyRow, key_table

_INTRODUCTION = """\
# Keys of a conf

Written by `sagemaker-mirror keys -o docs/reference/conf.md` from the models that check a conf.

A config folder's files `**/conf/*.yaml` are one conf. All keys lie below `conf:`. A key without value is an absent
key, and a key that is not listed here is an error. Text like `SMP_REGION`, a name declared under `variables`, or
`${params.Name}` (a parameter of the pipeline) may stand for a value or a part of it.

*API field* is where the value goes: a path in the request that the step stands for, in the pipeline's definition, or
in the request that writes the pipeline.

A step may name a section of any other name as its `step_type`; that section has the keys of the one below that goes
with the step's class.
"""

# Titles by the beginning of a key's path; the longest that fits holds.
_GROUPS = (
    ("", "The whole folder", ""),
    ("sagemakerNetworkSecurity.", "Network, role and key", ""),
    ("airflow.", "Airflow", "These keys are the DAG's; nothing of them gets to SageMaker."),
    ("models.<model>.", "Models", ""),
    (
        "models.<model>.processing.",
        "Processing jobs",
        "Any name will do in place of `processing`; steps name it.",
    ),
    ("models.<model>.train.", "Training jobs", ""),
    ("models.<model>.registry.", "Creating and registering models", ""),
    ("models.<model>.transform.", "Batch transform, and serving", ""),
    ("models.<model>.evaluate.", "Evaluation", ""),
    ("sagemakerPipeline.", "The pipeline", ""),
    ("sagemakerPipeline.models.<model>.steps[].", "Steps", ""),
    ("sagemakerPipeline.parameters.<parameter>.", "Parameters", ""),
)


def reference_page() -> str:
    """Write the page, as Markdown."""
    grouped: dict[str, list[KeyRow]] = {prefix: [] for prefix, _, _ in _GROUPS}
    for row in key_table():
        grouped[max((prefix for prefix in grouped if row.path.startswith(prefix)), key=len)].append(row)
    parts = [_INTRODUCTION]
    for prefix, title, text in _GROUPS:
        parts.append("\n".join(_group(prefix, title, text, grouped[prefix])))
    parts.append("\n".join(_without_effect([row for rows in grouped.values() for row in rows])))
    return "\n".join(parts)


def _group(prefix: str, title: str, text: str, rows: Sequence[KeyRow]) -> Iterator[str]:
    yield f"## {title}\n"
    if prefix:
        yield f"Below `{prefix.removesuffix('.')}`. {text}".strip() + "\n"
    yield "| key | type | default | step classes | API field | meaning |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in rows:
        cells = (
            f"`{row.path.removeprefix(prefix)}`",
            row.type,
            _default(row),
            ", ".join(row.steps),
            f"`{row.api}`" if row.api else "",
            f"{row.description} **No effect**: {row.no_effect}." if row.no_effect else row.description,
        )
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
    yield ""


def _default(row: KeyRow) -> str:
    if row.default == "required":
        return "**required**"
    # The default of what has keys of its own is that of each of them.
    if row.default in ("null", "{}", "[]") or row.default.startswith("{"):
        return ""
    return f"`{row.default}`"


def _without_effect(rows: Sequence[KeyRow]) -> Iterator[str]:
    yield "## Accepted without effect\n"
    yield "The API has no place for these keys; `sagemaker-mirror validate` warns of them.\n"
    yield "| key | why, and what to use instead |"
    yield "| --- | --- |"
    for row in rows:
        if row.no_effect:
            yield f"| `{row.path}` | {_cell(row.no_effect)} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
