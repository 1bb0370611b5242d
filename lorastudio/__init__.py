"""Draft, curate, train, gate and deploy LoRA adapters on one machine."""

__version__ = "0.1.0"
