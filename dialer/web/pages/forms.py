"""Forms of pages: what a browser sent, read by a model; what is wrong with it, in one line.

A field that comes several times is a list where the model has one; empty fields are left to the model's defaults.
"""

import types
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_origin

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException
from pydantic import BaseModel, ValidationError

from dialer.services.actor import Actor

Asked = Request[Any, Any, State]
M = TypeVar("M", bound=BaseModel)


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
        first = error.errors()[0]
        where = str(first["loc"][0]).replace("_", " ") if first["loc"] else "the form"
        said = "please fill this in" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
        return FormError(f"{where}: {said[:1].lower()}{said[1:]}", given)


def _is_list(annotation: Any) -> bool:
    kinds = get_args(annotation) if get_origin(annotation) is types.UnionType else (annotation,)
    return any(get_origin(each) is list for each in kinds)


def actor(request: Asked) -> Actor:
    """The signed-in caller. Raises NotAuthorizedException where there is none, which the guard has ruled out."""
    found: Actor | None = request.user
    if found is None:
        raise NotAuthorizedException("sign in first")
    return found


def actor_email(request: Asked) -> str:
    """Who asks, as the audit trail names them."""
    return request.user.email if request.user else "this machine"
