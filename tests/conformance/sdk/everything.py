"""``python -m tests.conformance.sdk.everything``: a pipeline with steps of many types, as a team would build it."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout

ROLE = "arn:aws:iam::123456789012:role/SageMaker"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/fields:1"
BUCKET = "s3://fields"


def main() -> None:
    """Write the definition to stdout."""
    # The SDK writes its log there too.
    with redirect_stdout(sys.stderr):
        from sagemaker.telemetry import telemetry_logging

        telemetry_logging._send_telemetry_request = lambda *args, **kwargs: None
        text = _definition()
    sys.stdout.write(text)


def _definition() -> str:
    from sagemaker.automl.automl import AutoML, AutoMLInput
    from sagemaker.estimator import Estimator
    from sagemaker.inputs import TrainingInput
    from sagemaker.lambda_helper import Lambda
    from sagemaker.model import Model
    from sagemaker.model_monitor import DatasetFormat
    from sagemaker.processing import ProcessingInput, ProcessingOutput, Processor
    from sagemaker.transformer import Transformer
    from sagemaker.tuner import ContinuousParameter, HyperparameterTuner
    from sagemaker.workflow.automl_step import AutoMLStep
    from sagemaker.workflow.callback_step import CallbackOutput, CallbackOutputTypeEnum, CallbackStep
    from sagemaker.workflow.check_job_config import CheckJobConfig
    from sagemaker.workflow.condition_step import ConditionStep
    from sagemaker.workflow.conditions import ConditionGreaterThan, ConditionLessThanOrEqualTo, ConditionOr
    from sagemaker.workflow.emr_step import EMRStep, EMRStepConfig
    from sagemaker.workflow.fail_step import FailStep
    from sagemaker.workflow.functions import Join, JsonGet
    from sagemaker.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep
    from sagemaker.workflow.model_step import ModelStep
    from sagemaker.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
    from sagemaker.workflow.pipeline import Pipeline
    from sagemaker.workflow.pipeline_context import PipelineSession
    from sagemaker.workflow.properties import PropertyFile
    from sagemaker.workflow.quality_check_step import DataQualityCheckConfig, QualityCheckStep
    from sagemaker.workflow.retry import StepExceptionTypeEnum, StepRetryPolicy
    from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep, TransformStep, TuningStep

    session = PipelineSession(default_bucket="fields")
    rain = ParameterFloat("Rain", default_value=6.5)
    count = ParameterInteger("Count", default_value=1)
    crop = ParameterString("Crop", default_value="rye", enum_values=["rye", "oat"])
    report = PropertyFile("Report", "report", "report.json")

    processor = Processor(
        ROLE, IMAGE, count, "ml.m5.large", entrypoint=["python", "sow.py"], sagemaker_session=session
    )
    sow = ProcessingStep(
        "Sow",
        step_args=processor.run(
            inputs=[ProcessingInput(f"{BUCKET}/seed", "/opt/ml/processing/input", "seed")],
            outputs=[
                ProcessingOutput("field", "/opt/ml/processing/field"),
                ProcessingOutput("report", "/opt/ml/processing/report"),
            ],
            arguments=["--crop", crop],
        ),
        property_files=[report],
        cache_config=CacheConfig(enable_caching=True, expire_after="P10D"),
        retry_policies=[StepRetryPolicy([StepExceptionTypeEnum.THROTTLING], max_attempts=3)],
    )
    field = sow.properties.ProcessingOutputConfig.Outputs["field"].S3Output.S3Uri
    estimator = Estimator(IMAGE, ROLE, 1, "ml.m5.large", output_path=f"{BUCKET}/grown", sagemaker_session=session)
    tuner = HyperparameterTuner(
        estimator,
        "height",
        {"depth": ContinuousParameter(0, 1)},
        [{"Name": "height", "Regex": "height=(.*)"}],
        max_jobs=4,
        max_parallel_jobs=2,
    )
    tune = TuningStep("Tune", step_args=tuner.fit(TrainingInput(field)))
    grow = TrainingStep("Grow", step_args=estimator.fit(TrainingInput(field)), depends_on=[tune])
    check = QualityCheckStep(
        "Inspect",
        DataQualityCheckConfig(field, DatasetFormat.csv(), f"{BUCKET}/inspected"),
        CheckJobConfig(ROLE, sagemaker_session=session),
        skip_check=False,
        register_new_baseline=True,
        model_package_group_name="fields",
    )
    best = Model(IMAGE, tune.get_top_model_s3_uri(0, "fields"), ROLE, sagemaker_session=session)
    model = ModelStep("Barn", step_args=best.create("ml.m5.large"))
    statistics = check.properties.CalculatedBaselineStatistics
    register = ModelStep(
        "Market",
        step_args=best.register(
            ["text/csv"],
            ["text/csv"],
            model_package_group_name="fields",
            customer_metadata_properties={"S": statistics},
        ),
    )
    transformer = Transformer(model.properties.ModelName, 1, "ml.m5.large", sagemaker_session=session)
    score = TransformStep("Score", step_args=transformer.transform(field, content_type="text/csv"))
    weight = LambdaOutput("weight", LambdaOutputTypeEnum.Float)
    weigh = LambdaStep(
        "Weigh",
        Lambda("arn:aws:lambda:us-east-1:123456789012:function:weigh", session=session),
        inputs={"scores": score.properties.TransformOutput.S3OutputPath},
        outputs=[weight],
    )
    ask = CallbackStep(
        "Ask",
        "https://sqs.us-east-1.amazonaws.com/123456789012/farmer",
        inputs={"weight": weigh.properties.Outputs["weight"]},
        outputs=[CallbackOutput("answer", CallbackOutputTypeEnum.String)],
    )
    thresh = EMRStep("Thresh", "Thresh", "…", "j-12", EMRStepConfig(jar=f"{BUCKET}/thresh.jar", args=[field]))
    rot = FailStep("Rot", Join(on=" ", values=["Too much rain:", rain, "on", crop]))
    decide_more = ConditionStep(
        "Heavy",
        conditions=[ConditionGreaterThan(weigh.properties.Outputs["weight"], 3)],
        if_steps=[ask, register],
        else_steps=[thresh],
    )
    decide = ConditionStep(
        "Dry",
        conditions=[
            ConditionOr(
                [
                    ConditionLessThanOrEqualTo(JsonGet("Sow", report, "rain.mm"), rain),
                    ConditionGreaterThan(rain, 100),
                ]
            )
        ],
        if_steps=[model, score, weigh, decide_more],
        else_steps=[rot],
    )
    automl = AutoML(ROLE, "yield", sagemaker_session=session, mode="ENSEMBLING")
    guess = AutoMLStep("Guess", step_args=automl.fit(inputs=[AutoMLInput(field, "yield")]))
    pipeline = Pipeline(
        "Fields", [rain, count, crop], steps=[sow, tune, grow, check, decide, guess], sagemaker_session=session
    )
    text: str = pipeline.definition()
    return text


if __name__ == "__main__":
    main()
