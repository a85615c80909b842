"""Forms of pages: what a browser sent, read by a model; the first error, as one sentence.

A field that comes several times is a list where the model has one; empty fields are left to the model's defaults.
"""

import types
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_origin

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dialer.services.actor import Actor
from dialer.web.pages.template_filters import words

Asked = Request[Any, Any, State]
M = TypeVar("M", bound=BaseModel)
PROBLEMS = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "string_too_long": "can have at most {max_length} characters",
    "string_pattern_mismatch": "has characters that are not allowed here",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "decimal_max_places": "can have at most {decimal_places} decimal places",
}
"""What is wrong with a field, by pydantic's type of the error."""


@dataclass(frozen=True, slots=True)
class FormError:
    """What is wrong, and what was given, to be shown again."""

    says: str
    given: dict[str, Any]


async def read(request: Asked, model: type[M]) -> M | FormError:
    """The form's fields as the model reads them."""
    form = await request.form()
    given: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        values = [value for value in form.getall(name, []) if not isinstance(value, str) or value.strip()]
        if _is_list(field.annotation):
            given[name] = values
        elif values:
            given[name] = values[-1].strip() if isinstance(values[-1], str) else values[-1]
    try:
        return model.model_validate(given)
    except ValidationError as error:
        return FormError(error_message(error), given)


def error_message(error: ValidationError) -> str:
    """The first error as one sentence that begins with the field's label."""
    first = error.errors()[0]
    field = words(str(first["loc"][0])) if first["loc"] else "The form"
    return f"{field} {_problem(first)}."


def _problem(error: ErrorDetails) -> str:
    """What is wrong with a field, as the end of a sentence that begins with its label."""
    kind, limits = error["type"], error.get("ctx", {})
    if kind in ("missing", "string_too_short"):
        return "is required"
    if (form := PROBLEMS.get(kind)) is not None:
        return form.format(**limits)
    if kind.startswith(("int_", "float_", "decimal_")):
        return "must be a number"
    if kind.startswith(("date_", "time_")):
        return f"must be a {kind[:4]}"
    said = error["msg"].removeprefix("Value error, ")
    return f"is not valid: {said[:1].lower()}{said[1:]}"


def _is_list(annotation: Any) -> bool:
    kinds = get_args(annotation) if get_origin(annotation) is types.UnionType else (annotation,)
    return any(get_origin(each) is list for each in kinds)


def actor(request: Asked) -> Actor:
    """The signed-in caller. Raises NotAuthorizedException where there is none, which the guard has ruled out."""
    found: Actor | None = request.user
    if found is None:
        raise NotAuthorizedException("Sign in first.")
    return found


def actor_email(request: Asked) -> str:
    """Who asks, as the audit trail names them."""
    return request.user.email if request.user else "nobody"
