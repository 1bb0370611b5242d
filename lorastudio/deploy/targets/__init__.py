"""The places a version can be deployed to."""
