"""Sounds of names: surnames are read as surnames."""

from __future__ import annotations

import pytest

from resolvers.pinyin import plain_letters, split_surname, surname_reading


@pytest.mark.parametrize(
    ("surname", "sound"),
    [
        ("单", "shan"),
        ("解", "xie"),
        ("曾", "zeng"),
        ("仇", "qiu"),
        ("查", "zha"),
        ("区", "ou"),
        ("朴", "piao"),
        ("盖", "ge"),
        ("任", "ren"),
        ("尉迟", "yuchi"),
        ("万俟", "moqi"),
        ("单于", "chanyu"),
        ("欧阳", "ouyang"),
        ("王", "wang"),
        ("吕", "lu"),
    ],
)
def test_a_surname_has_its_own_reading(surname: str, sound: str) -> None:
    assert surname_reading(surname) == sound


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        pytest.param("欧阳娜", ("欧阳", "娜"), id="a compound surname"),
        pytest.param("欧阳", ("欧", "阳"), id="two characters are a surname and a given name"),
        pytest.param("王秀英", ("王", "秀英"), id="one character"),
        pytest.param("", ("", ""), id="nothing"),
    ],
)
def test_split_surname(name: str, parts: tuple[str, str]) -> None:
    assert split_surname(name) == parts


@pytest.mark.parametrize(("typed", "letters"), [("LÜ", "lu"), ("lv", "lu"), ("Wáng", "wang"), ("nǚ", "nu")])
def test_letters_lose_case_and_tone(typed: str, letters: str) -> None:
    assert plain_letters(typed) == letters
