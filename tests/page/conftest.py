"""The page in a real browser, in front of the real bot: what a newcomer sees after `make demo`."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import chromium, chromium_path
from tests.support.demo import RunningDemo, running_demo

ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "page"
DESKTOP, PHONE = (1280, 800), (390, 844)
PATIENCE_MILLISECONDS = 20_000
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"/>'

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    with chromium(path) as browser:
        yield browser


@pytest.fixture(scope="module")
def demo() -> Iterator[RunningDemo]:
    with running_demo() as demo:
        yield demo


@contextmanager
def opened(browser: Browser, test: str) -> Iterator[Callable[..., Page]]:
    """Yield what opens a page in a fresh profile; in the end a picture is kept and there must be no script error."""
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    pages: list[tuple[Page, list[str]]] = []

    def open_at(address: str, *, size: tuple[int, int] = DESKTOP, theme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if theme == "dark" else "light",
            timezone_id="Europe/Berlin",
            locale="en-US",
        )
        # Pictures of messages may be anywhere; tests ask no other host.
        context.route(re.compile("^https:"), lambda route: route.fulfill(content_type="image/svg+xml", body=PICTURE))
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(address)
        pages.append((page, errors))
        return page

    yield open_at
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "-", test).strip("-")
    for number, (page, errors) in enumerate(pages):
        page.screenshot(path=ARTIFACTS / f"{name}{f'-{number}' if number else ''}.png")
        page.context.close()
        assert errors == []


@pytest.fixture
def open_page(browser: Browser, demo: RunningDemo, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Return what opens the page as somebody, in a conversation."""
    with opened(browser, request.node.name) as open_at:

        def open_it(*, user: str = "U0ANA", channel: str = "C0GENERAL", **look: Any) -> Page:
            page = open_at(f"{demo.url}/?as={user}#{channel}", **look)
            # Keys that are pressed before the first answer came go nowhere.
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            return page

        yield open_it
