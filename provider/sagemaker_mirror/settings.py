"""The options of ``[sagemaker_mirror]`` in airflow.cfg: one table, read here and published by the provider info."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECTION = "sagemaker_mirror"


@dataclass(frozen=True)
class Option:
    """One option of ``[sagemaker_mirror]``.

    :param name: the option's key; its environment variable is ``AIRFLOW__SAGEMAKER_MIRROR__<NAME>``
    :param type: ``string``, ``integer``, ``float`` or ``boolean``, as Airflow names types in a provider's metadata
    :param default: the value where nothing is configured, as it would be written in airflow.cfg
    :param description: what it does, in reStructuredText
    :param example: another sensible value
    :param version_added: the first of our versions that has it
    """

    name: str
    type: str
    default: str
    description: str
    example: str
    version_added: str

    def metadata(self) -> dict[str, Any]:
        """Return the option in the form of Airflow's ``provider_info.schema.json``."""
        return {
            "description": self.description,
            "version_added": self.version_added,
            "type": self.type,
            "example": self.example,
            "default": self.default,
        }


CONFIGS_FOLDER = Option(
    name="configs_folder",
    type="string",
    default="configs",
    description=(
        "The folder whose sub-folders become DAGs. A relative path is looked for beside the DAG file that builds\n"
        "them and then in the folder above it, so that a DAG bundle carries its own confs."
    ),
    example="/opt/airflow/sagemaker/configs",
    version_added="0.1.0",
)
POLL_INTERVAL = Option(
    name="poll_interval",
    type="integer",
    default="15",
    description=(
        "Seconds between two looks at a SageMaker pipeline execution. One look serves all tasks that wait for the\n"
        "same execution in a triggerer. While nothing changes for long, looks get rarer: after five minutes at the\n"
        "default, up to four times the interval after twenty."
    ),
    example="60",
    version_added="0.1.0",
)
MAX_CALLS_PER_SECOND = Option(
    name="max_calls_per_second",
    type="float",
    default="10",
    description=(
        "How many calls per second one triggerer makes to look at the executions of one AWS account and Region. A\n"
        "look is two calls, and one more for each hundred steps beyond the first. While SageMaker throttles, they\n"
        "are fewer."
    ),
    example="25",
    version_added="0.1.0",
)
ALLOWED_CALLBACKS = Option(
    name="allowed_callbacks",
    type="string",
    default="",
    description=(
        "Functions that a conf may name as its ``on_failure_callback``: dotted paths, separated by commas. None by\n"
        "default, because whoever may write a conf could else have any function of any module called."
    ),
    example="company.alerts.page_the_team,company.alerts.send_mail",
    version_added="0.1.0",
)
EXTERNAL_INTERVAL = Option(
    name="external_interval",
    type="integer",
    default="300",
    description=(
        "Seconds between two looks for executions that were begun outside Airflow, for folders whose conf says\n"
        "``airflow.mirror_external: true``."
    ),
    example="60",
    version_added="0.1.0",
)
AIRFLOW_API_CONN_ID = Option(
    name="airflow_api_conn_id",
    type="string",
    default="",
    description=(
        "HTTP connection to Airflow's own public REST API. With it, the run of an execution that is retried in\n"
        "Studio after the run has ended is re-opened: its failed tasks are cleared, and follow. Without it, that is\n"
        "only reported, because tasks of Airflow 3 have no other way to clear tasks."
    ),
    example="airflow_api",
    version_added="0.1.0",
)
OPTIONS: tuple[Option, ...] = (
    CONFIGS_FOLDER,
    POLL_INTERVAL,
    MAX_CALLS_PER_SECOND,
    ALLOWED_CALLBACKS,
    EXTERNAL_INTERVAL,
    AIRFLOW_API_CONN_ID,
)


def configs_folder() -> str:
    """Return ``[sagemaker_mirror] configs_folder``."""
    # Airflow is imported when an option is read, so that the provider's metadata can be listed without it.
    from sagemaker_mirror.compat import conf

    return str(conf.get(SECTION, CONFIGS_FOLDER.name, fallback=CONFIGS_FOLDER.default))


def poll_interval() -> int:
    """Return ``[sagemaker_mirror] poll_interval``, in seconds."""
    from sagemaker_mirror.compat import conf

    return int(conf.getint(SECTION, POLL_INTERVAL.name, fallback=int(POLL_INTERVAL.default)))


def max_calls_per_second() -> float:
    """Return ``[sagemaker_mirror] max_calls_per_second``."""
    from sagemaker_mirror.compat import conf

    default = float(MAX_CALLS_PER_SECOND.default)
    return float(conf.getfloat(SECTION, MAX_CALLS_PER_SECOND.name, fallback=default))


def allowed_callbacks() -> frozenset[str]:
    """Return the dotted paths in ``[sagemaker_mirror] allowed_callbacks``."""
    from sagemaker_mirror.compat import conf

    text = str(conf.get(SECTION, ALLOWED_CALLBACKS.name, fallback=ALLOWED_CALLBACKS.default))
    return frozenset(path.strip() for path in text.split(",") if path.strip())


def external_interval() -> int:
    """Return ``[sagemaker_mirror] external_interval``, in seconds."""
    from sagemaker_mirror.compat import conf

    return int(conf.getint(SECTION, EXTERNAL_INTERVAL.name, fallback=int(EXTERNAL_INTERVAL.default)))


def airflow_api_conn_id() -> str | None:
    """Return ``[sagemaker_mirror] airflow_api_conn_id``; None where nothing is configured."""
    from sagemaker_mirror.compat import conf

    return str(conf.get(SECTION, AIRFLOW_API_CONN_ID.name, fallback=AIRFLOW_API_CONN_ID.default)) or None


def find_configs(configs: str | Path | None, dag_file: str | Path) -> Path:
    """Return the configs root as an existing, absolute folder.

    :param configs: the configs root; None takes ``[sagemaker_mirror] configs_folder``. A relative path is looked
        for beside the DAG file, then in the folder above it (``dags/`` and ``configs/`` side by side).
    :param dag_file: the DAG file on whose behalf the root is looked for
    :raises FileNotFoundError: there is no such folder; the message lists the places that were tried
    """
    folder = Path(dag_file).resolve().parent
    wanted = Path(configs_folder() if configs is None else configs)
    # An absolute path on the right of "/" stays itself.
    candidates = dict.fromkeys((folder / wanted, folder.parent / wanted))
    for candidate in candidates:
        if candidate.is_dir():
            return candidate.resolve()
    tried = ", ".join(str(candidate) for candidate in candidates)
    option = "" if configs is not None else f" ([{SECTION}] {CONFIGS_FOLDER.name})"
    raise FileNotFoundError(f"There is no configs folder {str(wanted)!r}{option}. Tried: {tried}")
