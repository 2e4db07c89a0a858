"""Repacking: a step that puts the inference code into the archive of a trained model.

A training job's archive holds what its script saved. Where the conf has ``ModelRepack``, one more training job in the
same image takes the archive and the model's scripts and saves both, the scripts under ``code/``. It happens once for
each Training step, however many steps create or register its model.
"""

from __future__ import annotations

from pathlib import Path

from sagemaker_mirror.compiler.bundle import Bundle
from sagemaker_mirror.compiler.encryption import output_key, volume_key
from sagemaker_mirror.compiler.parameters import with_parameters
from sagemaker_mirror.compiler.references import Request, Value, execution_uri, model_artifact
from sagemaker_mirror.compiler.refused import Refused
from sagemaker_mirror.compiler.scope import Scope
from sagemaker_mirror.compiler.serving import program
from sagemaker_mirror.compiler.source import BUNDLE
from sagemaker_mirror.compiler.training import (
    CODE_CHANNEL,
    INPUT,
    channel,
    job_network,
    toolkit_hyperparameters,
)
from sagemaker_mirror.compiler.uploads import Content
from sagemaker_mirror.config.model import RegistrySection, TrainingSection
from sagemaker_mirror.graph import producer
from sagemaker_mirror.graph.repacking import is_repacked, repack_name

DESCRIPTION = "Puts the inference code into the model's archive"
INSTANCE_TYPE = "ml.m5.large"
VOLUME_SIZE_IN_GB = 30
MAX_RUNTIME_IN_SECONDS = 3600
CACHE: Request = {"Enabled": True, "ExpireAfter": "10d"}
#: The channels that the program reads.
MODEL_CHANNEL, SOURCE_CHANNEL = "model", "source"
_PROGRAM = Path(__file__).with_name("repack_program.py")


def model_data(scope: Scope, section: RegistrySection) -> Value:
    """Say where the archive lies that a step creates or registers a model from.

    :param scope: the step.
    :param section: its section.
    :raises Refused: there is no Training step above it.
    :raises ConfigError: it is not known yet whether the model is repacked.
    """
    training = producer(scope.config, scope.model, scope.step.name, "Training")
    if training is None:
        raise Refused("needs a Training step above it", *scope.at_step())
    wanted = is_repacked(scope.config, scope.step.name, section)
    return model_artifact(repack_name(training) if wanted else training)


def step_definition(training: Scope, image_uri: str | None) -> Request:
    """Write the step that repacks what a Training step made.

    :param training: the Training step.
    :param image_uri: the image to do it in; ``None`` for the training image.
    :raises Refused: the conf asks for something that can't be.
    """
    arguments = _arguments(training, image_uri or training.section(TrainingSection).image_uri)
    return {
        "Name": repack_name(training.step.name),
        "Type": "Training",
        "Description": DESCRIPTION,
        "Arguments": with_parameters(arguments, training.config.pipeline.parameters),
        "CacheConfig": dict(CACHE),
    }


def _arguments(training: Scope, image_uri: str) -> Request:
    target = training.target
    name, where = program(training)
    own = Bundle.of_files({"repack.py": _PROGRAM})
    bundle = training.uploads.add(Content(own.sha256, "program that repacks models", own.write), "code", BUNDLE).uri
    channels = [
        channel(MODEL_CHANNEL, model_artifact(training.step.name)),
        channel(SOURCE_CHANNEL, training.sources.bundle(training.source_directory, name, *where)),
    ]
    if target.network_isolation:
        channels.append(channel(CODE_CHANNEL, bundle))
        bundle = f"{INPUT}/{CODE_CHANNEL}/{BUNDLE}"
    output = execution_uri(target.bucket, None, training.pipeline, repack_name(training.step.name))
    return {
        "AlgorithmSpecification": {"TrainingImage": image_uri, "TrainingInputMode": "File"},
        "HyperParameters": toolkit_hyperparameters("repack.py", bundle, target.region),
        "InputDataConfig": channels,
        "OutputDataConfig": {"S3OutputPath": output, **output_key(target)},
        "ProfilerConfig": {"DisableProfiler": True},
        "ResourceConfig": {
            "InstanceCount": 1,
            "InstanceType": INSTANCE_TYPE,
            "VolumeSizeInGB": VOLUME_SIZE_IN_GB,
            **volume_key(target, INSTANCE_TYPE),
        },
        "RoleArn": target.role_arn,
        "StoppingCondition": {"MaxRuntimeInSeconds": MAX_RUNTIME_IN_SECONDS},
        **job_network(target),
        **training.tags(training.section(TrainingSection).tags),
    }
