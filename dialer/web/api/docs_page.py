"""`/schema` for people: what programs may ask, from the same description that they read, with nothing fetched from elsewhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from litestar import Request
from litestar.enums import MediaType
from litestar.openapi.plugins import OpenAPIRenderPlugin

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that may be asked: `takes` are (name, where, kind, whether it is required)."""

    method: str
    path: str
    says: str
    takes: tuple[tuple[str, str, str, bool], ...]


class ApiPage(OpenAPIRenderPlugin):
    """The description as a page of ours."""

    def __init__(self) -> None:
        super().__init__(path="/", media_type=MediaType.HTML)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page."""
        engine = request.app.template_engine
        assert engine is not None
        groups = [(noun, list(each)) for noun, each in groupby(operations(openapi_schema), key=_noun)]
        page: str = engine.get_template("api/page.html").render(request=request, here="/settings", groups=groups)
        return page.encode()


def operations(schema: Mapping[str, Any]) -> Iterator[Operation]:
    """Everything that a description (OpenAPI 3.1) says may be asked, by address."""
    for path, item in sorted(schema["paths"].items()):
        for method in METHODS:
            if (found := item.get(method)) is not None:
                says = found.get("description") or found.get("summary") or ""
                takes = (*_parameters(found, schema), *_fields(found, schema))
                yield Operation(method.upper(), path, says.split("\n\n")[0], takes)


def _noun(operation: Operation) -> str:
    steps = operation.path.strip("/").split("/")
    return steps[1] if steps[0] == "api" and len(steps) > 1 else "other"


def _parameters(found: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str, bool]]:
    for each in found.get("parameters", ()):
        yield each["name"], each["in"], _kind(each.get("schema", {}), schema), bool(each.get("required"))


def _fields(found: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str, bool]]:
    for content in found.get("requestBody", {}).get("content", {}).values():
        body = _resolved(content.get("schema", {}), schema)
        for name, field in body.get("properties", {}).items():
            yield name, "body", _kind(field, schema), name in body.get("required", ())


def _resolved(part: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = part.get("$ref", "").removeprefix("#/components/schemas/")
    found: Mapping[str, Any] = schema["components"]["schemas"].get(name, {}) if name else part
    return found


def _kind(part: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """A field's type in words, such as `integer or null`."""
    part = _resolved(part, schema)
    if "enum" in part:
        return "one of " + ", ".join("null" if each is None else str(each) for each in part["enum"])
    if several := part.get("oneOf") or part.get("anyOf"):
        return " or ".join(_kind(each, schema) for each in several)
    kind = part.get("type", "any")
    if kind == "array":
        return f"list of {_kind(part.get('items', {}), schema)}"
    return str(part.get("format") or kind) if isinstance(kind, str) else " or ".join(kind)
