import traceback

import pytest

from bot.store.engine import open_store
from bot.store.errors import StoreMisconfiguredError
from tests.store.conftest import OpenStore

FORMS = "Write `sqlite:///path/to/hub-bot.db` or `postgresql+psycopg://user:password@host/database`."


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "The database URL is no URL."),
        ("hunter2", "The database URL is no URL."),
        ("postgresql+psycopg://u:hunter2@host:port/db", "The database URL is no URL."),
        ("postgres://u:hunter2@host/db", "The database URL begins with `postgres:`."),
        ("postgresql://u:hunter2@host/db", "The database URL begins with `postgresql:`."),
        ("mysql://u:hunter2@host/db", "The database URL begins with `mysql:`."),
        ("sqlite://hunter2/db", "A SQLite URL holds a path and nothing else."),
        ("sqlite:///hub-bot.db?mode=ro", "A SQLite URL holds a path and nothing else."),
        ("sqlite:///file:hub-bot.db", "A SQLite URL holds a path and nothing else."),
    ],
)
def test_a_wrong_url_is_refused_and_not_repeated(url: str, problem: str) -> None:
    with pytest.raises(StoreMisconfiguredError) as caught:
        open_store(url)

    assert caught.value.problems == (f"{problem} {FORMS}",)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_server_is_not_asked_before_it_is_needed(opening: OpenStore) -> None:
    store = opening("postgresql+psycopg://ada:hunter2@nowhere.invalid:5433/hub")

    assert repr(store) == "<PostgresqlStore nowhere.invalid:5433/hub>"
    assert store.is_shared


def test_a_file_is_for_one_process(opening: OpenStore, sqlite_url: str) -> None:
    assert not opening(sqlite_url).is_shared
