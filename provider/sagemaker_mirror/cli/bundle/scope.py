"""What one pipeline touches in AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sagemaker_mirror.config import PipelineConfig
from sagemaker_mirror.config.placeholders import Substitution
from sagemaker_mirror.config.sections import JobSection


@dataclass(frozen=True)
class PipelineScope:
    """What one pipeline touches. Placeholders without value stand in it by their names.

    :param name: the pipeline's name.
    :param bucket: the bucket for code and outputs.
    :param role: the ARN of the role that pipeline and jobs run with.
    :param uploads: where code and data go, as bucket and prefix.
    :param kms_key: the key that goes with the bucket, as ARN, id or alias; none: the service's defaults.
    """

    name: str
    bucket: str
    role: str
    uploads: tuple[str, ...]
    kms_key: str | None

    @classmethod
    def of(cls, config: PipelineConfig, values: Mapping[str, str]) -> PipelineScope:
        """Read it from a conf.

        :param config: the conf, placeholders in place.
        :param values: the values of the placeholders.
        """
        substitution = Substitution(values, config.tree.get("variables") or {})

        def resolved(text: str | None, placeholder: str) -> str:
            return substitution.apply(text or placeholder, ()) or placeholder

        name = resolved(config.pipeline.pipeline_name, "")
        bucket = resolved(config.base.s3_bucket, "SMP_S3BUCKETNAME")
        # A channel may have its files staged somewhere else than where the code goes.
        staged = (
            (resolved(channel.s3_bucket_name, bucket), (channel.input_bucket_prefix or "").strip("/"))
            for model in config.models.values()
            for section in model.sections.values()
            if isinstance(section, JobSection)
            for channel in section.channels.values()
        )
        places = ((bucket, ""), *((place, resolved(prefix, "")) for place, prefix in staged))
        network = config.base.network_security
        return cls(
            name=name,
            bucket=bucket,
            role=resolved(network.role, "SMP_ROLE"),
            uploads=tuple(dict.fromkeys("/".join(filter(None, (place, prefix, name))) for place, prefix in places)),
            kms_key=substitution.apply(network.kms_key or "SMP_KMS_KEY", ()),
        )
