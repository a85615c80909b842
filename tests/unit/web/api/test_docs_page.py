"""What the API's page says of an operation, from its OpenAPI description; and counts in words."""

import pytest

from dialer.settings import Settings
from dialer.web.api.docs_page import Operation, operations
from dialer.web.app import make_app
from dialer.web.pages.template_filters import many

ROLE = {"type": "string", "enum": ["admin", "auditor", None]}
GUEST = {
    "type": "object",
    "required": ["email"],
    "properties": {
        "email": {"type": "string"},
        "role": {"$ref": "#/components/schemas/Role"},
        "at": {"oneOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "numbers": {"type": "array", "items": {"type": "integer"}},
    },
}
SCHEMA = {
    "components": {"schemas": {"Role": ROLE, "Guest": GUEST}},
    "paths": {
        "/api/guests/{name}": {
            "post": {
                "description": "Invite somebody.\n\nRaises: this and that.",
                "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Guest"}}}},
            }
        },
        "/api/guests": {"get": {"summary": "Everybody"}},
    },
}


def test_an_operation_is_told_with_all_that_it_takes() -> None:
    takes = (
        ("name", "path", "string", True),
        ("email", "body", "string", True),
        ("role", "body", "one of admin, auditor, null", False),
        ("at", "body", "date-time or null", False),
        ("numbers", "body", "list of integer", False),
    )
    assert list(operations(SCHEMA)) == [
        Operation("GET", "/api/guests", "Everybody", ()),
        Operation("POST", "/api/guests/{name}", "Invite somebody.", takes),
    ]


def test_every_operation_of_ours_says_what_it_does_in_a_sentence() -> None:
    schema = make_app(Settings(_env_file=None)).openapi_schema.to_schema()  # type: ignore[call-arg]
    told = {f"{each.method} {each.path}": each.says for each in operations(schema)}
    assert len(told) > 40
    assert [name for name, says in told.items() if not says.rstrip("`").endswith((".", ":", "…"))] == []
    assert not any("/schema" in name for name in told)


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 entries"), (1, "1 entry"), (2, "2 entries"), (1_200, "1,200 entries")]
)
def test_one_of_a_thing_is_one(count: int, words: str) -> None:
    assert many(count, "entry", "entries") == words
    assert many(count, "lead").endswith("lead" if count == 1 else "leads")
