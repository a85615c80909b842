"""Cells that no spreadsheet program runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.leads.spreadsheet_safety import escape_formula

STARTS = "=+-@\t\r\n\0"


@pytest.mark.parametrize(
    "cell",
    [
        '=HYPERLINK("http://x.example","open")',
        "=1+1",
        "+1+1",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\0=1",
        "+",
        "-",
        "+91-98765-43210",
        "+91 (98765) 43210",
        "+1234567890123456e",
        "-1-1",
        "+91\n",
        "-5\n",
        "+919876543210\n",
        "＝1+1",
        "＋1",
        "－2",
        "＠SUM(A1)",
        " =1",
        "\xa0=1",
        " \xa0\t=1",
        "\u3000＝1",
        "\ufeff=1",
        "\u200b@SUM(A1)",
        " -2+3",
        " +1",
        "＋919876543210",
        "+９１９８７６５４３２１０",
        "\tx",
    ],
)
def test_what_a_spreadsheet_would_run_is_shown_as_text(cell: str) -> None:
    assert escape_formula(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "Asha Rao",
        "+919876543210",
        "+12025550123",
        "+91 98765 43210",
        "-5",
        "-5.25",
        "+3.5",
        "42",
        "a=b",
        "'=1",
        "x@y.example",
        " x",
        "\xa0",
        "１２３",
        "x ＝1",
    ],
)
def test_names_numbers_and_phones_stay_as_they_are(cell: str) -> None:
    assert escape_formula(cell) == cell


@given(st.text() | st.builds("{}{}".format, st.sampled_from(STARTS), st.text()))
def test_a_cell_keeps_all_its_words_and_never_begins_like_a_formula(cell: str) -> None:
    safe = escape_formula(cell)
    assert safe in (cell, f"'{cell}")
    assert escape_formula(safe) == safe
    if safe.startswith(tuple(STARTS)):
        assert safe[0] in "+-"
        float(safe.replace(" ", ""))


@given(st.from_regex(r"\A\+[1-9][0-9]{6,14}\Z") | st.floats(-1e9, 1e9).map(lambda number: f"{number:.2f}"))
def test_a_phone_or_an_amount_can_be_read_back_from_an_export(cell: str) -> None:
    assert escape_formula(cell) == cell
