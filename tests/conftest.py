"""What holds for every test: nothing of the user's is touched, no network, and nothing stays alive."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import count

import hypothesis
import pytest

pytest_plugins = ["pytester", "tests.leak_checks"]

# Before any test imports MLX or Hugging Face's libraries, which read these once.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
if sys.platform == "linux":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # widgets are tested without a screen
    os.environ["MLX_DISABLE_COMPILE"] = "1"  # on the CPU it would start a C++ compiler at run time
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # sums are made in one order

# A slow machine is no failure.
hypothesis.settings.register_profile("everyday", deadline=None)
hypothesis.settings.load_profile("everyday")


@pytest.fixture(scope="session")
def home_numbers() -> Iterator[int]:
    return count()


@pytest.fixture(autouse=True)
def own_home(
    home_numbers: Iterator[int], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each test has an application home of its own, which does not exist yet, and no keychain."""
    home = tmp_path_factory.getbasetemp() / f"home-{next(home_numbers)}"
    monkeypatch.setenv("LORASTUDIO_HOME", str(home))
    monkeypatch.delenv("LORASTUDIO_TOKEN", raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
