"""Outages that need real processes: a database server that goes, and a replica that is paused for too long."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.store.engine import open_store
from bot.store.tables import lanes
from tests.chaos.accounting import all_is_told, take_account
from tests.chaos.kills import FOLD_SECONDS, RECOVERY_SECONDS, SLACK_LATENCY_SECONDS, interests, recover
from tests.chaos.sender import Sender
from tests.chaos.world import BotProcess, World, world
from tests.store.server import PostgresqlServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

SEED = 20_261_121
REPLICAS = 2
END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '%s'"


@pytest.fixture
def around(tmp_path: Path, postgresql_url: str) -> Iterator[World]:
    with world(
        tmp_path,
        postgresql_url,
        channels=interests(channels=6, repositories=6, each=3),
        replicas=REPLICAS,
        slack_latency_seconds=SLACK_LATENCY_SECONDS,
    ) as around:
        around.slack.quota.is_enabled = False
        yield around


def delivering(around: World) -> Sender:
    """Return a sender, when there is much to deliver."""
    sender = Sender(around, around.repositories, SEED, longest_pause_seconds=5)
    sender.start()
    wait_until(lambda: len(sender.accepted) >= len(around.repositories))
    around.skip(FOLD_SECONDS)
    return sender


def let_a_minute_pass(around: World, process: BotProcess) -> None:
    """Have done to a replica that is suspended what the server and the other replica would do in a minute.

    Its sessions are ended, as by `idle_in_transaction_session_timeout`: it may hold locks. And all leases are over, as
    if by their time. The clock is not moved: who is suspended does not follow it, and would afterwards take the leases
    of the other one for those of a clock that has been set back. The database's own clock is one for all.
    """
    ended = {"leased_until": around.clock(), "due_at": around.clock()}
    over = update(lanes).where(lanes.c.leased_until.is_not(None)).values(ended)
    with closing(open_store(around.database_url)) as store:
        store.write(lambda connection: connection.exec_driver_sql(END_SESSIONS % process.name).all())
        store.write(lambda connection: connection.execute(over).rowcount)


@pytest.mark.timeout(120)
def test_the_database_server_goes_while_messages_are_on_their_way(around: World, server: PostgresqlServer) -> None:
    process = around.start_bot()
    process.wait_until_ready()
    sender = delivering(around)
    wait_until(lambda: process.door.under_way)

    server.stop()
    try:
        time.sleep(1)
        refused = around.post_webhook(around.push(around.repositories[0], "refused"))
    finally:
        server.start()
    accepted = sender.stop()
    seconds = recover(around, lambda: all_is_told(around, accepted))

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    account = take_account(around, accepted)
    assert (account.lost, account.doubled, account.disordered, account.confirming) == ([], [], [], [])
    assert account.duplicates == {}, "what Slack has taken is noted when the database is back"
    assert seconds <= RECOVERY_SECONDS


@pytest.mark.timeout(120)
def test_a_replica_is_paused_for_longer_than_its_lease(around: World) -> None:
    replicas = [around.start_bot(port) for port in around.ports]
    for each in replicas:
        each.wait_until_ready()
    sender = delivering(around)
    wait_until(lambda: any(each.door.under_way for each in replicas))

    paused = next(each for each in replicas if each.door.under_way)
    paused.suspend()
    let_a_minute_pass(around, paused)
    time.sleep(3)
    paused.resume()
    accepted = sender.stop()
    seconds = recover(around, lambda: all_is_told(around, accepted))

    account = take_account(around, accepted)
    assert (account.lost, account.doubled, account.disordered, account.confirming) == ([], [], [], [])
    assert account.duplicates, "what was on its way is said again by the other one"
    assert account.unexplained == []
    assert seconds <= RECOVERY_SECONDS
