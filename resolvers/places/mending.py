"""Unusual tails: landmarks, floors and other words about the place are taken out, so that the rest can be read.

Belongs here: which tails are unusual, and the steps from such a tail to a plain one with `landmark`, `floor`, `remarks`.
Does not: the levels themselves (`grammar`), numbers of persons (`asides`).

A place is never said to be at a door that the text only stands beside: 18号对面 leaves the door unread.
"""

from __future__ import annotations

from resolvers.places.grammar import NUMBERED_NAME, fields
from resolvers.places.tidying import DIGITS, NEAR, NUMBER, number
from sources.tables import literal

_CROSSING = "交汇处|交汇口|交叉口|交叉处|交界处|十字路口|丁字路口|路口"
_CLOSE_TO = "靠近|临近|紧邻|毗邻|紧靠|挨着"
_RELATION = f"{_CROSSING}|{NEAR}"
_FLOOR = rf"(?:负?{NUMBER}|顶|底)(?:楼|层)"
_KIND_OF_HOME = "住宅|住房|出租屋|出租房|自建房|自建楼|私房|民房|公房|平房|房屋|租房|暂住|居住"
_OTHER_ROOMS = "车库|车位|地下室|阁楼|门面房?|门市|商铺|店面|储藏室|杂物间"
_SIDE = "[东西南北中左右](?:户|室|边户|单元|头)?"

ODD = (
    rf"{_RELATION}|{_CLOSE_TO}|[旁后前侧内]$"  # landmarks
    rf"|{_FLOOR}"  # floors; 3号楼 has no number before 楼
    rf"|[甲乙丙丁](?:{NUMBER}号|号)|号[甲乙丙丁A-Z](?:号|$)|[号院][内里]"  # letters of doors, inside a court
    r"|[0-9]{3}-[0-9]{3}|号-[0-9]{1,2}$"  # two rooms, 18号-1
    rf"|第[0-9{DIGITS}]+(?:号|栋|幢|座|单元|门|室|$)"  # ordinals
    rf"|(?:{_KIND_OF_HOME}|{_OTHER_ROOMS})$|[0-9室元]{_SIDE}$"  # kinds of rooms, sides
    r"|[路街道巷弄段][0-9]+(?:#|-[0-9A-Z]+(?:-|$))"  # 园林路18#, 园林路18-2-301
    r"|[?|]|[0-9]+(?:弄|支路|段|胡同|期|国道|排)"
    rf"|[路街道村里巷][{DIGITS}]+(?:巷|弄|段|支路)"  # lanes by Chinese numerals
)
"""Tails that may read to their end and still say something else."""

_REWRITES = (
    (rf"第({NUMBER})(号楼|栋|幢|座|单元|门|室|楼|层|号|巷|$)", r"\1\2"),  # ordinals
    (rf"({NUMBER})楼({NUMBER}(?:单元|门))", r"\1栋\2"),  # 2楼1单元 is building 2
    (r"([路街道巷弄段])([0-9]+)#", r"\1\2号"),  # 园林路18#
    (r"([路街道巷弄段])([0-9]+)-([0-9A-Z]+-[0-9A-Z]+-[0-9A-Z]+)$", r"\1\2号\3"),  # 园林路18-2-1-301
    (r"([路街道巷弄段])([0-9]+)-([0-9A-Z]+-[0-9]{3,4}|[0-9]{3,4})室?$", r"\1\2号\3"),  # 园林路18-2-301, 园林路18-301
    (r"([路街道巷弄段])([0-9]+)-([0-9]{1,2})$", r"\1\2-\3号"),  # 园林路18-1
    (rf"([甲乙丙丁])({NUMBER})号", r"\2\1号"),  # 甲18号
    (r"([0-9])号([甲乙丙丁A-Z])(?:号|$)", r"\1\2号"),  # 18号甲
    (r"([0-9])号-([0-9]{1,2})$", r"\1-\2号"),  # 18号-1
    (r"([0-9]{3})-([0-9]{3,4})$", r"\1|\2"),  # 301-302 are two rooms
    (r"号(?:大院|院)?(?:院内|内|里面|里)", "号"),  # 18号院内2栋
    (r"(?:大门口|门口)大门口", "门口"),
)
STEPS = ("landmark", "floor", "remarks", "unread")


def _rewritten(text: str) -> str:
    for pattern, replacement in _REWRITES:
        text = f"regexp_replace({text}, {literal(pattern)}, {literal(replacement)}, 'g')"
    return text


_NUMBER_WORD = "(?:号院|号楼|号|栋|幢|座|单元|室|组|楼|层)"
_NEAR_PARTS = ("before", "name", "relation", "after")
_NEAR = rf"^(|.*?[0-9]{_NUMBER_WORD}?)({NUMBERED_NAME})({_RELATION}|[旁后前侧内]$)((?:[^路街巷村社小].*)?)$"
"""河旁路 and 东边村 are names."""
_CLOSE = rf"^(|.*?[0-9]{_NUMBER_WORD}?)([^0-9#()?|-]*?(?:{_CLOSE_TO})[^0-9#()?|-]+)()(.*)$"
_WORDED_NUMBER = rf"^(.*{NUMBER}{_NUMBER_WORD})(.*)$"
_ROAD_FIRST = r"^(\p{Han}{1,6}?(?:路|街|大道|巷|弄))(\p{Han}{2,})$"


def mended(source: str) -> str:
    """SQL over `source` (rest, ...): the same rows with `rest` reworded, and landmark, floor, remarks, unread beside it."""
    near = fields("line", _NEAR, _NEAR_PARTS)
    close = fields("line", _CLOSE, _NEAR_PARTS)
    worded = fields("n.name", _WORDED_NUMBER, ("before", "name"))
    road = fields("spot", _ROAD_FIRST, ("before", "name"))
    floor = literal(rf"(^|[^0-9{DIGITS}])({_FLOOR})")
    kind = literal(rf"(?:{_KIND_OF_HOME})$")
    side = literal(rf"([0-9室元楼层])({_SIDE}|{_OTHER_ROOMS})$")
    return f"""
        WITH lines AS (SELECT *, {_rewritten("rest")} AS line FROM {source}),
        nears AS (SELECT *, CASE WHEN regexp_matches(line, {literal(_RELATION + "|[旁后前侧内]$")}) THEN {near}
                                 WHEN regexp_matches(line, {literal(_CLOSE_TO)}) THEN {close} END AS n FROM lines),
        split AS (SELECT *, CASE WHEN n.relation <> '' OR n.name <> '' THEN {worded} END AS w FROM nears),
        numbered AS (
            SELECT *, coalesce(n.before, '') || coalesce(w.before, '') AS before,
                   CASE WHEN w.before <> '' THEN w.name ELSE coalesce(n.name, '') END AS spot
            FROM split),
        roads AS (
            SELECT *, CASE WHEN before = '' AND spot <> '' AND NOT regexp_matches(n.relation, {literal(_CROSSING)})
                                AND NOT regexp_matches(spot, '[与和]') THEN {road} END AS r,
                   n IS NOT NULL AND (n.name <> '' OR n.relation <> '') AS has_landmark,
                   has_landmark AND spot = '' AS beside_door
            FROM numbered),
        placed AS (
            SELECT *,
                   CASE WHEN beside_door THEN before || n.relation
                        WHEN has_landmark THEN CASE WHEN r.before <> '' THEN r.name ELSE spot END || n.relation END AS landmark,
                   CASE WHEN beside_door THEN ''
                        WHEN has_landmark THEN before || coalesce(r.before, '') || n.after ELSE line END AS kept,
                   CASE WHEN beside_door THEN nullif(n.after, '') END AS unread
            FROM roads),
        floors AS (
            SELECT *, regexp_extract(kept, {floor}, 2) AS floor_text,
                   regexp_replace(kept, {floor}, '\\1') AS kept_1 FROM placed),
        ends AS (
            SELECT *, regexp_extract(kept_1, {kind}) AS kind_of_home, regexp_replace(kept_1, {kind}, '') AS kept_2 FROM floors),
        sides AS (
            SELECT *, regexp_extract(kept_2, {side}, 2) AS side, regexp_replace(kept_2, {side}, '\\1') AS kept_3,
                   CASE WHEN floor_text <> '' AND side = '' THEN regexp_extract(kept_2, {literal(f"({_SIDE})$")}, 1)
                        ELSE '' END AS floor_side,
                   regexp_matches(side, {literal(_OTHER_ROOMS)}) OR NOT regexp_matches(kept_3, '[0-9][室房户号]?$') AS other
            FROM ends)
        SELECT * EXCLUDE (rest, other, unread, line, n, w, before, spot, r, has_landmark, beside_door, kept, kept_1, kept_2, kept_3,
                          floor_text, kind_of_home, side, floor_side),
               CASE WHEN floor_side <> '' THEN regexp_replace(kept_3, {literal(f"{_SIDE}$")}, '') ELSE kept_3 END AS rest,
               {_floor_number("floor_text")} AS floor,
               nullif(concat_ws(' ', nullif(floor_side, ''), CASE WHEN other THEN nullif(side, '') END, unread), '') AS unread,
               list_filter([kind_of_home, CASE WHEN NOT other THEN side END], lambda word: word <> '') AS words
        FROM sides"""


def _floor_number(text: str) -> str:
    """SQL: 3 of 三楼, -1 of 负一层; 顶 and 底 as they are."""
    digits = f"regexp_replace({text}, '[负楼层]', '', 'g')"
    return f"nullif(CASE WHEN starts_with({text}, '负') THEN '-' ELSE '' END || coalesce({number(digits)}, ''), '')"
