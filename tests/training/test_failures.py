"""Real last words of real crashes, read as a person would want them told."""

from __future__ import annotations

import pytest

from lorastudio.training.config import TrainConfig
from lorastudio.training.failures import FailureKind, WorkerEnd, recognise, safer_config

ABORT = "libc++abi: terminating due to uncaught exception of type std::runtime_error: "
# As users pasted them; the issue that each stands in is beside it.
REAL = [
    (  # mlx-lm #236
        -6,
        "Iter 50: Train loss 1.487, Learning Rate 1.000e-05, It/sec 0.372, Tokens/sec 358.620, "
        f"Trained Tokens 26805, Peak mem 34.108 GB\n{ABORT}[METAL] Command buffer execution failed: "
        "Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)\n"
        "zsh: abort      mlx_lm.lora --model ./Qwen3-8",
        FailureKind.OUT_OF_MEMORY,
    ),
    (  # mlx-lm #1185
        None,
        "RuntimeError: [metal::malloc] Resource limit (499000) exceeded",
        FailureKind.RESOURCE_LIMIT,
    ),
    (  # mlx #3267
        -6,
        f"{ABORT}[METAL] Command buffer execution failed: Impacting Interactivity "
        "(0000000e:kIOGPUCommandBufferCallbackErrorImpactingInteractivity)\n"
        "/opt/homebrew/Cellar/python@3.12/3.12.13/Frameworks/Python.framework/Versions/3.12/lib/python3.12/"
        "multiprocessing/resource_tracker.py:279: UserWarning: resource_tracker: There appear to be 1 leaked "
        "semaphore objects to clean up at shutdown",
        FailureKind.WATCHDOG,
    ),
    (  # omlx #2029
        -6,
        f"{ABORT}[METAL] Command buffer execution failed: Caused GPU Timeout Error "
        "(00000002:kIOGPUCommandBufferCallbackErrorTimeout).",
        FailureKind.WATCHDOG,
    ),
    (  # mlx-examples #664
        -6,
        f"{ABORT}[METAL] Command buffer execution failed: Internal Error (0000000e:Internal Error)",
        FailureKind.GPU,
    ),
    (  # mlx-vlm #123
        -6,
        f"{ABORT}Attempting to allocate 56976077312 bytes which is greater than the maximum allowed buffer size "
        "of 17179869184 bytes.",
        FailureKind.OUT_OF_MEMORY,
    ),
    (-6, f"{ABORT}[malloc_or_wait] Unable to allocate 12 bytes.", FailureKind.OUT_OF_MEMORY),  # mlx-examples #70
    (-6, "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc",
     FailureKind.OUT_OF_MEMORY),
    (None, "MemoryError: ", FailureKind.OUT_OF_MEMORY),
    (-9, "", FailureKind.KILLED),
    (-9, "a warning about something else", FailureKind.KILLED),
    (  # mlx-examples #341
        None,
        "RuntimeError: [load] Invalid header in file /models/mistral/model-00001-of-00002.safetensors",
        FailureKind.DAMAGED_FILE,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "words", "kind"), REAL)
def test_a_real_crash_is_recognised(code: int | None, words: str, kind: FailureKind) -> None:
    failure = recognise(WorkerEnd(code, words, "training"))
    assert failure is not None
    assert failure.kind is kind
    assert failure.safer is (kind is not FailureKind.DAMAGED_FILE)
    assert " while training" in failure.message
    assert failure.message[0].isupper() and failure.message.endswith(".") and failure.hint.endswith(".")
    assert "libc++abi" not in failure.message


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, ""), (1, "ValueError: layers must be positive"), (-11, ""), (-15, ""), (None, "KeyError: 'memory'")],
)
def test_an_end_of_no_known_kind_is_not_guessed_at(code: int | None, words: str) -> None:
    assert recognise(WorkerEnd(code, words)) is None


def test_a_phase_nobody_knows_is_left_out() -> None:
    failure = recognise(WorkerEnd(-9, "", "brooding"))
    assert failure is not None and "brooding" not in failure.message


def test_there_is_one_safer_retry_and_it_changes_no_result() -> None:
    config = TrainConfig(max_seq_length=2048)
    safer = safer_config(config)
    assert safer is not None
    assert (safer.lean, safer.checkpointing, safer.tokens_per_pass) == (True, True, 1024)
    assert safer.identity_record() == config.identity_record()
    assert safer_config(safer) is None


def test_a_budget_that_was_chosen_is_halved_but_never_to_nothing() -> None:
    assert getattr(safer_config(TrainConfig(tokens_per_pass=300)), "tokens_per_pass", None) == 150
    assert getattr(safer_config(TrainConfig(tokens_per_pass=9)), "tokens_per_pass", None) == 8


@pytest.mark.parametrize("change", [{"rank": 4}, {"seed": 1}, {"layers": 2}, {"learning_rate": 1e-3}])
def test_what_decides_the_result_is_part_of_the_identity(change: dict[str, int]) -> None:
    assert TrainConfig(**change).identity_record() != TrainConfig().identity_record()
