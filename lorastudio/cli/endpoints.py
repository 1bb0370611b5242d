"""`lorastudio endpoint add | list | test | remove | find`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from lorastudio.cli.session import Home, Json, Session, figure, table
from lorastudio.domain.endpoint import Role
from lorastudio.domain.errors import UsageError
from lorastudio.domain.events import as_json
from lorastudio.services import endpoint_setup
from lorastudio.services.servers import LocalServers
from lorastudio.store.endpoints import get_probe, list_endpoints


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The servers that write, criticise, embed and teach.", no_args_is_help=True)
    group.command("add")(add)
    group.command("list")(list_)
    group.command("test")(test)
    group.command("remove")(remove)
    group.command("find")(find)
    app.add_typer(group, name="endpoint")


def add(
    name: Annotated[str, typer.Argument(help="Your name for it.")],
    role: Annotated[Role, typer.Option(help="What it is used for.")],
    url: Annotated[str, typer.Option(help="Its address; /v1 is added where it is needed.")],
    model: Annotated[str | None, typer.Option(help="Default: the first one it lists.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Calls at once at most.")] = 4,
    key_stdin: Annotated[bool, typer.Option("--key-stdin", help="Read a key from stdin into the keychain.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Add an endpoint. Keys go to the keychain alone."""
    session = Session(home, json)
    key = sys.stdin.readline().strip() if key_stdin else None
    if key_stdin and not key:
        raise UsageError("No key came in on stdin.", "Pipe the key in, or leave --key-stdin out.")
    with session.writing("endpoint add") as library:
        added, warnings = endpoint_setup.add(
            library, name=name, role=role, url=url, model=model, concurrency=concurrency, key=key
        )
    for text in warnings:
        session.warn(text)
    session.result({"endpoint": added, "warnings": warnings}, lambda out: out.print(f"Added {name}.", markup=False))


def list_(home: Home = None, json: Json = False) -> None:
    """List endpoints."""
    session = Session(home, json)
    with session.reading() as library:
        rows = [(endpoint, get_probe(library, endpoint.name)) for endpoint in list_endpoints(library)]
    shown = table("Name", "Role", "URL", "Model", ">At once", "Tested")
    for endpoint, probe in rows:
        tested = "never" if probe is None else f"{probe['probed_at']} {probe.get('error') or 'works'}"
        shown.add_row(
            endpoint.name, endpoint.role.value, endpoint.url, endpoint.model or "", str(endpoint.concurrency), tested
        )
    session.result(
        {"endpoints": [as_json(endpoint) | {"probe": probe} for endpoint, probe in rows]},
        lambda out: out.print(shown),
    )


def test(
    name: Annotated[str, typer.Argument(help="The endpoint to test.")], home: Home = None, json: Json = False
) -> None:
    """Ask an endpoint a few small things and look at what it can do."""
    session = Session(home, json)
    with session.writing("endpoint test") as library, LocalServers(library) as servers:
        found = endpoint_setup.test(library, servers, name, session.cancel)
    if found.works:
        speed = f"{figure(found.first_token_s, 2)} s to the first token, {figure(found.tokens_per_s, 1)} tokens/s"
        text = f"{name} works: model {found.model}, {speed}, structured answers by {found.rung.value}."
    else:
        text = f"{name} does not work: {found.error}"
    session.result(found, lambda out: out.print(text, markup=False, highlight=False))
    if not found.works:
        raise typer.Exit(1)


def remove(
    name: Annotated[str, typer.Argument(help="The endpoint to forget.")], home: Home = None, json: Json = False
) -> None:
    """Forget an endpoint and its key; what it wrote stays."""
    session = Session(home, json)
    with session.writing("endpoint remove") as library:
        endpoint_setup.remove(library, name)
    session.result({"removed": name}, lambda out: out.print(f"Removed {name}.", markup=False))


def find(home: Home = None, json: Json = False) -> None:
    """Look for model servers on this machine."""
    session = Session(home, json)
    found = endpoint_setup.find(session.cancel)
    shown = table("Server", "URL", "Models")
    for server in found:
        shown.add_row(server.program, server.url, "wants a key" if server.locked else ", ".join(server.models))
    empty = "No server is running at the usual places. Start Ollama, LM Studio, llama.cpp or vLLM, and look again."
    session.result({"servers": found}, lambda out: out.print(shown if found else empty))
