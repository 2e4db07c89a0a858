"""How long Airflow takes to parse our DAGs, beside hand-written Python that builds the same ones."""
