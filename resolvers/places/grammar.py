"""How an address is written: head (province, city, county, township), community, and tail (group, road, door, building,
unit, floor, room). SQL and RE2 patterns over tidied text: one set of rules for the set-based run and for a single text.

Belongs here: the patterns of the levels.
Does not: characters and numerals (`tidying`), words beside the address (`asides`), rewording of unusual tails
(`mending`), which places exist (`vocabulary`, `dwellings`).
"""

from __future__ import annotations

from resolvers.places.tidying import DIGITS, NUMBER, number, tidy
from resolvers.places.vocabulary import alternation, vocabulary
from sources.tables import literal

__all__ = ["DIGITS", "NUMBER", "fields", "number", "tidy"]

TAIL_FIELDS = ("whole", "group", "road", "door", "sub1", "sub2", "sub3", "sub4", "sub5", "behind", "name", "building",
               "separator", "unit", "room", "room_word")
GROUP_WORD = "(?:村民小组|居民小组|生产小组|生产队|小组|小队|组|队)"
_GROUP = rf"(?:第?({NUMBER}){GROUP_WORD})?"
_ROOM = "[0-9A-Z]+"
LETTER = "[A-Z甲乙丙丁戊己]"
NUMBERED_NAMES = "(?:国道|省道|县道|乡道|号?路|支路|大道|街|巷|弄|段|环|胡同|条|排|期|区|组团|街坊|工区|分场|里)"
"""Words that make a number before them part of a name: 318国道, 3巷, 2期, A区, 5排."""
_NAME = "[^0-9#()?|-]"
_BEHIND = "[^0-9A-Z#()?|楼栋门室-][^0-9A-Z#()?|-]*?"
NUMBERED_NAME = rf"(?:[^0-9A-Z#()?|-]|[A-Z]?[0-9]+{NUMBERED_NAMES}|[A-Z](?:区|期|组团))*?"


def _tail(name: str, behind: str, door: str, unit: str, room: str) -> str:
    """Group, then a road with its door number (or a name without one), then building, unit and room."""
    return (
        rf"^({_GROUP}"
        rf"(?:({name})"  # the road
        rf"({door})(?:-({NUMBER})号|号附({NUMBER})号?|附({NUMBER})号|号-({NUMBER})号$|号?之({NUMBER})号?|号)"  # door, sub-door
        rf"(?:大院|院)?({behind})"  # a court, an estate behind the door
        rf"|({name}))-?"  # or an estate or road without a door
        rf"(?:({LETTER}?{NUMBER}[A-Z]?|{LETTER})(号楼|号栋|号幢|号座|栋|幢|座|#楼|#栋|#|-)-?)?"  # building
        rf"(?:({unit})(?:单元|号门|门洞|门|-)-?)?"  # unit
        rf"(?:({room})(室|号房|号室|房间|号|房|户)?)?)$"
    )


TAIL = _tail(f"{_NAME}*?", f"(?:{_BEHIND})??", NUMBER, NUMBER, f"{_ROOM}|{NUMBER}")
"""What most addresses need."""
WIDE_TAIL = _tail(NUMBERED_NAME, NUMBERED_NAME, f"{NUMBER}{LETTER}?", f"{NUMBER}|{LETTER}", f"{_ROOM}-[0-9A-Z]+|{_ROOM}|{NUMBER}")
"""For tails that `TAIL` does not read to their end: numbers in names, letters of doors and units, 301-1."""
STUMP_FIELDS = ("group", "road", "door", "left")
STUMP = rf"^{_GROUP}(?:({_NAME}*?)({NUMBER})号)?((?:[^楼栋幢座].*)?)$"
"""What is read of a tail that neither reads to its end; such a text leads to no dwelling."""
ROAD_END = "(?:[路街道巷弄段]|胡同)$"

_CITY = "荆[州沙](?:市(?:城区|市区|市辖区|中心城区|区)?|地区)"
"""荆沙市 was the name of the city from 1994 to 1996."""
_HEAD_PREFIX = rf"^(?:中华人民共和国|中国)?(?:湖北省?{_CITY}|湖北省|{_CITY}|市辖区)*"
_SHORT_PREFIX = "(?:湖北)?(?:荆州)?"
COMMUNITY_WORD = r"^([^0-9]{1,9}?(?:社区|村村?(?:社区)?))"
AFTER_VILLAGE = rf"^(?:第?{NUMBER}{GROUP_WORD}|[^0-9]{{1,8}}?(?:路|街|大道|巷))"
"""What follows a village whose name house_registry does not know; 滨江新村1-2-601 is an estate."""
NOT_AFTER_COUNTY = "^(?:[东南西北中]?[路街巷弄]|大道)"
"""沙市路 is a road."""
NOT_AFTER_HEAD = "^(?:社区|村|居委会|路|街|大道|巷|[东南西北中]路)"
"""What makes the name of a township before it part of another name: 毛市镇社区."""


def head_pattern() -> str:
    """Groups: bare county and its township, or county and township in full; then the rest."""
    words = vocabulary()
    towns, counties, bare = alternation(words.townships), alternation(words.counties), alternation(words.bare_counties)
    return f"{_HEAD_PREFIX}(?:{_SHORT_PREFIX}({bare})({towns})|(?:{_SHORT_PREFIX}({counties}))?({towns})?)(.*)$"


def inner_head_pattern() -> str:
    """Groups: what stands before, county, township, what follows; for levels in another order (园林路18号中山街道)."""
    words = vocabulary()
    towns, counties = alternation(words.townships), alternation(words.counties)
    return f"^(.*?)(?:湖北省)?(?:{_CITY})?(?:({counties})({towns})?|({towns}))((?:[^路街村社道场].*)?)$"


def inner_sign() -> str:
    """A county or township in full behind something that is an address: what `inner_head_pattern` is worth asking for."""
    words = vocabulary()
    return f"(?:[0-9号室村组路街巷]|社区)(?:湖北省)?(?:{_CITY})?(?:{alternation([*words.counties, *words.townships])})"


def brigade_as_village(text: str) -> str:
    """SQL: 连心大队3小队 is 连心村3小队; villages were brigades."""
    pattern = rf"^(\p{{Han}}{{1,6}})大队({NUMBER}(?:小队|组|队))"
    return f"CASE WHEN contains({text}, '大队') THEN regexp_replace({text}, {literal(pattern)}, '\\1村\\2') ELSE {text} END"


def head_beginnings() -> list[str]:
    """The first two characters of everything a head may begin with, sorted."""
    words = vocabulary()
    return sorted({word[:2] for word in (*words.townships, *words.counties)} | {"湖北", "荆州", "荆沙", "中国"})


def short_street_pattern() -> str:
    """朝阳街屈原路15号: the street office in its older short name, never followed by a number as a road would be."""
    return f"^({alternation(vocabulary().short_streets)})([^0-9零一二三四五六七八九十百道].*)$"


def fields(text: str, pattern: str, names: tuple[str, ...]) -> str:
    """SQL: a struct of the groups of the pattern."""
    return f"regexp_extract({text}, {literal(pattern)}, [{', '.join(literal(name) for name in names)}])"
