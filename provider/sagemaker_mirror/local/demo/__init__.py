"""The demo: the embedded SageMaker and a real Airflow on this machine, and one mirrored training run."""
