"""Drafting: many questions at once through draft, critique and revision, journalled call by call."""
