"""A bridge on paper, with room for everybody: without one nothing is claimed, and most tests need none that talks."""

PAPER_BRIDGE = "INSERT INTO bridge_process VALUES ('paper', 100000, 0, false, '2100-01-01')"
