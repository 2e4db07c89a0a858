"""The section ``airflow``: how the DAG of a folder is scheduled and shown. Only names and values; no Airflow here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from sagemaker_mirror.config.fields import NOTHING, Keys, Text, TextList, describe, key, wrong

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PRESETS = ("@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly", "@annually")


def _duration(value: Any) -> timedelta:
    """Seconds, or text like ``90s``, ``5m``, ``1h30m``."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9:
        return timedelta(seconds=value)
    if isinstance(value, str) and re.fullmatch(r"(?:\d{1,6}[smhd])+", value):
        parts = re.findall(r"(\d+)([smhd])", value)
        return sum((timedelta(**{_UNITS[unit]: int(count)}) for count, unit in parts), timedelta())
    raise wrong(f"must be seconds, or a duration like '90s', '5m' or '1h30m', is {describe(value)}")


def _start_date(value: Any) -> datetime:
    """Absolute only: a start that moves with the clock would make each parse another DAG."""
    if isinstance(value, str):
        try:
            # Python 3.10 reads no 'Z'.
            start = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", value.strip()))
        except ValueError:
            start = None
        if start is not None:
            return start if start.tzinfo else start.replace(tzinfo=timezone.utc)
    raise wrong(f"must be a date like '2026-01-31' or '2026-01-31T06:00:00+01:00', is {describe(value)}")


def _schedule(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(value) == 1 and value[0].startswith("@") and value[0] not in _PRESETS:
        raise wrong(f"must be one of {', '.join(_PRESETS)}, is {value[0]!r}")
    for text in value:
        if len(text.split()) not in (1, 5, 6) or (len(value) > 1 and (" " in text or text.startswith("@"))):
            raise wrong(f"must be a cron expression, a preset, or assets by URI or name; is {describe(text)}")
    return value


Duration = Annotated[
    timedelta, BeforeValidator(_duration), WithJsonSchema({"type": ["string", "number"], "examples": ["5m", 300]})
]


class AirflowSection(Keys):
    """How the folder's DAG is scheduled and shown."""

    schedule: Annotated[
        Annotated[TextList, AfterValidator(_schedule)] | None,
        key("Cron expression, preset (`@daily`), or assets by `s3://` URI or name; none by default."),
    ] = None
    start_date: Annotated[
        datetime | None,
        BeforeValidator(_start_date),
        WithJsonSchema({"type": "string"}),
        key("First date of the schedule; absolute, UTC where it has no zone."),
    ] = None
    catchup: Annotated[bool, key("Whether missed intervals are run.")] = False
    max_active_runs: Annotated[int, Field(ge=1), key("How many runs there are at once.")] = 1
    retries: Annotated[int, Field(ge=0), key("How often a failed task is tried again.")] = 0
    retry_delay: Annotated[Duration | None, key("Wait before a retry, in seconds or like `5m`.")] = None
    pool: Annotated[Text | None, key("Pool of the tasks.")] = None
    queue: Annotated[Text | None, key("Queue of the tasks.")] = None
    priority_weight: Annotated[int | None, key("Weight of the tasks in their queue.")] = None
    owner: Annotated[Text | None, key("Owner of the DAG.")] = None
    tags: Annotated[TextList, key("Tags of the DAG.")] = ()
    name: Annotated[Text | None, key("Name of the DAG to show.")] = None
    description: Annotated[Text | None, key("What the DAG is for.")] = None
    links: Annotated[Mapping[Text, Text], key("Links of the owner, by name.")] = NOTHING
    email: Annotated[TextList, key("Addresses to notify.")] = ()
    on_failure_callback: Annotated[
        Text | None, key("Dotted path of a function to call on failure, from the allowed list.")
    ] = None
    default_args: Annotated[Mapping[Text, Any], key("Arguments of every task.")] = NOTHING
    mirror_external: Annotated[bool, key("Whether executions begun outside Airflow become DAG runs.")] = False
    on_drift: Annotated[
        Literal["overwrite", "fail", "adopt"],
        key("What to do when somebody else has changed the pipeline in SageMaker."),
    ] = "fail"

    @property
    def cron(self) -> str | None:
        """The cron expression or preset, where the schedule is one."""
        if self.schedule is None or len(self.schedule) != 1:
            return None
        text = self.schedule[0]
        return text if text.startswith("@") or len(text.split()) > 1 else None

    @property
    def assets(self) -> tuple[str, ...]:
        """The assets (URIs or names) that start a run, where the schedule is made of them."""
        return () if self.schedule is None or self.cron is not None else self.schedule
