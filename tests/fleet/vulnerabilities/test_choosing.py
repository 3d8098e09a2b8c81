"""Whom to ask about vulnerabilities."""

import pytest

from bot.clock import FrozenClock
from bot.errors import UnavailableError
from bot.fleet.vulnerabilities.choosing import Choosing, Mode, PassedOver
from tests.fleet.vulnerabilities.played_source import NOW, PlayedSource


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def scout(clock: FrozenClock) -> PlayedSource:
    return PlayedSource(clock)


@pytest.fixture
def osv(clock: FrozenClock) -> PlayedSource:
    return PlayedSource(clock, name="osv", label="SBOM and OSV")


def test_by_itself_it_takes_the_first_that_answers(clock: FrozenClock, scout: PlayedSource, osv: PlayedSource) -> None:
    scanner = PlayedSource(clock, name="scanner", label="grype")
    choosing = Choosing(Mode.AUTO, [osv, scanner, scout], clock)
    assert choosing.of("acme").source is scout

    scout.trouble = "beta is not enrolled."
    choice = choosing.of("beta")

    assert choice.source is scanner
    assert choice.passed_over == (PassedOver("scout", "Docker Scout", "beta is not enrolled."),)
    scanner.trouble = "It is not installed."
    assert choosing.of("gamma").source is osv


def test_what_was_found_out_is_remembered_for_an_hour_for_each_namespace(
    clock: FrozenClock, scout: PlayedSource, osv: PlayedSource
) -> None:
    choosing = Choosing(Mode.AUTO, [scout, osv], clock)
    patient = choosing.with_sources([PlayedSource(clock), osv])
    choosing.of("acme")
    scout.trouble = "It is not enrolled any more."
    clock.advance(3_599)
    assert choosing.of("acme").source is scout
    assert patient.of("acme").source not in {scout, osv}
    assert choosing.of("beta").source is osv
    clock.advance(1)

    assert choosing.known("acme") is None
    assert choosing.of("acme").source is osv
    assert scout.probed == ["acme", "beta", "acme"]


def test_an_outage_changes_nobody(clock: FrozenClock, scout: PlayedSource, osv: PlayedSource) -> None:
    choosing = Choosing(Mode.AUTO, [scout, osv], clock)
    choosing.of("acme")
    clock.advance(3_600)
    scout.trouble = UnavailableError("acme", status=503)

    assert choosing.of("acme").source is scout
    assert choosing.of("acme").source is scout
    assert scout.probed == ["acme", "acme"]
    clock.advance(120)
    choosing.of("acme")
    assert len(scout.probed) == 3


def test_an_outage_at_first_is_said_and_asked_about_again_soon(
    clock: FrozenClock, scout: PlayedSource, osv: PlayedSource
) -> None:
    choosing = Choosing(Mode.AUTO, [scout, osv], clock)
    scout.trouble = UnavailableError("acme", status=503)

    choice = choosing.of("acme")

    assert choice.source is None
    assert choice.why.startswith("Docker Scout could not be asked whether it answers for `acme`: Docker Hub is not")
    clock.advance(120)
    scout.trouble = ""
    assert choosing.of("acme").source is scout


@pytest.mark.parametrize("mode", [Mode.SCOUT, Mode.OSV])
def test_what_is_set_is_asked_and_nobody_else(
    clock: FrozenClock, scout: PlayedSource, osv: PlayedSource, mode: Mode
) -> None:
    scout.trouble = osv.trouble = "no"
    choosing = Choosing(mode, [scout, osv], clock)

    choice = choosing.of("acme")

    assert choice.source is not None
    assert (choice.source.name, choice.passed_over, scout.probed) == (mode.value, (), [])


def test_off_is_nobody(clock: FrozenClock, scout: PlayedSource) -> None:
    choosing = Choosing(Mode.OFF, [scout], clock)

    assert choosing.is_off
    assert choosing.of("acme").source is None
    assert "`off`" in choosing.of("acme").why


def test_nobody_who_answers_is_said_with_every_reason(
    clock: FrozenClock, scout: PlayedSource, osv: PlayedSource
) -> None:
    scout.trouble, osv.trouble = "Scout says no.", "OSV says no."

    choice = Choosing(Mode.AUTO, [scout, osv], clock).of("acme")

    assert (choice.source, choice.why) == (None, "Scout says no. OSV says no.")
