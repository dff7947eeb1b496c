"""What stands in an address cell and is no address: telephone numbers, postal codes, persons, null words, "as above".

Belongs here: the patterns, over tidied text, and the step that takes them out and keeps them as remarks.
Does not: landmarks, floors and other words about the place itself (`mending`).
"""

from __future__ import annotations

import duckdb

from resolvers.places.tidying import bracketed, tidy
from sources.tables import literal

LONGEST = 200
"""Characters of a tidied text that are read; what follows stays unread. No address of a register is longer."""

_NUMBERS = (
    r"(?:身份证|证件)?号?码?[1-9][0-9]{16}[0-9X]"  # identity number
    r"|-?(?:联系|固定)?(?:电话|手机|TEL|PHONE|联系方式)?号?码?-?(?:1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8})"  # telephones by form
    r"|-?(?:联系|固定)?(?:电话|手机|TEL|PHONE|联系方式)号?码?-?[0-9-]{5,13}"  # telephones by word
    r"|(?:邮编|邮政编码|ZIP)号?码?-?[0-9]{6}|-?[0-9]{6}$"  # postal code by its word or at the end
)
_POSTCODE_FIRST = "^[0-9]{6}-?"
_CODE_FIRST = r"^([0-9]{6})(?:[0-9]{3}){0,3}(\p{Han}.*)$"
"""A division code before the names: of a county unit, township, community or group."""
_LABEL = "^(?:(?:家庭|现|居住|户籍|通讯|联系|详细)?(?:地址|住址)|户籍地|户口所在地|现住|现居住地|居住地)"
"""地址:园林路18号: the heading of the form, typed again."""
_ROLE = "联系人|收件人|户主|房东|业主|姓名|户名|产权人|承租人|租客|负责人"
_PERSONS = rf"(?:{_ROLE})\p{{Han}}{{0,4}}$|(?:{_ROLE})\p{{Han}}{{2,3}}"
"""联系人张三 at the end or, shorter, in the middle."""
_AT_HOME = r"^(.*(?:号|室|组|房|[0-9]))(\p{Han}{1,2}[^人0-9A-Z](?:家|收|宅|转))$"
"""18号张三家: who lives there, behind a number or its word."""
_SUSPECT = rf"[0-9]{{6}}|电话|手机|联系|TEL|PHONE|邮编|邮政编码|ZIP|{_ROLE}|(?:家|收|宅|转)$"

_NOTHING = (
    "^(?:无|空|没有|暂无|不详|不明|未知|未填写?|不清楚?|不知道?|待补充?|待查|待核实|待定|未登记|未提供|拒绝(?:提供|透露)|保密"
    "|NULL|NONE|NA|NIL|NAN|UNKNOWN|TEST|测试|X+|地址|住址|家庭住址|详细地址|无固定(?:住所|地址|住址)|居无定所|空挂户?|集体户|其他|本地|外地"
    r"|[0-9]{5,}|[?|#-]*)$"
)
_NO_WORDS = r"^[^\p{Han}]*$"
_ONLY_ROOM = r"^(?:[0-9]{1,4}[A-Z]?|[0-9A-Z]{1,4}(?:[-#][0-9A-Z]{1,4}){1,3})$"
"""301, 2-1-301 and 5#2-301 are numbers of a room, without any place."""

_PLACE_OF = "(?:地址|住址|地|址|所在地|登记地|登记地址|登记住址|所在地址)"
_REGISTRATION = (
    "^(?:住址|地址|居住地|现住)?(?:同|与|和|见|按|跟)?(?:本人)?(?:户籍|户口|身份证|证件|户口簿|户口本)上?的?"
    rf"{_PLACE_OF}?(?:一致|相同|一样)?$"
)
_ABOVE = r"^(?:地址|住址)?(?:[同见如](?:上|前|左|上述|前述|上列|上栏)(?:址|地址|住址|栏)?|同+|DITTO)$"
_RESIDENCE = r"^(?:同|与|和|跟)(?:现|实际|常|现在|目前)?(?:居住|住)(?:地址|住址|地|址|所)?(?:一致|相同|一样)?$"
_SOMEBODY = (
    "^[同与和跟](?:其|本人)?(?:父|母|父母|父亲|母亲|丈夫|妻|妻子|配偶|户主|爷爷|奶奶|外公|外婆|子女|儿子|女儿|哥哥|姐姐|家长|监护人)"
    "的?(?:地址|住址|住处|同住|住|一起住|一致|相同)?$"
)
_ABOVE_AND_MORE = r"^(?:地址)?(?:同上|同前|同户籍地址|同户籍|同户口)(.+)$"

REFERS = {"registration": _REGISTRATION, "above": _ABOVE, "residence": _RESIDENCE}


def read_cells(con: duckdb.DuckDBPyConnection, source: str, target: str, counties: dict[str, str]) -> None:
    """In: `source` (text_id, text). Out: `target`, temporary: text_id, norm, line, kind, refers_to, remarks, unread.

    `line` is what is to be read as an address, empty where the cell holds none. `counties` gives the name for codes
    of county units, which may begin a text instead of the name; other six digits there are a postal code.
    """
    clean = f"""
        SELECT text_id, {tidy("text")} AS norm, {bracketed("text")} AS asides FROM {source}"""
    refers = " ".join(f"WHEN regexp_matches(norm, {literal(pattern)}) THEN '{name}'" for name, pattern in REFERS.items())
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {target} AS
        WITH clean AS ({clean}),
        suspects AS (SELECT *, regexp_matches(norm, {literal(_SUSPECT)}) AS suspect FROM clean),
        worded AS (
            SELECT *, CASE WHEN regexp_matches(norm, '[同与和跟见户身]|DITTO') THEN CASE {refers} END END AS refers_to,
                   CASE WHEN refers_to IS NULL AND (starts_with(norm, '同') OR starts_with(norm, '地址同'))
                        THEN regexp_extract(norm, {literal(_ABOVE_AND_MORE)}, 1) END AS more
            FROM suspects),
        kinds AS (
            SELECT *, CASE WHEN refers_to IS NOT NULL OR more <> ''
                                OR starts_with(norm, '同') AND regexp_matches(norm, {literal(_SOMEBODY)}) THEN 'same_as_other'
                           WHEN regexp_matches(norm, {literal(_NOTHING)}) OR (regexp_matches(norm, {literal(_NO_WORDS)})
                                AND NOT (regexp_matches(norm, {literal(_ONLY_ROOM)}) AND regexp_matches(norm, '[0-9]')))
                           THEN 'not_an_address' ELSE 'address' END AS kind
            FROM worded),
        lines AS ({_without_asides(counties)})
        SELECT text_id, norm, kind, refers_to,
               CASE WHEN kind = 'address' THEN list_transform(remarks, lambda words: ltrim(words, '-')) END AS remarks,
               CASE WHEN kind <> 'address' THEN '' ELSE left(line, {LONGEST}) END AS line,
               CASE WHEN kind = 'same_as_other' THEN nullif(more, '')
                    WHEN kind = 'not_an_address' THEN nullif(norm, '')
                    ELSE nullif(substr(line, {LONGEST + 1}), '') END AS unread
        FROM lines""")


def _without_asides(counties: dict[str, str]) -> str:
    """SQL over `kinds`: numbers of persons and persons leave the line and become remarks."""
    names = "MAP {" + ", ".join(f"{literal(code)}: {literal(name)}" for code, name in sorted(counties.items())) + "}"
    code = f"regexp_extract(norm, {literal(_CODE_FIRST)}, ['code', 'rest'])"
    post = f"regexp_matches(norm, {literal(_POSTCODE_FIRST)})"
    numbers = literal(_NUMBERS)
    persons = literal(_PERSONS)
    return f"""
        SELECT * EXCLUDE (lined), CASE WHEN home <> '' THEN regexp_extract(lined, {literal(_AT_HOME)}, 1) ELSE lined END AS line,
               list_concat(asides, codes, calls, people, CASE WHEN home <> '' THEN [home] END) AS remarks
        FROM (
            SELECT * EXCLUDE (called),
                   CASE WHEN suspect THEN regexp_extract_all(called, {persons}) END AS people,
                   CASE WHEN suspect THEN regexp_replace(called, {persons}, '', 'g') ELSE called END AS lined,
                   CASE WHEN suspect THEN regexp_extract(lined, {literal(_AT_HOME)}, 2) END AS home
            FROM (
                SELECT * EXCLUDE (begun),
                       CASE WHEN suspect THEN regexp_extract_all(begun, {numbers}) END AS calls,
                       CASE WHEN suspect THEN regexp_replace(begun, {numbers}, '', 'g') ELSE begun END AS called
                FROM (
                    SELECT * EXCLUDE (coded, county, label),
                           CASE WHEN label <> '' THEN substr(norm, length(label) + 1)
                                WHEN county IS NOT NULL THEN county || coded.rest
                                WHEN suspect AND {post} THEN substr(norm, 7) ELSE norm END AS begun,
                           CASE WHEN label <> '' THEN [label]
                                WHEN county IS NULL AND suspect AND {post} THEN [left(norm, 6)] END AS codes
                    FROM (SELECT *, regexp_extract(norm, {literal(_LABEL)}) AS label, CASE WHEN suspect THEN {code} END AS coded,
                                 CASE WHEN coded IS NOT NULL THEN {names}[struct_extract(coded, 'code')] END AS county
                          FROM kinds))))"""
