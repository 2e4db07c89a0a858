"""What it costs to compile a conf, and to tell SageMaker of it."""
