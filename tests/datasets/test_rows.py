"""Rows out of files of every container, encoding and kind of damage."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lorastudio.datasets.containers import read_rows
from lorastudio.datasets.content import BLOCK_BYTES, Content, NotTextError
from lorastudio.datasets.pieces import MAX_ROW_BYTES
from lorastudio.datasets.rows import DOUBLE_ENCODED, NUL_SIGNS, SPLIT_SIGNS, Refusal, Row

ROWS = [{"a": number, "text": 'x\u2028y {"[ \\ é 😀'} for number in range(3)]
LINES = "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS)


def read(folder: Path, data: bytes) -> list[Row | Refusal]:
    path = folder / "file"
    path.write_bytes(data)
    with Content(path) as content:
        return list(read_rows(content.blocks()).rows)


def values(found: list[Row | Refusal]) -> list[object]:
    return [row.values for row in found if isinstance(row, Row)]


def refused(found: list[Row | Refusal]) -> list[int]:
    return [row.line for row in found if isinstance(row, Refusal)]


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        pytest.param(LINES.encode(), [1, 2, 3], id="no last newline"),
        pytest.param((LINES + "\n\n").encode(), [1, 2, 3], id="blank last lines"),
        pytest.param(("\ufeff" + LINES).encode(), [1, 2, 3], id="mark"),
        pytest.param(LINES.replace("\n", "\r\n").encode(), [1, 2, 3], id="CRLF"),
        pytest.param(LINES.encode("utf-16"), [1, 2, 3], id="UTF-16 with mark"),
        pytest.param(LINES.encode("utf-16-be"), [1, 2, 3], id="UTF-16 without mark"),
        pytest.param(LINES.encode("utf-16-le"), [1, 2, 3], id="UTF-16 LE without mark"),
        pytest.param(LINES.encode("utf-32"), [1, 2, 3], id="UTF-32"),
        pytest.param(gzip.compress(LINES.encode()), [1, 2, 3], id="gzip"),
        pytest.param(
            gzip.compress(LINES[:50].encode()) + gzip.compress(LINES[50:].encode()), [1, 2, 3], id="two gzips"
        ),
        pytest.param(gzip.compress(LINES.encode("utf-16")) + b"\0" * 20, [1, 2, 3], id="gzip of UTF-16, padded"),
        pytest.param(json.dumps(ROWS).encode(), [1, 1, 1], id="array on a line"),
        pytest.param(json.dumps(ROWS, indent=2).encode(), [2, 6, 10], id="array, indented"),
        pytest.param(json.dumps(ROWS, indent=0).encode(), [2, 6, 10], id="array, not indented"),
        pytest.param("".join(json.dumps(row) for row in ROWS).encode(), [1, 1, 1], id="objects on a line"),
        pytest.param("\n".join(json.dumps(row, indent=1) for row in ROWS).encode(), [1, 5, 9], id="objects, indented"),
        pytest.param(b" \n" + LINES.replace("\n", " ").encode(), [2, 2, 2], id="objects after a blank line"),
    ],
)
def test_every_container_gives_the_same_rows(tmp_path: Path, data: bytes, lines: list[int]) -> None:
    found = read(tmp_path, data)
    assert values(found) == ROWS
    assert [row.line for row in found] == lines


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file_has_no_rows(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path, data) == []


def test_damaged_lines_are_named_and_the_others_read(tmp_path: Path) -> None:
    data = b'{"a": 1\n{"b": 2}\n{"c": "x\n[1]\n\x00\x00\n\xff\xfe{}\n7\n{"d": NaN, "e": -Infinity, "f": 1e999}\n'
    found = read(tmp_path, data)
    assert values(found) == [{"b": 2}, {"d": None, "e": None, "f": None}]
    assert refused(found) == [1, 3, 4, 5, 6, 7]


def test_damaged_objects_of_an_array_are_given_up_alone(tmp_path: Path) -> None:
    data = b'[\n {"a": 1,\n {"b": 2},\n {"c": "x\n },\n {"d": [1}},\n {"e": 1},\n {"f": oh},\n {"g": {"h": "]}"}}\n]'
    found = read(tmp_path, data)
    assert values(found) == [{"b": 2}, {"e": 1}, {"g": {"h": "]}"}}]
    assert refused(found) == [2, 4, 6, 8]


def test_an_array_whose_end_is_missing_keeps_its_whole_rows(tmp_path: Path) -> None:
    found = read(tmp_path, json.dumps(ROWS, indent=1).encode()[:-20])
    assert values(found) == ROWS[:2]
    assert found[-1] == Refusal(10, "is cut off: the object is never closed")


@pytest.mark.parametrize("lost", [1, 8, 12, 20])
def test_a_cut_gzip_keeps_the_whole_rows_and_names_the_line(tmp_path: Path, lost: int) -> None:
    found = read(tmp_path, gzip.compress((LINES + "\n").encode())[:-lost])
    kept = values(found)
    assert kept == ROWS[: len(kept)]
    assert kept or lost == 20
    assert isinstance(found[-1], Refusal)
    assert found[-1].reason == "the compressed file is cut off here"
    assert found[-1].line >= len(kept)


def test_a_damaged_gzip_keeps_what_comes_before(tmp_path: Path) -> None:
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress((LINES + "\n").encode()) + packer.flush(zlib.Z_FULL_FLUSH)
    found = read(tmp_path, packed + b"\xff" * 20)  # 0xFF begins a block of a kind that does not exist
    assert values(found) == ROWS
    assert found[-1] == Refusal(4, "the compressed data are damaged from here on")


def test_a_gzip_with_a_wrong_checksum_keeps_its_rows(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress((LINES + "\n").encode()))
    packed[-5] ^= 0xFF
    found = read(tmp_path, bytes(packed))
    assert values(found) == ROWS
    assert refused(found) == [4]


def test_rows_over_the_limit_are_refused_and_the_next_ones_read(tmp_path: Path) -> None:
    long = b'{"a": "' + b"x" * MAX_ROW_BYTES + b'"}'
    for data, line in ((long + b'\n{"b": 1}', 2), (b"[" + long + b', {"b": 1}]', 1)):
        found = read(tmp_path, data)
        assert found == [Refusal(1, "is longer than 16 MB"), Row(line, {"b": 1})]


def test_rows_across_blocks_are_whole(tmp_path: Path) -> None:
    row = {"text": 'é"\\' * (BLOCK_BYTES // 2), "more": [{"x": "]}"}]}
    assert values(read(tmp_path, json.dumps([row, row, row]).encode())) == [row] * 3
    assert values(read(tmp_path, b"\n".join([json.dumps(row, ensure_ascii=False).encode()] * 3))) == [row] * 3


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":' * 100_000,
        b'{"a":' * 100 + b"1" + b"}" * 100,
        b"[" * 100_000,
        b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_deep_nesting_is_refused(tmp_path: Path, data: bytes) -> None:
    found = read(tmp_path, data)
    assert not values(found)


def test_a_key_twice_is_refused_unless_it_says_the_same(tmp_path: Path) -> None:
    found = read(tmp_path, b'{"a": 1, "a": 2}\n{"a": 1, "a": 1}')
    assert found == [Refusal(1, "has the key 'a' twice with different values"), Row(2, {"a": 1})]


def test_numbers_beyond_measure_are_refused(tmp_path: Path) -> None:
    assert refused(read(tmp_path, b'{"a": ' + b"1" * 5000 + b"}")) == [1]


def test_surrogates_and_nul_are_mended_or_refused(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        b'{"a": "\\ud83d\\ude00"}\n{"a": "x\\ud83d"}\n{"a": "x\\u0000\x00y"}\n{"a": "\xed\xa0\xbd\xed\xb8\x80"}\n'
        b'{"a": ["\xc3\x83\xc2\xa9"]}\n',
    )
    assert found == [
        Row(1, {"a": "😀"}),
        Refusal(2, "holds half of a character (a lone surrogate)"),
        Row(3, {"a": "xy"}, frozenset({NUL_SIGNS})),
        Row(4, {"a": "😀"}, frozenset({SPLIT_SIGNS})),
        Row(5, {"a": ["é"]}, frozenset({DOUBLE_ENCODED})),
    ]


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"SQLite format 3\x00"])
def test_files_of_other_kinds_are_named(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(NotTextError):
        read(tmp_path, data)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.one_of(
        st.binary(max_size=200),
        st.text('{}[]":,\\\n ab\u2028é', max_size=80).map(str.encode),
        st.binary(max_size=60).map(lambda tail: gzip.compress(LINES.encode())[:40] + tail),
    )
)
def test_no_bytes_make_the_reader_raise(tmp_path: Path, data: bytes) -> None:
    try:
        found = read(tmp_path, data)
    except NotTextError:
        return
    assert all(row.line >= 1 for row in found)
    assert all(row.reason for row in found if isinstance(row, Refusal))


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(codec="ascii", exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.dictionaries(st.text("ab {}[]", max_size=3), _JSON, max_size=3), max_size=4),
    indent=st.sampled_from([None, 0, 1, 4]),
    as_array=st.booleans(),
)
def test_what_json_writes_is_read_again(
    tmp_path: Path, rows: list[dict[str, object]], indent: int | None, as_array: bool
) -> None:
    text = json.dumps(rows, indent=indent) if as_array else "\n".join(json.dumps(row, indent=indent) for row in rows)
    assert values(read(tmp_path, text.encode())) == rows
