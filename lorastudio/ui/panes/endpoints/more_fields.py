"""What few servers need: protocol, headers, how they sample, what they cost, and how long they are waited for."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QPlainTextEdit, QWidget

from lorastudio.domain.endpoint import Endpoint, Protocol, Sampling
from lorastudio.domain.errors import UsageError
from lorastudio.ui.widgets.labels import Dim
from lorastudio.ui.widgets.limit_field import LimitField

HEADERS_PX, LEAST_PX = 56, 80
NAME = "endpoints.form"
THEIRS, UNKNOWN = "as the server does", "not known"
PROTOCOLS = {Protocol.OPENAI: "OpenAI", Protocol.ANTHROPIC: "Anthropic"}


class MoreFields(QWidget):
    """Puts an endpoint's values into fields, and typed ones into an endpoint."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.protocol = QComboBox()
        for protocol, words in PROTOCOLS.items():
            self.protocol.addItem(words, protocol)
        self.headers = QPlainTextEdit()
        self.headers.setPlaceholderText("X-Team: optics\nOne a line, no secrets")
        self.headers.setFixedHeight(HEADERS_PX)
        self.headers.setTabChangesFocus(True)
        for name, field, spoken in (("protocol", self.protocol, "Protocol"), ("headers", self.headers, "Headers")):
            field.setObjectName(f"{NAME}.{name}")
            field.setAccessibleName(spoken)
        self.temperature = LimitField(
            f"{NAME}.temperature", "Temperature", most=5, step=0.1, decimals=2, nothing=THEIRS, zero_counts=True
        )
        self.top_p = LimitField(f"{NAME}.top_p", "Top-p", most=1, step=0.05, decimals=2, nothing=THEIRS)
        self.max_tokens = LimitField(f"{NAME}.max_tokens", "Answer, tokens", most=1e9, step=256, nothing=THEIRS)
        self.prompt_price = _price("prompt_price", "Reading, $ per million tokens")
        self.completion_price = _price("completion_price", "Writing, $ per million tokens")
        self.context = LimitField(f"{NAME}.context", "Context, tokens", most=1e9, step=1024, nothing=UNKNOWN)
        self.connect_s = LimitField(
            f"{NAME}.connect_s", "Connecting, s", most=86400, step=5, decimals=1, nothing="as usual"
        )
        self.idle_s = LimitField(f"{NAME}.idle_s", "Silence, s", most=86400, step=30, decimals=1, nothing="as usual")
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setVerticalSpacing(8)
        for text, tip, field in self._rows():
            label: QLabel = Dim(text)
            field.setToolTip(tip)
            field.setMinimumWidth(LEAST_PX)  # else as wide as the largest number
            label.setToolTip(tip)
            form.addRow(label, field)

    def show_endpoint(self, endpoint: Endpoint) -> None:
        """Its values; those of a new one are the usual ones."""
        self.protocol.setCurrentIndex(self.protocol.findData(endpoint.protocol))
        self.headers.setPlainText("\n".join(f"{name}: {value}" for name, value in endpoint.headers))
        self.temperature.show_limit(endpoint.sampling.temperature)
        self.top_p.show_limit(endpoint.sampling.top_p)
        self.max_tokens.show_limit(endpoint.sampling.max_tokens)
        self.prompt_price.show_limit(endpoint.prompt_price)
        self.completion_price.show_limit(endpoint.completion_price)
        self.context.show_limit(endpoint.context_length)
        self.connect_s.show_limit(endpoint.connect_timeout_s)
        self.idle_s.show_limit(endpoint.idle_timeout_s)

    def typed_into(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with what stands in the fields; `UsageError` for a line that is no header."""
        usual = Endpoint("", endpoint.role)
        return replace(
            endpoint,
            protocol=Protocol(self.protocol.currentData()),
            headers=_headers(self.headers.toPlainText()),
            sampling=Sampling(
                self.temperature.limit(), self.top_p.limit(), self.max_tokens.whole_limit(), endpoint.sampling.seed
            ),
            prompt_price=self.prompt_price.limit(),
            completion_price=self.completion_price.limit(),
            context_length=self.context.whole_limit(),
            connect_timeout_s=self.connect_s.limit() or usual.connect_timeout_s,
            idle_timeout_s=self.idle_s.limit() or usual.idle_timeout_s,
        )

    def _rows(self) -> tuple[tuple[str, str, QWidget], ...]:
        return (
            ("Protocol", "The language that the server speaks", self.protocol),
            ("Headers", "Sent with every request; a key goes into its own field", self.headers),
            ("Temperature", "How freely it writes, where a call says nothing itself", self.temperature),
            ("Top-p", "Only the likeliest words, up to this share", self.top_p),
            ("Answer", "Tokens of an answer at most", self.max_tokens),
            ("Reading, $/M", "US dollars for a million tokens that it reads", self.prompt_price),
            ("Writing, $/M", "US dollars for a million tokens that it writes", self.completion_price),
            ("Context", "Tokens of prompt and answer together", self.context),
            ("Connecting, s", "How long a connection may take", self.connect_s),
            ("Silence, s", "How long it may say nothing in the middle of an answer", self.idle_s),
        )


def _price(name: str, spoken: str) -> LimitField:
    return LimitField(f"{NAME}.{name}", spoken, most=1e6, step=0.1, decimals=4, nothing=UNKNOWN, zero_counts=True)


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    headers = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon:
            raise UsageError(f"{line!r} is no header.", "Write each on a line of its own, as Name: value.")
        headers.append((name.strip(), value.strip()))
    return tuple(headers)
