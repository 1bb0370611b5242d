"""The base model: loaded from a folder on disk, with the hashes that tell it from every other one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx_lm.tokenizer_utils import TokenizerWrapper
from mlx_lm.utils import get_total_parameters, load_model, load_tokenizer

from lorastudio.domain.errors import KnownError
from lorastudio.domain.files import sha256_of
from lorastudio.training.model_files import check_model_files

DEFAULT_CONTEXT_TOKENS = 2048
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
)


@dataclass
class BaseModel:
    """A model as it came from disk, never changed afterwards; adapters go on clones that share its weights."""

    path: Path
    model: Any
    tokenizer: TokenizerWrapper
    config: dict[str, Any]
    _hashes: dict[str, str] = field(default_factory=dict, init=False)

    @property
    def context_length(self) -> int:
        """The greatest number of tokens, prompt and answer together."""
        text = self.config.get("text_config", self.config)
        length = text.get("max_position_embeddings") or DEFAULT_CONTEXT_TOKENS
        # Tokenizers without a limit of their own carry an absurdly large number here.
        return int(min(length, self.tokenizer.model_max_length))

    @property
    def weight_bytes(self) -> int:
        return sum(file.stat().st_size for file in _weight_files(self.path))

    @property
    def template_hash(self) -> str:
        """SHA-256 of the chat template's text; of the empty text when there is none."""
        template = self.tokenizer.chat_template
        text = template if isinstance(template, str) else json.dumps(template or "", sort_keys=True)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    @property
    def file_hashes(self) -> dict[str, str]:
        """The SHA-256 of every file that decides what the model is, by name; read once from disk."""
        if not self._hashes:
            self._hashes = {file.name: _content_hash(file) for file in _all_files(self.path)}
        return self._hashes

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the config with its quantisation, the tokenizer and the weights."""
        digest = hashlib.sha256()
        for name, content in self.file_hashes.items():
            digest.update(f"{name}\0{content}\0".encode())
        return digest.hexdigest()

    def describe(self) -> dict[str, Any]:
        """The fields of the answer to an `inspect` job."""
        text = self.config.get("text_config", self.config)
        return {
            "architecture": self.config.get("model_type", ""),
            "parameters": int(get_total_parameters(self.model)),  # type: ignore[no-untyped-call]  # mlx-lm has no types here
            "layers": len(self.model.layers),
            "hidden_size": text.get("hidden_size"),
            "vocabulary": text.get("vocab_size"),
            "quantization": self.config.get("quantization"),
            "context_length": self.context_length,
            "chat_template": bool(self.tokenizer.has_chat_template),
            "template_hash": self.template_hash,
            "base_fingerprint": self.fingerprint,
            "size_bytes": self.weight_bytes,
        }


class BaseShelf:
    """Keeps the last base loaded, so that jobs of one process that use the same one load it once."""

    def __init__(self) -> None:
        self._key: tuple[Any, ...] = ()
        self._base: BaseModel | None = None

    def get(self, path: Path) -> BaseModel:
        """The base at `path`; loaded again when its files have changed."""
        key = (path, *((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in _all_files(path)))
        if self._base is None or key != self._key:
            self._base = None
            self._base = load_base(path)
            self._key = key
        return self._base


def load_base(path: Path) -> BaseModel:
    """Load the model folder at `path`; KnownError when it can't be used. Never downloads, never runs its code."""
    config_file = path / "config.json"
    if not config_file.is_file():
        raise KnownError(f"There is no model at {path}.", "A model folder holds config.json and model*.safetensors.")
    try:
        raw = json.loads(config_file.read_text(encoding="utf-8"))
        if "auto_map" in raw or "model_file" in raw:
            raise KnownError(f"The model at {path} wants to run its own code.", "Choose one that mlx-lm knows itself.")
        check_model_files(path)
        model, config = load_model(path)
        end_ids = _as_list(config.get("eos_token_id"))
        tokenizer = load_tokenizer(path, eos_token_ids=end_ids)  # type: ignore[no-untyped-call]  # as above
    except (OSError, ValueError, TypeError, RuntimeError, KeyError, ImportError) as error:
        raise KnownError(f"The model at {path} can't be loaded: {error}", "Is it a whole mlx-lm model?") from error
    _refuse_foreign_tokenizer(path, config, tokenizer)
    model.eval()
    return BaseModel(path, model, tokenizer, config)


def _refuse_foreign_tokenizer(path: Path, config: dict[str, Any], tokenizer: TokenizerWrapper) -> None:
    """KnownError when the tokenizer has words without a row in the embedding: MLX would read past its end.

    Special tokens added beyond it are let pass, as Gemma 3 has one for images that its text never holds.
    """
    rows = config.get("text_config", config).get("vocab_size")
    if rows is not None and tokenizer.vocab_size > rows:
        raise KnownError(
            f"The tokenizer at {path} belongs to another model: it has {tokenizer.vocab_size:,} words, "
            f"the model knows {rows:,}.",
            "Copy the tokenizer's files from where the model came from.",
        )


def backend() -> str:
    """Where MLX computes: "cpu", "metal" or "cuda"."""
    if mx.default_device() == mx.Device(mx.cpu):
        return "cpu"
    return "metal" if mx.metal.is_available() else "cuda"


def _as_list(ids: int | list[int] | None) -> list[int] | None:
    return [ids] if isinstance(ids, int) else ids


def _weight_files(path: Path) -> list[Path]:
    return sorted(path.glob("model*.safetensors"))


def _all_files(path: Path) -> list[Path]:
    names = [path / "config.json", path / "generation_config.json", *(path / name for name in TOKENIZER_FILES)]
    return [file for file in (*names, *_weight_files(path)) if file.is_file()]


def _content_hash(file: Path) -> str:
    if file.name != "config.json":
        return sha256_of(file)
    config = json.loads(file.read_text(encoding="utf-8"))
    config.pop("_name_or_path", None)  # where the author's copy lay, not what the model is
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode("utf-8")).hexdigest()
