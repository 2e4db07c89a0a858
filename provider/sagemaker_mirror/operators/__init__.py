"""The tasks of a mirrored pipeline."""
