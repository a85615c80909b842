"""What a form says is wrong: the field's label, and what to do."""

from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from dialer.web.pages.forms import error_message


class Campaign(BaseModel):
    name: Annotated[str, Field(max_length=5)] = "fair"
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 1
    first: date = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": "too long"}, "Name can have at most 5 characters."),
        ({"concurrency": "0"}, "Calls at once must be 1 or more."),
        ({"concurrency": "1001"}, "Calls at once must be 1000 or less."),
        ({"concurrency": "many"}, "Calls at once must be a whole number."),
        ({"first": "tomorrow"}, "Start date must be a date."),
    ],
)
def test_an_error_names_the_field_as_the_page_does(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as error:
        Campaign.model_validate(given)
    assert error_message(error.value) == says
