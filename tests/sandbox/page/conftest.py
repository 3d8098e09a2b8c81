from collections.abc import Iterator
from typing import Any

import pytest
import requests

from bot.sandbox.page.guide import Guide, Option, Verb
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.slack.seed import manifest_for

GUIDE = Guide(
    verbs=[
        Verb("tags", "Look", "tags <image> [--wide]", "List tags", [Option("--wide", "More columns.")], ["/hub tags a"])
    ],
    tips=["/hub tags acme/api"],
)


class PageOfTests:
    """The page's own interface, asked as the page asks.

    Attributes:
        sandbox: The world behind it.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.url = sandbox.page.url

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", headers=headers, timeout=10)

    def post(self, path: str, order: Any, **headers: str) -> requests.Response:
        return requests.post(f"{self.url}{path}", json=order, headers=headers, timeout=10)

    def seen_by(self, user: str, *, after: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/state?as={user}&after={after}").json()
        return found


@pytest.fixture
def page() -> Iterator[PageOfTests]:
    """A sandbox whose app nobody runs: commands fail, everything else works."""
    with Sandbox(manifest_for("http://127.0.0.1:9/slack/events"), guide=GUIDE, bot_state=lambda: "down") as sandbox:
        yield PageOfTests(sandbox)
