"""What a run leaves behind, without running one."""

from __future__ import annotations

import json
from pathlib import Path

from lorastudio.domain.files import sha256_of
from lorastudio.training.protocol import ADAPTER_CONFIG, ADAPTER_PARTIAL, GOLDEN_FILE, RESULT_FILE

LINEAGE = {"dataset_hash": "d" * 64, "parent": None, "config": {"rank": 8}}


def write_output(folder: Path, *, adapter: bytes = b"weights") -> Path:
    """An output folder as the worker writes it."""
    folder.mkdir(parents=True)
    (folder / ADAPTER_PARTIAL).write_bytes(adapter)
    (folder / ADAPTER_CONFIG).write_text('{"rank": 8}')
    (folder / GOLDEN_FILE).write_text('[{"prompt": "Hello.", "ids": [1, 2], "finish_reason": "stop", "first": []}]')
    result = {
        "adapter_hash": sha256_of(folder / ADAPTER_PARTIAL),
        "base_fingerprint": "b" * 64,
        "template_hash": "t" * 64,
        "thinking": {"enabled": False, "closing": ""},
        "final_loss": 0.5,
        "num_examples": 12,
        "left_out": [{"id": 7, "reason": "too long"}],
    }
    (folder / RESULT_FILE).write_text(json.dumps(result))
    return folder
