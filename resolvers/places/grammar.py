"""How an address is written, as SQL over a text column: one set of rules for the set-based run and for a single text.

Belongs here: tidying of characters, the split into head (province, county, township), community and tail (group, road,
door, building, unit, room), and reading of Chinese numerals. All patterns are RE2.
Does not: which places exist (`vocabulary`, `dwellings`).
"""

from __future__ import annotations

from resolvers.places.vocabulary import alternation, vocabulary
from sources.tables import literal

_FULL = "".join(chr(code) for code in range(0xFF01, 0xFF5F))
_HALF = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F))
_ODD = "—–―‐−~～〇【】［］〔〕[]"
_ODD_HALF = "-------零()()()()"
NUMBER = "[0-9零一二三四五六七八九十百]+"
_ROOM = "[0-9A-Z]+"
_WORDS = "(?:号楼|栋|幢|座|单元|门|室|号|组)"
_PROVINCES = ("河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖南|广东|海南|四川|"
              "贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆")
_NAME = "[^0-9路街道巷]"
OUTSIDE = (
    rf"^(?:中国)?(?:(?:{_PROVINCES})(?:省|自治区|壮族自治区|回族自治区|维吾尔自治区|{_NAME}{{2,8}}?(?:市|自治州|县|地区|盟))"
    r"|(?:北京|天津|上海|重庆)市|香港|澳门特|国外|境外)"
)
"""A whole text that begins outside the province."""
ELSEWHERE_IN_PROVINCE = rf"^(?:中国)?湖北省?{_NAME}{{1,12}}?(?:市|自治州|林区|县|[^小社]区)"
OWN_CITY = "^(?:中国)?湖北省?荆州"
OUTSIDE_WITHOUT_PROVINCE = (
    rf"^(?:{_NAME}{{2,8}}?(?:市|自治州|地区|盟){_NAME}{{1,8}}?(?:县|市|旗|镇|乡|街道)"
    rf"|{_NAME}{{2,8}}?市{_NAME}{{1,4}}?[^小社]区{_NAME}{{1,6}}?(?:镇|乡|街道)"
    rf"|{_NAME}{{2,6}}?县{_NAME}{{2,8}}?(?:镇|乡|街道))"
)
"""What follows the names of the province and the city, beginning with another city or county."""


def outside(norm: str, rest: str) -> str:
    """SQL: the text names a place outside the city; asked only where no county or township of the city was read."""
    def begins(text: str, pattern: str) -> str:
        return f"regexp_matches({text}, {literal(pattern)})"

    return (f"({begins(norm, OUTSIDE)} OR {begins(norm, ELSEWHERE_IN_PROVINCE)} AND NOT {begins(norm, OWN_CITY)}"
            f" OR {begins(rest, OUTSIDE_WITHOUT_PROVINCE)})")


TAIL_FIELDS = ("whole", "group", "road", "door", "sub1", "sub2", "sub3", "sub4", "behind", "name", "building",
               "separator", "unit", "room", "room_word")
_GROUP = rf"(?:第?({NUMBER})(?:村民小组|居民小组|小组|组|队))?"
TAIL = (
    rf"^({_GROUP}"
    r"(?:([^0-9#()-]*?)"
    rf"({NUMBER})(?:-({NUMBER})号|号附({NUMBER})号?|附({NUMBER})号|号-({NUMBER})号$|号)(?:大院|院)?"
    r"((?:[^0-9A-Z#()楼栋门室-][^0-9A-Z#()-]*?)??)"
    r"|([^0-9#()-]*?))-?"
    rf"(?:({NUMBER}|[A-Z])(号楼|号栋|栋|幢|座|#楼|#|-)-?)?"
    rf"(?:({NUMBER})(?:单元|号门|门|-)-?)?"
    rf"(?:({_ROOM}|{NUMBER})(室|号|房|户)?)?)$"
)
"""Group, then a road with its door number (or a name without one), then building, unit and room."""
STUMP_FIELDS = ("group", "road", "door")
STUMP = rf"^{_GROUP}(?:([^0-9#()-]*?)({NUMBER})号)?"
"""What is read of a tail that `TAIL` does not read to its end; such a text leads to no dwelling."""

_HEAD_PREFIX = r"^(?:中国)?(?:湖北省?荆州(?:市|地区)|湖北省|荆州(?:市|地区))?"
COMMUNITY_WORD = r"^([^0-9]{1,9}?(?:社区|村村?(?:社区)?))"
AFTER_VILLAGE = rf"^(?:第?{NUMBER}(?:村民小组|居民小组|小组|组|队)|[^0-9]{{1,8}}?(?:路|街|大道|巷))"
"""What follows a village whose name house_registry does not know; 滨江新村1-2-601 is an estate."""


def head_pattern() -> str:
    """Groups: bare county and its township, or county and township in full; then the rest."""
    words = vocabulary()
    towns, counties = alternation(words.townships), alternation(words.counties)
    return f"{_HEAD_PREFIX}(?:({alternation(words.bare_counties)})({towns})|({counties})?({towns})?)(.*)$"


def short_street_pattern() -> str:
    """朝阳街屈原路15号: the street office in its older short name, never followed by a number as a road would be."""
    return f"^({alternation(vocabulary().short_streets)})([^0-9零一二三四五六七八九十百道].*)$"


def tidy(text: str) -> str:
    """SQL: half-width, upper case, no spaces or punctuation, offices named as places.

    Brackets are dropped with their words, an unclosed one to the end; numbers of a building in brackets stay.
    """
    half = f"upper(translate({text}, {literal(_ODD + _FULL)}, {literal(_ODD_HALF + _HALF)}))"
    plain = rf"regexp_replace({half}, '[\s\x{{3000}}\x{{00A0}}\x{{200B}},。、;:·''\x22.]+', '', 'g')"
    kept = rf"regexp_replace({plain}, '\(((?:第?{NUMBER}{_WORDS}?-?)+)\)', '\1', 'g')"
    bracketed = " OR ".join(f"contains({text}, {literal(bracket)})" for bracket in "(（[［【〔")
    bare = rf"CASE WHEN {bracketed} THEN regexp_replace({kept}, '\([^()]*(?:\)|$)', '', 'g') ELSE {plain} END"
    offices = rf"regexp_replace({bare}, '街道办事处|街道办|街办', '街道')"
    return rf"regexp_replace({offices}, '(社区|村)(?:居民|村民)?(?:居|村)?(?:委员会|委会)', '\1')"


def number(token: str) -> str:
    """SQL: an Arabic number without leading zeros for an Arabic or Chinese one; NULL for an empty token."""
    chinese = f"regexp_replace({token}, '^十', '一十')"
    for pattern, replacement in (("百$", "零零"), ("百零", "零"), ("十$", "零"), ("[百十]", "")):
        chinese = f"regexp_replace({chinese}, {literal(pattern)}, {literal(replacement)}, 'g')"
    arabic = f"translate({chinese}, '零一二三四五六七八九', '0123456789')"
    read = f"CASE WHEN regexp_matches({token}, '[零一二三四五六七八九十百]') THEN {arabic} ELSE {token} END"
    return f"nullif(regexp_replace({read}, '^0+([0-9])', '\\1'), '')"


def fields(text: str, pattern: str, names: tuple[str, ...]) -> str:
    """SQL: a struct of the groups of the pattern."""
    return f"regexp_extract({text}, {literal(pattern)}, [{', '.join(literal(name) for name in names)}])"
