"""Personal data and secrets are found by form and check digits, and what only looks like them is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorastudio.datasets.personal_data import (
    Personal,
    find_personal,
    is_card,
    is_cnpj,
    is_cpf,
    is_iban,
    mask_personal,
)

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Write to joão.silva+x@empresa.com.br.", "Write to [e-mail]."),
        ("CPF 529.982.247-25; cpf: 52998224725", "CPF [CPF]; cpf: [CPF]"),
        ("CNPJ 11.222.333/0001-81 e 12.ABC.345/01DE-35", "CNPJ [CNPJ] e [CNPJ]"),
        ("Paid with 4111 1111 1111 1111, thanks", "Paid with [card number], thanks"),
        ("IBAN GB82 WEST 1234 5698 7654 32 OR PT50000201231234567890154.", "IBAN [IBAN] OR [IBAN]."),
        ("+55 11 91234-5678 ou telefone: 912 345 678", "[phone] ou telefone: [phone]"),
        ("Seen from 8.8.8.8 and 2001:4860:4860::8888", "Seen from [IP address] and [IP address]"),
        (f"a\n{KEY}\nb", "a\n[private key]\nb"),
        ("-----BEGIN RSA PRIVATE KEY-----\ncut off here", "[private key]"),
        ("AKIAIOSFODNN7EXAMPLE sk-ant-api03-abcdefghijklmnopqrstuvwx", "[token] [token]"),
        ("ghp_" + "a1B2" * 9 + " hf_" + "aB3" * 11, "[token] [token]"),
        ("api_key = 'a8F3kd92Lq0Zx71mPq'", "api_key = '[token]'"),
        ("senha: segredo123", "senha: [password]"),
        ("postgres://app:pa55w0rd@db.internal/x", "postgres://app:[password]@db.internal/x"),
        ("mail a@b.org or a@b.org", "mail [e-mail] or [e-mail]"),
    ],
)
def test_what_is_found_is_masked_by_its_kind(text: str, masked: str) -> None:
    assert mask_personal(text) == masked
    assert find_personal(masked) == []


@pytest.mark.parametrize(
    "text",
    [
        "Write to somebody@example.com or root@mail.example.org.",
        "111.111.111-11 and 529.982.247-26 and 11.222.333/0001-82",
        "4111 1111 1111 1112, and 1234567890123456",
        "GB82 WEST 1234 5698 7654 33",
        "The value is 912 345 678, the ratio 650.5, the DOI 10.1000/182.",
        "tel. 123",
        "127.0.0.1, 192.168.1.10, 999.1.1.1, version 1.2.3.4, at 12:30:45",
        "The api key is described in the secret-management-handbook-of-ours.",
        "A sample of cobalt was aged at 550 K for 4 min. The run was repeated 5 times.",
        "A password: none, or password: required",
        "",
    ],
)
def test_what_only_looks_so_is_left_alone(text: str) -> None:
    assert mask_personal(text) == text


def test_only_the_kinds_that_are_asked_for() -> None:
    text = "a@b.org from 8.8.8.8"
    assert mask_personal(text, [Personal.IP]) == "a@b.org from [IP address]"
    assert [span.kind for span in find_personal(text)] == [Personal.EMAIL, Personal.IP]


def test_a_digit_that_is_wrong_is_noticed() -> None:
    for good, check in (("52998224725", is_cpf), ("11222333000181", is_cnpj), ("4111111111111111", is_card)):
        assert check(good)
        for place in range(len(good)):
            wrong = f"{good[:place]}{(int(good[place]) + 1) % 10}{good[place + 1 :]}"
            assert not check(wrong), wrong
    assert is_iban("PT50000201231234567890154")
    assert not is_iban("PT5000020123123456789015")


@given(st.text(alphabet="ab1 @.:/-+()=_kKeypAI\n0249", max_size=200))
def test_masking_changes_nothing_but_what_was_found(text: str) -> None:
    spans = find_personal(text)
    places = [0, *(place for span in spans for place in (span.start, span.end)), len(text)]
    assert places == sorted(places)
    kept = [text[start:end] for start, end in zip(places[::2], places[1::2], strict=True)]
    names = [f"[{span.kind.value}]" for span in spans]
    assert mask_personal(text) == "".join(part for both in zip(kept, [*names, ""], strict=True) for part in both)
