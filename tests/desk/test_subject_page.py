"""The report for a resident as a page: words, escaping, nothing from the network."""

from __future__ import annotations

from datetime import date

import pytest

from desk.subject.page import page
from warehouse.provenance import ValueProvenance
from warehouse.subjects.report import Held, Report, Seen
from warehouse.subjects.requests import Request

AS_OF = date(2025, 6, 8)
REPORT = Report(
    "P1", AS_OF,
    values=(ValueProvenance("sex", "2", "majority", "household_registration", "HR1", AS_OF, 2, 1),
            ValueProvenance("name", "<b>陈</b>", "trusted_order", "household_registration", "HR1", AS_OF, 2, 0),
            ValueProvenance("living_alone", True, "derived")),
    records=(Held("education", "student_enrolment", None, AS_OF, "guardian", {"guardian_name": "陈秀英"}, 1),),
    life={"residences": [], "alerts": [{"alert_id": "A1", "check": "two_schools", "state": "open", "opened_on": AS_OF}]},
    seen=(Seen("2025-06-09T08:00:00.000+00:00", "lin", "elderly_care", "query", "answered"),),
)  # fmt: skip
REQUEST = Request("S1", "correct", "P1", "birth_date", "household_registration", "public_security", "lin", AS_OF, AS_OF, "accepted", 2,
                  "1950-03-02", "why", "查实")  # fmt: skip


@pytest.mark.parametrize(("words", "shown"), [
    (0, ["个人信息查询报告", "女性", "公安局", "户籍人口", "同时在两校就读", "养老服务", "已接受", "查实", "教育局"]),
    (1, ["Report on personal data", "public security", "household_registration", "two_schools", "elderly_care", "accepted"]),
], ids=["zh", "en"])
def test_page_says_what_is_held_in_words(words: int, shown: list[str]) -> None:
    text = page(REPORT, [REQUEST], words)
    assert [word for word in shown if word not in text] == []


def test_values_are_escaped_and_nothing_is_fetched() -> None:
    text = page(REPORT, [REQUEST], 0)
    assert "<b>陈" not in text
    assert "&lt;b&gt;陈&lt;/b&gt;" in text
    assert not any(word in text for word in ("http:", "https:", "<script", "src=", "url("))


def test_parts_without_content_say_so() -> None:
    text = page(Report("P1", AS_OF, (), (), {}, ()), [], 0)
    assert text.count("<p class=\"about\">无</p>") == 5
