"""How many examples of a property a run tries: a part of them in every run, all with `--full`."""

import pytest

PART, LEAST = 4, 100
_full = False


def configure(config: pytest.Config) -> None:
    """Learn which run it is, before test files are read."""
    global _full
    _full = "not full" not in config.option.markexpr


def examples(most: int) -> int:
    """How many of `most` this run tries."""
    return most if _full else max(most // PART, min(most, LEAST))
