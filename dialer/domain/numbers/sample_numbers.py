"""The fictional numbers of sample_leads.csv, as written and as corrected; only simulations may call them.

India has no number range reserved for fiction, so the Indian ones cannot be recognized by prefix.
"""

from pathlib import Path

SAMPLE_LIST = Path(__file__).parents[2] / "sample_leads.csv"
SAMPLE_NUMBERS = frozenset(
    {
        *(f"+9198765000{last:02}" for last in (*range(10, 20), 23, 24, 28, 97, 98, 99)),
        "+12125550106",
        "+442079460018",
        "+61491570156",
    }
)
