"""The whole conf of a definition that was compiled from one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sagemaker_mirror.config.definition import TRIGGERS
from sagemaker_mirror.config.model import (
    DEFAULT_SECTION,
    EvaluateSection,
    NetworkSecurity,
    RegistrySection,
    StepConfig,
)
from sagemaker_mirror.config.names import package_group_name
from sagemaker_mirror.config.validation import FIXED_SECTIONS
from sagemaker_mirror.importer.reading import ImportedPipeline
from sagemaker_mirror.importer.rewriting.code import Code
from sagemaker_mirror.importer.rewriting.models import (
    Step,
    archived_by,
    class_of,
    grouped,
    image_of,
    metrics_of,
    program_of,
    repacked_by,
    report_of,
)
from sagemaker_mirror.importer.rewriting.sections import REWRITERS, Rewritten, Surroundings
from sagemaker_mirror.importer.rewriting.values import concise, source_of, with_texts

SCRIPTS = "scripts"
"""The folder of all scripts."""

Keys = dict[str, Any]
# Names below a model that stand for something already, whatever step would read them.
_TAKEN = frozenset({*FIXED_SECTIONS, "source_directory", "name", "tags"})


class Rewriting(NamedTuple):
    """A conf, and the scripts of its models.

    :param conf: what it has below ``conf``.
    :param scripts: the folders of scripts, and the address of the bundle that each comes from.
    """

    conf: Keys
    scripts: Mapping[str, str]


def rewrite(pipeline: ImportedPipeline, name: str, code: Code) -> Rewriting:
    """Propose a conf that compiles to a definition.

    :param pipeline: the pipeline; it was compiled from a conf.
    :param name: its name.
    :param code: the scripts that it refers to.
    :raises LookupError: the definition has another form than the compiler gives it.
    :raises ValueError: the same.
    """
    return _Rewriter(pipeline, name, code).rewriting()


class _Rewriter:
    """One pass over a definition."""

    def __init__(self, pipeline: ImportedPipeline, name: str, code: Code) -> None:
        self._pipeline, self._name = pipeline, name
        written: Sequence[Step] = [
            {**step, "Arguments": with_texts(step["Arguments"])} for step in pipeline.definition["Steps"]
        ]
        self._repacks = repacked_by(written)
        self._images = {step["Name"]: image_of(step) for step in written if step["Type"] == "Training"}
        self._steps = [step for step in written if step["Name"] not in self._repacks]
        self._bucket = next(iter(code.bundles), "s3:///").split("/")[2]
        around = Surroundings(code, self._bucket, dict(_names_of_outputs(self._steps)))
        self._rewritten = {
            step["Name"]: REWRITERS[class_of(step)](step["Name"], step["Arguments"], around) for step in self._steps
        }
        self._tags = self._common_tags()

    def rewriting(self) -> Rewriting:
        models: Keys = {}
        units: Keys = {}
        scripts: dict[str, str] = {}
        bundles = {name: step.bundle for name, step in self._rewritten.items()}
        groups = grouped(self._steps, bundles, self._repacks)
        for steps in groups:
            model = self._model_name(steps, models)
            sections, read = self._sections(steps)
            bundle = next((address for step in steps if (address := bundles[step["Name"]])), None)
            folder: Keys = {}
            if bundle is not None:
                folder = {"source_directory": SCRIPTS if len(groups) == 1 else f"{SCRIPTS}/{model}"}
                scripts[folder["source_directory"]] = bundle
            group = package_group_name(self._name, model)
            models[model] = folder | {key: _without_group(group, section) for key, section in sections.items()}
            units[model] = {"steps": [self._step(step, read[step["Name"]]) for step in steps]}
        return Rewriting(self._conf(models, units), scripts)

    def _conf(self, models: Keys, units: Keys) -> Keys:
        pipeline = self._pipeline
        section = {
            "pipelineName": self._name,
            "description": pipeline.description,
            "parallelism": pipeline.parallelism,
            "parameters": dict(_parameters(pipeline.definition)),
            "models": units,
        }
        return {
            "s3Bucket": self._bucket,
            "sagemakerNetworkSecurity": concise(NetworkSecurity, self._network()),
            "tags": self._tags,
            "models": models,
            "sagemakerPipeline": {key: value for key, value in section.items() if value},
        }

    def _network(self) -> Keys:
        """Role, network and key are the same in every step."""
        keys: Keys = {"role": self._pipeline.role_arn}
        for step in self._steps:
            request = step["Arguments"]
            network = {**request, **request.get("NetworkConfig", {})}
            vpc = network.get("VpcConfig", {})
            found = {
                "subnets": vpc.get("Subnets"),
                "security_groups_id": vpc.get("SecurityGroupIds"),
                "encrypt_inter_container_traffic": network.get("EnableInterContainerTrafficEncryption"),
                "enable_network_isolation": network.get("EnableNetworkIsolation"),
                "kms_key": _key(request),
            }
            keys |= {key: value for key, value in found.items() if value is not None}
        return keys

    def _common_tags(self) -> dict[str, str]:
        """Tags of the pipeline that all its steps give to what they create, if some with another value.

        RegisterModel steps give none. A tag that only the pipeline has was put there by hand, and stays there.
        """
        creators = [self._rewritten[step["Name"]] for step in self._steps if step["Type"] != "RegisterModel"]
        own = self._pipeline.tags.items()
        return {key: value for key, value in own if all(key in step.section.get("tags", {}) for step in creators)}

    def _model_name(self, steps: Sequence[Step], taken: Mapping[str, Any]) -> str:
        """A model's name is in that of its package group, where the conf named none."""
        wanted: str = next((step["Name"] for step in steps if step["Type"] == "Training"), steps[0]["Name"])
        for step in steps:
            group = step["Arguments"].get("ModelPackageGroupName", "")
            rest = group.removeprefix(f"{self._name}-")
            if rest and rest != group and package_group_name(self._name, rest) == group:
                wanted = rest
        while wanted in taken:
            wanted += "-2"
        return wanted

    def _sections(self, steps: Sequence[Step]) -> tuple[Keys, dict[str, str]]:
        """The sections of a model, and the one that each of its steps reads."""
        sections: Keys = {}
        read: dict[str, str] = {}
        for step in steps:
            section = self._section(step, steps)
            default = DEFAULT_SECTION.get(class_of(step))
            if default is not None and sections.get(default, section) == section:
                name = default
            else:
                name = step["Name"] + "-section" if step["Name"] in _TAKEN else step["Name"]
            sections[name], read[step["Name"]] = section, name
        served = [step for step in steps if step["Type"] in ("Model", "RegisterModel")]
        program = program_of(served[0]) if served else "inference.py"
        for name in {read[step["Name"]] for step in steps if step["Type"] == "Transform"}:
            sections[name] = {**_serving(served[0], program), **sections[name]}
        if "transform" not in sections and program != "inference.py":
            sections["transform"] = _serving(served[0], program)
        return sections, read

    def _section(self, step: Step, steps: Sequence[Step]) -> Keys:
        section = dict(self._rewritten[step["Name"]].section)
        tags = {key: value for key, value in section.pop("tags", {}).items() if self._tags.get(key) != value}
        if tags:
            section["tags"] = tags
        if step["Type"] in ("Model", "RegisterModel"):
            return self._registry(step, section, steps)
        for other in steps:
            report = report_of(other)
            if report is not None and metrics_of(other) == step["Name"]:
                section |= concise(EvaluateSection, {"content_type": report["ContentType"]})
        return section

    def _registry(self, step: Step, section: Keys, steps: Sequence[Step]) -> Keys:
        # A model is created as it is registered, where both say the same of it.
        registered = next((it for it in steps if it["Type"] == "RegisterModel"), None)
        if step["Type"] == "Model" and registered is not None:
            shared = self._registry(registered, dict(self._rewritten[registered["Name"]].section), steps)
            image = section["InferenceSpecification"]["image_uri"]
            same = shared["InferenceSpecification"]["image_uri"] == image
            if same and archived_by(step) == archived_by(registered):
                return {**shared, **({"tags": section["tags"]} if "tags" in section else {})}
        name = archived_by(step)
        section["ModelRepack"] = name in self._repacks
        if name in self._repacks and self._images[name] != self._images[self._repacks[name]]:
            section["ModelRepackImageUri"] = self._images[name]
        return concise(RegistrySection, section)

    def _step(self, step: Step, section: str) -> Keys:
        rewritten: Rewritten = self._rewritten[step["Name"]]
        step_class = class_of(step)
        cache = step.get("CacheConfig", {})
        keys = {
            "step_name": step["Name"],
            "step_class": step_class,
            "step_type": None if section == DEFAULT_SECTION.get(step_class) else section,
            **rewritten.step,
            "enable_cache": cache.get("Enabled"),
            "cache_expire_after": cache.get("ExpireAfter"),
            "depends_on": [_run_after(entry) for entry in step.get("DependsOn", ())],
            "retry_policies": [_retry_policy(policy) for policy in step.get("RetryPolicies", ())],
            "display_name": step.get("DisplayName"),
            "description": step.get("Description"),
        }
        return concise(StepConfig, keys)


def _names_of_outputs(steps: Sequence[Step]) -> Iterator[tuple[str, str]]:
    """The names that steps call others' outputs by: the only trace of a channel without files."""
    for step in steps:
        for item in step["Arguments"].get("ProcessingInputs", ()):
            source = source_of(item["S3Input"]["S3Uri"])
            before = f"{source}-input-"
            if item["InputName"].startswith(before):
                yield source or "", item["InputName"].removeprefix(before)
        for item in step["Arguments"].get("InputDataConfig", ()):
            source = source_of(item["DataSource"]["S3DataSource"]["S3Uri"])
            if item["ChannelName"].startswith(f"{source}-"):
                yield source or "", item["ChannelName"].removeprefix(f"{source}-")


def _without_group(group: str, section: Keys) -> Keys:
    """Leave the model package group out where a conf needs not name it."""
    return {key: value for key, value in section.items() if (key, value) != ("ModelPackageGroupName", group)}


def _key(request: Keys) -> str | None:
    places = ("ProcessingOutputConfig", "OutputDataConfig", "TransformOutput", "SecurityConfig")
    return next((key for place in places if (key := request.get(place, {}).get("KmsKeyId"))), None)


def _serving(step: Step, program: str) -> Keys:
    request = step["Arguments"]
    specification = request.get("InferenceSpecification", {}).get("Containers", [request.get("PrimaryContainer")])
    return {"image_uri": specification[0]["Image"], **({} if program == "inference.py" else {"entry_point": program})}


def _run_after(entry: Any) -> Any:
    return entry if isinstance(entry, str) else {"step": entry["Step"], "on": TRIGGERS[entry["Trigger"]]}


def _retry_policy(policy: Keys) -> Keys:
    keys = {
        "exception_types": policy["ExceptionType"],
        "interval_seconds": policy.get("IntervalSeconds"),
        "backoff_rate": policy.get("BackoffRate"),
        "max_attempts": policy.get("MaxAttempts"),
        "expire_after_mins": policy.get("ExpireAfterMin"),
    }
    return {key: value for key, value in keys.items() if value is not None}


def _parameters(definition: Mapping[str, Any]) -> Iterator[tuple[str, Keys]]:
    for entry in definition.get("Parameters", ()):
        keys = {"type": entry["Type"], "default": entry.get("DefaultValue"), "enum": entry.get("EnumValues")}
        yield entry["Name"], {key: value for key, value in keys.items() if value is not None}
