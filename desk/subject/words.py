"""Words of the report for residents, Chinese and English.

Belongs here: titles, names of attributes, columns, codes and rules in words. Does not: layout (page.py).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sources.catalogue import load_catalogue
from sources.catalogue.models import Column
from warehouse.queries.cells import words_of

DEPARTMENTS = {
    "public_security": ("公安局", "public security"), "housing_fund": ("公积金中心", "housing fund"),
    "human_resources": ("人社局", "human resources"), "civil_affairs": ("民政局", "civil affairs"), "health": ("卫生健康委", "health"),
    "justice": ("司法局", "justice"), "family_planning": ("计生部门", "family planning"), "education": ("教育局", "education"),
    "grid_service_centre": ("网格化管理服务中心", "grid service centre"),
}  # fmt: skip
RULES = {
    "trusted_order": ("按来源可信次序", "most trusted source"), "most_recent": ("取最近更新", "updated last"),
    "majority": ("多数部门一致", "stated by most"), "latest_valid": ("取有效且最新", "in force, updated last"),
    "min": ("取最小", "smallest"), "max": ("取最大", "largest"), "any_true": ("任一为真", "true if any says so"),
    "list_union": ("合并列出", "all together"), "derived": ("由其他信息推算", "computed"),
}  # fmt: skip
TITLES = {
    "report": ("个人信息查询报告", "Report on personal data"), "values": ("一 档案中的信息", "1 What the profile says"),
    "records": ("二 各部门的记录", "2 Records of the departments"), "life": ("三 家庭、住处与核实事项", "3 Family, homes, checks"),
    "requests": ("四 您的申请", "4 Your requests"), "seen": ("五 谁查看过", "5 Who looked"), "rights": ("六 您可以", "6 What you can do"),
    "household": ("家庭", "households"), "family": ("亲属", "family"), "residences": ("住址记录", "addresses on record"),
    "past_residences": ("居住历史", "where and when"), "alerts": ("待核实事项", "checks that are open"),
    "changes": ("部门间更新", "updates between departments"), "visits": ("网格走访", "visits"),
}  # fmt: skip
HEADERS = {
    "values": (("项目", "内容", "来源部门", "来源登记", "记录编号", "交付日期", "取值规则", "一致", "不一致"),
               ("item", "value", "department", "register", "record", "delivered", "rule", "agree", "differ")),
    "records": (("项目", "内容"), ("item", "value")),
    "requests": (("编号", "类别", "项目", "承办部门", "收到", "应答期限", "状态", "答复"),
                 ("number", "kind", "item", "department", "received", "due", "state", "answer")),
    "seen": (("时间(UTC)", "账号", "用途", "操作", "结果"), ("time (UTC)", "account", "purpose", "what", "outcome")),
}  # fmt: skip
RIGHTS = (
    ("更正不准确的信息:onegrid subject correct(或到社区窗口);申请送交给出该信息的部门,三十日内答复。",
     "have wrong data corrected: the request goes to the department that gave the value, which answers within thirty days"),
    ("限制使用:onegrid subject restrict;申请送交持有该信息的每个部门。",
     "ask that data be used no more: the request goes to every department that holds them"),
    ("本报告只含您本人的信息,同一记录中属于他人的内容不显示。",
     "this report holds your own data only; what a shared record says of others is left out"),
)  # fmt: skip
KINDS = {"correct": ("更正", "correct"), "restrict": ("限制使用", "restrict")}
STATES = {"received": ("已收到", "received"), "accepted": ("已接受", "accepted"), "refused": ("不予办理", "refused"),
          "done": ("已完成", "done")}  # fmt: skip


def department(name: str, words: int) -> str:
    return DEPARTMENTS.get(name, (name, name))[words]


def attribute(name: str, words: int) -> str:
    return load_catalogue().attributes[name].title_zh if words == 0 else name


def item(attribute_name: str | None, category: str | None, words: int) -> str:
    """What a request is about, and in which register."""
    contract = load_catalogue().contracts.get(category or "")
    register = (contract.title_zh if words == 0 else contract.category) if contract is not None else ""
    return f"{attribute(attribute_name, words)} ({register})" if attribute_name else register


def purpose(name: str, words: int) -> str:
    """The purpose of a look; without one it was the resident's own request, or the operator's work."""
    if not name:
        return ("本人申请或系统管理", "own request, or operation")[words]
    known = load_catalogue().purposes.get(name)
    return known.title_zh if known is not None and words == 0 else name


def attribute_value(name: str, value: Any, words: int) -> str:
    """A value in words: codes by their list, dates and numbers as they are written."""
    known = words_of(name) if words == 0 else {}
    return _listed(value, lambda one: known.get(_text(one), _text(one)))


def column_value(column: Column, value: Any, words: int) -> str:
    """A typed cell in words; its code list is the canonical one that its own list maps to."""
    lists = load_catalogue().lists
    known: dict[str, str] = {}
    if column.codes is not None and words == 0:
        stated = lists[column.codes]
        known = {entry.code: entry.zh for entry in lists[stated.maps_to or column.codes].values}
    return _listed(value, lambda one: known.get(_text(one), _text(one)))


def _listed(value: Any, shown: Any) -> str:
    return "、".join(map(shown, value)) if isinstance(value, list) else str(shown(value))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)
