"""The revisions of the schema, oldest first: the program works with the last one only."""

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014_disclosure",
)
