"""Workbooks made of their XML, with what no spreadsheet program would write."""

import zipfile
from pathlib import Path

PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
XML = '<?xml version="1.0"?>'


def relationship(kind: str, target: str) -> str:
    """A part that names one other."""
    found = f'<Relationship Id="rId1" Type="{OFFICE}/relationships/{kind}" Target="{target}"/>'
    return f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{found}</Relationships>'


def workbook(path: Path, rows: str, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a workbook whose only sheet has these rows, as XML."""
    types = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="application/vnd.openxmlformats-officedocument'
        f'.spreadsheetml.{kind}+xml"/>'
        for part, kind in (("workbook", "sheet.main"), ("worksheets/sheet1", "worksheet"))
    )
    rels = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    files = {
        "[Content_Types].xml": f'{XML}<Types xmlns="{PACKAGE}/content-types">{rels}{types}</Types>',
        "_rels/.rels": relationship("officeDocument", "xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": relationship("worksheet", "worksheets/sheet1.xml"),
        "xl/workbook.xml": f'{XML}<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}/relationships"><sheets>'
        '<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": f'{XML}<worksheet xmlns="{SHEET}"><sheetData>{rows}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w", compression) as book:
        for name, text in files.items():
            book.writestr(name, text)
    return path


def text_cell(reference: str, text: str) -> str:
    """A cell with a text."""
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def far_cell(path: Path, cell: str) -> Path:
    """Write a workbook of some 1.4 kB with a header in A1 and one cell far away."""
    far = f'<row r="{cell.lstrip("BDFX")}">{text_cell(cell, "1")}</row>'
    return workbook(path, f'<row r="1">{text_cell("A1", "Phone")}</row>{far}')
