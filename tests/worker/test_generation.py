from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import mlx.core as mx
import mlx_lm
import pytest
from mlx_lm.sample_utils import make_sampler

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled
from lorastudio.domain.messages import user
from lorastudio.worker.adapters import load_version
from lorastudio.worker.base_model import BaseModel, load_base
from lorastudio.worker.conversations import ChatCodec
from lorastudio.worker.generation import Answer, Generator, run_all
from lorastudio.worker.sampling import SampleRequest
from lorastudio.worker.slots import SlotCache, SlotShape, plan_slots
from tests.worker.tiny_model import WORDS, write_tiny_model
from tests.worker.tiny_versions import write_version


def make_requests(codec: ChatCodec, count: int, *, seed: int = 0) -> list[SampleRequest]:
    rng = random.Random(seed)
    return [
        SampleRequest(
            codec.encode_prompt(user(" ".join(rng.choices(WORDS, k=rng.randint(1, 20))))),
            max_tokens=rng.randint(5, 60),
            seed=rng.randrange(1000),
            temperature=rng.choice([0.0, 0.7, 1.0]),
            top_p=rng.choice([1.0, 0.9]),
            top_logprobs=2,
        )
        for _ in range(count)
    ]


def answers_of(generator: Generator, requests: Sequence[SampleRequest]) -> dict[int, Answer]:
    return {id(answer.request): answer for answer in run_all(generator, requests, CancelToken())}


def same(one: Answer, other: Answer) -> bool:
    """Bit for bit, log-probabilities included."""
    return (one.ids, one.text, one.finish_reason, one.log_probs) == (
        other.ids, other.text, other.finish_reason, other.log_probs,
    )  # fmt: skip


def test_an_answer_depends_on_its_request_alone(base: BaseModel, codec: ChatCodec) -> None:
    requests = make_requests(codec, 70)
    plan = plan_slots(base)
    together = answers_of(Generator(codec, base.model, plan), requests)
    shuffled = random.Random(1).sample(requests, 24)
    in_other_slots = answers_of(Generator(codec, base.model, plan, at_once=7), shuffled)
    assert all(same(answer, together[key]) for key, answer in in_other_slots.items())
    for request in requests[:2]:
        (alone,) = answers_of(Generator(codec, base.model, plan), [request]).values()
        assert same(alone, together[id(request)])


def test_late_comers_change_nothing(base: BaseModel, codec: ChatCodec) -> None:
    early, late = make_requests(codec, 5), make_requests(codec, 20, seed=9)
    plan = plan_slots(base)
    expected = answers_of(Generator(codec, base.model, plan), early)
    generator = Generator(codec, base.model, plan)
    answers = [generator.submit(request) for request in early]
    for request in late:
        generator.step()
        generator.submit(request)
    while generator.busy:
        generator.step()
    assert all(same(answer, expected[id(answer.request)]) for answer in answers)


def test_greedy_answers_are_those_of_mlx_lm(base: BaseModel, codec: ChatCodec) -> None:
    model, tokenizer = mlx_lm.load(str(base.path))
    requests = [
        SampleRequest(codec.encode_prompt(user(text)), max_tokens=24) for text in ("b1", "c1 c2 c3", "d4 e5 f6 g7 a0")
    ]
    ours = answers_of(Generator(codec, base.model, plan_slots(base)), requests)
    for request in requests:
        theirs = [
            part.token
            for part in mlx_lm.stream_generate(
                model, tokenizer, list(request.prompt), max_tokens=24, sampler=make_sampler(temp=0.0)
            )
        ]
        assert ours[id(request)].ids == [token for token in theirs if token not in codec.end_ids]


def test_requests_that_fit_no_slot_are_answered_alone_and_the_same(base: BaseModel, codec: ChatCodec) -> None:
    request = make_requests(codec, 1)[0]
    small = (SlotShape(8, len(request.prompt)),)
    greedy = SampleRequest(request.prompt, max_tokens=20)
    (slotted,) = answers_of(Generator(codec, base.model, plan_slots(base)), [greedy]).values()
    (alone,) = answers_of(Generator(codec, base.model, small), [greedy]).values()
    (without_slots,) = answers_of(Generator(codec, base.model, ()), [greedy]).values()
    assert slotted.ids == alone.ids == without_slots.ids


def test_long_requests_run_beside_the_others(base: BaseModel, codec: ChatCodec) -> None:
    requests = make_requests(codec, 12)
    mixed = (SlotShape(8, 50),)
    assert {len(request.prompt) + request.max_tokens > 50 for request in requests} == {True, False}
    together = answers_of(Generator(codec, base.model, mixed), requests)
    for request in requests[:4]:
        (alone,) = answers_of(Generator(codec, base.model, mixed), [request]).values()
        assert same(alone, together[id(request)])


def test_a_version_answers_unlike_the_base(base: BaseModel, codec: ChatCodec, tmp_path: Path) -> None:
    model = load_version(base, write_version(base, tmp_path / "v1"))
    requests = make_requests(codec, 10)
    plan = plan_slots(base)
    by_base = answers_of(Generator(codec, base.model, plan), requests)
    by_version = answers_of(Generator(codec, model, plan), requests)
    assert any(by_base[key].ids != by_version[key].ids for key in by_base)


def test_stop_strings_end_the_answer_before_them(base: BaseModel, codec: ChatCodec) -> None:
    prompt = codec.encode_prompt(user("b1 b2"))
    plain = SampleRequest(prompt, max_tokens=40, seed=5, temperature=1.0)
    (whole,) = answers_of(Generator(codec, base.model, plan_slots(base)), [plain]).values()
    stop = codec.decode(whole.ids[4:6])
    stopping = SampleRequest(prompt, max_tokens=40, seed=5, temperature=1.0, stops=("zzz", stop))
    generator = Generator(codec, base.model, plan_slots(base))
    answer = generator.submit(stopping, stream=True)
    seen = []
    while generator.busy:
        generator.step()
        seen.append(answer.text)
    assert answer.finish_reason == "stop"
    assert answer.text == whole.text[: whole.text.index(stop)]
    assert all(answer.text.startswith(text) for text in seen)


def test_max_tokens_cuts_with_reason_length(base: BaseModel, codec: ChatCodec) -> None:
    request = SampleRequest(codec.encode_prompt(user("b1")), max_tokens=1, temperature=1.0, seed=3)
    (answer,) = answers_of(Generator(codec, base.model, plan_slots(base)), [request]).values()
    assert (len(answer.ids), answer.finish_reason) == (1, "length")


def test_a_cancelled_answer_frees_its_slot(base: BaseModel, codec: ChatCodec) -> None:
    requests = make_requests(codec, 3)
    generator = Generator(codec, base.model, plan_slots(base), at_once=1)
    first, second, third = (generator.submit(request) for request in requests)
    generator.step()
    generator.cancel(first)
    generator.cancel(third)
    while generator.busy:
        generator.step()
    assert (first.finish_reason, third.finish_reason) == ("cancelled", "cancelled")
    assert second.finish_reason in ("stop", "length")


def test_numbers_that_are_not_finite_stay_in_their_answer() -> None:
    """A slot is clean for its next answer, whatever the last one left in it."""
    layers = [(mx.full((1, 1, 90, 16), mx.nan), mx.full((1, 1, 90, 16), mx.nan))]
    cache = SlotCache(SlotShape(8, 96), *layers[0])
    cache.place(3, *layers[0])
    cache.place(3, mx.ones((1, 1, 5, 16)), mx.ones((1, 1, 5, 16)))
    assert all(mx.isfinite(array).all().item() for array in cache.state)


def test_cancelling_stops_between_steps(base: BaseModel, codec: ChatCodec) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        list(run_all(Generator(codec, base.model, plan_slots(base)), make_requests(codec, 2), cancel))


def test_models_with_sliding_windows_have_no_slots(tmp_path: Path) -> None:
    kinds = ["full_attention", "sliding_attention"]
    sliding = load_base(write_tiny_model(tmp_path / "sliding", layer_types=kinds, sliding_window=16))
    assert plan_slots(sliding) == ()
    codec = ChatCodec(sliding)
    requests = make_requests(codec, 3)
    assert len(answers_of(Generator(codec, sliding.model, ()), requests)) == 3


def test_slots_grow_to_the_context(tmp_path: Path) -> None:
    wide = load_base(write_tiny_model(tmp_path / "wide", max_position_embeddings=300))
    assert [shape.capacity for shape in plan_slots(wide)] == [128, 256, 300]
    assert {shape.slots for shape in plan_slots(wide)} == {64}
