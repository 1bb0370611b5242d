"""Which machines compute a run together: the hostfile of `mlx.launch`, read for the ring backend.

Format: https://ml-explore.github.io/mlx/build/html/usage/launching_distributed.html, a list of hosts
`{"ssh": NAME, "ips": [ADDRESS, ...]}`, bare or as `{"backend": "ring", "envs": [...], "hosts": [...]}`.
"""

from __future__ import annotations

import ipaddress
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lorastudio.domain.errors import UsageError

THIS_MACHINE = ("127.0.0.1", "localhost")
# The port that mlx.launch starts from, so that a firewall that lets it pass lets us pass too.
FIRST_PORT = 32323
ENVIRONMENT_PREFIX = "MLX_"
EXAMPLE = 'A host looks like {"ssh": "mac-2.local", "ips": ["10.0.0.2"]}; `mlx.distributed_config` writes such files.'

Ring = list[list[str]]


@dataclass(frozen=True, slots=True)
class Host:
    """One process of a run: the machine that ssh finds as `ssh`, which the others reach at `ips` (IPv4)."""

    ssh: str
    ips: tuple[str, ...]

    @property
    def is_local(self) -> bool:
        return self.ssh in (*THIS_MACHINE, socket.gethostname())


@dataclass(frozen=True, slots=True)
class HostList:
    """The hosts in the order of their ranks, the first of them this machine, and MLX's settings for all of them."""

    hosts: tuple[Host, ...]
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each rank; a machine that computes as several ranks has them told apart."""
        names = [host.ssh for host in self.hosts]
        return tuple(f"{name} (rank {rank})" if names.count(name) > 1 else name for rank, name in enumerate(names))

    @classmethod
    def read(cls, file: Path) -> HostList:
        """The hosts of a file; UsageError that names what is wrong, and where."""
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"The hosts file {file} can't be read: {error.strerror}.", "Check --hosts.") from error
        except ValueError as error:
            raise UsageError(f"The hosts file {file} is no JSON: {error}.", EXAMPLE) from error
        record = content if isinstance(content, dict) else {"hosts": content}
        if record.get("backend") not in (None, "", "any", "ring"):
            raise UsageError(
                f"The hosts file {file} is made for the backend {record['backend']}; training uses the ring.",
                "Write one with `mlx.distributed_config --backend ring`.",
            )
        entries = record.get("hosts")
        if not isinstance(entries, list) or not entries:
            raise UsageError(f"The hosts file {file} lists no hosts.", EXAMPLE)
        hosts = tuple(_host(entry, f"Host {number} of {file}") for number, entry in enumerate(entries, start=1))
        _check_together(hosts, file)
        return cls(hosts, _environment(record.get("envs", []), file))

    def ring(self) -> Ring:
        """Every rank's addresses with ports, as MLX's ring wants them.

        On this machine the ports are free ones; on others they count up from `FIRST_PORT`.
        """
        count = 0
        ring: Ring = []
        for host in self.hosts:
            ring.append([])
            for ip in host.ips:
                ring[-1].append(f"{ip}:{_free_port(ip) if host.is_local else FIRST_PORT + count}")
                count += 1
        return ring


def _host(entry: Any, where: str) -> Host:
    if not isinstance(entry, dict) or not isinstance(entry.get("ssh"), str) or not entry["ssh"].strip():
        raise UsageError(f"{where} has no name for ssh.", EXAMPLE)
    name = entry["ssh"].strip()
    if name.startswith("-") or any(letter.isspace() for letter in name):
        raise UsageError(f"{where} has the name {name!r}, which ssh would not take for a host.", EXAMPLE)
    ips = entry.get("ips")
    if not isinstance(ips, list) or not ips:
        raise UsageError(f"{where} ({name}) has no addresses in ips; the ring needs them.", EXAMPLE)
    for ip in ips:
        if not _is_ipv4(ip):
            raise UsageError(f"{where} ({name}) has the address {ip!r}, which is no IPv4 address.", EXAMPLE)
    return Host(name, tuple(ips))


def _is_ipv4(text: Any) -> bool:
    try:
        return isinstance(text, str) and bool(ipaddress.IPv4Address(text))
    except ValueError:
        return False


def _check_together(hosts: tuple[Host, ...], file: Path) -> None:
    """What only the whole list shows: where rank 0 is, and whether the hosts can reach each other at all."""
    if not hosts[0].is_local:
        raise UsageError(
            f"The first host of {file} is {hosts[0].ssh}, not this machine.",
            'Put this machine first, as {"ssh": "127.0.0.1", ...}: the first one keeps the checkpoints and the result.',
        )
    if len({len(host.ips) for host in hosts}) > 1:
        raise UsageError(f"The hosts of {file} have unlike numbers of addresses.", "Give each as many as the others.")
    for host in hosts:
        if any(not other.is_local for other in hosts) and ipaddress.IPv4Address(host.ips[0]).is_loopback:
            raise UsageError(
                f"{host.ssh} has the address {host.ips[0]} in {file}, where other machines can't reach it.",
                "Give the address that it has in the network.",
            )


def _environment(envs: Any, file: Path) -> tuple[tuple[str, str], ...]:
    """`envs` are written into command lines that every user of a machine may read: MLX's own settings, no secrets."""
    pairs = []
    for text in envs if isinstance(envs, list) else [envs]:
        name, equals, value = str(text).partition("=")
        if not equals or not name.startswith(ENVIRONMENT_PREFIX) or not name.replace("_", "").isalnum():
            raise UsageError(
                f"The hosts file {file} has {name!r} among its envs.",
                f"Only settings of MLX may be there, such as {ENVIRONMENT_PREFIX}METAL_FAST_SYNCH=1.",
            )
        pairs.append((name, value))
    return tuple(pairs)


def _free_port(ip: str) -> int:
    with socket.socket() as probe:
        try:
            probe.bind((ip, 0))
        except OSError as error:
            raise UsageError(
                f"This machine does not have the address {ip}: {error.strerror}.", "Correct it in the hosts file."
            ) from error
        return int(probe.getsockname()[1])
