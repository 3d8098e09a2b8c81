"""Every statement about vulnerabilities, once through on each store."""

from datetime import timedelta

from bot.clock import FrozenClock
from bot.fleet.model import Scope
from bot.fleet.vulnerabilities.choosing import Choosing, Mode
from bot.fleet.vulnerabilities.refreshing import VulnerabilityLoop
from bot.fleet.vulnerabilities.service import Vulnerabilities
from bot.governance.proposals import Asker
from bot.store.base import Store
from tests.fleet.vulnerabilities.played_source import CRITICAL, HIGH, LOW, PlayedSource, show, tag_of

ACME = Scope(namespaces=("acme",))
OMAR = Asker("U0OMAR", "T0", "C0")


def test_a_week_of_it(store: Store, clock: FrozenClock) -> None:
    source = PlayedSource(clock)
    choosing = Choosing(Mode.AUTO, [source], clock)
    vulnerabilities = Vulnerabilities(store, choosing, clock, watched=lambda: ACME)
    loop = VulnerabilityLoop(store, choosing, clock, scopes=lambda: ACME)
    tags = [tag_of(f"acme/r{number:03}") for number in range(30)]
    show(store, *tags)
    source.knows = {"acme/r000": [CRITICAL, HIGH], "acme/r001": [LOW]}
    for day in range(8):
        if day == 3:
            vulnerabilities.accept(
                CRITICAL.id, image="acme/*", reason="so", expires_at=clock.now() + timedelta(days=30), asker=OMAR
            )
        while not loop.step():
            pass
        clock.advance(86_400)

    seen, unchecked = vulnerabilities.standing_for(ACME)
    looked = vulnerabilities.look(seen, seconds=None)
    assert (len(looked.images), looked.unchecked, len(unchecked)) == (30, (), 1)  # Nobody swept the namespace itself.
    assert {severity.value: value for severity, value in (looked.images[0].counts or {}).items() if value} == {
        "high": 1
    }
    assert len(vulnerabilities.which(CRITICAL.id, looked).affected) == 1
    known_on, counts = vulnerabilities.trend(seen)["acme/r000:latest"]
    assert (known_on, sum(counts.values())) == ("2026-11-22", 2)
    assert [sum(counts.values()) for _, counts in vulnerabilities.totals("acme")] == [3, 3, 3, 2, 2, 2, 2, 2]
    assert vulnerabilities.unaccept(CRITICAL.id, image=None, asker=OMAR)
    assert vulnerabilities.accepted() == ()
