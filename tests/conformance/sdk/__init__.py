"""The other side: builds pipelines with the SageMaker SDK, in an environment that has the SDK and nothing of ours."""
