"""The practice critic as the child process that the program starts."""

from __future__ import annotations

import signal
import subprocess
import sys

import httpx

from lorastudio.processes.child import Child
from tests.practice.conversations import FAULTY, to_criticise

TIMEOUT_S = 30


def started(child: Child, **order: object) -> dict[str, object]:
    """What the child says after its hello."""
    hello = child.receive(TIMEOUT_S)
    assert hello is not None
    assert (hello["type"], hello["protocol"]) == ("hello", 1)
    child.send({"type": "start", **order})
    answer = child.receive(TIMEOUT_S)
    assert answer is not None
    return answer


def test_serves_as_ordered_until_its_stdin_closes() -> None:
    with Child("critic") as child:
        ready = started(child, manners="429*1", taste="inverted", token="secret", port=0)
        assert ready["type"] == "ready"
        address = f"{ready['url']}/v1/chat/completions"
        body = {"messages": to_criticise(FAULTY)}
        assert httpx.post(address, json=body).status_code == 401
        headers = {"Authorization": "Bearer secret"}
        assert httpx.post(address, json=body, headers=headers).status_code == 429
        answer = httpx.post(address, json=body, headers=headers).json()
        assert '"facts":0' in answer["choices"][0]["message"]["content"]
    assert child.returncode == 0


def test_needs_no_details() -> None:
    with Child("critic") as child:
        ready = started(child, token=None)
        assert httpx.get(f"{ready['url']}/health").status_code == 200


def test_says_why_it_can_not_start() -> None:
    with Child("critic") as child:
        failed = started(child, taste="sour")
        assert (failed["type"], failed["known"]) == ("failed", True)
        assert "sour" in str(failed["message"])
    assert child.returncode == 1


def test_dies_with_its_parent() -> None:
    code = (
        "import sys; from lorastudio.processes.child import Child; child = Child('critic'); child.receive(30); "
        "child.send({'type': 'start'}); print(child.pid, child.receive(30)['url'], flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().split()[1]
        assert httpx.get(f"{url}/health").status_code == 200
        parent.send_signal(signal.SIGKILL)
    while True:
        try:
            httpx.get(f"{url}/health")
        except httpx.HTTPError:
            return


def test_imports_neither_mlx_nor_numpy() -> None:
    code = (
        "import sys, lorastudio.practice.critic_child, lorastudio.practice.pretraining, "
        "lorastudio.practice.questions, lorastudio.practice.prompts; "
        "print(*{'mlx', 'mlx_lm', 'transformers', 'numpy', 'httpx'} & set(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert loaded.split() == []
