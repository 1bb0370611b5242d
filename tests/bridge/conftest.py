from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication


@pytest.fixture
def application() -> QCoreApplication:
    """The one application of the test process; with widgets, because other tests need them."""
    return QApplication.instance() or QApplication([])
