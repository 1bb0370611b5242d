"""The practice world: a task, its critic and its questions, with no network."""
