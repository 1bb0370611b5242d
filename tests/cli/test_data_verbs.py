"""`import` and `export` from the terminal: what is said about a file, what is kept of the report, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Call


def test_a_table_goes_in_by_its_own_columns_and_out_in_another_format(call: Call, tmp_path: Path) -> None:
    table, home = tmp_path / "table.csv", tmp_path / "home"
    table.write_text("ask,yes,no\nWhy?,Because.,No idea.\nWhy?,only one\n", encoding="utf-8")
    maps = [part for text in ("prompt=ask", "chosen=yes", "rejected=no") for part in ("--map", text)]
    dry = call("import", table, *maps, "--dry-run", "--home", home)
    assert (dry.code, dry.lines[-1]["pairs_added"], home.exists()) == (0, 1, False)
    kept = ["--report", tmp_path / "r.txt", "--save-refused", tmp_path / "refused.jsonl"]
    done = call("import", table, *maps, *kept, "--accept", "--home", home)
    (file,) = done.lines[-1]["files"]
    assert (file["format"], file["confidence"], file["imported"]) == ("trl explicit", 1.0, 1)
    assert file["refused"] == [{"line": 3, "reason": "has 2 cells under 3 columns"}]
    assert json.loads((tmp_path / "refused.jsonl").read_bytes())["row"] == "Why?,only one"
    assert "1 pair added." in (tmp_path / "r.txt").read_text(encoding="utf-8")
    out = tmp_path / "out.jsonl"
    wrote = call("export", out, "--format", "alpaca-ranking", "--home", home)
    assert (wrote.lines[-1]["pairs"], json.loads(out.read_bytes())["chosen"]) == (1, "Because.")
    assert call("export", out, "--min-confidence", 0.9, "--state", "all", "--home", home).lines[-1]["pairs"] == 0


def test_what_makes_no_sense_is_wrong_usage(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("{}", encoding="utf-8")
    for arguments in (
        ("import", file, "--format", "nope"),
        ("import", file, "--map", "chosen"),
        ("export", tmp_path / "o", "--format", "nope"),
        ("export", tmp_path / "o", "--state", "nope"),
    ):
        assert call(*arguments, "--home", tmp_path / "home").code == 2
    assert not (tmp_path / "o").exists()
