"""Chat templates that behave like those of the families, each in the ways that matter to training."""

from __future__ import annotations

import json
from pathlib import Path

from mlx_lm.utils import load_tokenizer
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from lorastudio.worker.base_model import BaseModel
from tests.worker.tiny_model import WORDS, write_tiny_model

MARKS = ("<pad>", "<unk>", "<bos>", "<end>", "<over>", "<system>", "<user>", "<model>", "<inst>", "</inst>")
THOUGHTS = ("<think>", "</think>")
ENDS = [MARKS.index("<end>"), MARKS.index("<over>")]
BREAKS = ("\n", "\n\n", "\n\n\n")

# Qwen 2.5: a system turn of its own where none is given; a line break after every end.
QWEN_2 = (
    "{% if messages[0].role != 'system' %}<system>\na1 a1<end>\n{% endif %}"
    "{% for m in messages %}<{{ 'model' if m.role == 'assistant' else m.role }}>\n{{ m.content }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}<model>\n{% endif %}"
)

# Qwen 3: drops earlier thoughts, and writes a block, be it empty, in front of the last answer. With thinking off
# the generation prompt holds the empty block.
QWEN_3 = (
    "{% for m in messages %}{% if m.role == 'assistant' %}"
    "{% set parts = m.content.split('</think>') %}{% set said = parts[-1].lstrip('\n') %}<model>\n"
    "{% set thought = parts[0].split('<think>')[-1].strip('\n') if parts|length > 1 else '' %}"
    "{% if loop.last %}<think>\n{{ thought }}\n</think>\n\n{% endif %}"
    "{{ said }}<end>\n{% else %}<{{ m.role }}>\n{{ m.content }}<end>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<model>\n"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)  # fmt: skip

# A relative that writes no empty block in front of an answer without thoughts, though its generation prompt does.
QWEN_3_BARE = QWEN_3.replace("{% if loop.last %}<think>", "{% if loop.last and thought %}<think>")

# Qwen 3's thinking models of July 2025: no switch, the generation prompt opens a block.
QWEN_3_THINKING = QWEN_3.split("{% if add_generation_prompt %}")[0] + (
    "{% if add_generation_prompt %}<model>\n<think>\n{% endif %}"
)

# DeepSeek-R1's distillates: the generation prompt opens a block, answers given have lost theirs.
DEEPSEEK_R1 = (
    "<bos>{% for m in messages %}{% if m.role == 'assistant' %}<model>{{ m.content.split('</think>')[-1] }}<end>"
    "{% else %}<{{ m.role }}>{{ m.content }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<model><think>\n{% endif %}"
)

# Llama 3: texts trimmed, and the day of asking in the system turn.
LLAMA_3 = (
    "<bos><system>\n\n{{ strftime_now('%d %b %Y') }}<end>"
    "{% for m in messages %}<{{ 'model' if m.role == 'assistant' else m.role }}>\n\n{{ m.content | trim }}<end>"
    "{% endfor %}{% if add_generation_prompt %}<model>\n\n{% endif %}"
)

# Gemma 2: refuses a system turn.
GEMMA_2 = (
    "<bos>{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}<{{ 'model' if m.role == 'assistant' else m.role }}>\n{{ m.content | trim }}<end>\n"
    "{% endfor %}{% if add_generation_prompt %}<model>\n{% endif %}"
)

# Gemma 3: puts a system turn into the first question.
GEMMA_3 = (
    "<bos>{% set first = messages[0].content + '\n\n' if messages[0].role == 'system' else '' %}"
    "{% set turns = messages[1:] if first else messages %}"
    "{% for m in turns %}<{{ 'model' if m.role == 'assistant' else m.role }}>\n{{ first if loop.first }}"
    "{{ m.content | trim }}<end>\n{% endfor %}{% if add_generation_prompt %}<model>\n{% endif %}"
)

# Mistral: no mark in front of an answer, strict turns, the system text in the last question.
MISTRAL = (
    "<bos>{% set told = messages[0].content + '\n\n' if messages[0].role == 'system' else '' %}"
    "{% set turns = messages[1:] if told else messages %}{% for m in turns %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}"
    "{% if m.role == 'user' %}<inst> {{ told if loop.index0 >= turns|length - 2 }}{{ m.content }}</inst>"
    "{% else %} {{ m.content }}<end>{% endif %}{% endfor %}"
)

# Phi 3 and 4: the end of the turn, then a line break and the end of the text.
PHI_3 = (
    "{% for m in messages %}<{{ 'model' if m.role == 'assistant' else m.role }}>\n{{ m.content }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}<model>\n{% else %}<over>{% endif %}"
)

PLAIN = {
    "qwen2.5": QWEN_2, "llama3": LLAMA_3, "gemma2": GEMMA_2, "gemma3": GEMMA_3, "mistral": MISTRAL, "phi3": PHI_3,
}  # fmt: skip
THINKING = {
    "qwen3": QWEN_3, "qwen3-bare": QWEN_3_BARE, "qwen3-thinking": QWEN_3_THINKING, "deepseek-r1": DEEPSEEK_R1,
}  # fmt: skip


def templated_base(folder: Path, template: str) -> BaseModel:
    """A tokenizer with a template, and no weights: all that a codec reads."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(folder, template)
    return BaseModel(folder, None, load_tokenizer(folder, eos_token_ids=ENDS), {})


def write_templated_model(folder: Path, template: str) -> Path:
    """A whole model with the same tokenizer."""
    vocabulary = len(MARKS) + len(THOUGHTS) + len(BREAKS) + len(WORDS)
    write_tiny_model(folder, vocab_size=vocabulary, eos_token_id=ENDS)
    _write_tokenizer(folder, template)
    return folder


def _write_tokenizer(folder: Path, template: str) -> None:
    """One that keeps line breaks, as those of real models do."""
    thoughts = THOUGHTS if "<think>" in template else ()
    vocabulary = {token: index for index, token in enumerate((*MARKS, *thoughts, *BREAKS, *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(" "), "removed"),
            pre_tokenizers.Split(Regex(r"\n+"), "isolated"),
        ]
    )
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in MARKS])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in thoughts])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<over>", "pad_token": "<pad>",
        "unk_token": "<unk>", "chat_template": template, "clean_up_tokenization_spaces": False,
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
