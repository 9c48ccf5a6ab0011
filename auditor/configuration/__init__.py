"""Where settings come from: files, the environment, flags. What they are is `auditor.config`."""
