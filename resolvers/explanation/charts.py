"""Pictures and pages of an explanation: Splink's waterfall with our words, as PNG and as HTML that fetches nothing.

Belongs here: Vega-Lite specifications, rendering, the page. Does not: what the bars mean (words.py), sentences (telling.py).
"""

from __future__ import annotations

import html
import json
from functools import cache
from typing import Any

import vl_convert

from resolvers.explanation import Explanation, telling, words
from resolvers.explanation.evidence import CALIBRATION, Weighing
from resolvers.explanation.words import Language, choose, phrase

FONTS = "'Noto Sans CJK SC', 'Noto Sans SC', 'Source Han Sans SC', 'Microsoft YaHei', 'PingFang SC', sans-serif"
LONGEST_VALUE = 14
"""Characters of a value above a bar; the table beside the chart has it whole."""

PNG_SCALE = 2.0


@cache
def chinese_can_be_drawn() -> bool:
    """Whether this machine has a font with Chinese characters: without one, two of them look the same."""
    return len({_drawn(text) for text in ("姓名", "权重", "")}) == 3


def _drawn(text: str) -> bytes:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><text x="4" y="28" font-size="20" '
        f'font-family="{FONTS}">{text}</text></svg>'
    )
    return bytes(vl_convert.svg_to_png(svg))


def waterfall(weighing: Weighing, language: Language, values: tuple[dict[str, str], dict[str, str]] = ({}, {})) -> dict[str, Any]:
    """Splink's waterfall of one pair in our words; `values` by comparison stand above the bars. Nothing is loaded from outside."""
    spec: dict[str, Any] = json.loads(json.dumps(weighing.chart))
    bars = spec.pop("data")["values"]
    prior, final = (phrase(words.COMPARISONS, name, language) for name in ("prior", "final"))
    text = json.dumps(spec).replace("Final score", final).replace("Prior match weight", prior).replace("== 'Prior'", f"== '{prior}'")
    spec = json.loads(
        text.replace('"title": "Column"', f'"title": "{choose(words.TITLES["comparison"], language)}"')
        .replace('"Match Weight"', f'"{choose(words.TITLES["weight"], language)}"')
        .replace('"title": "Probability"', f'"title": "{choose(words.TITLES["probability"], language)}"')
        .replace('"labelAngle": -20', '"labelAngle": 0')
    )
    spec.pop("$schema", None)
    spec.pop("params", None)
    spec["transform"] = [one for one in spec["transform"] if "record_number" not in str(one.get("filter", ""))]
    spec["title"] = {"text": choose(words.TITLES["chart"], language), "subtitle": choose(words.TITLES["chart_sub"], language)}
    spec["config"] = {**spec.get("config", {}), "font": FONTS, "background": "white"}
    spec["width"], spec["height"] = {"step": 92}, 380
    spec["data"] = {"values": [_bar(bar, language, values, prior, final) for bar in _bars(bars, weighing)]}
    return spec


def _bars(bars: list[dict[str, Any]], weighing: Weighing) -> list[dict[str, Any]]:
    """What moves the total, in order; a calibration of the run as a bar of its own before the last."""
    kept = [dict(bar) for bar in bars if bar["column_name"] in ("Prior", "Final score") or bar["log2_bayes_factor"]]
    if weighing.calibration:
        kept.insert(
            -1,
            {
                **kept[-1],
                "column_name": CALIBRATION,
                "label_for_charts": CALIBRATION,
                "log2_bayes_factor": weighing.calibration,
                "bayes_factor": 2.0**weighing.calibration,
            },
        )
        kept[-1] |= {"log2_bayes_factor": weighing.weight, "bayes_factor": 2.0**weighing.weight}
    for place, bar in enumerate(kept):
        bar["bar_sort_order"] = place
    return kept


def _bar(bar: dict[str, Any], language: Language, values: tuple[dict[str, str], dict[str, str]], prior: str, final: str) -> dict[str, Any]:
    name = bar["column_name"]
    comparison = name.removeprefix("tf_")
    if name in ("Prior", "Final score"):
        shown, label = (prior, prior) if name == "Prior" else (final, final)
    elif name.startswith("tf_"):
        shown = phrase(words.COMPARISONS, comparison, language) + choose(words.TITLES["rarity"], language)
        label = choose(words.RARITY[0 if bar["log2_bayes_factor"] > 0 else 1], language)
    else:
        shown = phrase(words.COMPARISONS, name, language)
        label = shown if name == CALIBRATION else words.level(name, bar["label_for_charts"], False, language)
    said = ["" if name.startswith("tf_") else _shortened(words.value(comparison, side.get(comparison, ""), language)) for side in values]
    return {
        **bar,
        "column_name": shown,
        "label_for_charts": label,
        "value_l": said[0],
        "value_r": said[1],
        "bayes_factor_description": label,
    }


def _shortened(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"


def _values(explanation: Explanation) -> tuple[dict[str, str], dict[str, str]]:
    """Values of the parties, turned as the weighing has its sides."""
    a, b = explanation.a, explanation.b
    turned = explanation.weighing is not None and not explanation.alone and explanation.weighing.left not in a.units
    return (b.values, a.values) if turned else (a.values, b.values)


def png(explanation: Explanation, language: Language) -> bytes | None:
    """The waterfall as a picture; None where the model has nothing to say. English where Chinese cannot be drawn (then
    without values, which are Chinese too)."""
    if explanation.weighing is None:
        return None
    drawn = chinese_can_be_drawn()
    spec = waterfall(explanation.weighing, language if drawn else "en", _values(explanation) if drawn else ({}, {}))
    return bytes(vl_convert.vegalite_to_png(spec, scale=PNG_SCALE, allowed_base_urls=[]))


_STYLE = (
    f"body {{ font-family: {FONTS}; }}"
    + """
body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1f2933; line-height: 1.55; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; margin: .5rem 0; } th, td { border: 1px solid #cbd2d9; padding: .3rem .6rem; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; } .lacking { color: #b42318; } .met { color: #1a7f37; }
.chart { overflow-x: auto; }
"""
)

POLICY = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:"
"""The page may load nothing from anywhere. Vega compiles its expressions, hence eval."""


def page(explanation: Explanation, language: Language) -> str:
    """The whole explanation as one HTML file that needs no network."""
    lines = telling.tell(explanation, language)
    charts = _charts(explanation, language)
    title = choose(words.TITLES["page"], language)
    body = [f"<h1>{html.escape(lines[0])}</h1>", "<ul>", *(f"<li>{html.escape(line)}</li>" for line in lines[1:]), "</ul>"]
    if explanation.weighing is not None:
        body += [_table(explanation, explanation.weighing, language)]
    for place, (heading, _) in enumerate(charts):
        body += [f"<h2>{html.escape(heading)}</h2>", f'<div class="chart" id="chart{place}"></div>']
    calls = "".join(
        f"vegaEmbed('#chart{place}', {_inline(spec)}, {{mode: 'vega-lite', renderer: 'svg', actions: false}});"
        for place, (_, spec) in enumerate(charts)
    )
    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;") if charts else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(body)}<script>{script}</script><script>{calls}</script></body></html>\n"
    )


def _inline(spec: dict[str, Any]) -> str:
    """JSON that cannot end the script around it."""
    return json.dumps(spec, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _charts(explanation: Explanation, language: Language) -> list[tuple[str, dict[str, Any]]]:
    """The waterfall of the two sides, then those of the steps between them."""
    charts = []
    if explanation.weighing is not None:
        charts.append((choose(words.TITLES["chart"], language), waterfall(explanation.weighing, language, _values(explanation))))
    if len(explanation.path) > 1:
        charts += [
            (telling.step(place, one, language), waterfall(one.weighing, language))
            for place, one in enumerate(explanation.path, start=1)
            if one.weighing is not None
        ]
    return charts


def _table(explanation: Explanation, weighing: Weighing, language: Language) -> str:
    """Comparisons in rows: values, what they say, weight."""
    titles = [choose(words.TITLES[name], language) for name in ("comparison", "left", "right", "meaning", "weight")]
    head = "".join(f"<th>{html.escape(title)}</th>" for title in titles)
    cells = [
        "".join(f"<td>{html.escape(cell)}</td>" for cell in row[:-1]) + f'<td class="number">{row[-1]}</td>'
        for row in telling.rows(explanation, weighing, language)
    ]
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"
