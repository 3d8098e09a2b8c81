"""Short image names."""

import pytest

from bot.clock import FrozenClock
from bot.errors import UnavailableError
from bot.hub.names import MOST_REMEMBERED, REMEMBERED_SECONDS, Names
from bot.hub.protocol import Answer
from bot.hub.repositories import Repositories
from bot.images import ImageReference
from tests.hub.support import NOW, FakeWire, Sent, json_answer, make_api

EXISTING = "/v2/namespaces/acme/repositories/api"


class Finder:
    def __init__(self, missing: Answer) -> None:
        self.clock = FrozenClock(NOW)
        self.missing = missing
        self.wire = FakeWire(self.respond, self.clock)
        self.names = Names(self.clock)
        self.repositories = Repositories(make_api(self.wire))

    def respond(self, sent: Sent) -> Answer:
        return json_answer({"namespace": "acme", "name": "api"}) if sent.request.path == EXISTING else self.missing

    def find(self, text: str, namespace: str | None = "acme") -> str:
        return str(self.names.find(ImageReference.parse(text), namespace, self.repositories))


@pytest.fixture
def finder() -> Finder:
    return Finder(json_answer({"detail": "Object not found"}, 404))


@pytest.mark.parametrize(
    ("text", "namespace", "expected", "requests"),
    [
        ("api", "acme", "acme/api", 1),
        ("api:1.2", "ACME", "acme/api", 1),
        ("nginx", "acme", "library/nginx", 1),
        ("nginx", None, "library/nginx", 0),
        ("nginx", "library", "library/nginx", 0),
        ("other/nginx", "acme", "other/nginx", 0),
        ("library/api", "acme", "library/api", 0),
        ("docker.io/api", "acme", "library/api", 0),
    ],
)
def test_short_names_are_looked_up(
    finder: Finder, text: str, namespace: str | None, expected: str, requests: int
) -> None:
    assert finder.find(text, namespace) == expected
    assert len(finder.wire.sent) == requests


@pytest.mark.parametrize("text", ["api", "nginx"])
def test_answer_is_remembered_for_a_minute(finder: Finder, text: str) -> None:
    assert finder.find(text) == finder.find(text)
    assert len(finder.wire.sent) == 1

    finder.clock.advance(REMEMBERED_SECONDS)
    finder.find(text)

    assert len(finder.wire.sent) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_what_is_forbidden_exists(status: int) -> None:
    assert Finder(json_answer({}, status)).find("secret") == "acme/secret"


def test_not_knowing_is_not_remembered() -> None:
    finder = Finder(Answer(500))

    for _ in range(2):
        with pytest.raises(UnavailableError):
            finder.find("nginx")
    assert len(finder.wire.sent) == 2


def test_memory_does_not_grow_without_end(finder: Finder) -> None:
    for number in range(MOST_REMEMBERED + 10):
        finder.find(f"name{number}")

    assert len(finder.names._known) <= MOST_REMEMBERED
