"""A key goes to its own server, over a verified connection, and nowhere else."""

from __future__ import annotations

import logging
import shutil
import ssl
import subprocess
import traceback
from pathlib import Path

import pytest

from lorastudio.domain.errors import EndpointError, UsageError
from lorastudio.domain.messages import user
from lorastudio.endpoints.client import final_answer
from lorastudio.endpoints.redaction import shown
from tests.endpoints.clients import client_for
from tests.servers import Reply, refusal, scripted, stream

KEY = "sk-very-secret-0123456789"
HELLO = user("Say hello.")


def test_the_key_is_sent_as_bearer_and_only_when_there_is_one() -> None:
    with scripted(lambda _: stream("Hello.")) as server:
        final_answer(client_for(server.url, KEY).stream(HELLO))
        final_answer(client_for(server.url).stream(HELLO))
    assert [request.headers.get("Authorization") for request in server.chats] == [f"Bearer {KEY}", None]


@pytest.mark.parametrize(
    "reply",
    [
        refusal(401, f"bad key {KEY}, sent as Bearer {KEY}"),
        refusal(400, "x" * 290 + KEY),
        Reply([f"no JSON but {KEY}".encode()]),
        Reply([f'data: {{"error":{{"message":"{KEY} is wrong","code":400}}}}\n\n'.encode()]),
        Reply([b"{"], cut=True),
    ],
)
def test_the_key_is_in_no_error_no_log_and_no_repr(reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with scripted(lambda _: reply) as server:
        client = client_for(server.url, KEY)
        with pytest.raises(EndpointError) as caught:
            final_answer(client.stream(HELLO))
    words = "".join(traceback.format_exception(caught.value))
    for text in (words, str(caught.value), repr(caught.value.__dict__), repr(client), repr(vars(client)), caplog.text):
        assert KEY not in text
        assert KEY[:12] not in text


def test_the_key_is_taken_out_of_a_redirect() -> None:
    away = refusal(302, "moved", Location=f"http://other.example/?key={KEY}")
    with scripted(lambda _: away) as server, pytest.raises(EndpointError, match=r"other\.example") as caught:
        final_answer(client_for(server.url, KEY).stream(HELLO))
    assert KEY not in str(caught.value)


def test_a_cut_leaves_no_part_of_a_key() -> None:
    assert "sk-" not in shown("x" * 296 + KEY, KEY)
    assert shown("a\n b\t c", None) == "a b c"


@pytest.mark.parametrize("key", ["sk-with blank", "sk-line\nbreak", "sk-ção"])
def test_a_key_that_can_not_be_sent_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(UsageError) as caught:
        client_for("http://localhost:1", key)
    assert key not in str(caught.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program to make a certificate")
    paths = {"-keyout": tmp_path / "key.pem", "-out": tmp_path / "certificate.pem"}
    files = [part for option, path in paths.items() for part in (option, str(path))]
    asked = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run([openssl, *asked.split(), *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paths["-out"], paths["-keyout"])
    with scripted(lambda _: stream("Hello."), tls=context) as server:
        with pytest.raises(EndpointError, match="certificate that can't be trusted") as caught:
            final_answer(client_for(server.url, KEY).stream(HELLO))
        monkeypatch.setenv("SSL_CERT_FILE", str(paths["-out"]))
        assert final_answer(client_for(server.url, KEY).stream(HELLO)).text == "Hello."
    assert not caught.value.retryable
    assert len(server.chats) == 1


def test_a_proxy_is_used_for_other_machines_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(lambda _: stream("Hello.")) as proxy, scripted(lambda _: stream("Here.")) as server:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        assert final_answer(client_for("http://model.example/v1").stream(HELLO)).text == "Hello."
        assert proxy.chats[0].path == "http://model.example/v1/chat/completions"
        assert final_answer(client_for(server.url).stream(HELLO)).text == "Here."
