"""Invented organisations, and how departments write them, with the truth beside each cell.

Belongs here: firms of one trade name in several trades and counties, chains with branches, numbered schools and hospitals, abbreviations,
former names, slips, departments' numbers, credit codes. Does not: people: its randomness is its own, so that no person changes.
The shares are assumptions, not measured in a real city.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from stdnum.cn import uscc

from sources.synthetic.tables import words

COUNTIES = {"421002": "沙市区", "421003": "荆州区", "421022": "公安县", "421024": "江陵县", "421081": "石首市", "421083": "洪湖市",
            "421087": "松滋市", "421088": "监利市", "421000": "荆州市"}
PUBLIC = ("第一中学", "第二中学", "第三中学", "第一小学", "第二小学", "实验小学", "实验中学",
          "人民医院", "第二人民医院", "中医医院", "环卫所", "财政局", "文化馆")
ROADS = ("北京路", "园林路", "江津路", "塔桥路", "屈原路", "荆沙路")
SHORT, NO_COUNTY, LONG, WIDE, FORMER, SLIP, WRONG_NUMBER = 0.03, 0.01, 0.04, 0.02, 0.01, 0.01, 0.002
"""Shares of cells: 沙市一中; no county; 荆州市 or 湖北省 before it; 有限责任公司; former name beside or alone; slip; another's number."""
_REGISTERS = ("employment_registration", "pension_insurance", "medical_insurance", "fund_accounts", "fund_accounts", "residence_permits")
_CODE_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def organisations(count: int, rng: np.random.Generator) -> list[tuple[str, str]]:
    """(county name, rest of the legal name) of `count` firms, of public institutions and chain pharmacies in every county; all differ."""
    made: dict[tuple[str, str], None] = {}
    first, kind = words("employer_first"), words("employer_kind")
    for county in COUNTIES.values():
        made.update(dict.fromkeys((county, rest) for rest in PUBLIC))
        for core in first[:2]:
            made.update(dict.fromkeys((county, f"{core}大药房{road}店") for road in ROADS))
    while len(made) < count + len(COUNTIES) * (len(PUBLIC) + 2 * len(ROADS)):
        core = "".join(str(word) for word in rng.choice(first, size=rng.integers(1, 3), replace=False))
        form = str(rng.choice(kind))
        form = form.replace("有限公司", "股份有限公司") if rng.random() < 0.05 else form
        made[str(rng.choice(list(COUNTIES.values()))), core + form] = None
    return list(made)


def credit_code(county: str, rng: np.random.Generator) -> str:
    """A code with a valid check character (GB 32100-2015)."""
    start = "91" + county + "".join(str(letter) for letter in rng.choice(list(_CODE_LETTERS), 9))
    return start + str(uscc.calc_check_digit(start))


def written(county: str, rest: str, former: str, rng: np.random.Generator) -> str:
    """One department's spelling of a legal name."""
    public = rest in PUBLIC
    chance = rng.random(6)
    text = county + rest
    if public and rest[0] == "第" and rest[2:] in ("中学", "小学") and chance[0] < SHORT * 3:
        text = county[:-1] + rest[1:3]
    elif not public and chance[0] < NO_COUNTY:
        text = rest
    elif county != "荆州市" and chance[1] < LONG:
        text = ("湖北省" if chance[2] < 0.3 else "荆州市") + text
    if chance[3] < SLIP:
        place, letters = int(rng.integers(0, len(text) - 1)), list(text)
        letters[place] = str(rng.choice(list("德恒荣达城源新嘉")))
        text = "".join(letters)
    if not public and chance[4] < FORMER:
        text = f"{text}（原{county}{former}）" if chance[4] < 0.7 * FORMER else county + former
    return text.replace("有限公司", "有限责任公司") if chance[5] < WIDE else text


def former_name(rest: str) -> str:
    """What a firm was called before it became a company; nobody is called so today."""
    return f"国营{rest[:2]}{rest[2:4]}厂"


def cells(residents: int, seed: int) -> pl.DataFrame:
    """category, natural_key, column_name, name, number, code, true_organisation: one row per cell; the same arguments, the same rows."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(17,)))
    made = organisations(max(40, residents // 60), rng)
    rng.shuffle(made)
    codes = {name: code for code, name in COUNTIES.items()}
    weight = 1 / np.arange(1, len(made) + 1) ** 0.8
    chosen = rng.choice(len(made), size=residents // 2, p=weight / weight.sum())
    uscc_of = [credit_code(codes[county], rng) for county, _ in made]
    formers = [former_name(rest) for _, rest in made]
    rows = []
    for key, place in enumerate(chosen.tolist()):
        county, rest = made[place]
        owner = bool(rng.random() < 0.03)
        category = "house_registry" if owner else _REGISTERS[int(rng.integers(0, len(_REGISTERS)))]
        number = int(rng.integers(0, len(made))) if rng.random() < WRONG_NUMBER else place
        rows.append((category, f"{key:09d}", "owner_name" if owner else "employer_name", written(county, rest, formers[place], rng),
                     f"4271{number:06d}" if category == "fund_accounts" else None, uscc_of[place] if owner else None, f"T{place:06d}"))
    return pl.DataFrame(rows, orient="row", schema=dict.fromkeys(
        ("category", "natural_key", "column_name", "name", "number", "code", "true_organisation"), pl.String))
