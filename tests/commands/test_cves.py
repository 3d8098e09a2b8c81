"""`/hub cves`."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.assembly import build_refreshing
from bot.chat.cves import ImagesResult, OverviewResult, WhichResult
from bot.chat.router import Router
from bot.document import Chart, Link
from bot.errors import HubBotError, UsageError, UserError
from bot.fleet.vulnerabilities.choosing import Choosing, Mode
from bot.fleet.vulnerabilities.model import ScanState, Severity, Vulnerability
from bot.fleet.vulnerabilities.refreshing import VulnerabilityLoop
from bot.fleet.vulnerabilities.service import Vulnerabilities
from bot.governance.roles import Role
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.scout_seed import Finding
from bot.sandbox.hub.state import HubState
from bot.web.rights import NotAllowedError
from commands.cves import COMMAND
from tests.fleet.vulnerabilities.played_source import CRITICAL, HIGH, LOW, PlayedSource
from tests.support.desk import ago, digest, image
from tests.support.whole import MEMBER, OPERATOR, WholeDesk, built_hub, open_whole_desk

MEDIUM = Vulnerability("GHSA-jfh8-c2jp-5v3q", Severity.MEDIUM, "log4j", "2.14", "2.17", 6.1)
DAY = 86_400


def hub() -> HubState:
    """Return acme with api (of two platforms), web and worker, and the official python."""
    state = built_hub()
    state.create_repository("acme", "web", at=ago(days=900))
    state.create_repository("acme", "worker", at=ago(days=900))
    state.push_tag(
        "acme/worker", "latest", at=ago(days=3), images=[image("linux/amd64", "f", 1_000)], digest=digest("5")
    )
    state.push_tag("acme/web", "latest", at=ago(days=3), images=[image("linux/amd64", "d", 1_000)], digest=digest("3"))
    state.create_repository("library", "python", at=ago(days=900))
    state.push_tag(
        "library/python", "3.12", at=ago(days=3), images=[image("linux/amd64", "e", 1_000)], digest=digest("4")
    )
    return state


@pytest.fixture
def whole() -> Iterator[WholeDesk]:
    with open_whole_desk(state=hub()) as opened:
        yield opened


@pytest.fixture
def source(whole: WholeDesk) -> PlayedSource:
    source = PlayedSource(whole.clock)
    source.knows = {
        "acme/api": [CRITICAL, HIGH, LOW],
        "acme/web": [HIGH, replace(HIGH, package="zlib-dev")],
        "library/python": [MEDIUM],
    }
    return source


@pytest.fixture
def desk(whole: WholeDesk, source: PlayedSource) -> WholeDesk:
    """A desk at which a source is asked that says what a test wants it to."""
    ask(whole, source)
    return whole


def ask(desk: WholeDesk, *sources: PlayedSource, mode: Mode = Mode.AUTO) -> None:
    """Have these sources asked, in place of the real ones."""
    choosing = Choosing(mode, sources, desk.clock)
    watched = desk.parts.vulnerabilities.watched
    vulnerabilities = Vulnerabilities(desk.store, choosing, desk.clock, watched=lambda: watched)
    desk.parts = replace(desk.parts, vulnerabilities=vulnerabilities)


def days_go_by(desk: WholeDesk, count: int) -> None:
    """Let days go by, on each of which the daily look is had."""
    vulnerabilities = desk.parts.vulnerabilities
    loop = VulnerabilityLoop(desk.store, vulnerabilities.choosing, desk.clock, scopes=lambda: vulnerabilities.watched)
    for _ in range(count):
        desk.clock.advance(DAY)
        while not loop.step():
            pass


def test_a_namespace_is_a_table_of_images_the_worst_first(desk: WholeDesk) -> None:
    said = desk.ask("cves", by=MEMBER)

    assert said.lines[:4] == [
        "Vulnerabilities of acme",
        "Image | Critical | High | Medium | Low",
        "acme/api:latest | 1 | 1 | 0 | 1",
        "acme/web:latest | 0 | 1 | 0 | 0",
    ]
    assert "By Docker Scout, now." in said.lines
    assert "Added up over the images: 1 critical, 2 high, 1 low." in said.lines


def test_what_is_not_analysed_is_listed_apart_and_never_zero(desk: WholeDesk, source: PlayedSource) -> None:
    source.states = {"acme/web": ScanState.PENDING, "acme/worker": ScanState.UNAVAILABLE}

    said = desk.ask("cves")

    assert not any(each.startswith("acme/web:latest |") for each in said.lines)
    assert "Not checked, which does not mean that there is nothing:" in said.lines
    assert "- acme/web:latest: Docker Scout says pending" in said.lines
    assert "- acme/worker:latest: Docker Scout says unavailable" in said.lines


def test_an_image_shows_its_findings_and_which_platform_was_looked_at(desk: WholeDesk) -> None:
    said = desk.ask("cves acme/api:latest")

    assert said.lines == [
        "Vulnerabilities of acme/api:latest",
        "acme/api:latest (linux/amd64 of 2 platforms): 1 critical, 1 high, 1 low; by Docker Scout, now.",
        "Vulnerability | Severity | Package | Version | Fixed by",
        "CVE-2026-0001 | critical 9.8 | openssl | 3.0.1 | 3.0.2",
        "CVE-2026-0002 | high 7.5 | zlib | 1.2.11 | –",
        "CVE-2026-0003 | low | bash | 5.1 | –",
        "3 findings, the worst first.",
    ]
    assert isinstance(said.result, ImagesResult)
    (table,) = said.document.tables()
    links = [cell for row in table.rows for cell in row if isinstance(cell, Link)]
    assert links[0].url == "https://www.cve.org/CVERecord?id=CVE-2026-0001"


def test_several_images_official_ones_too_are_one_table(desk: WholeDesk) -> None:
    said = desk.ask("cves python:3.12 acme/web")

    assert "- python:3.12: 1 medium; by Docker Scout, now." in said.lines
    assert "python:3.12 | GHSA-jfh8-c2jp-5v3q | medium 6.1 | log4j | 2.14 | 2.17" in said.lines
    assert "acme/web:latest | CVE-2026-0002 | high 7.5 | zlib-dev | 1.2.11 | –" in said.lines


def test_severity_means_that_and_worse(desk: WholeDesk) -> None:
    said = desk.ask("cves --severity high")

    assert said.lines[1:4] == ["Image | Critical | High", "acme/api:latest | 1 | 1", "acme/web:latest | 0 | 1"]
    only_worst = desk.ask("cves acme/api:latest --severity critical").lines
    assert [each for each in only_worst if each.startswith("CVE-")] == [
        "CVE-2026-0001 | critical 9.8 | openssl | 3.0.1 | 3.0.2"
    ]
    clean = desk.ask("cves acme/web --severity critical").lines
    assert "acme/web:latest: no critical vulnerability is known; by Docker Scout, now." in clean


def test_fixable_has_a_fix(desk: WholeDesk) -> None:
    said = desk.ask("cves --fixable")

    assert said.lines[2:3] == ["acme/api:latest | 1 | 0 | 0 | 0"]
    assert not any(each.startswith("acme/web") for each in said.lines)


def test_new_came_in_the_last_week(desk: WholeDesk, source: PlayedSource) -> None:
    source.knows["acme/api"] = [CRITICAL]
    desk.ask("cves acme/api")
    days_go_by(desk, 2)
    source.knows["acme/api"] = [CRITICAL, HIGH]
    days_go_by(desk, 1)

    said = desk.ask("cves --new")
    assert said.lines[2] == "acme/api:latest | 0 | 1 | 0 | 0"
    assert said.lines[-1] == "New is what came since 2026-11-17 09:00 UTC."
    days_go_by(desk, 8)

    assert desk.ask("cves --new").lines[1] == "None of 3 images has a new vulnerability."


def test_the_trend_is_against_a_week_ago_and_drawn_from_the_third_day(desk: WholeDesk, source: PlayedSource) -> None:
    desk.ask("cves")
    assert not any(isinstance(part, Chart) for part in desk.ask("cves").document.parts)
    source.knows["acme/web"] = [HIGH, LOW, CRITICAL]
    source.knows["acme/api"] = [HIGH, LOW]
    days_go_by(desk, 7)

    said = desk.ask("cves")

    assert said.lines[1:5] == [
        "Image | Critical | High | Medium | Low | Trend",
        "acme/web:latest | 1 | 1 | 0 | 1 | +2",
        "acme/api:latest | 0 | 1 | 0 | 1 | -1",
        "acme/worker:latest | 0 | 0 | 0 | 0 | 0",
    ]
    (chart,) = [part for part in said.document.parts if isinstance(part, Chart)]
    assert chart.categories == ("22 Nov", "23 Nov", "24 Nov", "25 Nov", "26 Nov", "27 Nov", "28 Nov")
    assert [each.name for each in chart.series] == ["Critical", "High", "Medium", "Low"]
    assert chart.series[1].values == (2.0,) * 7


def test_a_failed_look_leaves_what_was_known_with_its_age(desk: WholeDesk, source: PlayedSource) -> None:
    desk.ask("cves")
    desk.clock.advance(DAY + 60)
    source.states = dict.fromkeys(("acme/api", "acme/web", "acme/worker"), ScanState.FAILED)

    said = desk.ask("cves")

    assert said.lines[2] == "acme/api:latest | 1 | 1 | 0 | 1 | 0"
    assert "By Docker Scout, 1 d ago." in said.lines
    assert any(each.startswith("Nothing newer is known of acme/api:latest") for each in said.lines)


def test_which_images_have_one_by_any_of_its_names(desk: WholeDesk, source: PlayedSource) -> None:
    source.states = {"acme/worker": ScanState.PENDING}

    said = desk.ask("cves --which ghsa-aaaa-bbbb-cccc")

    assert said.lines[:4] == [
        "Images with GHSA-AAAA-BBBB-CCCC",
        "GHSA-AAAA-BBBB-CCCC is in 1 image. 1 image does not have it.",
        "Image | Severity | Package | Version | Fixed by | As of",
        "acme/api:latest | critical | openssl | 3.0.1 | 3.0.2 | 2026-11-21 09:00 UTC",
    ]
    assert "- acme/worker:latest: Docker Scout says pending" in said.lines
    nowhere = desk.ask("cves --which CVE-1999-0001").lines
    assert nowhere[1] == "CVE-1999-0001 is in none of the images that could be checked. 2 images do not have it."


def test_which_tells_what_could_not_be_looked_at_one_by_one(desk: WholeDesk, source: PlayedSource) -> None:
    source.fails_details = True

    said = desk.ask("cves --which CVE-2026-0001")

    assert isinstance(said.result, WhichResult)
    assert (said.result.affected, said.result.clear) == ((), 1)
    assert [each.subject for each in said.result.unchecked] == ["acme/api:latest", "acme/web:latest"]


def test_an_accepted_vulnerability_is_shown_apart_until_it_expires(desk: WholeDesk) -> None:
    said = desk.ask(
        'cves accept CVE-2026-0001 --until 2026-11-30 --reason "not reachable" --image acme/api', by=OPERATOR
    )
    assert said.lines == [
        "CVE-2026-0001 in acme/api is accepted until 2026-12-01 00:00 UTC, and not counted: not reachable"
    ]

    overview = desk.ask("cves").lines
    assert overview[1:4] == [
        "Image | Critical | High | Medium | Low | Accepted",
        "acme/api:latest | 0 | 1 | 0 | 1 | 1",
        "acme/web:latest | 0 | 1 | 0 | 0 | 0",
    ]
    shown = desk.ask("cves acme/api").lines
    assert "(1 accepted and not counted)" in shown[1]
    assert shown[-2] == "CVE-2026-0001 | critical 9.8 | openssl | 3.0.1 | 3.0.2 | 2026-12-01 00:00 UTC"
    which = desk.ask("cves --which CVE-2026-0001").lines
    assert which[2:4] == [
        "Image | Severity | Package | Version | Fixed by | Accepted until | As of",
        "acme/api:latest | critical | openssl | 3.0.1 | 3.0.2 | 2026-12-01 00:00 UTC | 2026-11-21 09:00 UTC",
    ]

    desk.clock.advance(9 * DAY + 15 * 3_600)

    assert desk.ask("cves accepted").lines[1] == "Nothing is accepted: every known vulnerability is counted."
    assert desk.ask("cves").lines[2].startswith("acme/api:latest | 1 | 1 | 0 | 1")


def test_an_alias_of_what_is_accepted_counts_as_accepted(desk: WholeDesk) -> None:
    desk.ask("cves accept ghsa-AAAA-bbbb-cccc --for 30d --reason so", by=OPERATOR)

    assert desk.ask("cves").lines[2] == "acme/api:latest | 0 | 1 | 0 | 1 | 1"


def test_what_is_accepted_is_listed_and_can_be_taken_back(desk: WholeDesk) -> None:
    desk.ask("cves accept CVE-2026-0002 --for 30d --reason 'no zlib'", by=OPERATOR)
    desk.ask("cves accept CVE-2026-0001 --for 1w --reason first --image api", by=OPERATOR)
    desk.ask("cves accept CVE-2026-0001 --for 2w --reason second --image acme/api", by=OPERATOR)

    listed = desk.ask("cves accepted", by=MEMBER).lines
    assert listed[1:] == [
        "Vulnerability | Images | Until | Reason | By | Since",
        f"CVE-2026-0001 | acme/api | 2026-12-05 09:00 UTC | second | {OPERATOR} | 2026-11-21 09:00 UTC",
        f"CVE-2026-0002 | every image | 2026-12-21 09:00 UTC | no zlib | {OPERATOR} | 2026-11-21 09:00 UTC",
    ]
    assert desk.ask("cves unaccept CVE-2026-0001", by=OPERATOR).lines == [
        "CVE-2026-0001 in acme/api is no longer accepted, and counted again."
    ]
    again = desk.ask("cves unaccept CVE-2026-0001", by=OPERATOR)
    assert (again.lines, again.is_good) == (["CVE-2026-0001 was not accepted there."], False)
    assert desk.ask("cves").lines[2] == "acme/api:latest | 1 | 0 | 0 | 1 | 1"


def test_accepting_is_in_the_audit_trail(desk: WholeDesk) -> None:
    desk.ask("cves accept CVE-2026-0001 --for 30d --reason so --image 'acme/*'", by=OPERATOR)
    desk.ask("cves unaccept CVE-2026-0001", by=OPERATOR)

    trail = desk.ask("history --verb cves").lines

    assert any(f"| {OPERATOR} | Accept CVE-2026-0001 in acme/* until 2026-12-21 09:00 UTC | done" in x for x in trail)
    assert any(f"| {OPERATOR} | No longer accept CVE-2026-0001 | done" in each for each in trail)


def test_accepting_needs_an_operator(desk: WholeDesk) -> None:
    for typed in ("cves accept CVE-2026-0001 --for 30d --reason so", "cves unaccept CVE-2026-0001"):
        assert desk.router.parse(typed).role is Role.OPERATOR
        with pytest.raises(NotAllowedError):
            desk.ask(typed, by=MEMBER)
    assert desk.router.parse("cves accepted").role is Role.MEMBER


def test_nothing_is_accepted_for_more_than_a_year_or_in_the_past(desk: WholeDesk) -> None:
    for span in ("--until 2026-11-20", "--for 400d", "--until 2028-01-01", "--until 9999-12-31", "--for 999999w"):
        said = desk.ask(f"cves accept CVE-2026-0001 {span} --reason so", by=OPERATOR)

        assert isinstance(said.failure, UserError)
    assert desk.ask("cves accepted").lines[1].startswith("Nothing is accepted")


@pytest.mark.parametrize(
    "typed",
    [
        "cves accept",
        "cves accept CVE-2026-0001",
        "cves accept CVE-2026-0001 --for 30d",
        "cves accept CVE-2026-0001 --reason so",
        "cves accept CVE-2026-0001 --reason so --for 30d --until 2026-12-31",
        "cves accept openssl --reason so --for 30d",
        "cves accept CVE-2026-0001 --reason so --until tomorrow",
        "cves accept CVE-2026-0001 CVE-2026-0002 --reason so --for 30d",
        "cves unaccept CVE-2026-0001 --reason so",
        "cves accepted --severity high",
        "cves --which nonsense",
        "cves --which CVE-2026-0001 --severity high",
        "cves --severity awful",
        "cves acme/api --reason so",
        "cves acme/api --namespace acme",
        "cves acme/api@sha256:" + "a" * 64,
        "cves --all --limit 3",
        "cves accept CVE-20260001 --reason so --for 30d",
        "cves --which CVE-20260001",
    ],
)
def test_what_does_not_fit_together_is_said(typed: str) -> None:
    with pytest.raises(UsageError):
        Router((COMMAND,)).parse(typed)


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("cves acept CVE-2026-0001 --for 30d --reason so", "/hub cves accept CVE-2026-0001"),
        ("cves unacept CVE-2026-0001", "/hub cves unaccept CVE-2026-0001"),
        ("cves acepted", "/hub cves accepted"),
        ("cves cve-2026-0001", "/hub cves --which CVE-2026-0001"),
        ("cves --severity sever", ""),
        ("cves --severity hgih", "--severity high"),
        ("cves --severity=critcal", "--severity critical"),
    ],
)
def test_what_was_meant_is_suggested(typed: str, suggestion: str) -> None:
    with pytest.raises(UsageError) as caught:
        Router((COMMAND,)).parse(typed)

    assert caught.value.suggestion == suggestion


def test_no_time_at_all_is_said_to_be_none() -> None:
    with pytest.raises(UsageError, match="more than no time at all"):
        Router((COMMAND,)).parse("cves accept CVE-2026-0001 --for 0d --reason so")


def test_some_repositories_cost_a_listing_and_their_own_tags_only(desk: WholeDesk) -> None:
    many_more(desk)

    said = desk.ask("cves 'acme/ap*'")

    assert said.lines[2].startswith("acme/api:latest | 1 | 1")
    assert isinstance(said.result, OverviewResult)
    assert (len(said.result.images), said.result.unchecked) == (1, ())
    assert [path for path in desk.paths() if path.endswith("/tags")] == [
        "GET /v2/namespaces/acme/repositories/api/tags"
    ]


def test_of_a_namespace_only_the_newest_tags_are_read_and_only_what_has_changed(desk: WholeDesk) -> None:
    desk.hub.state.create_repository("acme", "big", at=ago(days=900))
    for number in range(250):
        desk.hub.state.push_tag("acme/big", f"1.{number}", at=ago(days=300 - number))
    desk.ask("cves")
    assert len([path for path in desk.paths() if path.endswith("/big/tags")]) <= 2, (
        "and which order is the newest first"
    )
    desk.hub.clear_requests()

    desk.ask("cves")

    assert [path for path in desk.paths() if "/tags" in path] == []


def many_more(desk: WholeDesk) -> None:
    for number in range(20):
        desk.hub.state.create_repository("acme", f"other{number}", at=ago(days=900))
        desk.hub.state.push_tag(f"acme/other{number}", "latest", at=ago(days=3))


def test_a_listing_that_fails_is_said_also_while_somebody_else_sweeps(desk: WholeDesk) -> None:
    desk.ask("cves")
    desk.clock.advance(3 * 3_600)
    desk.hub.state.create_repository("acme", "new", at=desk.clock.now())
    desk.hub.faults.add(Fault(kind="unavailable", path=r"/v2/namespaces/acme/repositories$"))
    assert desk.parts.fleet.sweeps.take("acme/") is not None

    said = desk.ask("cves --check")

    assert said.lines[2].startswith("acme/api:latest | 1 | 1"), "what was known before is shown"
    assert isinstance(said.result, OverviewResult)
    assert said.result.unchecked[0].subject == "acme"
    assert said.result.is_negative


def test_what_a_limit_leaves_out_is_said_to_wait_for_it(desk: WholeDesk) -> None:
    many_more(desk)
    desk.hub.faults.add(Fault(kind="rate_limited", path=".*/tags$", retry_after_seconds=3_600))

    said = desk.ask("cves").result

    assert isinstance(said, OverviewResult)
    assert {"acme/api", "acme/web", "acme/other0"} < {each.subject for each in said.unchecked}
    assert {each.why for each in said.unchecked} == {"Docker Hub has no requests left until 10:00 UTC"}


def test_a_namespace_that_there_is_not_is_an_error(desk: WholeDesk) -> None:
    assert desk.in_terminal("cves nosuch/")[0] == 1


def test_packages_that_could_not_be_looked_at_are_named(desk: WholeDesk, source: PlayedSource) -> None:
    source.gaps = {"acme/web": "OSV cannot be asked about <!channel> 1"}
    source.counts_only = False

    for typed in ("cves", "cves acme/web", "cves --which CVE-1999-0001"):
        expected = "Not all of acme/web:latest could be looked at: OSV cannot be asked about <!channel> 1."
        assert expected in desk.ask(typed).lines


def test_a_script_sees_what_is_open(desk: WholeDesk) -> None:
    expected = {
        "cves acme/web --check": 1,
        "cves acme/web --check --severity critical": 0,
        "cves acme/web": 0,
        "cves --check --severity high": 1,
        "cves acme/worker --check": 0,
        "cves --which CVE-2026-0001 --check": 1,
        "cves --which CVE-1999-0001 --check": 0,
        "cves acme/api:no-such-tag": 1,
    }

    assert {typed: desk.in_terminal(typed)[0] for typed in expected} == expected


def test_a_gate_does_not_let_through_what_could_not_be_checked(desk: WholeDesk, source: PlayedSource) -> None:
    source.states = {"acme/worker": ScanState.FAILED}

    assert desk.in_terminal("cves acme/worker --check")[0] == 1


def test_the_json_has_everything_and_nothing_else(desk: WholeDesk, source: PlayedSource) -> None:
    status, output, _ = desk.in_terminal("cves acme/api", as_json=True)

    said = json.loads("\n".join(output))
    assert status == 0
    (found,) = said["images"]
    assert (found["image"], found["counts"]["critical"], found["platform"]) == ("acme/api:latest", 1, "linux/amd64")
    assert found["findings"][0]["aliases"] == ["GHSA-aaaa-bbbb-cccc"]
    assert said["sources"] == [{"namespace": "acme", "source": "Docker Scout", "why": "", "passed_over": []}]


def test_who_was_not_asked_and_why_is_said_on_request(desk: WholeDesk, source: PlayedSource) -> None:
    other = PlayedSource(desk.clock, name="osv", label="SBOM and OSV")
    source.trouble = "acme is not enrolled in Docker Scout."
    ask(desk, source, other)

    said = desk.ask("cves --wide").lines

    assert "Not at Docker Scout: acme is not enrolled in Docker Scout." in said
    assert said[1] == "Image | Critical | High | Medium | Low | Unspecified | Accepted | Platform | Source | As of"
    assert said[2].endswith("| linux/amd64 of 2 | SBOM and OSV | 2026-11-21 09:00 UTC")


def test_where_nobody_can_be_asked_that_is_why(desk: WholeDesk, source: PlayedSource) -> None:
    source.trouble = "acme is not enrolled in Docker Scout."

    said = desk.ask("cves").lines

    assert "- acme/api:latest, acme/web:latest, acme/worker:latest: acme is not enrolled in Docker Scout" in said


def test_whoever_waits_is_not_kept_for_ever(desk: WholeDesk, source: PlayedSource) -> None:
    source.seconds = 10.0

    said = desk.ask("cves")

    assert isinstance(said.result, OverviewResult)
    assert len(said.result.images) == 2
    assert [(each.subject, each.why) for each in said.result.unchecked] == [("acme/worker:latest", "not analysed yet")]
    desk.in_terminal("cves")
    assert not desk.ask("cves").result.unchecked  # type: ignore[union-attr]


def test_hostile_words_of_advisories_stay_words(desk: WholeDesk, source: PlayedSource) -> None:
    source.knows["acme/web"] = [
        Vulnerability("<!channel> CVE-2026-0009", Severity.HIGH, "`*x*`", "=HYPERLINK(1)", "<@U1>", 99.0, ("|",))
    ]

    (table,) = desk.ask("cves acme/web --wide").document.tables()

    assert not [cell for row in table.rows for cell in row if isinstance(cell, Link)]
    assert "<!channel> CVE-2026-0009" in [getattr(cell, "text", "") for cell in table.rows[0]]


def test_what_is_off_is_off(desk: WholeDesk, source: PlayedSource) -> None:
    ask(desk, source, mode=Mode.OFF)

    said = desk.ask("cves")

    assert isinstance(said.failure, HubBotError)
    assert "`off`" in str(said.failure)
    assert source.asked == []


def test_the_real_sources_are_put_together() -> None:
    with open_whole_desk(state=hub()) as desk:
        found = Finding("CVE-2026-0042", "HIGH", "curl", "7.0", "7.1", 8.1)
        desk.hub.scout.put(digest("b"), found)
        loop = build_refreshing(desk.settings, desk.parts, desk.store, desk.client, desk.clock)
        desk.ask("cves acme/api")
        while not loop.step():
            pass

        said = desk.ask("cves acme/api").lines

    assert said[1] == "acme/api:latest (linux/amd64 of 2 platforms): 1 high; by Docker Scout, now."
    assert said[3] == "CVE-2026-0042 | high 8.1 | curl | 7.0 | 7.1"
