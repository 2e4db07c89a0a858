"""Links from tasks to the AWS console."""
