"""Data Docs pages that ask no other machine for anything.

Belongs here: taking the references to content networks out of rendered pages, a plain look instead of the fetched one, and an index
that lists the deliveries without scripts.
Does not: rendering (suites.py).
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from urllib.parse import quote

FETCHED = re.compile(
    r"""<script\b[^>]*\bsrc=["']https?://[^>]*>\s*</script>|<link\b[^>]*\bhref=["']https?://[^>]*>|<img\b[^>]*\bsrc=["']https?://[^>]*>""",
    re.IGNORECASE)
STYLE = """<style>
body { font-family: sans-serif; margin: 2em auto; max-width: 70em; color: #222 }
table { border-collapse: collapse; margin: 1em 0 } td, th { border: 1px solid #ccc; padding: .3em .6em; text-align: left }
.text-danger, .fa-times { color: #b00020 } .text-success, .fa-check-circle { color: #1b6e3c }
.fa-check-circle::before { content: "✓" } .fa-times::before { content: "✗" } .fa-exclamation-triangle::before { content: "!" }
nav, .navbar, footer, #how-to-buttons, .modal { display: none }
</style>"""


def without_network(site: Path) -> int:
    """Rewrite every page below `site` that fetches something; returns how many were changed."""
    changed = 0
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        local, references = FETCHED.subn("", text)
        if references:
            page.write_text(local.replace("</head>", STYLE + "</head>", 1), encoding="utf-8")
            changed += 1
    return changed


def write_index(site: Path, results: Path) -> None:
    """`index.html`: one line per validated delivery with its counts and a link to its page, by category and date."""
    lines = []
    for result in sorted(results.rglob("*.json")):
        page = Path("validations") / result.relative_to(results).with_suffix(".html")
        statistics = json.loads(result.read_text(encoding="utf-8"))["statistics"]
        delivery = html.escape(page.parts[2])
        lines.append(f'<tr><td><a href="{quote(str(page))}">{delivery}</a></td><td>{statistics["evaluated_expectations"]}</td>'
                     f'<td>{statistics["unsuccessful_expectations"]}</td></tr>')
    body = "".join(lines) or '<tr><td colspan="3">no delivery has been validated yet 尚无交付</td></tr>'
    (site / "index.html").write_text(
        f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>OneGrid Data Docs</title>{STYLE}</head><body>
<h1>Expectations of deliveries 交付质量</h1><p>Counts only; values of records are in no page. A column
fails when one of its cells is doubtful.</p>
<table><tr><th>delivery 交付</th><th>expectations 检查项</th><th>not met 未满足</th></tr>{body}</table></body></html>
""", encoding="utf-8")
