"""A short run of `make chaos`, on SQLite; the long one has both stores, and replicas.

Moments of a kill are random; the seed only repeats the draws. So few kills may all miss a message on its way: how many
met one is counted in the long run.
"""

from pathlib import Path

import pytest

from tests.chaos.kills import RECOVERY_SECONDS, campaign, interests

KILLS = 4
SEED = 20_261_121


@pytest.mark.timeout(120)
def test_nothing_is_lost_and_every_duplicate_has_a_dead_sender(tmp_path: Path, sqlite_url: str) -> None:
    outcome = campaign(
        tmp_path,
        sqlite_url,
        kills=KILLS,
        seed=SEED,
        channels=interests(channels=6, repositories=6, each=3),
        longest_pause_seconds=5,
        lives=(0.3, 1.5),
    )

    assert outcome.failures(sqlite_url) == {}, f"seed {SEED}"
    assert outcome.account.owed > outcome.account.pushes > 0
    assert outcome.recovery_seconds <= RECOVERY_SECONDS
