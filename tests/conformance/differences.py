"""Every difference that is meant; ``python -m tests.conformance.page`` writes docs/conformance.md from it."""

from __future__ import annotations

from tests.conformance.difference import Difference

EXECUTION = "s3://BUCKET/PIPELINE/{Execution.PipelineExecutionId}/STEP"
REPORT = "RegisterModel.Arguments.ModelMetrics.ModelQuality.Statistics.S3Uri"
REPORT_OF_STEP = (
    "{Steps.….ProcessingOutputConfig.Outputs['model_evaluation_metrics'].S3Output.S3Uri}"
    "/model_evaluation_metrics.json"
)
METRICS = "Metrics.Arguments.ProcessingOutputConfig.Outputs[model_evaluation_metrics].S3Output.S3Uri"

_NAMES = (
    "A step has the name that the conf gives it, the same as its Airflow task; the SDK's `ModelStep` adds an ending."
)
_EXPERIMENT = "No conf asks for an experiment, and making one per execution needs rights of its own."
_HASH = "The hash over the rest of the definition: by it, drift is seen and an unchanged pipeline is left alone."
_SETTINGS = "The hash over role, description and parallelism, which stand beside the definition: they can drift too."
_EXECUTION = "What an execution writes lies below that execution, so that it can be found, and removed, with it."
_EMPTY = "An empty member says nothing."
_ISOLATION = "Written out as `false`, so that the request says what holds."

#: Against the SDK, and against the framework, which is made with it.
SHARED = (
    Difference("Metadata", "absent", "{}", _HASH),
    Difference("Metadata.sagemaker-mirror-sha256", "HASH", "absent", _HASH),
    Difference("Metadata.sagemaker-mirror-settings-sha256", "HASH", "absent", _SETTINGS),
    Difference("PipelineExperimentConfig.ExperimentName", "absent", "{Execution.PipelineName}", _EXPERIMENT),
    Difference("PipelineExperimentConfig.TrialName", "absent", "{Execution.PipelineExecutionId}", _EXPERIMENT),
    Difference("CreateModel.Name", "*", "*-CreateModel", _NAMES),
    Difference("RegisterModel.Name", "*", "*-RegisterModel", _NAMES),
    Difference("Transform.Arguments.ModelName", "{Steps.*.ModelName}", "{Steps.*-CreateModel.ModelName}", _NAMES),
    Difference("….DependsOn[…]", "*", "*-CreateModel", _NAMES),
    Difference("….DependsOn[…]", "*", "*-RegisterModel", _NAMES),
    Difference("Training.Arguments.OutputDataConfig.S3OutputPath", EXECUTION, "s3://BUCKET/", _EXECUTION),
    Difference("Training.Arguments.ProfilerConfig.S3OutputPath", EXECUTION, "s3://BUCKET/", _EXECUTION),
    Difference("Training.Arguments.EnableNetworkIsolation", "false", "absent", _ISOLATION),
    Difference("RegisterModel.Arguments.ModelMetrics.Bias", "absent", "{}", _EMPTY),
    Difference("RegisterModel.Arguments.ModelMetrics.Explainability", "absent", "{}", _EMPTY),
)

_QUOTED = "A String parameter reaches the script as a string, also where it looks like a number."
_MODEL_NAME = (
    "SageMaker names the model of each execution by itself; the conf's name is what Studio shows for the step."
)
_PACKAGE_KEY = "The key holds for the model package too; the SDK has no place for it in `register`."
_ONE_FORM = "A model is served the same way, repacked or not: the toolkits take the script as a module."
_LOG_LEVEL = "The toolkits' own default."
_REGION = "The scripts lie in the archive, so nothing is loaded from another region."
_REQUIREMENTS = "A `requirements.txt` beside the serving script is installed, repacked or not."
_ONCE = "A model is repacked once, by a step named after the training, however many steps create or register it."

#: Against the SDK only, models that are not repacked.
SDK = (
    Difference("Training.Arguments.HyperParameters.…", '"{Parameters.*}"', "{Parameters.*}", _QUOTED),
    Difference("CreateModel.DisplayName", "…", "absent", _MODEL_NAME),
    Difference("RegisterModel.Arguments.SecurityConfig.KmsKeyId", "arn:aws:kms:…", "absent", _PACKAGE_KEY),
)

#: Against the SDK, where a model is repacked: the steps that use it.
REPACKED = (
    Difference(
        "…Model.Arguments.….ModelDataUrl",
        "{Steps.…-Repack.ModelArtifacts.S3ModelArtifacts}",
        "{Steps.…-RepackModel-0.ModelArtifacts.S3ModelArtifacts}",
        _ONCE,
    ),
    Difference("…-RepackModel-0", "absent", "Training", _ONCE),
    Difference(
        "RegisterModel.DependsOn[…]",
        "…",
        "absent",
        "The step itself waits for what it is to wait for; with the SDK the repacking before it does.",
    ),
    Difference("…Model.Arguments.….Environment.SAGEMAKER_PROGRAM", "*", "*.py", _ONE_FORM),
    Difference("…Model.Arguments.….Environment.SAGEMAKER_REQUIREMENTS", "requirements.txt", "absent", _REQUIREMENTS),
    Difference("…Model.Arguments.….Environment.SAGEMAKER_CONTAINER_LOG_LEVEL", "absent", "20", _LOG_LEVEL),
    Difference("…Model.Arguments.….Environment.SAGEMAKER_REGION", "absent", "…", _REGION),
)

_CHANNELS = (
    "The archive and the scripts come through channels, so that no code has to load them, and the step can be reused."
)
_TIMELESS = "No address holds a time, so the same conf gives the same bytes and SageMaker can reuse the step."
_PROGRAM = "The program takes all it needs from its channels; it is our own."
_HOOK = "Nothing is debugged while files are packed."
_NETWORK = "Network and key settings hold for every job."

#: Against the SDK, where a model is repacked: the step that does it.
REPACKING = (
    Difference("Repack.Name", "…-Repack", "…-RepackModel-0", _ONCE),
    Difference("Repack.Description", "Puts …", "Used to …", "Our own words."),
    Difference("Repack.CacheConfig.Enabled", "true", "absent", "A model that is unchanged isn't packed again."),
    Difference("Repack.CacheConfig.ExpireAfter", "10d", "absent", "A model that is unchanged isn't packed again."),
    Difference(
        "Repack.Arguments.AlgorithmSpecification.TrainingImage",
        "…",
        "…/sagemaker-scikit-learn:…",
        "The training's own image, which the account can read already; `ModelRepackImageUri` names another one.",
    ),
    Difference("Repack.Arguments.InputDataConfig[model].ChannelName", "model", "absent", _CHANNELS),
    Difference(
        "Repack.Arguments.InputDataConfig[model].….S3Uri",
        "{Steps.….ModelArtifacts.S3ModelArtifacts}",
        "absent",
        _CHANNELS,
    ),
    Difference("Repack.Arguments.InputDataConfig[source].ChannelName", "source", "absent", _CHANNELS),
    Difference(
        "Repack.Arguments.InputDataConfig[source].….S3Uri",
        "s3://BUCKET/PIPELINE/code/HASH/sourcedir.tar.gz",
        "absent",
        _CHANNELS,
    ),
    Difference("Repack.Arguments.InputDataConfig[…].InputMode", "File", "absent", _CHANNELS),
    Difference("Repack.Arguments.InputDataConfig[…].….S3DataType", "S3Prefix", "absent", _CHANNELS),
    Difference(
        "Repack.Arguments.InputDataConfig[…].….S3DataDistributionType", "FullyReplicated", "absent", _CHANNELS
    ),
    Difference("Repack.Arguments.InputDataConfig[training].…", "absent", "…", _CHANNELS),
    Difference("Repack.Arguments.HyperParameters.dependencies", "absent", "null", _PROGRAM),
    Difference("Repack.Arguments.HyperParameters.inference_script", "absent", "…", _PROGRAM),
    Difference("Repack.Arguments.HyperParameters.model_archive", "absent", "…", _PROGRAM),
    Difference("Repack.Arguments.HyperParameters.source_dir", "absent", "…", _PROGRAM),
    Difference(
        "Repack.Arguments.HyperParameters.sagemaker_program",
        '"repack.py"',
        '"_repack_script_launcher.sh"',
        _PROGRAM,
    ),
    Difference(
        "Repack.Arguments.HyperParameters.sagemaker_submit_directory",
        '"s3://BUCKET/PIPELINE/code/HASH/sourcedir.tar.gz"',
        '"s3://BUCKET/sagemaker-scikit-learn-…/source/sourcedir.tar.gz"',
        _TIMELESS,
    ),
    Difference(
        "Repack.Arguments.OutputDataConfig.S3OutputPath",
        "s3://BUCKET/PIPELINE/{Execution.PipelineExecutionId}/…-Repack",
        "s3://BUCKET/…",
        _EXECUTION,
    ),
    Difference("Repack.Arguments.DebugHookConfig.S3OutputPath", "absent", "s3://BUCKET/…", _HOOK),
    Difference("Repack.Arguments.DebugHookConfig.CollectionConfigurations", "absent", "[]", _HOOK),
    Difference(
        "Repack.Arguments.StoppingCondition.MaxRuntimeInSeconds", "3600", "86400", "Packing files takes minutes."
    ),
    Difference("Repack.Arguments.ResourceConfig.VolumeKmsKeyId", "arn:aws:kms:…", "absent", _NETWORK),
    Difference("Repack.Arguments.EnableInterContainerTrafficEncryption", "true", "absent", _NETWORK),
    Difference("Repack.Arguments.EnableNetworkIsolation", "false", "absent", _ISOLATION),
    Difference("Repack.Arguments.Tags[…].…", "…", "absent", "Tags hold for every job."),
)

_TRAINING_NETWORK = "Network settings reach training jobs too."
_REPORT = "The report lies below the execution, in the configured bucket."
_FOLLOWS = "The address follows from the Metrics step's output, so that registering waits for it."
_SCORES = "Predictions lie below the execution, in the configured bucket."

#: Against the framework only: what it gets wrong, or says otherwise than it documents.
FRAMEWORK = (
    Difference("Training.Arguments.EnableInterContainerTrafficEncryption", "true", "absent", _TRAINING_NETWORK),
    Difference("Training.Arguments.VpcConfig.…", "…", "absent", _TRAINING_NETWORK),
    Difference(
        "Training.Arguments.HyperParameters.sagemaker_program",
        '"training/training.py"',
        '"training.py"',
        "The whole source folder is shipped, not the script's own folder alone.",
    ),
    Difference(
        "Training.Arguments.InputDataConfig[…].DataSource.S3DataSource.S3Uri",
        "s3://BUCKET/*/train",
        "s3://BUCKET/*/test",
        "Each channel has its own files, not those of the last one.",
    ),
    Difference("Transform.Arguments.TransformOutput.S3OutputPath", EXECUTION, "s3://sagemaker-…", _SCORES),
    Difference(
        "Transform.Arguments.TransformOutput.S3OutputPath", EXECUTION, "s3://BUCKET/…/predictions/transform", _SCORES
    ),
    Difference(METRICS, f"{EXECUTION}/output/model_evaluation_metrics", "s3://BUCKET/…/evaluation/", _REPORT),
    Difference(
        METRICS,
        f"{EXECUTION}/output/model_evaluation_metrics",
        "s3://BUCKET/default-model-metrics-job-name/output/model_evaluation_metrics",
        _REPORT,
    ),
    Difference(REPORT, REPORT_OF_STEP, "s3://BUCKET/…model_evaluation_metrics.json", _FOLLOWS),
    Difference(
        "RegisterModel.Arguments.ModelPackageDescription",
        "absent",
        "Default Model Package Description.…",
        "There is no description where the conf has none.",
    ),
    Difference(
        "RegisterModel.Arguments.ModelPackageGroupName", "…", "None-…", "The group is named after pipeline and model."
    ),
)

AGAINST_SDK = (*SHARED, *SDK, *REPACKED, *REPACKING)
AGAINST_FRAMEWORK = (*SHARED, *FRAMEWORK)
