"""Pages, without a browser: each is shown to who may see it, empty and full, in few statements."""

from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient

from dialer.settings import Settings
from dialer.wiring.stores import Store
from tests.support.pages import EMPTY_PAGES, signed_in


@pytest.fixture
async def web(settings: Settings, store: Store) -> AsyncIterator[AsyncClient]:
    async with signed_in(settings, store) as client:
        yield client


@pytest.mark.parametrize("path", EMPTY_PAGES)
async def test_every_page_of_an_empty_house_says_what_comes_next(web: AsyncClient, path: str) -> None:
    answer = await web.get(path)
    assert answer.status_code == 200, answer.text
    assert "</html>" in answer.text
