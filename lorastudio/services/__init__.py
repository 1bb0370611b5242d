"""Use cases: generators of events, or short writes that return what changed."""
