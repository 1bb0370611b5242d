"""The practice world as a library: its questions, its recipe, its gate questions."""

from __future__ import annotations

from lorastudio.domain.draft import Cycle
from lorastudio.domain.seeds import derive_seed
from lorastudio.practice.prompts import practice_checks
from lorastudio.practice.questions import drafting_questions, replay_prompts
from lorastudio.services.base_models import PRACTICE_NAME
from lorastudio.services.cycle import plan_training
from lorastudio.services.servers import CRITIC, WRITER
from lorastudio.store import cycles, deployments
from lorastudio.store.library import Library
from lorastudio.store.questions import NewQuestion
from lorastudio.training.config import Objective, TrainConfig

QUESTIONS_PER_CYCLE = 16


def practice_recipe(seed: int) -> TrainConfig:
    """The measured recipe for the tiny practice model: a high learning rate, and replay of its other skills."""
    return TrainConfig(
        objective=Objective.DPO_NLL,
        learning_rate=3e-3,
        epochs=3,
        batch_size=4,
        max_seq_length=256,
        seed=seed,
        replay_per_step=8,
        replay_prompts=tuple(replay_prompts()),
    )


def start_practice_cycle(library: Library, *, seed: int, index: int, questions: int) -> Cycle:
    """Write down cycle `index` (from 1) of a practice run with `seed`, planned through to deployment."""
    cycle_seed = derive_seed("practice", seed, index)
    with library.transaction():
        cycle = cycles.create_cycle(
            library,
            seed=cycle_seed,
            max_iterations=6,
            writer=WRITER,
            critic=CRITIC,
            writer_version=deployments.live_version(library),
            settings={"practice_seed": seed, "practice_index": index},
            questions=[
                NewQuestion(item.text, item.group, item.language, practice_checks())
                for item in drafting_questions(seed, index, questions)
            ],
        )
        plan_training(library, cycle.id, practice_recipe(cycle_seed), PRACTICE_NAME)
    return cycle
