"""Workbooks as the departments fill them, written as sheet XML straight from columns: a writer of cells takes minutes.

Belongs here: the xlsx parts that these deliveries need. Does not: styles beyond a date format, formulas.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import polars as pl

from sources.catalogue.models import Contract
from sources.synthetic.damage import NUMBER_CELL

Sheet = tuple[str, list[list[str | None]], pl.DataFrame, list[list[str | None]]]
MAX_ROWS = 1_048_575
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
STYLES = (
    f'{XML}<styleSheet xmlns="{MAIN}"><fonts count="1"><font><sz val="11"/><name val="SimSun"/></font></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def sheets_of(contract: Contract, frame: pl.DataFrame, names: list[str], day: str) -> list[Sheet]:
    """Title, remark, header, records and footer of every sheet, as `delivery.header` says."""
    head: list[str | None] = list(names)
    year, month, _ = day.split("-")
    if contract.category == "marriage_registration":
        return [
            (f"婚姻登记{number + 1}", [head], frame.slice(start, MAX_ROWS), [])
            for number, start in enumerate(range(0, max(frame.height, 1), MAX_ROWS))
        ]
    if contract.category == "social_assistance":
        money = frame.unique("case_no", keep="first")["monthly_amount"].cast(pl.Float64, strict=False).sum() if frame.height else 0
        footer: list[str | None] = [None] * frame.width
        footer[0], footer[11], footer[13] = (
            "合计",
            NUMBER_CELL + str(frame.height),
            NUMBER_CELL + str(round(float(money), 1)),
        )
        return [("救助对象", [[f"荆州市{year}年{int(month)}月社会救助对象花名册"], head], frame, [footer])]
    if contract.category == "legal_aid":
        offices = frame["office"].unique(maintain_order=True).to_list()
        return [
            (
                office,
                [
                    [f"{office}法律援助案件登记表"],
                    [f"填报单位：{office}\u3000填报日期：{day}\u3000本表仅含近三年案件"],
                    head,
                ],
                frame.filter(pl.col("office") == office),
                [],
            )
            for office in offices
        ]
    notes = [["填表说明"], ["1.学籍号由系统自动生成，不得修改。"], ["2.出生日期格式为YYYYMMDD。"]]
    return [("学生学籍", [head], frame, []), ("填表说明", [list(note) for note in notes], frame.clear(), [])]


def write(path: Path, sheets: list[Sheet]) -> None:
    """One workbook; a text that begins with the number mark becomes a numeric cell."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, (_, above, frame, below) in enumerate(sheets, 1):
            with archive.open(zipfile.ZipInfo(f"xl/worksheets/sheet{number}.xml", (1980, 1, 1, 0, 0, 0)), "w", force_zip64=True) as part:
                part.write(f'{XML}<worksheet xmlns="{MAIN}"><sheetData>'.encode())
                part.write("".join(_row(index, cells) for index, cells in enumerate(above, 1)).encode())
                for start in range(0, frame.height, 50_000):
                    part.write(_rows(frame.slice(start, 50_000), len(above) + 1 + start).encode())
                part.write("".join(_row(len(above) + frame.height + index, cells) for index, cells in enumerate(below, 1)).encode())
                part.write(b"</sheetData></worksheet>")
        for name, text in _parts([sheet[0] for sheet in sheets]).items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)


def letters(index: int) -> str:
    return chr(65 + index) if index < 26 else chr(64 + index // 26) + chr(65 + index % 26)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _row(number: int, cells: list[str | None]) -> str:
    body = "".join(
        f'<c r="{letters(index)}{number}"><v>{cell[1:]}</v></c>'
        if cell.startswith(NUMBER_CELL)
        else f'<c r="{letters(index)}{number}" t="inlineStr"><is><t xml:space="preserve">{_escaped(cell)}</t></is></c>'
        for index, cell in enumerate(cells)
        if cell is not None
    )
    return f'<row r="{number}">{body}</row>'


def _rows(frame: pl.DataFrame, first: int) -> str:
    number = (pl.int_range(pl.len()) + first).cast(pl.String)
    cells = []
    for index, name in enumerate(frame.columns):
        value = pl.col(name).str.replace_many(["&", "<", ">"], ["&amp;", "&lt;", "&gt;"])
        start = pl.lit(f'<c r="{letters(index)}') + number
        text = start + pl.lit('" t="inlineStr"><is><t xml:space="preserve">') + value + pl.lit("</t></is></c>")
        numeric = start + pl.lit('"><v>') + value.str.slice(1) + pl.lit("</v></c>")
        cells.append(pl.when(value.is_null()).then(pl.lit("")).when(value.str.starts_with(NUMBER_CELL)).then(numeric).otherwise(text))
    rows = frame.select(pl.lit('<row r="') + number + pl.lit('">') + pl.concat_str(cells) + pl.lit("</row>"))
    return "".join(rows.to_series().to_list())


def _parts(names: list[str]) -> dict[str, str]:
    count = range(1, len(names) + 1)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    overrides = "".join(f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n in count)
    sheets = "".join(_relation(n, "worksheet", f"worksheets/sheet{n}.xml") for n in count)
    listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in zip(count, names, strict=True))
    types = (
        f'{XML}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{overrides}</Types>'
    )
    book = f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{REL}"><sheets>{listed}</sheets></workbook>'
    return {
        "[Content_Types].xml": types,
        "_rels/.rels": _relations(_relation(1, "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": _relations(sheets + _relation(len(names) + 1, "styles", "styles.xml")),
        "xl/styles.xml": STYLES,
    }


def _relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{REL}/{kind}" Target="{target}"/>'


def _relations(body: str) -> str:
    return f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{body}</Relationships>'
