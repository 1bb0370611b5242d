"""Training runs and their curves."""

from lorastudio.ui.panes.training.pane import TrainingPane

__all__ = ["TrainingPane"]
