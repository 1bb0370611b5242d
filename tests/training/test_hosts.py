from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from lorastudio.domain.errors import UsageError
from lorastudio.training.hosts import FIRST_PORT, Host, HostList

HERE = {"ssh": "127.0.0.1", "ips": ["127.0.0.1"]}
THERE = {"ssh": "mac-2.local", "ips": ["10.0.0.2"]}


def read(tmp_path: Path, content: Any) -> HostList:
    file = tmp_path / "hosts.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return HostList.read(file)


def test_both_shapes_of_the_file_that_mlx_launch_reads(tmp_path: Path) -> None:
    bare = read(tmp_path, [HERE, HERE])
    dressed = read(tmp_path, {"backend": "ring", "envs": ["MLX_METAL_FAST_SYNCH=1"], "hosts": [HERE, HERE]})
    assert bare.hosts == dressed.hosts == (Host("127.0.0.1", ("127.0.0.1",)),) * 2
    assert bare.environment == () and dressed.environment == (("MLX_METAL_FAST_SYNCH", "1"),)
    assert bare.names == ("127.0.0.1 (rank 0)", "127.0.0.1 (rank 1)")


def test_ports_on_this_machine_are_free_ones_and_count_up_on_others(tmp_path: Path) -> None:
    ring = read(tmp_path, [HERE, HERE, HERE]).ring()
    assert len({address for addresses in ring for address in addresses}) == 3
    # A remote address is never asked for here: the ring of two machines counts up as mlx.launch does.
    hosts = HostList((Host("mac-1", ("10.0.0.1", "10.0.1.1")), Host("mac-2", ("10.0.0.2", "10.0.1.2"))))
    assert hosts.ring()[1] == [f"10.0.0.2:{FIRST_PORT + 2}", f"10.0.1.2:{FIRST_PORT + 3}"]


def test_this_machine_by_its_own_name(tmp_path: Path) -> None:
    hosts = read(tmp_path, [{"ssh": socket.gethostname(), "ips": ["10.0.0.1"]}, THERE])
    assert [host.is_local for host in hosts.hosts] == [True, False]
    assert hosts.names == (socket.gethostname(), "mac-2.local")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[", "is no JSON"),
        ("{}", "lists no hosts"),
        ([], "lists no hosts"),
        ({"hosts": [HERE], "backend": "jaccl"}, "made for the backend jaccl"),
        ([HERE, {"ips": ["127.0.0.1"]}], "Host 2 of"),
        ([HERE, "mac-2"], "has no name for ssh"),
        ([{"ssh": "127.0.0.1"}], "has no addresses"),
        ([{"ssh": "127.0.0.1", "ips": ["localhost"]}], "no IPv4 address"),
        ([{"ssh": "127.0.0.1", "ips": [7]}], "no IPv4 address"),
        ([HERE, {"ssh": "-oProxyCommand=x", "ips": ["10.0.0.2"]}], "would not take for a host"),
        ([THERE, HERE], "not this machine"),
        ([HERE, THERE], "other machines can't reach it"),
        ([HERE, {"ssh": "127.0.0.1", "ips": ["127.0.0.1", "127.0.0.1"]}], "unlike numbers"),
        ({"hosts": [HERE], "envs": ["HF_TOKEN=x"]}, "'HF_TOKEN' among its envs"),
        ({"hosts": [HERE], "envs": ["MLX_X;rm=1"]}, "among its envs"),
        ({"hosts": [HERE], "envs": 5}, "among its envs"),
    ],
)
def test_a_wrong_file_is_told_with_where_and_what_next(tmp_path: Path, content: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, content)
    assert words in caught.value.message and "hosts.json" in caught.value.message and caught.value.hint


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"hosts\.json can't be read: No such file"):
        HostList.read(tmp_path / "hosts.json")


def test_an_address_that_this_machine_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"does not have the address 203\.0\.113\.7"):
        read(tmp_path, [{"ssh": "127.0.0.1", "ips": ["203.0.113.7"]}] * 2).ring()
