"""Choosing the base model: a folder, or a model of the hub, whose size is told before anything is downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.job import Job
from lorastudio.bridge.requests import bases as requests
from lorastudio.domain.changes import Changes
from lorastudio.domain.download_events import DownloadPlanned
from lorastudio.domain.errors import KnownError
from lorastudio.domain.sizes import size_in_words
from lorastudio.ui.sheet import Sheet
from lorastudio.ui.widgets.buttons import Button, PrimaryButton
from lorastudio.ui.wording import counted

if TYPE_CHECKING:
    from lorastudio.bridge.requests.bases import LookedUp, NamedBase

LOOK_UP, DOWNLOAD = "model look-up", "download"
WHAT_FITS = (
    "A folder with a model in MLX or Hugging Face format, or the name of a model on the hub, like "
    "mlx-community/Qwen3-0.6B-4bit."
)


class BaseSheet(Sheet):
    """One button goes through it: it looks first, then says what a download takes, and downloads when pressed again."""

    def __init__(self, backend: Backend, base: str, window: QWidget) -> None:
        super().__init__("Base model", window)
        self.setObjectName("base_sheet")
        self._backend = backend
        self._look_up: Job | None = None
        self._planned: DownloadPlanned | None = None
        self.add_words(WHAT_FITS)
        self.name = QLineEdit(base)
        self.name.setObjectName("base_sheet.name")
        self.name.setAccessibleName("Base model")
        self.name.selectAll()
        folder = Button("Folder…", "base_sheet.folder")
        row = QHBoxLayout()
        row.addWidget(self.name, 1)
        row.addWidget(folder)
        self.body.addLayout(row)
        self.token = QLineEdit(placeholderText="Access token, for gated and private models; kept in the keychain")
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setObjectName("base_sheet.token")
        self.token.setAccessibleName("Access token")
        self.token.hide()
        self.body.addWidget(self.token)
        self.told = self.add_words("")
        close = Button("Cancel", "base_sheet.cancel")
        self.go_button = PrimaryButton("Use", "base_sheet.go")
        self.buttons.addWidget(close)
        self.buttons.addStretch()
        self.buttons.addWidget(self.go_button)
        close.clicked.connect(self.dismiss)
        folder.clicked.connect(self._on_folder)
        self.go_button.clicked.connect(self._on_go)
        self.name.textChanged.connect(self._on_edited)
        self.name.returnPressed.connect(self._on_go)
        self.token.returnPressed.connect(self._on_go)
        self.closed.connect(self._on_closed)

    @Slot()
    def _on_folder(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "A folder with a model"):
            self.name.setText(folder)

    @Slot()
    def _on_edited(self) -> None:
        self._stop_looking()
        self._planned = None
        self._say("", "Use")

    @Slot()
    def _on_go(self) -> None:
        text = self.name.text().strip()
        if not text or self._look_up is not None:
            return
        if self._planned is not None:
            self._backend.start(DOWNLOAD, f"Download of {text}", requests.fetch_base, text)
            self.dismiss()
        else:
            self._backend.ask(requests.look_for_base, text, answer=self._on_found, failed=self._on_failed)

    @Slot(object)
    def _on_found(self, found: NamedBase) -> None:
        if found.text != self.name.text().strip() or self._look_up is not None:
            return
        if not found.model:
            self._backend.act(requests.choose_base, found.text, answer=self._on_chosen, failed=self._on_failed)
            return
        self._say("Asking the hub for its size…", "Use")
        title = f"Size of {found.model}"
        job = self._backend.start(LOOK_UP, title, requests.look_up, found.model, self.token.text().strip())
        job.events.connect(self._on_events)
        self._look_up = job

    @Slot(object)
    def _on_chosen(self, _changes: Changes) -> None:
        self.dismiss()

    @Slot(object)
    def _on_events(self, batch: tuple[object, ...]) -> None:
        for event in batch:
            if isinstance(event, requests.LookedUp) and self._look_up is not None:
                self._show(event)

    def _show(self, found: LookedUp) -> None:
        self._look_up, self._planned = None, found.planned
        self.token.clear()
        self.token.setVisible(found.planned is None)
        if (planned := found.planned) is None:
            self._say(found.problem, "Use", kind="bad")
            return
        size, missing, free = map(size_in_words, (planned.size_bytes, planned.missing_bytes, planned.free_bytes))
        words = f"{counted(planned.files, 'file')}, {size}: {missing} are to be downloaded, {free} are free here."
        self._say(words, f"Download {missing} and use")

    @Slot(object)
    def _on_failed(self, error: KnownError) -> None:
        self._say(str(error), "Use", kind="bad")

    @Slot()
    def _on_closed(self) -> None:
        self._stop_looking()

    def _stop_looking(self) -> None:
        if self._look_up is not None:
            self._look_up.stop()
            self._look_up = None

    def _say(self, words: str, button: str, *, kind: str = "") -> None:
        self.told.say(words, kind)
        self.go_button.setText(button)
        self._place()
