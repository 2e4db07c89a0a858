"""What SageMaker says about an execution, and what that makes of each task. Pure: no calls, no clock, no Airflow."""
