"""The engine through a real child process and real HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.messages import user
from lorastudio.processes.child import Child
from lorastudio.worker.adapters import choose_shape, load_version
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.conversations import ChatCodec
from lorastudio.worker.generation import Generator, run_all
from lorastudio.worker.golden import golden_answers
from lorastudio.worker.sampling import SampleRequest
from lorastudio.worker.slots import plan_slots
from tests.worker.children import WAIT_S
from tests.worker.tiny_versions import write_version

TOKEN = "a token for tests"


@dataclass
class Served:
    """An engine with the versions v1 and v2 in memory, `lorastudio` pointing at v1."""

    child: Child
    url: str
    client: httpx.Client
    folders: dict[str, Path]

    def order(self, **order: Any) -> dict[str, Any]:
        self.child.send({"id": 1} | order)
        answer = self.child.receive(WAIT_S)
        assert answer is not None, self.child.last_words
        return answer

    def ask(self, text: str = "b1 c1", **fields: Any) -> httpx.Response:
        body = {"model": "lorastudio", "messages": [{"role": "user", "content": text}], "seed": 1} | fields
        return self.client.post("/v1/chat/completions", content=json.dumps(body))


def start_engine(base: Path, adapters: dict[str, Path], **fields: Any) -> tuple[Child, dict[str, Any]]:
    child = Child("engine")
    child.send(
        {
            "type": "start",
            "base": str(base),
            "token": TOKEN,
            "port": 0,
            "adapters": {name: str(path) for name, path in adapters.items()},
            "alias": {"lorastudio": next(iter(adapters), None)},
            "base_name": "tiny",
            "max_batch": 16,
        }
        | fields
    )
    hello, answer = child.receive(WAIT_S), child.receive(WAIT_S)
    assert hello is not None and hello["type"] == "hello"
    assert answer is not None, child.last_words
    return child, answer


@pytest.fixture(scope="module")
def folders(base: BaseModel, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("versions")
    one_layer = choose_shape(base, rank=4, scale=2.0, dropout=0.0, layers=1)
    return {"v1": write_version(base, root / "v1"), "v2": write_version(base, root / "v2", one_layer)}


@pytest.fixture(scope="module")
def served(base: BaseModel, folders: dict[str, Path]) -> Iterator[Served]:
    child, ready = start_engine(base.path, folders)
    assert ready["type"] == "ready" and ready["models"] == ["lorastudio", "tiny", "v1", "v2"]
    with child, httpx.Client(base_url=ready["url"], headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as client:
        yield Served(child, ready["url"], client, folders)


def test_health_and_models(served: Served) -> None:
    assert served.client.get("/health").status_code == 200
    models = served.client.get("/v1/models").json()["data"]
    assert {model["id"]: model["version"] for model in models} == {
        "lorastudio": "v1", "tiny": "tiny", "v1": "v1", "v2": "v2",
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/health", "/v1/models", "/v1/chat/completions", "/nothing"])
@pytest.mark.parametrize("header", ["", "Bearer wrong", TOKEN])
def test_nothing_without_the_token(served: Served, path: str, header: str) -> None:
    answer = httpx.get(served.url + path, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


def test_it_listens_on_loopback_only(served: Served) -> None:
    port = int(served.url.rsplit(":", 1)[1])
    assert served.url.startswith("http://127.0.0.1:")
    listening = Path("/proc/net/tcp")
    if listening.exists():
        lines = [line.split() for line in listening.read_text().splitlines()[1:]]
        assert [line[1] for line in lines if line[3] == "0A" and line[1].endswith(f":{port:04X}")] == [
            f"0100007F:{port:04X}"
        ]


def test_a_completion_says_which_version_answered(served: Served) -> None:
    answer = served.ask(max_tokens=8)
    body = answer.json()
    assert answer.headers["X-Model-Version"] == body["model"] == "v1"
    choice, usage = body["choices"][0], body["usage"]
    assert choice["finish_reason"] in ("stop", "length") and choice["message"]["role"] == "assistant"
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] and usage["prompt_tokens"] == 5
    assert served.ask(model="tiny").headers["X-Model-Version"] == "tiny"


def test_answers_are_those_of_the_generator(
    served: Served, base: BaseModel, codec: ChatCodec, folders: dict[str, Path]
) -> None:
    texts = [f"b{number} c{number}" for number in range(10)]
    requests = [
        SampleRequest(codec.encode_prompt(user(text)), max_tokens=30, seed=number, temperature=1.0)
        for number, text in enumerate(texts)
    ]
    generator = Generator(codec, load_version(base, folders["v2"]), plan_slots(base))
    expected = {id(answer.request): answer.text for answer in run_all(generator, requests, CancelToken())}
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda n: served.ask(texts[n], model="v2", seed=n, temperature=1, max_tokens=30).json(), range(10))
        )
    # This process has another BLAS than the child, so only nearly all texts must agree.
    agreeing = sum(
        answer["choices"][0]["message"]["content"] == expected[id(request)]
        for answer, request in zip(answers, requests, strict=True)
    )
    assert agreeing >= 8


def test_an_answer_is_the_same_alone_and_in_a_crowd(served: Served) -> None:
    alone = [served.ask(f"d{n}", seed=n, temperature=1, logprobs=True).json()["choices"] for n in range(8)]
    with ThreadPoolExecutor(16) as pool:
        asked = [n % 8 for n in range(32)]
        crowd = list(pool.map(lambda n: served.ask(f"d{n}", seed=n, temperature=1, logprobs=True).json(), asked))
    assert [answer["choices"] for answer in crowd] == [alone[n] for n in asked]


def test_golden_answers_can_be_asked_for(
    served: Served, base: BaseModel, codec: ChatCodec, folders: dict[str, Path]
) -> None:
    generator = Generator(codec, load_version(base, folders["v1"]), plan_slots(base))
    (golden,) = golden_answers(generator, codec, ["b1 c1"], 96, CancelToken())
    body = served.ask(temperature=0, max_tokens=16, logprobs=True, top_logprobs=5).json()
    tokens = body["choices"][0]["logprobs"]["content"]
    assert [token["id"] for token in tokens] == golden["ids"]
    assert body["choices"][0]["finish_reason"] == golden["finish_reason"]
    first = [(token["id"], token["logprob"]) for token in tokens[0]["top_logprobs"]]
    assert [token for token, _ in first] == [item["id"] for item in golden["first"]]
    assert [logprob for _, logprob in first] == pytest.approx([item["logprob"] for item in golden["first"]], abs=1e-4)


def stream_of(response: httpx.Response) -> list[Any]:
    events = [line.removeprefix("data: ") for line in response.iter_lines() if line]
    assert events[-1] == "[DONE]"
    return [json.loads(event) for event in events[:-1]]


def test_a_stream_adds_up_to_the_whole_answer(served: Served) -> None:
    fields = {"temperature": 1.0, "max_tokens": 30, "logprobs": True}
    whole = served.ask(**fields).json()
    with served.client.stream(
        "POST",
        "/v1/chat/completions",
        json={"model": "lorastudio", "messages": [{"role": "user", "content": "b1 c1"}], "seed": 1, "stream": True}
        | fields
        | {"stream_options": {"include_usage": True}},
    ) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["X-Model-Version"] == "v1"
        parts = stream_of(response)
    deltas = [part["choices"][0] for part in parts[:-1]]
    assert deltas[0]["delta"] == {"role": "assistant", "content": ""}
    assert "".join(each["delta"].get("content", "") for each in deltas) == whole["choices"][0]["message"]["content"]
    tokens = [token for each in deltas if each["logprobs"] for token in each["logprobs"]["content"]]
    assert tokens == whole["choices"][0]["logprobs"]["content"]
    assert [each["finish_reason"] for each in deltas[:-1]] == [None] * (len(deltas) - 1)
    assert deltas[-1]["finish_reason"] == whole["choices"][0]["finish_reason"]
    assert parts[-1]["usage"] == whole["usage"] and parts[-1]["choices"] == []
    assert len({part["id"] for part in parts}) == 1


def test_stop_strings(served: Served) -> None:
    text = served.ask(temperature=1.0, max_tokens=30).json()["choices"][0]["message"]["content"]
    stop = text.split()[3]
    choice = served.ask(temperature=1.0, max_tokens=30, stop=stop).json()["choices"][0]
    assert choice["message"]["content"] == text[: text.index(stop)] and choice["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"model": "unknown"}, 404, "model"),
        ({"model": 3}, 400, "model"),
        ({"model": None}, 400, "model"),
        ({"messages": []}, 400, "messages"),
        ({"messages": "hello"}, 400, "messages"),
        ({"messages": [{"role": "tool", "content": "b1"}]}, 400, "messages"),
        ({"messages": [{"role": "user", "content": None}]}, 400, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 400, "messages"),
        ({"messages": [{"role": "user", "content": "b1 " * 200}]}, 400, "messages"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, 400, "messages"),
        ({"stream": "yes"}, 400, "stream"),
        ({"stream_options": {"include_usage": 1}}, 400, "stream_options"),
        ({"temperature": 2.5}, 400, "temperature"),
        ({"temperature": True}, 400, "temperature"),
        ({"top_p": 0}, 400, "top_p"),
        ({"max_tokens": 0}, 400, "max_tokens"),
        ({"max_completion_tokens": "many"}, 400, "max_completion_tokens"),
        ({"seed": 1.5}, 400, "seed"),
        ({"stop": 5}, 400, "stop"),
        ({"stop": [""]}, 400, "stop"),
        ({"top_logprobs": 3}, 400, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, 400, "top_logprobs"),
        ({"response_format": {"type": "json_object"}}, 400, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, 400, "response_format"),
        ({"n": 2}, 400, "n"),
        ({"tools": [{"type": "function"}]}, 400, "tools"),
        ({"presence_penalty": 0.5}, 400, "presence_penalty"),
        ({"adapters": "/etc"}, 400, "adapters"),
    ],
    ids=str,
)
def test_bad_fields_are_named(served: Served, fields: dict[str, Any], status: int, param: str) -> None:
    for answer in (served.ask(**fields), served.ask(**({"stream": True} | fields))):
        assert answer.status_code == status
        assert answer.json()["error"]["param"] == param and answer.json()["error"]["message"]


def test_harmless_fields_are_taken(served: Served) -> None:
    answer = served.ask(
        response_format={"type": "text"}, n=1, tools=[], presence_penalty=0, user="me", stop=None, logit_bias={}
    )
    assert answer.status_code == 200
    parts = [{"type": "text", "text": "b1 "}, {"type": "text", "text": "c1"}]
    in_parts = served.ask(messages=[{"role": "user", "content": parts}], temperature=0).json()
    assert in_parts["choices"] == served.ask(temperature=0).json()["choices"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 100_000])
def test_bodies_that_are_no_request(served: Served, body: bytes) -> None:
    assert served.client.post("/v1/chat/completions", content=body).status_code == 400


def test_a_huge_body_is_refused_unread(served: Served) -> None:
    answer = served.client.post("/v1/chat/completions", content=b" " * (5 << 20))
    assert answer.status_code == 413


def test_other_paths_are_not_found_in_openais_shape(served: Served) -> None:
    assert served.client.get("/v1/embeddings").json()["error"]["type"] == "invalid_request_error"
    assert served.client.get("/v1/chat/completions").status_code == 404


def test_the_alias_moves_under_clients_and_no_answer_is_lost_or_mixed(served: Served) -> None:
    def ask(number: int, model: str = "lorastudio") -> tuple[str, str]:
        answer = served.ask(f"e{number % 5}", model=model, temperature=1, max_tokens=24)
        assert answer.status_code == 200
        return answer.json()["model"], answer.json()["choices"][0]["message"]["content"]

    expected = {(name, number): ask(number, name)[1] for name in ("v1", "v2", "tiny") for number in range(5)}
    swapped = threading.Event()
    answered: list[tuple[int, tuple[str, str]]] = []

    def swap() -> None:
        try:
            for name in ("v2", None, "v1", "v2", "v1"):
                already = len(answered)
                assert served.order(type="alias", public="lorastudio", name=name) == {"type": "aliased", "id": 1}
                wait_for_an_answer_of(name or "tiny", answered, already)
        finally:
            swapped.set()

    def client(start: int) -> None:
        number = start
        while not swapped.is_set():
            answered.append((number, ask(number)))
            number += 1

    with ThreadPoolExecutor(9) as pool:
        clients = [pool.submit(client, start) for start in range(8)]
        pool.submit(swap).result()
        for each in clients:
            each.result()
    assert {version for _, (version, _) in answered} == {"v1", "v2", "tiny"}
    assert all(expected[version, number % 5] == text for number, (version, text) in answered)
    assert ask(0)[0] == "v1"


def wait_for_an_answer_of(version: str, answered: list[tuple[int, tuple[str, str]]], after: int) -> None:
    give_up_s = time.monotonic() + WAIT_S
    while time.monotonic() < give_up_s:
        if any(shown == version for _, (shown, _) in answered[after:]):
            return
        time.sleep(0.01)
    pytest.fail(f"no answer of {version} within {WAIT_S} s")


def test_load_and_unload(served: Served, base: BaseModel, tmp_path: Path) -> None:
    folder = write_version(base, tmp_path / "v3")
    assert served.ask(model="v3").status_code == 404
    load = {"type": "load", "name": "v3", "path": str(folder)}
    assert served.order(**load) == {"type": "loaded", "id": 1, "name": "v3"}
    assert served.order(**load)["type"] == "loaded"
    assert served.ask(model="v3").headers["X-Model-Version"] == "v3"
    assert served.order(type="load", name="v3", path=str(served.folders["v1"]))["type"] == "refused"
    slow = threading.Thread(target=lambda: served.ask(model="v3", temperature=1, max_tokens=80))
    slow.start()
    assert served.order(type="unload", name="v3") == {"type": "unloaded", "id": 1}
    slow.join()
    assert served.ask(model="v3").status_code == 404
    assert served.order(**load)["type"] == "loaded"
    assert served.order(type="unload", name="v3")["type"] == "unloaded"


@pytest.mark.parametrize(
    "order",
    [
        {"type": "unload", "name": "v1"},
        {"type": "unload", "name": "nobody"},
        {"type": "unload", "name": "tiny"},
        {"type": "alias", "public": "lorastudio", "name": "nobody"},
        {"type": "load", "name": "v9", "path": "/nowhere"},
        {"type": "load", "name": "lorastudio", "path": "/nowhere"},
        {"type": "load", "id": 1},
    ],
    ids=str,
)
def test_orders_that_make_no_sense_are_refused(served: Served, order: dict[str, Any]) -> None:
    answer = served.order(**order)
    assert answer["type"] == "refused" and answer["id"] == 1 and answer["message"]
    assert served.ask().status_code == 200


def test_clients_that_leave_free_their_place(served: Served) -> None:
    body = {"model": "lorastudio", "messages": [{"role": "user", "content": "b1"}], "temperature": 2, "top_p": 1}

    def leave(stream: bool) -> None:
        with (
            httpx.Client(base_url=served.url, headers=served.client.headers, timeout=60) as hasty,
            hasty.stream("POST", "/v1/chat/completions", json=body | {"stream": stream}) as response,
        ):
            next(response.iter_raw(), None)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(leave, [True] * 40))
    for _ in range(3):
        with contextlib.suppress(httpx.ReadTimeout):  # it may be quicker than a client that is in a hurry
            httpx.post(
                f"{served.url}/v1/chat/completions", json=body, headers=dict(served.client.headers), timeout=0.001
            )
    assert served.ask().status_code == 200


def test_a_base_that_is_not_there_is_said() -> None:
    child, answer = start_engine(Path("/nowhere"), {})
    with child:
        assert answer["type"] == "failed" and answer["known"] and "/nowhere" in answer["message"]
    assert child.returncode == 1


@pytest.mark.parametrize("how", ["stdin", "SIGTERM"])
def test_it_finishes_what_it_answers_and_ends(base: BaseModel, how: str) -> None:
    child, ready = start_engine(base.path, {})
    body = {"model": "tiny", "messages": [{"role": "user", "content": "b1"}], "temperature": 2, "stream": True}
    with (
        httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as client,
        client.stream("POST", f"{ready['url']}/v1/chat/completions", json=body | {"seed": 4}) as response,
    ):
        if how == "SIGTERM":
            os.kill(child.pid, signal.SIGTERM)
            assert len(stream_of(response)) > 2
        else:
            stopper = threading.Thread(target=child.stop)
            stopper.start()
            assert len(stream_of(response)) > 2
            stopper.join()
    assert child.stop() == 0


def test_it_dies_with_its_parent(base: BaseModel) -> None:
    start = {"type": "start", "base": str(base.path), "token": TOKEN, "port": 0, "base_name": "tiny", "max_batch": 4}
    script = (
        "import json, sys\n"
        "from lorastudio.processes.child import Child\n"
        "child = Child('engine')\n"
        f"child.send(json.loads({json.dumps(start)!r}))\n"
        "child.receive(60)\n"
        "print(json.dumps([child.pid, child.receive(60)]), flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout is not None
        pid, ready = json.loads(parent.stdout.readline())
        assert ready["type"] == "ready"
        parent.kill()
    for _ in range(600):
        if not Path(f"/proc/{pid}").exists() and not alive(pid):
            return
        time.sleep(0.02)
    pytest.fail("The engine outlived its parent.")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
