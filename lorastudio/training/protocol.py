"""The words between the program and its worker and engine: JSON lines, one object a line.

Every child says first `{"type": "hello", "protocol": 1, "backend": "cpu" | "metal" | "cuda", "versions": {...}}`.
The parent refuses another protocol number; both sides ignore types they don't know.
The parent may send `{"type": "cancel"}` at any time: the job stops at its next safe point and answers `cancelled`.
`{"type": "finish"}` asks a `train` job to end early and keep what it has learnt; other jobs pass it over. The end of
the child's stdin means: stop now.

**Worker** (`--worker`): the parent sends one job, the worker answers with any number of
`phase`, `data`, `plan`, `step`, `eval`, `saved`, `warning`, `progress` messages and exactly one of `done`, `failed`,
`cancelled`, and then waits for the next job. Paths are absolute. The jobs:

- `{"type": "job", "job": "train", "base": PATH, "data": FOLDER, "config": TrainConfig, "checkpoints": FOLDER,
  "output": FOLDER, "resume": bool, "finish": bool, "golden_prompts": [TEXT, ...],
  "memory": MEMORY, "calibration": FILE}`. With `resume` it goes on from the newest checkpoint, with `finish` it ends
  there (as after the message of that name). `calibration` keeps what a device was measured to compute fastest.
  FOLDER `data` holds `train.jsonl`, `development.jsonl`, `heldout.jsonl` (the last two may be empty) with rows
  `{"id": int, "prompt": [{"role", "content"}...], "good": TEXT|null, "bad": TEXT|null}`.
  Writes into `output` (made beside and renamed; the adapter is called ADAPTER_PARTIAL there, so that only a
  finished version ever holds `adapters.safetensors`): ADAPTER_PARTIAL, `adapter_config.json`, `golden.json`,
  `result.json` (the fields of `done`).
  `data`, once before the first step: `{"type": "data", "max_length": int, "thinking": THINKING,
  "files": {"train": FILE, "development": FILE, "heldout": FILE}}`, where FILE is `{"rows": int,
  "prompt": TOKENS|null, "good": TOKENS|null, "bad": TOKENS|null, "left_out": [{"reason": TEXT, "ids": [int, ...]},
  ...]}` and TOKENS, over the texts that are used, `{"count", "min", "median", "p95", "max", "total"}`. THINKING is
  how the chat template is asked for prompts, in training and in serving alike: `{"enabled": bool, "closing": TEXT}`.
  MEMORY, which may be missing, is `{"total_bytes", "budget_bytes" (what training may take), "corrections":
  {FINGERPRINT: factor}, "settled": bool, "anyway": bool}`; `plan`, once before the first step: `{"type": "plan",
  "base_fingerprint", "verdict": "fits"|"tight"|"too large", "parts": {"weights", "adapter", "optimizer",
  "activations", "logits", "caches"}, "estimate_bytes" (their sum), "total_bytes" (corrected), "least_bytes" (in the
  smallest pieces), "budget_bytes", "machine_bytes", "tokens_per_pass"|null (what the run's steps are cut by from now
  on), "changes": [{"what": TEXT, "total_bytes"}]}`. A run that can't fit is refused unless `anyway`; one that has
  begun (`settled`) keeps its `tokens_per_pass`.
  `step`: `{"type": "step", "step", "steps", "epoch", "loss"|null, "accuracy"|null, "margin"|null, "learning_rate",
  "gradient_norm"|null, "tokens", "elapsed_s", "tokens_per_s", "peak_memory_bytes", "memory_bytes", "left_s",
  "earlier"}`. `loss` or `gradient_norm` null: it was not finite, and the step changed nothing. `accuracy` is the
  share of the step's pairs whose good answer has the greater reward, `margin` the mean difference of rewards; null
  without pairs. The norm is that before clipping; `tokens` and `tokens_per_s` are this step's, memory is MLX's. At
  most ten such messages come a second: `earlier`, there only if not empty, lists the steps since the last one,
  oldest first, each with these same fields.
  `eval`, on the development rows: `{"type": "eval", "step", "loss"|null, "accuracy"|null, "reference_accuracy"|null,
  "token_accuracy"|null, "quality"|null, "samples": [{"id", "prompt", "answer", "finish_reason", "quality"}]}`, the
  accuracies as in `done`; `samples` are greedy answers to the same few prompts each time, `quality` their mean.
  `saved`: `{"type": "saved", "step", "path"}`; `warning`: `{"type": "warning", "message"}`.
  `done`: `{"type": "done", "steps" (made), "ended": ENDING, "final_loss"|null, "validation_accuracy"|null,
  "reference_accuracy"|null, "heldout_loss"|null, "token_accuracy"|null, "num_examples", "left_out": [{"id",
  "reason"}], "base_fingerprint", "template_hash", "adapter_hash", "best_step"|null, "skipped_steps", "backend",
  "thinking": THINKING}`.
- `{"type": "job", "job": "plan"}` with the other fields of `train` → `done` with those of `plan`; nothing is trained.
- `{"type": "job", "job": "join", "rank": int, "ring": [["IP:PORT", ...], ...], "names": [TEXT, ...]}` → `done`, once
  all ranks of the ring are there. From then on a `train` job must be given to all of them: each computes its share
  of every step; rank 0 alone reports more than `phase`, keeps checkpoints and writes the output. `ring` and `names`
  (for messages) are by rank. A worker joins once in its life.
- `{"type": "job", "job": "sample", "base": PATH, "adapters": {NAME: PATH|null}, "requests": FILE, "output": FILE}`.
  `requests` lines: `{"id": TEXT, "adapter": NAME, "messages": [...], "seed": int, "temperature": float,
  "max_tokens": int}`; `output` lines, in the same order, written beside and renamed:
  `{"id", "adapter", "text", "tokens": int, "finish_reason": "stop"|"length"}`.
- `{"type": "job", "job": "score", "base": PATH, "adapters": {NAME: PATH|null}, "rows": FILE, "output": FILE}`.
  `rows` lines: `{"id": TEXT, "messages": [...], "answer": TEXT}`; `output` lines for every adapter and row:
  `{"id", "adapter", "logprob": float (sum, with the end token), "tokens": int, "top1": int}` where `top1` counts
  the tokens that were the model's first choice.
- `{"type": "job", "job": "inspect", "base": PATH}` → `done` with `{"architecture", "parameters", "layers",
  "hidden_size", "vocabulary", "quantization"|null, "context_length", "chat_template": bool, "template_hash",
  "base_fingerprint", "size_bytes"}`.

**Engine** (`--engine`): first order `{"type": "start", "base": PATH, "token": TEXT, "port": int (0: any),
"adapters": {NAME: PATH}, "alias": {PUBLIC_NAME: NAME|null}, "base_name": TEXT, "max_batch": int}`; answers `ready`
`{"type": "ready", "url": "http://127.0.0.1:PORT", "models": [...]}`. Later orders, each with an `id` that comes back:
- `{"type": "load", "id", "name": NAME, "path": PATH}` → `{"type": "loaded", "id", "name"}`: readies a version for
  requests under its own name.
- `{"type": "alias", "id", "public": PUBLIC_NAME, "name": NAME|null}` → `{"type": "aliased", "id"}`: requests that come
  after it get the new version, requests in flight finish on the old one. None means the bare base.
- `{"type": "unload", "id", "name"}` → `{"type": "unloaded", "id"}` after its last request is finished.
Any of them may answer `{"type": "refused", "id", "message", "hint"}`.

An answer depends on the request alone (model, messages, sampling, seed), never on what else is generated with it.
"""

from __future__ import annotations

from enum import StrEnum

PROTOCOL = 1

ADAPTER_FILE = "adapters.safetensors"
ADAPTER_PARTIAL = "adapter-unfinished.safetensors"
ADAPTER_CONFIG = "adapter_config.json"
GOLDEN_FILE = "golden.json"
RESULT_FILE = "result.json"
PUBLIC_NAME = "lorastudio"


class Ending(StrEnum):
    """How a run came to its end: after all its steps, early by its own rule, or because a person kept what it had."""

    COMPLETE = "complete"
    EARLY = "early stop"
    KEPT = "kept"
