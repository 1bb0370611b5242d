"""What files are packed in: Zstandard, tables, plain text, Parquet; and what is named when they are damaged."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lorastudio.datasets.choice import parse_choice
from lorastudio.datasets.containers import open_rows
from lorastudio.datasets.content import Content
from lorastudio.datasets.parquet import NOT_INSTALLED
from lorastudio.datasets.reading import ExampleFile, ReadExample
from lorastudio.datasets.rows import Refusal, Row

ROWS = [{"prompt": f"p {number}, é", "completion": 'x "y"\nz\u2028w'} for number in range(3)]
LINES = ("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS) + "\n").encode()


def found(path: Path, data: bytes) -> tuple[str, list[Row | Refusal]]:
    path.write_bytes(data)
    with Content(path) as content:
        name, rows = open_rows(content)
        return name, list(rows)


def values(rows: list[Row | Refusal]) -> list[dict[str, Any]]:
    return [row.values for row in rows if isinstance(row, Row)]


def refusals(rows: list[Row | Refusal]) -> list[Refusal]:
    return [row for row in rows if isinstance(row, Refusal)]


def packed(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def test_zstandard_is_unpacked_whatever_its_frames(tmp_path: Path) -> None:
    for data in (packed(LINES), packed(LINES[:40]) + packed(LINES[40:]), packed(LINES.decode().encode("utf-16"))):
        name, rows = found(tmp_path / "file", data)
        assert (name, values(rows), refusals(rows)) == ("JSON lines", ROWS, [])


def test_a_cut_or_damaged_zstandard_file_keeps_what_is_whole(tmp_path: Path) -> None:
    many = LINES * 3000  # more than one block
    _, rows = found(tmp_path / "file", packed(many)[:-20])
    assert 0 < len(values(rows)) < 9000
    assert [row.reason for row in refusals(rows)] == ["the compressed file is cut off here"]
    assert refusals(rows)[0].line >= len(values(rows))
    _, rows = found(tmp_path / "file", packed(LINES) + b"no frame")
    assert values(rows) == ROWS
    assert [row.reason for row in refusals(rows)] == ["the compressed data are damaged from here on"]


def test_unpacking_never_takes_much_memory_at_once(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(packed(b"{" + b" " * 200_000_000))
    with Content(path) as content:
        assert max(map(len, content.blocks())) < 40_000_000


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ('prompt,completion\np,"a ""b"", c"\n', "CSV"),
        ('prompt\tcompletion\np\t"a ""b"", c"', "TSV"),
        ('prompt;completion\r\np;"a ""b"", c"\r\n', "CSV with semicolons"),
        ('prompt|completion\n\np|"a ""b"", c"\n\n', "CSV with bars"),
    ],
)
def test_tables_are_known_by_their_content(tmp_path: Path, table: str, name: str) -> None:
    for encoding in ("utf-8", "utf-16"):
        container, rows = found(tmp_path / "file.jsonl", table.encode(encoding))
        assert (container, values(rows)) == (name, [{"prompt": "p", "completion": 'a "b", c'}])


def test_cells_go_over_lines_and_rows_are_named_by_their_first(tmp_path: Path) -> None:
    _, rows = found(tmp_path / "file", b'prompt,completion\na,"one\ntwo"\nb,c\nd\ne,f,g\nh,"i\n')
    assert values(rows) == [{"prompt": "a", "completion": "one\ntwo"}, {"prompt": "b", "completion": "c"}]
    assert [(row.line, row.reason) for row in refusals(rows)][:2] == [
        (5, "has 1 cells under 2 columns"),
        (6, "has 3 cells under 2 columns"),
    ]
    assert refusals(rows)[2].line == 7 and "end of data" in refusals(rows)[2].reason


def test_an_open_quotation_mark_costs_its_own_line_alone(tmp_path: Path) -> None:
    _, rows = found(tmp_path / "file", b'prompt,completion\na,"open\nb,c\nd,e\n\xff,x\nf,g\n')
    assert [row["prompt"] for row in values(rows)] == ["b", "d", "f"]
    assert [row.line for row in refusals(rows)] == [2, 5]


def test_cells_that_hold_turns_and_labels_are_read(tmp_path: Path) -> None:
    turns = json.dumps([{"role": "user", "content": "q"}]).replace('"', '""')
    data = f'prompt,completion,label\n"{turns}","[1, 2]",False\nq,a,true\n'
    _, rows = found(tmp_path / "file", data.encode())
    assert [row["label"] for row in values(rows)] == [False, True]
    assert values(rows)[0]["prompt"] == [{"role": "user", "content": "q"}]
    assert values(rows)[0]["completion"] == "[1, 2]"


def test_a_plain_text_is_one_row(tmp_path: Path) -> None:
    name, rows = found(tmp_path / "file", b"Um texto,\r\nde duas linhas.\n")
    assert (name, values(rows)) == ("plain text", [{"text": "Um texto,\nde duas linhas."}])
    with ExampleFile(tmp_path / "file", parse_choice(None, (), "Write.")) as file:
        (item,) = file.items()
        assert file.format == "text" and isinstance(item, ReadExample)


def test_parquet_is_read_in_pieces(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    path = tmp_path / "file"
    rows = [{"prompt": f"p{number}", "completion": "c\0", "score": float("nan")} for number in range(1200)]
    parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=500)
    with ExampleFile(path) as file:
        items = list(file.items())
        assert (file.container, file.format, file.bytes_read) == ("Parquet", "seed", path.stat().st_size)
    assert [item.line for item in items] == list(range(1, 1201))
    assert all(isinstance(item, ReadExample) and item.example.good == "c" and item.repairs for item in items)
    _, damaged = found(tmp_path / "cut", path.read_bytes()[:-30])
    assert [row.line for row in refusals(damaged)] == [0]


def test_without_pyarrow_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    _, rows = found(tmp_path / "file", b"PAR1....")
    assert rows == [Refusal(0, NOT_INSTALLED)]


_KEYS = st.sampled_from(["a", "b", 'q"', "c:d"])
_DAMAGED = st.one_of(
    st.dictionaries(_KEYS, st.text(max_size=4) | st.floats() | st.integers() | st.just(10**30), max_size=3).map(
        json.dumps
    ),
    st.just('{"a": 1, "a": 2}'),
    st.just('{"a": 1, "a" : 1}'),
    st.just('{"a": "\\ud800"}'),
    st.just('{"a": 1e999}'),
    st.just('{"a": {"b": 1, "b": 2}}'),
    st.just('{"a": "\\"b\\": "}'),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=_DAMAGED)
def test_the_quick_way_and_the_careful_way_read_the_same(tmp_path: Path, line: str) -> None:
    # A blank before an object makes no difference to what it says, but a second object on the line needs more care.
    _, quick = found(tmp_path / "file", line.encode())
    _, careful = found(tmp_path / "file", f'{line} {{"z": 1}}'.encode())
    assert [row for row in careful if not isinstance(row, Row) or row.values != {"z": 1}] == quick
