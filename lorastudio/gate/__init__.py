"""The statistics and rules that decide whether a version may be deployed."""
