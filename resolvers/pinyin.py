"""Sounds of Chinese names: pinyin without tones, with the readings that characters have as surnames.

Belongs here: which surnames have two characters, which are read differently from the common word (单 shàn, 仇 qiú),
and the sound of a
name for comparison. Does not: taking a delivered name apart (resolvers/names.py).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from pypinyin.constants import PINYIN_DICT

COMPOUND_SURNAMES = frozenset(
    [
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "司徒",
        "司空",
        "令狐",
        "夏侯",
        "长孙",
        "宇文",
        "轩辕",
        "端木",
        "南宫",
        "独孤",
        "百里",
        "东郭",
        "西门",
        "公羊",
        "澹台",
        "公冶",
        "宗政",
        "濮阳",
        "淳于",
        "单于",
        "太叔",
        "申屠",
        "仲孙",
        "钟离",
        "鲜于",
        "闾丘",
        "亓官",
        "呼延",
        "万俟",
        "闻人",
        "赫连",
        "拓跋",
        "完颜",
        "纳兰",
        "第五",
        "公西",
        "梁丘",
        "左丘",
        "东门",
        "南门",
        "乐正",
        "漆雕",
        "壤驷",
        "公良",
        "夹谷",
        "宰父",
        "谷梁",
        "段干",
        "微生",
        "羊舌",
        "巫马",
        "贺兰",
        "叶赫",
        "爱新觉罗",
    ]
)
"""Surnames of more than one character."""

COMMON_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付"
    "方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文施洪辛柯庄温牛樊葛邢安齐阮颜俞倪"
)
"""Surnames that most people carry; used only to see a husband's surname in front of a woman's own."""

SURNAME_READINGS = {
    "单": "shan",
    "解": "xie",
    "曾": "zeng",
    "仇": "qiu",
    "查": "zha",
    "区": "ou",
    "朴": "piao",
    "盖": "ge",
    "繁": "po",
    "乐": "yue",
    "任": "ren",
    "华": "hua",
    "宁": "ning",
    "纪": "ji",
    "缪": "miao",
    "翟": "zhai",
    "种": "chong",
    "折": "she",
    "秘": "bi",
    "员": "yun",
    "尹": "yin",
    "覃": "qin",
    "冼": "xian",
    "洗": "xian",
    "臧": "zang",
    "訾": "zi",
    "郗": "xi",
    "逄": "pang",
    "逯": "lu",
    "隗": "wei",
    "葛": "ge",
    "能": "nai",
    "那": "na",
    "哈": "ha",
    "召": "shao",
    "教": "jiao",
    "石": "shi",
    "燕": "yan",
    "应": "ying",
    "过": "guo",
    "钭": "tou",
    "都": "du",
    "长": "zhang",
    "车": "che",
    "阚": "kan",
    "不": "fou",
    "重": "chong",
    "藏": "zang",
    "柏": "bai",
    "宿": "su",
    "牟": "mu",
    "黑": "he",
    "盛": "sheng",
    "牛": "niu",
    "万": "wan",
    "俞": "yu",
    "沈": "shen",
    "褚": "chu",
    "晁": "chao",
    "殷": "yin",
    "麦": "mai",
    "行": "xing",
    "干": "gan",
    "焦": "jiao",
    "畅": "chang",
    "贾": "jia",
    "谌": "chen",
    "瞿": "qu",
    "曲": "qu",
    "适": "kuo",
    "尉迟": "yuchi",
    "单于": "chanyu",
    "万俟": "moqi",
    "令狐": "linghu",
    "长孙": "zhangsun",
    "澹台": "tantai",
    "亓官": "qiguan",
    "鲜于": "xianyu",
    "宰父": "zaifu",
    "夹谷": "jiagu",
    "乐正": "yuezheng",
}
"""Readings in which a surname differs from, or is not certain by, the common reading of its characters."""

_SYLLABLE = re.compile(r"[a-z]+")


def plain_letters(text: str) -> str:
    """Lower-case Latin letters without tone marks; ü and v become u, so that lü, lv and lu agree."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return letters.replace("v", "u").replace("lyu", "lu").replace("nyu", "nu")


@cache
def reading(character: str) -> str:
    """The usual toneless reading of one character; empty when it has none."""
    readings = PINYIN_DICT.get(ord(character), "")
    return plain_letters(readings.split(",")[0]) if readings else ""


def surname_reading(surname: str) -> str:
    """Toneless reading of a surname of one or more characters."""
    known = SURNAME_READINGS.get(surname)
    return known if known is not None else "".join(reading(character) for character in surname)


def split_surname(name: str) -> tuple[str, str]:
    """Surname and given name of a Han name; a compound surname counts only when something follows it."""
    for length in (4, 2):
        if len(name) > length and name[:length] in COMPOUND_SURNAMES:
            return name[:length], name[length:]
    return name[:1], name[1:]


def is_latin(text: str) -> bool:
    """Whether nothing but Latin letters is in the text."""
    return bool(_SYLLABLE.fullmatch(plain_letters(text)))
