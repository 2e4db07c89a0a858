"""The same DAGs written for other DAG builders, which are installed beside this environment, never into it.

``dag-factory`` and ``airflow-blueprint`` build DAGs from YAML too. They get files that say what the DAGs are, task by
task: they know no SageMaker, so nothing is checked, completed or documented but what these files say.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from benchmarks.parse.handwritten import DAG_ARGUMENTS, arguments_of

# Their dependencies (PyYAML, pydantic, typer, rich, …) are Airflow's and ours as well.
PINS = {"dag-factory": "dag-factory==1.1.0", "airflow-blueprint": "airflow-blueprint==0.5.0"}
OPERATORS = "sagemaker_mirror.operators.sagemaker_pipeline"

LOAD_DAG_FACTORY = """\
from pathlib import Path

from dagfactory import load_yaml_dags  # Airflow DAGs

load_yaml_dags(globals_dict=globals(), dags_folder=str(Path(__file__).parent))
"""

LOAD_BLUEPRINT = """\
from pathlib import Path

from blueprint import BlueprintRegistry, build_all_airflow_dags

HERE = Path(__file__).parent
build_all_airflow_dags(HERE, globals(), bp_registry=BlueprintRegistry([HERE]), render_templates=False)
"""

BLUEPRINTS = """\
from blueprint import BaseModel, Blueprint, BlueprintDagArgs
from sagemaker_mirror.operators import sagemaker_pipeline


class TaskConfig(BaseModel):
    operator: str
{fields}


class Task(Blueprint[TaskConfig]):
    def render(self, config: TaskConfig):
        arguments = config.model_dump(exclude={{"operator"}}, exclude_none=True)
        return getattr(sagemaker_pipeline, config.operator)(task_id=self.step_id, **arguments)


class ArgumentsConfig(BaseModel):
    description: str | None
    doc_md: str
    max_active_runs: int
    catchup: bool
    tags: list[str]


class Arguments(BlueprintDagArgs[ArgumentsConfig]):
    default = True

    def render(self, config: ArgumentsConfig) -> dict:
        return {{"schedule": None, **config.model_dump()}}
"""


def install() -> Path:
    """Install the peers into the user's cache, unless they are there, and return the folder to import them from."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    target = cache / "airflow-provider-sagemaker-mirror" / "benchmarks" / "-".join(sorted(PINS.values()))
    if not target.is_dir():
        command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--target", str(target)]
        subprocess.run([*command, "--python", sys.executable, *PINS.values()], check=True)
    return target


def write_dag_factory(dags: Mapping[str, Any], folder: Path) -> Path:
    """Write one YAML file for each DAG, and return the DAG file that loads them.

    :param dags: what our factory made
    :param folder: where to
    """
    folder.mkdir()
    for dag in dags.values():
        groups = [child for child in dag.task_group.children.values() if not hasattr(child, "task_id")]
        text = {
            **_dag(dag),
            "schedule": None,
            "start_date": "2020-01-01",
            # Parts of a param as dag-factory takes them: the class, and its arguments.
            "params": {
                name: {
                    "__type__": "sagemaker_mirror.compat.Param",
                    "default": param.value,
                    "description": param.description,
                    **param.schema,
                }
                for name, param in dag.params.items()
            },
            # Groups without a prefix break its dependencies.
            "task_groups": {group.group_id: {"tooltip": group.tooltip} for group in groups},
            "tasks": [
                {
                    "task_id": task.task_id,
                    "operator": f"{OPERATORS}.{type(task).__name__}",
                    **({"task_group_name": task.task_group.group_id} if task.task_group.group_id else {}),
                    **_arguments(task),
                    "dependencies": sorted(task.upstream_task_ids),
                }
                for task in dag.tasks
            ],
        }
        _write(folder / f"{dag.dag_id}.yaml", {dag.dag_id: text})
    (folder / "load.py").write_text(LOAD_DAG_FACTORY)
    return folder / "load.py"


def write_blueprint(dags: Mapping[str, Any], folder: Path) -> Path:
    """Write one YAML file for each DAG, and return the DAG file that loads them.

    :param dags: what our factory made
    :param folder: where to
    """
    folder.mkdir()
    for dag in dags.values():
        steps = {
            task.task_id: {
                "blueprint": "task",
                "operator": type(task).__name__,
                **_arguments(task),
                "depends_on": sorted(task.upstream_task_ids),
            }
            for task in dag.tasks
        }
        _write(folder / f"{dag.dag_id}.dag.yaml", {"dag_id": dag.dag_id, **_dag(dag), "steps": steps})
    (folder / "templates.py").write_text(BLUEPRINTS.format(fields="\n".join(_fields(dags))))
    (folder / "load.py").write_text(LOAD_BLUEPRINT)
    return folder / "load.py"


def _fields(dags: Mapping[str, Any]) -> list[str]:
    """Return the fields that the tasks need, each of one type, as blueprint asks."""
    arguments = [argument for dag in dags.values() for task in dag.tasks for argument in _arguments(task).items()]
    kinds = {name: "list[str]" if isinstance(value, list) else type(value).__name__ for name, value in arguments}
    return [f"    {name}: {kind} | None = None" for name, kind in sorted(kinds.items())]


def _dag(dag: Any) -> dict[str, Any]:
    return {**{key: getattr(dag, key) for key in DAG_ARGUMENTS}, "tags": sorted(dag.tags)}


def _arguments(task: Any) -> dict[str, Any]:
    # Their YAML has no word for an asset alias.
    arguments = {name: value for name, value in arguments_of(task).items() if name != "outlets"}
    return {name: str(value) if isinstance(value, str) else value for name, value in arguments.items()}


def _write(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(yaml.safe_dump(dict(content), sort_keys=False))
