"""`lorastudio endpoint add | edit | list | test | remove | find | forget-embeddings`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lorastudio.cli.endpoint_options import changed, with_endpoint_options
from lorastudio.cli.session import Home, Json, Session, counted, table
from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.domain.events import as_json
from lorastudio.services import endpoint_setup
from lorastudio.store import embeddings
from lorastudio.store.endpoints import get_endpoint, get_probe, list_endpoints

Name = Annotated[str, typer.Argument(help="The endpoint's name.")]
KeyStdin = Annotated[bool, typer.Option("--key-stdin", help="Read a key from stdin into the keychain.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The servers that write, criticise, embed and teach.", no_args_is_help=True)
    group.command("add")(with_endpoint_options(add))
    group.command("edit")(with_endpoint_options(edit))
    group.command("list")(list_)
    group.command("test")(test)
    group.command("remove")(remove)
    group.command("find")(find)
    group.command("forget-embeddings")(forget_embeddings)
    app.add_typer(group, name="endpoint")


def add(
    name: Annotated[str, typer.Argument(help="Your name for it.")],
    role: Annotated[Role, typer.Option(help="What it is used for.")],
    url: Annotated[str, typer.Option(help="Its address; /v1 is added where it is needed.")],
    key_stdin: KeyStdin = False,
    home: Home = None,
    json: Json = False,
    **settings: Any,
) -> None:
    """Add an endpoint. Keys go to the keychain alone."""
    session = Session(home, json)
    endpoint = changed(Endpoint(name, role, url), settings)
    key = session.read_key(f"Key of {name}") if key_stdin else None
    with session.writing("endpoint add") as library:
        added, warnings = endpoint_setup.add(library, endpoint, key)
    _tell(session, added, warnings, f"Added {added.name}.")


def edit(
    name: Name,
    role: Annotated[Role | None, typer.Option(help="What it is used for.", show_default=False)] = None,
    url: Annotated[str | None, typer.Option(help="Its address; another server needs its key anew.")] = None,
    unset: Annotated[list[str] | None, typer.Option(help="An option to put back to its default; repeatable.")] = None,
    key_stdin: KeyStdin = False,
    forget_key: Annotated[bool, typer.Option("--forget-key", help="Take its key out of the keychain.")] = False,
    home: Home = None,
    json: Json = False,
    **settings: Any,
) -> None:
    """Change what is given; all else stays."""
    session = Session(home, json)
    key = session.read_key(f"Key of {name}") if key_stdin else None
    with session.writing("endpoint edit") as library:
        wanted = changed(get_endpoint(library, name), settings | {"role": role, "url": url}, unset or ())
        after, warnings = endpoint_setup.edit(library, wanted, key, forget_key=forget_key)
    _tell(session, after, warnings, f"Changed {after.name}.")


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


def test(name: Name, home: Home = None, json: Json = False) -> None:
    """Ask an endpoint a few small things and look at what it can do."""
    session = Session(home, json)
    with session.writing("endpoint test") as library, session.servers(library) as servers:
        found = endpoint_setup.test(library, servers, name, session.cancel)
    words = f"works: {found.in_words()}" if found.works else f"does not work: {found.error}"
    session.result(found, lambda out: out.print(f"{name} {words}"))
    if not found.works:
        raise typer.Exit(1)


def remove(name: Name, home: Home = None, json: Json = False) -> None:
    """Forget an endpoint and its key; what it wrote stays."""
    session = Session(home, json)
    with session.writing("endpoint remove") as library:
        endpoint_setup.remove(library, name)
    session.result({"removed": name}, lambda out: out.print(f"Removed {name}."))


def find(home: Home = None, json: Json = False) -> None:
    """Look for model servers on this machine."""
    session = Session(home, json)
    found = endpoint_setup.find(session.cancel)
    shown = table("Server", "URL", "Models")
    for server in found:
        shown.add_row(server.program, server.url, "wants a key" if server.locked else ", ".join(server.models))
    empty = "No server is running at the usual places. Start Ollama, LM Studio, llama.cpp or vLLM, and look again."
    session.result({"servers": found}, lambda out: out.print(shown if found else empty))


def forget_embeddings(
    model: Annotated[str, typer.Argument(help="The model whose vectors are forgotten.")],
    prefix: Annotated[str, typer.Option(help="Those with this prefix.")] = "",
    home: Home = None,
    json: Json = False,
) -> None:
    """Delete the vectors that the library keeps of a model, which is now another one under the same name."""
    session = Session(home, json)
    with session.writing("endpoint forget-embeddings") as library:
        count = embeddings.forget_embeddings(library, model, prefix)
    session.result({"forgotten": count}, lambda out: out.print(f"{counted(count, 'vector')} forgotten."))


def _tell(session: Session, endpoint: Endpoint, warnings: list[str], words: str) -> None:
    for text in warnings:
        session.warn(text)
    session.result({"endpoint": endpoint, "warnings": warnings}, lambda out: out.print(words))
