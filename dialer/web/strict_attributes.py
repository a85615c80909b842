"""Templates fail on an attribute that an object does not have, instead of showing an empty cell."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Undefined
from jinja2.exceptions import UndefinedError
from jinja2.utils import missing


class StrictAttributes(Undefined):
    """A name that is not in the context, or a key that is not in a mapping, may be left out; an attribute may not."""

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[UndefinedError] = UndefinedError,
    ) -> None:
        super().__init__(hint, obj, name, exc)
        if obj is not missing and not isinstance(obj, Mapping):
            self._fail_with_undefined_error()
