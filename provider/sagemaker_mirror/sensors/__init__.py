"""Sensors for executions that other DAGs, or nobody in Airflow, started."""
