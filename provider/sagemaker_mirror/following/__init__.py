"""Following an execution, or a step of it, for one task: the same on a worker and in a triggerer.

Nothing here waits, and nothing here is Airflow's: whoever has a task looks at SageMaker and asks what the look makes
of it.
"""
