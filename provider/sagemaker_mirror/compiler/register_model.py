"""RegisterModel steps: the request of CreateModelPackage."""

from __future__ import annotations

from sagemaker_mirror.compiler.chains import METRICS_FILE, METRICS_OUTPUT
from sagemaker_mirror.compiler.encryption import output_key
from sagemaker_mirror.compiler.references import EXECUTION_ARN, Request, join, processing_output
from sagemaker_mirror.compiler.repack import model_data
from sagemaker_mirror.compiler.scope import Scope
from sagemaker_mirror.compiler.serving import container
from sagemaker_mirror.config.model import EvaluateSection, RegistrySection
from sagemaker_mirror.config.names import package_group_name
from sagemaker_mirror.graph import producer


def arguments(scope: Scope) -> Request:
    """Write the request of a RegisterModel step.

    Tags are left out: the API refuses them for a package that belongs to a group.

    :param scope: the step.
    :raises Refused: the conf asks for something that can't be.
    """
    section = scope.section(RegistrySection)
    serving = section.inference_specification
    named = section.model_package_group_name
    key = output_key(scope.target)
    return {
        "ModelPackageGroupName": named or package_group_name(scope.pipeline, scope.model),
        **(
            {"ModelPackageDescription": section.model_package_description}
            if section.model_package_description is not None
            else {}
        ),
        "CustomerMetadataProperties": {"PIPELINE_ARN": EXECUTION_ARN},
        "InferenceSpecification": {
            "Containers": [container(scope, section, model_data(scope, section))],
            "SupportedContentTypes": list(serving.supported_content_types),
            "SupportedResponseMIMETypes": list(serving.supported_response_mime_types),
            "SupportedRealtimeInferenceInstanceTypes": list(serving.supported_realtime_inference_instance_types),
            "SupportedTransformInstanceTypes": list(serving.supported_transform_instance_types),
        },
        "ModelApprovalStatus": section.approval_status,
        **_model_metrics(scope),
        "SkipModelValidation": "None",
        **({"SecurityConfig": key} if key else {}),
    }


def _model_metrics(scope: Scope) -> Request:
    """Refer to the report of the last Metrics step above, which the package so waits for."""
    metrics = producer(scope.config, scope.model, scope.step.name, "Metrics")
    if metrics is None:
        return {}
    report = join("/", processing_output(metrics, METRICS_OUTPUT), METRICS_FILE)
    content_type = scope.of(metrics).section(EvaluateSection).content_type
    return {"ModelMetrics": {"ModelQuality": {"Statistics": {"ContentType": content_type, "S3Uri": report}}}}
