"""The name of an organisation, read: county, body, branch, former name.

Belongs here: one name in, its standard parts out. Does not: which names are one organisation.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from resolvers.places.national import divisions

CITY = "421000"
EITHER = "荆州"
"""County of a name that begins with 荆州 alone: the city, or the district of that name."""
NO_ORGANISATION = re.compile(
    r"(无|没有|暂无|不详|未知|同上|个体|个体户|个体经营|个体工商户|务农|在家务农|种田|自由职业|灵活就业|灵活就业人员|待业|失业|无业|"
    r"退休|在家|打工|务工|自谋职业|无单位|[-—/*.、\d\s]*)")
_COMMUNITY = re.compile(r".*(?<!居民委员会)(?<!村民委员会)[村]|.*社区")
_COUNTIES = {"沙市区": "421002", "荆州区": "421003", "公安县": "421022", "监利市": "421088", "监利县": "421088", "江陵县": "421024",
             "石首市": "421081", "石首县": "421081", "洪湖市": "421083", "洪湖县": "421083", "松滋市": "421087", "松滋县": "421087",
             "荆州经济技术开发区": "421071", "荆州开发区": "421071", "经济技术开发区": "421071", "经开区": "421071", "开发区": "421071"}
_SHORT = {"沙市": "421002", "公安": "421022", "监利": "421088", "江陵": "421024", "石首": "421081", "洪湖": "421083",
          "松滋": "421087", "荆州": EITHER, "市": CITY}
_FULL = re.compile(f"({'|'.join(sorted(_COUNTIES, key=len, reverse=True))})")
_PUBLIC = re.compile(r"(中学|小学|学校|幼儿园|医院|卫生院|中心|局|所|站|处|院)$")
_SHORT_SCHOOL = re.compile(r"^第?([一二三四五六七八九十]+)(中|小)$")
_HOSPITAL = re.compile(r"^第?([一二三四五六七八九十]+)(?:人民)?医院?$")
_BRANCH = re.compile(
    r"^(.*?(?:公司|药房|超市|银行|医院|学校|中学|小学|大学|厂|集团))(.+(?:分公司|支公司|营业部|分店|门店|店|分院|校区|分校|支行))$")
_ORDINAL = re.compile(
    r"第?([一二三四五六七八九十]+)(?=(?:人民|中心|实验|初级|高级)*(?:中学|小学|医院|幼儿园|分店|店|分公司|分院|校区|分校))")
_FORMER = re.compile(r"\((?:原名?|曾用名)[:：]?([^()]+)\)")
_DIGITS = str.maketrans("123456789", "一二三四五六七八九")


@dataclass(frozen=True, slots=True)
class OrganisationName:
    """county: code, 421000 for the city itself, EITHER, None unsaid. former: a former name as text. problem: why it names none."""

    county: str | None
    body: str
    branch: str
    former: str | None = None
    problem: str | None = None

    @property
    def ordinals(self) -> str:
        """What tells 一中 from 二中."""
        return "".join(_ORDINAL.findall(self.body)) + "/" + "".join(_ORDINAL.findall(self.branch))


def read_name(text: str) -> OrganisationName:
    """Standard parts of a name. Never raises; what names none has a problem: `placeholder` or `community` (of insured residents)."""
    name = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).strip("。,;·")
    former = _FORMER.search(name)
    name = _FORMER.sub("", name)
    if NO_ORGANISATION.fullmatch(name):
        return OrganisationName(None, name, "", None, "placeholder")
    if _COMMUNITY.fullmatch(name):
        return OrganisationName(None, name, "", None, "community")
    name = re.sub(r"\d", lambda digit: digit[0].translate(_DIGITS), name).replace("有限责任公司", "有限公司")
    county, body = _county(name.replace("(", "").replace(")", ""))
    branch = ""
    if found := _BRANCH.match(body):
        body, branch = found[1], found[2]
    return OrganisationName(county, _body(body), _ORDINAL.sub(r"第\1", branch), former[1] if former else None)


def _county(name: str) -> tuple[str | None, str]:
    """The administrative prefix as a code, and the rest."""
    rest = name.removeprefix("湖北省").removeprefix("湖北")
    within = rest.removeprefix("荆州市")
    if (found := _FULL.match(within)) and len(within) > found.end():
        return _COUNTIES[found[1]], within[found.end():]
    if slipped := _slipped_county(within):
        return slipped, within[3:]
    if within != rest and within:
        return CITY, within
    for short, code in _SHORT.items():
        left = rest.removeprefix(short)
        if left != rest and _is_public(left) and not (short == "公安" and left[0] in "局分派厅处"):
            return code, left
    return None, rest


@cache
def _elsewhere() -> frozenset[str]:
    """Names of three characters of all divisions of the country: 新安县 is no slip for 公安县."""
    return frozenset(division.name for division in divisions() if len(division.name) == 3)


def _slipped_county(name: str) -> str | None:
    """The one county unit whose name the text begins with, but for one character before its 区, 县 or 市."""
    head = name[:3]
    if len(name) < 6 or head in _elsewhere():
        return None
    near = {code for full, code in _COUNTIES.items()
            if len(full) == 3 and full[2] == head[2] and (full[0] == head[0]) != (full[1] == head[1])}
    return near.pop() if len(near) == 1 else None


def _is_public(rest: str) -> bool:
    """Whether what follows a short county name is a public institution, so that the start is no trade name (洪湖浪米业)."""
    return bool(_SHORT_SCHOOL.match(rest) or (len(rest) > 2 and _PUBLIC.search(rest)))


def _body(body: str) -> str:
    """Abbreviations of schools and hospitals in full, ordinals with 第."""
    if found := _SHORT_SCHOOL.match(body):
        return f"第{found[1]}{found[2]}学"
    if found := _HOSPITAL.match(body):
        return f"第{found[1]}人民医院"
    return _ORDINAL.sub(r"第\1", body)


def one_slip(left: str, right: str) -> bool:
    """Whether one character was replaced, left out or swapped with its neighbour (characters, not bytes)."""
    if left == right or abs(len(left) - len(right)) > 1 or min(len(left), len(right)) < 4:
        return False
    start = next((place for place, (one, two) in enumerate(zip(left, right, strict=False)) if one != two), min(len(left), len(right)))
    one, two = left[start:], right[start:]
    if len(one) == len(two):
        return one[1:] == two[1:] or (one[:2] == two[1::-1] and one[2:] == two[2:])
    return one[1:] == two if len(one) > len(two) else one == two[1:]
