"""The yardstick of XLSX exports: xlsxwriter in constant_memory mode writes the rows of a CSV file."""

import csv
import sys

import xlsxwriter

NUMBERS = frozenset({"n", "duration_s", "cost", "latency_p50_ms"})


def main(source: str, target: str) -> None:
    """Convert the CSV file `source` to the workbook `target`; numeric columns become numbers."""
    with (
        open(source, encoding="utf-8", newline="") as file,  # noqa: PTH123 - a script of two paths
        xlsxwriter.Workbook(target, {"constant_memory": True, "strings_to_urls": False}) as book,
    ):
        sheet = book.add_worksheet()
        rows = csv.reader(file)
        header = next(rows)
        numbers = [name in NUMBERS for name in header]
        for column, name in enumerate(header):
            sheet.write_string(0, column, name)
        for n, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                if cell and numbers[column]:
                    sheet.write_number(n, column, float(cell))
                elif cell:
                    sheet.write_string(n, column, cell)


if __name__ == "__main__":
    main(*sys.argv[1:])
