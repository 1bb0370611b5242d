"""Keys on Linux: in a real Secret Service, from where they reach the server and nothing else."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.end_to_end.program import Program
from tests.end_to_end.secret_service import PROGRAMS, secret_service
from tests.servers import refusal, scripted

KEY = "sk-never-in-a-file-91bc"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is Linux's")


def test_a_key_is_kept_by_gnome_keyring_and_sent_from_there(tmp_path: Path) -> None:
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        pytest.skip(f"this machine has no {' and no '.join(missing)}: setup could not install them (it needs root)")
    with (
        scripted(lambda _: refusal(400, "no"), models=()) as server,
        secret_service(tmp_path / "session") as variables,
    ):
        program = Program(tmp_path / "home", **variables)
        added = program.run(
            *("endpoint", "add", "far", "--role", "critic", "--url", server.url, "--key-stdin", "--json"),
            stdin=f"{KEY}\n",
        )
        assert added.record["warnings"] == []
        program.json("endpoint", "test", "far", code=1)
        assert {request.headers.get("Authorization") for request in server.requests} == {f"Bearer {KEY}"}
        keyrings = list((tmp_path / "session").rglob("*.keyring"))
        program.json("endpoint", "remove", "far")
    assert keyrings != []
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in kept if KEY.encode() in path.read_bytes()] == []
