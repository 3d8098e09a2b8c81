"""What every test has: no way out, no settings from outside, one place for shared reference data."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support import secret_watch

# No deadline: a machine that is busy elsewhere is no failure.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

_OURS = ("HUB_BOT_", "DOCKERHUB_", "DOCKER_", "SLACK_", "OSV_")


def pytest_configure(config: pytest.Config) -> None:
    """Watch for secrets in what the tests make the bot write, say and keep."""
    secret_watch.install(config)


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> Iterator[None]:
    """Take the program's variables out of the environment, so that a developer's own never decide a test."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(_OURS)}
    yield
    os.environ.update(kept)
