"""Budgets as students and spreadsheets give them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.meetings.money import canonical_money


@pytest.mark.parametrize(
    ("said", "amount"),
    [
        ("20 lakh", "INR 2,000,000"),
        ("20L", "INR 2,000,000"),
        ("2.5 lacs", "INR 250,000"),
        ("twenty five lakhs", "INR 2,500,000"),
        ("1.5 crore", "INR 15,000,000"),
        ("₹15-20L", "INR 1,500,000–2,000,000"),
        ("15L to 20L", "INR 1,500,000–2,000,000"),
        ("between 15 and 20 lakh rupees", "INR 1,500,000–2,000,000"),
        ("Rs. 20,00,000/-", "INR 2,000,000"),
        ("20,00,000", "INR 2,000,000"),
        ("INR 12,00,000", "INR 1,200,000"),
        ("$30k", "USD 30,000"),
        ("$30-40k", "USD 30,000–40,000"),
        ("30,000 USD", "USD 30,000"),
        ("thirty thousand dollars", "USD 30,000"),
        ("£20,000", "GBP 20,000"),
        ("€10k a year", "EUR 10,000 per year"),
        ("A$40k", "AUD 40,000"),
        ("25 lakhs per year", "INR 2,500,000 per year"),
        ("up to 20 lakh", "up to INR 2,000,000"),
        ("max 20 lakhs", "up to INR 2,000,000"),
        ("20+ lakhs", "at least INR 2,000,000"),
        ("around 20 lakh", "INR 2,000,000"),
    ],
)
def test_a_budget_has_one_wording(said: str, amount: str) -> None:
    assert canonical_money(said) == amount


@pytest.mark.parametrize(
    "said",
    [
        "",
        "2000000",
        "50k",
        "no limit",
        "20 lakh plus scholarship",
        "20-15 lakh",
        "0 lakh",
        "12 LPA",
        "not 20 lakh",
        "$" + "9" * 40,
    ],
)
def test_a_budget_that_is_not_wholly_understood_is_left_to_the_caller(said: str) -> None:
    assert canonical_money(said) is None


@settings(deadline=None)
@given(
    st.from_regex(
        r"(up to |over |₹|\$|)[1-9][0-9]{0,3}(-[1-9][0-9]{0,3})?( lakh|k|cr| thousand euros|)( per year|)",
        fullmatch=True,
    )
)
def test_a_budget_once_found_stays(said: str) -> None:
    amount = canonical_money(said)
    assert amount is None or canonical_money(amount) == amount
