"""The page on the quality of the links: counts, shares and intervals, nothing about anybody.

Belongs here: the page and its charts, drawn as SVG inside the page, so that it needs no network and no script. Small subgroups are left
out. Does not: estimating, judging (verdicts.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

import duckdb

from resolvers.quality.verdicts import SMALL_CELL, Verdict

TITLES = {
    "all": ("全部", "all"), "age_band": ("年龄段", "age band"), "sex": ("性别", "sex"), "migrant": ("流动人口", "migrant or resident"),
    "minority_name": ("姓名形式", "form of the name"), "area": ("城乡", "urban or rural"), "id_number": ("证件号码", "identity number"),
}
VALUES = {
    "all": ("全部", "all"), "female": ("女", "female"), "male": ("男", "male"),
    "migrant": ("流动人口", "migrant"), "resident": ("户籍人口", "resident"),
    "long or dotted": ("长姓名或带间隔点", "long or dotted"), "other": ("其他", "other"),
    "rural": ("农村", "rural"), "urban": ("城镇", "urban"),
    "with": ("有有效号码", "with a valid number"), "without": ("无有效号码", "without"),
}
CHECKS = {
    "link_precision": ("关联准确率", "precision"), "link_recall": ("关联查全率", "recall"),
    "subgroups_alike": ("各群体差异", "subgroups alike"),
    "unlinkable_mentions": ("无法关联的记录", "unlinkable mentions"),
    "probabilities_agree_with_trial": ("概率与试验一致", "probabilities agree with the trial"),
}
TRIAL = {
    "hidden": "隐去号码的记录", "right": "找回本人", "wrong": "找到他人", "nobody": "未找到",
    "expected wrong of the trial": "试验按概率应有的错误",
    "mentions without number": "实际无号码的记录", "edges of the model": "模型建立的关联", "expected wrong edges": "其中按概率应有的错误",
}
_FONTS = "'Noto Sans CJK SC','Noto Sans SC','Microsoft YaHei','PingFang SC',sans-serif"
_STYLE = f"body{{font:15px/1.55 {_FONTS}}}" + """
body{max-width:1080px;margin:2em auto;padding:0 1em;color:#1c2733}h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}
table{border-collapse:collapse;width:100%;font-size:.92em}
th,td{padding:.3em .6em;border-bottom:1px solid #d7dde3;text-align:right}th:first-child,td:first-child{text-align:left}
.en{color:#66737f;font-size:.88em}.no{color:#b3261e;font-weight:600}.yes{color:#1b6e3c}.note{color:#45525e;font-size:.92em}"""


@dataclass(frozen=True, slots=True)
class _Row:
    subgroup: str
    value: str
    mentions: int
    linkable: int
    precision: tuple[float, float, float]
    recall: tuple[float, float, float]
    unlinkable_share: float

    @property
    def title(self) -> str:
        zh, en = VALUES.get(self.value, (self.value, self.value))
        return zh if zh == en else f"{zh} {en}"


def write_report(con: duckdb.DuckDBPyConnection, folder: Path, run: int, verdicts: list[Verdict] | None = None) -> Path:
    """Write `folder`/index.html on `run` from `link_quality` and `link_trial`; returns its path.

    Subgroups with fewer than SMALL_CELL mentions, or fewer than that many unlinkable ones, show no figure there. Raises LookupError when
    the run was not estimated.
    """
    rows = _rows(con, run)
    if not rows:
        raise LookupError(f"link quality: run {run} has no estimate")
    shown = [row for row in rows if row.mentions >= SMALL_CELL]
    trial = con.execute("SELECT figure, value FROM link_trial WHERE run = $1 ORDER BY rowid", [run]).fetchall()
    history = con.execute("""SELECT run, precision_estimate, precision_low, precision_high, recall_estimate, recall_low, recall_high
                             FROM link_quality WHERE subgroup = 'all' AND run <= $1 ORDER BY run DESC LIMIT 20""", [run]).fetchall()
    parts = [f"<h1>人员关联质量 <span class=en>Quality of the links, run {run}</span></h1>"]
    if shown:
        parts += [
            _summary(shown[0]), "<h2>查全率 <span class=en>Recall by subgroup, estimate and interval</span></h2>", _chart(shown, "recall"),
            "<h2>准确率 <span class=en>Precision by subgroup, estimate and interval</span></h2>", _chart(shown, "precision"),
            _checks(verdicts or []), _table(shown)]
    parts += [_hidden_note(len(rows) - len(shown)), _history(history) if shown else "", _trial(trial), _method()]
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "index.html"
    page.write_text(f'<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>人员关联质量 Quality of the links</title>'
                    f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>", encoding="utf-8")
    return page


def _rows(con: duckdb.DuckDBPyConnection, run: int) -> list[_Row]:
    found = con.execute("""SELECT subgroup, value, mentions, linkable, precision_estimate, precision_low, precision_high,
                                  recall_estimate, recall_low, recall_high, unlinkable_share
                           FROM link_quality WHERE run = $1 ORDER BY rowid""", [run]).fetchall()
    return [_Row(row[0], row[1], row[2], row[3], row[4:7], row[7:10], row[10]) for row in found]


def _percent(share: float) -> str:
    return f"{100 * share:.3f} %"


def _summary(total: _Row) -> str:
    def told(interval: tuple[float, float, float]) -> str:
        return f"<b>{_percent(interval[0])}</b> ({_percent(interval[1])} – {_percent(interval[2])})"
    return (f"<p>记录 {total.mentions:,} 条。准确率估计 {told(total.precision)}，查全率估计 {told(total.recall)}，"
            f"无法关联的占 {_percent(total.unlinkable_share)}。"
            f"<br><span class=en>{total.mentions:,} mentions. Estimated precision and recall of pairs, with the interval in which 98 "
            "percent of the draws lie; share of mentions that can never be linked.</span></p>")


def _chart(rows: list[_Row], figure: str) -> str:
    """Dots with whiskers, one line per subgroup, on one axis from the smallest lower end to 1."""
    left, width, step = 300, 620, 24
    intervals: list[tuple[float, float, float]] = [getattr(row, figure) for row in rows]
    lowest = min(interval[1] for interval in intervals)
    start = min(lowest - 0.05 * (1 - lowest), 1 - 1e-5)

    def place(share: float) -> float:
        return left + width * (share - start) / (1 - start)

    height = step * (len(rows) + 2)
    lines = [f'<svg role="img" viewBox="0 0 {left + width + 100} {height}" width="100%" aria-label="{figure}" font-size="12" '
             f'font-family="{_FONTS}" fill="#1c2733">']
    for tick in range(6):
        share = start + (1 - start) * tick / 5
        lines.append(f'<line x1="{place(share):.1f}" x2="{place(share):.1f}" y1="8" y2="{height - step}" stroke="#e3e8ec"/>'
                     f'<text x="{place(share):.1f}" y="{height - 6}" text-anchor="middle">{100 * share:.3f} %</text>')
    for index, (row, (estimate, low, high)) in enumerate(zip(rows, intervals, strict=True)):
        y = step * (index + 0.9)
        zh = TITLES.get(row.subgroup, (row.subgroup, ""))[0]
        colour = "#1c2733" if row.subgroup == "all" else "#2868a9"
        lines.append(f'<text x="{left - 12}" y="{y + 4:.1f}" text-anchor="end">{escape(zh)} · {escape(row.title)}</text>'
                     f'<line x1="{place(low):.1f}" x2="{place(high):.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{colour}" stroke-width="2"/>'
                     f'<circle cx="{place(estimate):.1f}" cy="{y:.1f}" r="4" fill="{colour}"><title>{_percent(estimate)}</title></circle>')
    return "".join(lines) + "</svg>"


def _checks(verdicts: list[Verdict]) -> str:
    if not verdicts:
        return ""
    rows = []
    for verdict in verdicts:
        zh, en = CHECKS.get(verdict.name, (verdict.name, ""))
        state = "<span class=yes>通过 passed</span>" if verdict.passed else f"<span class=no>未通过 {verdict.severity.value}</span>"
        facts = "; ".join(f"{escape(str(name))} {value}" for name, value in verdict.facts.items())
        rows.append(f"<tr><td>{zh} <span class=en>{en}</span></td><td>{state}</td><td class=en>{facts}</td></tr>")
    return f"<h2>检查 <span class=en>Checks</span></h2><table>{''.join(rows)}</table>"


def _table(rows: list[_Row]) -> str:
    body = []
    for row in rows:
        zh, en = TITLES.get(row.subgroup, (row.subgroup, ""))
        few = 0 < row.mentions - row.linkable < SMALL_CELL
        linkable, share = ("–", f"&lt; {SMALL_CELL}") if few else (f"{row.linkable:,}", _percent(row.unlinkable_share))
        body.append(f"<tr><td>{zh} <span class=en>{en}</span> · {escape(row.title)}</td>"
                    f"<td>{row.mentions:,}</td><td>{linkable}</td><td>{share}</td>"
                    + "".join(f"<td>{_percent(estimate)}</td><td>{_percent(low)} – {_percent(high)}</td>"
                              for estimate, low, high in (row.precision, row.recall)) + "</tr>")
    head = "".join(f"<th>{zh}<br><span class=en>{en}</span></th>" for zh, en in (
        ("群体", "subgroup"), ("记录", "mentions"), ("可关联", "linkable"), ("无法关联", "unlinkable"),
        ("准确率", "precision"), ("区间", "interval"), ("查全率", "recall"), ("区间", "interval")))
    return f"<h2>数据 <span class=en>Figures</span></h2><table><tr>{head}</tr>{''.join(body)}</table>"


def _hidden_note(hidden: int) -> str:
    return (f"<p class=note>少于 {SMALL_CELL} 条记录的群体不显示：{hidden} 个。<span class=en>Subgroups of fewer than {SMALL_CELL} "
            f"mentions are not shown: {hidden}.</span></p>") if hidden else ""


def _history(rows: list[tuple[float, ...]]) -> str:
    body = "".join(f"<tr><td>{int(run)}</td><td>{_percent(p)}</td><td>{_percent(pl)} – {_percent(ph)}</td><td>{_percent(r)}</td>"
                   f"<td>{_percent(rl)} – {_percent(rh)}</td></tr>" for run, p, pl, ph, r, rl, rh in rows)
    return ("<h2>历次运行 <span class=en>Runs</span></h2><table><tr><th>运行 run</th><th>准确率 precision</th><th>区间 interval</th>"
            f"<th>查全率 recall</th><th>区间 interval</th></tr>{body}</table>")


def _trial(rows: list[tuple[str, float]]) -> str:
    def told(value: float) -> str:
        return f"&lt; {SMALL_CELL}" if 0 < value < SMALL_CELL else f"{value:,.0f}"

    body = "".join(f"<tr><td>{TRIAL.get(figure, '')} <span class=en>{escape(figure)}</span></td><td>{told(value)}</td></tr>"
                   for figure, value in rows)
    return f"<h2>试验 <span class=en>The trial</span></h2><table>{body}</table>"


def _method() -> str:
    return """<h2>方法 <span class=en>Method</span></h2><p class=note>不用标注数据：把一部分有有效号码的记录隐去号码，
用现行模型、阈值和约束重新关联，看是否找回本人；再按部门、角色和所填内容加权到真正没有号码的记录。
两个号码、一个号码两个姓名的情况另行估计。区间包含抽样误差和一个说明的系统误差。
没有说明所属群体的记录只计入全部，所以全部的数值可能低于各群体。
<br><span class=en>No labels are used: numbers of a sample of records are hidden, and the present model, threshold and constraints
have to find their persons again; the outcome is weighted to the records that really have no number. People under two numbers and
numbers under two names are estimated apart. The interval holds sampling error and a stated systematic part. A pair counts in a
subgroup once for each of its two mentions that belongs to it; mentions that say nothing of a subgroup count in the total only, which
therefore can be lower than every subgroup. Two people who share number, name and birthday cannot be seen by any
such method.</span></p>"""
