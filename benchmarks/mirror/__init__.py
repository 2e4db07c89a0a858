"""What watching executions in a triggerer costs."""
