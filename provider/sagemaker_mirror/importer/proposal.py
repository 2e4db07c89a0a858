"""A pipeline as a conf, where a conf can say all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from botocore.exceptions import BotoCoreError, ClientError

from sagemaker_mirror.compiler import Target, TargetError, compile_pipeline
from sagemaker_mirror.compiler.difference import provenance, without_mark
from sagemaker_mirror.compiler.envelope import CALLS
from sagemaker_mirror.config import ConfigError, PipelineConfig
from sagemaker_mirror.config.definition import defined_steps
from sagemaker_mirror.graph import build_graph
from sagemaker_mirror.importer.conf_text import conf_text
from sagemaker_mirror.importer.reading import ImportedPipeline
from sagemaker_mirror.importer.rewriting import read_code, rewrite
from sagemaker_mirror.importer.rewriting.code import Fetch

_ORIGINS = {
    "foreign": "it was not compiled from a conf",
    "changed": "somebody has changed it since it was compiled from a conf",
}


class InexpressibleError(ValueError):
    """A conf can't say all of a pipeline.

    :param reasons: what it can't say, or why that can't be told.
    """

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(self.reasons))


def proposed_files(
    pipeline: ImportedPipeline, name: str, conf_file: str, head: Iterable[str], fetch: Fetch | None
) -> dict[str, bytes]:
    """Propose the files of a folder whose conf says all that a pipeline does: the conf, and the scripts.

    :param pipeline: the pipeline.
    :param name: its name in the conf.
    :param conf_file: the conf's file.
    :param head: the comment above the conf.
    :param fetch: reads an object of S3; None: there is no way to it.
    :raises InexpressibleError: a conf has no words for it.
    """
    reasons = tuple(_obstacles(pipeline, name))
    if reasons:
        raise InexpressibleError(reasons)
    if fetch is None:
        raise InexpressibleError(["its scripts are in S3, to which a file shows no way"])
    try:
        code = read_code(pipeline.definition, fetch)
    except (BotoCoreError, ClientError, ValueError, LookupError, TypeError) as error:
        raise InexpressibleError([f"its scripts can't be read: {error}"]) from error
    try:
        conf, scripts = rewrite(pipeline, name, code)
    except (LookupError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise InexpressibleError(["its requests are others than a conf makes"]) from error
    files = {conf_file: conf_text(head, conf).encode()}
    for folder, bundle in scripts.items():
        files |= {f"{folder}/{path}": content for path, content in code.bundles[bundle].items()}
    return files


def check_proposal(pipeline: ImportedPipeline, config: PipelineConfig) -> None:
    """Compile a proposed conf, and compare.

    :param pipeline: the pipeline.
    :param config: the conf.
    :raises InexpressibleError: the definition is another one.
    """
    arn = pipeline.arn
    where = {"SMP_REGION": arn.region, "SMP_ACCOUNTID": arn.account_id} if arn else {}
    try:
        resolved = config.resolve({})
        compiled = compile_pipeline(resolved, build_graph(resolved), Target.from_values(where, resolved.base), {})
    except (ConfigError, TargetError) as error:
        raise InexpressibleError([f"as a conf it would not compile: {error}"]) from error
    if without_mark(compiled.definition) != without_mark(pipeline.definition):
        raise InexpressibleError(["as a conf it would compile to another definition"])


def _obstacles(pipeline: ImportedPipeline, name: str) -> Iterator[str]:
    unknown = [step for step in defined_steps(pipeline.definition) if step.type not in CALLS]
    yield from (f"step {step.name} is of type {step.type}" for step in unknown)
    origin = provenance(pipeline.definition)
    if origin in _ORIGINS and not unknown:
        yield _ORIGINS[origin]
    if pipeline.name not in (None, name):
        yield f"it is called {pipeline.name}, and its S3 addresses say so"
