"""The endpoints pane over a real library, with real servers on the loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QWidget

from lorastudio.domain.endpoint import Role
from lorastudio.endpoints.discovery import FoundServer
from lorastudio.endpoints.secrets import SERVICE
from lorastudio.store.endpoints import get_probe, list_endpoints
from lorastudio.store.library import Library
from lorastudio.ui.panes.endpoints import EndpointsPane
from tests.endpoints.test_secrets import Drawer
from tests.servers import EVENTS, Reply, Request, events, refusal, scripted, whole
from tests.ui.bench import Bench, find

COUNTED = {"prompt_tokens": 9, "completion_tokens": 20}


def good_server(request: Request) -> Reply:
    """Streams words; an answer in JSON is beyond it."""
    if request.body.get("stream"):
        return Reply(events("one", " two", " three", usage=COUNTED), headers=EVENTS, pause_s=0.01)
    return whole("hello", COUNTED)


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    """A keychain, as a Mac has one."""
    before, drawer = keyring.get_keyring(), Drawer()
    keyring.set_keyring(drawer)
    yield drawer
    keyring.set_keyring(before)


def ready(bench: Bench) -> EndpointsPane:
    """The pane with what is set up, after its first look around."""
    pane = bench.show(EndpointsPane)
    bench.until(pane.find_action.isEnabled)
    return pane


def type_in(pane: EndpointsPane, **fields: str) -> None:
    """Fill the form in by keyboard."""
    for name, text in fields.items():
        field = find(pane, QWidget, f"endpoints.form.{name}")
        target = field.lineEdit() if isinstance(field, QComboBox) else field
        assert isinstance(target, QLineEdit)
        target.setFocus()
        target.selectAll()
        QTest.keyClicks(target, text)


def add(bench: Bench, pane: EndpointsPane, role: Role, **fields: str) -> None:
    """Add an endpoint by keyboard, and wait for its first test."""
    pane.add_action.trigger()
    assert find(pane, QLineEdit, "endpoints.form.name").isVisible()
    pane.form.role.setCurrentIndex(pane.form.role.findData(role))
    type_in(pane, **fields)
    QTest.keyClick(find(pane, QLineEdit, "endpoints.form.name"), Qt.Key.Key_Return)
    bench.until(lambda: not pane.form.isVisible())
    bench.ended("endpoint test")
    bench.until(pane.add_action.isEnabled)


def card(pane: EndpointsPane, role: Role):
    return next(item for item in pane.cards if item.role is role)


def test_what_is_built_in_is_shown_as_such(tmp_path: Path) -> None:
    with Bench(tmp_path) as bench:
        pane = ready(bench)
        writer, critic, embedder = pane.cards
        assert (writer.server.text(), writer.url.text()) == ("This Mac", "starts when it is needed")
        assert writer.model.text() == "Practice model, no version yet (always the live version)"
        assert (critic.server.text(), critic.test_row.state.text()) == ("Practice critic", "not tested")
        for built_in in (writer, critic):
            assert built_in.origin.isVisible() and not built_in.remove_button.isVisible()
        assert "None is needed" in embedder.nobody.text() and not embedder.fields.isVisible()
        assert "no keychain" in pane.title_row.state.text()


def test_a_server_is_added_by_keyboard_tested_and_removed(tmp_path: Path) -> None:
    with scripted(good_server) as server, Bench(tmp_path) as bench:
        pane = ready(bench)
        add(bench, pane, Role.CRITIC, name="Desk", url=server.url.removeprefix("http://"))
        critic = card(pane, Role.CRITIC)
        bench.until(lambda: critic.server.text() == "Desk")
        assert critic.url.text() == f"{server.url}/v1"
        bench.until(lambda: critic.test_row.state.text() == "ready")
        assert "tokens/s, first token" in critic.test_row.said.text()
        shown = [chip.text() for chip in critic.test_row.abilities if chip.isVisible()]
        assert shown == ["streaming", "JSON by prompt"]
        bench.until(lambda: critic.model.text() == "tiny")
        QTest.keyClick(critic.remove_button, Qt.Key.Key_Space)
        assert critic.remove_button.text() == "Really remove?"
        QTest.keyClick(critic.remove_button, Qt.Key.Key_Space)
        bench.until(lambda: critic.server.text() == "Practice critic")


def test_a_failing_server_is_shown_in_its_own_words_and_remembered(tmp_path: Path) -> None:
    def broken(request: Request) -> Reply:
        return refusal(400, "the model is on holiday")

    with scripted(broken) as server:
        with Bench(tmp_path) as bench:
            pane = ready(bench)
            add(bench, pane, Role.WRITER, name="Desk", url=server.url)
            row = card(pane, Role.WRITER).test_row
            bench.until(lambda: row.state.text() == "test failed")
            assert "the model is on holiday" in row.said.text()
        with Bench(tmp_path) as bench:
            row = card(ready(bench), Role.WRITER).test_row
            assert "the model is on holiday" in row.said.text()


def test_the_built_in_critic_is_really_started_and_tested(tmp_path: Path) -> None:
    with Bench(tmp_path) as bench:
        pane = ready(bench)
        critic = card(pane, Role.CRITIC)
        critic.test_button.click()
        assert critic.test_row.state.text() == "testing" and not critic.test_button.isEnabled()
        assert bench.ended("endpoint test").state == "done"
        assert critic.test_row.state.text() == "ready"
        assert "JSON schema" in [chip.text() for chip in critic.test_row.abilities if chip.isVisible()]


def test_the_newest_of_a_role_is_used_and_the_others_stay_in_sight(tmp_path: Path) -> None:
    with scripted(good_server) as server, Bench(tmp_path) as bench:
        pane = ready(bench)
        add(bench, pane, Role.WRITER, name="Old", url=server.url)
        add(bench, pane, Role.WRITER, name="New", url=server.url)
        add(bench, pane, Role.TEACHER, name="Sage", url=server.url)
        writer = card(pane, Role.WRITER)
        bench.until(lambda: writer.server.text() == "New")
        old = find(pane, QPushButton, "endpoints.line.Old.remove")
        assert old.accessibleName() == "Remove Old"
        assert find(pane, QWidget, "endpoints.line.Sage").accessibleName().startswith("Sage, http://")
    with Library.open(tmp_path, write=False) as library:
        assert [item.name for item in list_endpoints(library)] == ["Old", "New", "Sage"]
        assert (get_probe(library, "Sage") or {})["error"] == ""


def test_without_a_keychain_a_key_is_kept_in_memory_and_that_is_said(tmp_path: Path) -> None:
    with Bench(tmp_path) as bench:
        pane = ready(bench)
        assert "in memory, for this run only" in pane.title_row.state.toolTip()
        pane.add_action.trigger()
        assert find(pane, QLineEdit, "endpoints.form.key").isEnabled()
        assert "kept in memory, for this run only" in pane.form.keys_said.text()
        QTest.keyClick(pane.form.name, Qt.Key.Key_Escape)
        assert not pane.form.isVisible() and pane.add_action.isEnabled()


def test_an_endpoint_is_changed_with_all_that_it_may_need(tmp_path: Path, drawer: Drawer) -> None:
    with scripted(good_server) as server, Bench(tmp_path) as bench:
        pane = ready(bench)
        add(bench, pane, Role.WRITER, name="Pen", url=server.url, key="sk-secret-1")
        writer = card(pane, Role.WRITER)
        bench.until(writer.change_button.isVisible)
        QTest.keyClick(writer.change_button, Qt.Key.Key_Space)
        form, more = pane.form, pane.form.more
        assert form.isVisible() and not form.name.isEnabled() and more.isVisible() and form.key.text() == ""
        assert nameless(form) == []
        more.headers.setPlainText("X-Team optics")
        form.add_button.click()
        assert "no header" in pane.error_bar.message.text()
        more.headers.setPlainText("X-Team: optics\n\nX-Site: b")
        for field, value in (
            (more.temperature, 0.0),
            (more.prompt_price, 0.25),
            (more.context, 8192),
            (more.idle_s, 7),
        ):
            field.setValue(value)
        form.concurrency.setValue(2)
        tested = len(bench.backend.jobs)
        form.add_button.click()
        bench.until(lambda: len(bench.backend.jobs) > tested)
        bench.ended("endpoint test")
        assert server.requests[-1].headers["X-Team"] == "optics"
        assert server.requests[-1].headers["Authorization"] == "Bearer sk-secret-1"
        bench.until(lambda: "counts tokens in streams" in writer.test_row.said.text())
    with Library.open(tmp_path, write=False) as library:
        pen = list_endpoints(library)[0]
    assert (pen.sampling.temperature, pen.sampling.top_p) == (0.0, None)
    assert (pen.prompt_price, pen.completion_price, pen.context_length) == (0.25, None, 8192)
    assert (pen.headers, pen.concurrency, pen.idle_timeout_s) == ((("X-Team", "optics"), ("X-Site", "b")), 2, 7.0)
    assert pen.connect_timeout_s == 10.0


def test_a_key_goes_to_the_keychain_alone(tmp_path: Path, drawer: Drawer) -> None:
    with scripted(good_server) as server, Bench(tmp_path) as bench:
        pane = ready(bench)
        assert pane.title_row.state.text().startswith("Keys are kept in the ")
        add(bench, pane, Role.TEACHER, name="Sage", url=server.url, key="sk-secret-1")
        assert drawer.kept == {(SERVICE, f"Sage at {server.url}"): "sk-secret-1"}
        assert pane.form.key.text() == ""
        assert server.requests[-1].headers["Authorization"] == "Bearer sk-secret-1"
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"sk-secret" in path.read_bytes()]


def test_what_can_not_be_added_is_said_and_nothing_typed_is_lost(tmp_path: Path) -> None:
    with scripted(good_server) as server, Bench(tmp_path) as bench:
        pane = ready(bench)
        add(bench, pane, Role.CRITIC, name="Desk", url=server.url)
        pane.add_action.trigger()
        type_in(pane, name="Desk", url=server.url)
        pane.form.add_button.click()
        bench.until(pane.error_bar.isVisible)
        assert "called Desk already" in pane.error_bar.message.text()
        assert pane.error_bar.hint.text() == "Choose another name, or remove it first."
        type_in(pane, name="Other", url="not an address")
        pane.form.add_button.click()
        bench.until(lambda: "not the address of a server" in pane.error_bar.message.text())
        assert pane.form.isVisible() and pane.form.name.text() == "Other"


def test_the_words_of_a_server_are_plain_text(tmp_path: Path) -> None:
    words = "<b>loud</b> <a href='https://example.org'>here</a> <img src='/etc/passwd'>"
    with scripted(lambda _: refusal(400, words), models=(words,)) as server, Bench(tmp_path) as bench:
        pane = ready(bench)
        add(bench, pane, Role.CRITIC, name="Desk", url=server.url)
        bench.until(lambda: any(words in label.text() for label in pane.findChildren(QLabel)))
        for label in pane.findChildren(QLabel):
            assert label.textFormat() == Qt.TextFormat.PlainText or not GuiQt.mightBeRichText(label.text()), (
                label.text()
            )
        for widget in pane.findChildren(QWidget):
            assert not GuiQt.mightBeRichText(widget.toolTip()), widget.toolTip()


def test_a_found_server_fills_the_form(tmp_path: Path) -> None:
    with Bench(tmp_path) as bench:
        pane = ready(bench)
        pane.found.show_found((FoundServer("Ollama", "http://127.0.0.1:11434/v1", ("llama3", "qwen3")),))
        button = find(pane, QPushButton, "endpoints.use.127.0.0.1:11434")
        assert button.accessibleName() == "Use Ollama"
        button.click()
        form = pane.form
        assert (form.name.text(), form.url.text()) == ("Ollama", "http://127.0.0.1:11434/v1")
        assert [form.model.itemText(index) for index in range(form.model.count())] == ["llama3", "qwen3"]


def test_every_control_has_a_name(tmp_path: Path) -> None:
    with Bench(tmp_path) as bench:
        pane = ready(bench)
        pane.add_action.trigger()
        assert nameless(pane) == []


def nameless(pane: QWidget) -> list[tuple[str, str]]:
    """What can be reached by Tab and has no name for scripts or for screen readers."""
    return [
        (type(widget).__name__, widget.objectName())
        for widget in pane.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisible()
        and not widget.objectName().startswith("qt_")
        and not (widget.objectName() and widget.accessibleName())
    ]
