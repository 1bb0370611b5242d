"""Pure data work: formats, extraction, lint, duplicates, split."""
