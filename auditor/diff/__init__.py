"""Two stored reports beside each other: is it one model, and what became of its findings."""
