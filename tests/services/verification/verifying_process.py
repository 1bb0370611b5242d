"""Runs one verification in a process of its own, so that a test can kill it: HOME VERIFICATION."""

from __future__ import annotations

import sys
from pathlib import Path

from lorastudio.domain.cancel import CancelToken
from lorastudio.services.verification.verifying import run_verification
from lorastudio.store.recovery import recover
from tests.services.verification.world import Servers, open_library


def main(home: str, verification_id: str) -> None:
    with open_library(Path(home)) as library:
        recover(library)
        for _ in run_verification(library, int(verification_id), Servers(library), CancelToken()):
            continue


if __name__ == "__main__":
    main(*sys.argv[1:])
