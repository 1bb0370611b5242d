"""`lorastudio serve`: the live version for other programs."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from lorastudio.cli.session import Home, Json, Session, model_name
from lorastudio.services.serving import DEFAULT_PORT, Serving, Switched, serve_token
from lorastudio.services.serving import serve as serve_live

TOKEN_VARIABLE = "LORASTUDIO_TOKEN"


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)


def serve(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")
    ] = DEFAULT_PORT,
    home: Home = None,
    json: Json = False,
) -> None:
    """Serve the live version on this machine, OpenAI-compatible, until Ctrl-C.

    The token that callers must show comes from LORASTUDIO_TOKEN or the keychain and is never printed.
    """
    session = Session(home, json)
    # Taken out at once, so that no child inherits it.
    token = serve_token(os.environ.pop(TOKEN_VARIABLE, None))
    with session.stoppable():
        for event in serve_live(session.home, port=port, token=token, cancel=session.cancel):
            if isinstance(event, Serving):
                _tell(session, event)
            elif isinstance(event, Switched):
                session.note(f"lorastudio answers with {model_name(event.version)} now.")


def _tell(session: Session, serving: Serving) -> None:
    session.result(
        {"url": serving.url, "models": serving.models},
        lambda out: out.print(f"Serving {', '.join(serving.models)} at {serving.url}/v1."),
    )
