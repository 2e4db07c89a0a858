"""Which steps belong to one model: a definition doesn't say it, but shows what they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sagemaker_mirror.compiler import repack
from sagemaker_mirror.compiler.metrics import PROPERTY_FILES
from sagemaker_mirror.graph.repacking import repack_name
from sagemaker_mirror.importer.rewriting.values import source_of

Step = dict[str, Any]


def repacked_by(steps: Sequence[Step]) -> dict[str, str]:
    """Give the Training steps whose models are repacked, by the names of the steps that do it.

    :param steps: the steps of the definition.
    """
    names = {repack_name(step["Name"]): step["Name"] for step in steps if step["Type"] == "Training"}
    own = (step["Name"] for step in steps if step.get("Description") == repack.DESCRIPTION)
    return {name: names[name] for name in own if name in names}


def class_of(step: Step) -> str:
    """Give the class that a step has in a conf.

    :param step: the step.
    """
    if step["Type"] == "Model":
        return "CreateModel"
    return "Metrics" if step.get("PropertyFiles") == PROPERTY_FILES else str(step["Type"])


def archived_by(step: Step) -> str:
    """Give the step whose archive a model is created or registered from: one that trains, or one that repacks.

    :param step: the step that creates or registers it.
    """
    return source_of(_container(step)["ModelDataUrl"]) or ""


def image_of(step: Step) -> str:
    """Give the image that a Training step runs in."""
    image: str = step["Arguments"]["AlgorithmSpecification"]["TrainingImage"]
    return image


def program_of(step: Step) -> str:
    """Give the script that serves the model which a step creates or registers."""
    module: str = _container(step)["Environment"]["SAGEMAKER_PROGRAM"]
    return module.replace(".", "/") + ".py"


def report_of(step: Step) -> Mapping[str, Any] | None:
    """Give the report that a RegisterModel step refers to: its MIME type, and where it lies."""
    statistics: Mapping[str, Any] | None = (
        step["Arguments"].get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics")
    )
    return statistics


def metrics_of(step: Step) -> str | None:
    """Give the Metrics step whose report a RegisterModel step refers to."""
    report = report_of(step)
    return None if report is None else source_of(report["S3Uri"]["Std:Join"]["Values"][0])


def grouped(steps: Sequence[Step], bundles: Mapping[str, str | None], repacks: Mapping[str, str]) -> list[list[Step]]:
    """Put the steps of one model together: what is trained, created, scored, registered, and runs the same scripts.

    :param steps: the steps, without those that repack.
    :param bundles: the address of each step's scripts.
    :param repacks: the Training steps whose models are repacked, by the names of the steps that do it.
    :return: the models, each in the order of its steps.
    """
    group = {step["Name"]: number for number, step in enumerate(steps)}
    shared: dict[str, str] = {}
    for step in steps:
        name = step["Name"]
        related = [shared.setdefault(bundle, name)] if (bundle := bundles.get(name)) else []
        if step["Type"] in ("Model", "RegisterModel"):
            archive = archived_by(step)
            related.append(repacks.get(archive, archive))
        if step["Type"] == "RegisterModel" and (metrics := metrics_of(step)):
            related.append(metrics)
        if step["Type"] == "Transform":
            related.append(source_of(step["Arguments"]["ModelName"]) or "")
        for other in related:
            old, new = sorted((group[name], group[other]), reverse=True)
            group = {key: new if number == old else number for key, number in group.items()}
    numbers = dict.fromkeys(group.values())
    return [[step for step in steps if group[step["Name"]] == number] for number in numbers]


def _container(step: Step) -> dict[str, Any]:
    request = step["Arguments"]
    container: dict[str, Any] = (
        request["PrimaryContainer"] if step["Type"] == "Model" else request["InferenceSpecification"]["Containers"][0]
    )
    return container
