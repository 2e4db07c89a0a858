"""The calls to AWS."""
