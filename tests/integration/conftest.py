"""Patience for a busy machine: what is tested here is not how quick a tool is."""

import pytest

from dialer.ava import tools


@pytest.fixture(autouse=True)
def patient_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds are for a person on the line; fifty callers on a test machine may take longer."""
    monkeypatch.setattr(tools, "WITHIN_S", 30.0)
