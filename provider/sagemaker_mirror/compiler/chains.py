"""Chained inputs: what a step gives, as other steps take it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sagemaker_mirror.compiler.references import Value, model_artifact, processing_output, transform_output
from sagemaker_mirror.compiler.refused import Refused
from sagemaker_mirror.compiler.scope import DEFAULT_CHANNEL, Scope
from sagemaker_mirror.config.model import JobSection

#: The one output of a Metrics step, and the file that its script writes there.
METRICS_OUTPUT = "model_evaluation_metrics"
METRICS_FILE = "model_evaluation_metrics.json"


@dataclass(frozen=True)
class Output:
    """An output of a step.

    :param step: the step's name.
    :param channel: the channel's name; it becomes a part of container paths.
    :param uri: a reference to where it lies in S3.
    :param only: whether the step has just this one, so that nobody has to name it.
    """

    step: str
    channel: str
    uri: Value
    only: bool = True


def chained_outputs(scope: Scope) -> Iterator[Output]:
    """Give all outputs of the steps that a step is chained to, in the conf's order.

    :param scope: the step that takes them.
    :raises Refused: a source has no outputs.
    """
    for name in dict.fromkeys(scope.step.chain_input_source_step):
        yield from _outputs_of(scope, name)


def chained_channel(scope: Scope, channel: str) -> Iterator[Output]:
    """Give one output of each step that a step is chained to: that of the step's own channel.

    :param scope: the step that takes them.
    :param channel: the name of the step's own channel.
    :raises Refused: a source has several outputs, and none of that name; or it has none at all.
    """
    for name in dict.fromkeys(scope.step.chain_input_source_step):
        outputs = list(_outputs_of(scope, name))
        found = [output for output in outputs if output.only or output.channel == channel]
        if not found:
            there = ", ".join(repr(output.channel) for output in outputs)
            raise Refused(
                f"the step {name!r} has no output {channel!r}; it has {there}: name one of them under channels",
                *scope.at_step("chain_input_source_step"),
            )
        yield found[0]


def _outputs_of(scope: Scope, name: str) -> Iterator[Output]:
    source = scope.of(name)
    step_class = source.step.step_class
    if step_class == "Processing":
        for channel in channel_names(source):
            yield Output(name, channel, processing_output(name, channel), only=False)
    elif step_class == "Metrics":
        yield Output(name, METRICS_OUTPUT, processing_output(name, METRICS_OUTPUT))
    elif step_class == "Training":
        # However many channels it reads, it gives one archive. Scripts know it by the name of the first.
        yield Output(name, channel_names(source)[0], model_artifact(name))
    elif step_class == "Transform":
        yield Output(name, channel_names(source)[0], transform_output(name))
    else:
        message = f"the step {name!r} is a {step_class} step, which has no output to read"
        raise Refused(message, *scope.at_step("chain_input_source_step"))


def channel_names(scope: Scope) -> tuple[str, ...]:
    """Give the names of the channels of the section that a step reads; ``train`` where there are none."""
    return tuple(scope.section(JobSection).channels) or (DEFAULT_CHANNEL,)
