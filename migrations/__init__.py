"""The revisions of the schema, oldest first. The program works with the last one only."""

REVISIONS = ("0001",)
