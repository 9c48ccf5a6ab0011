"""What a scan asks the model: views of instances, the plan, and running it."""
