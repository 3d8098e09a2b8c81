"""The parts on a database, from how the rest of the bot leaves it; what follows from that is in `test_deltas`."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from pydantic import JsonValue
from sqlalchemy import Connection, delete, update

from bot.builds import build_rows
from bot.builds.model import BuildState, Order, ProviderKind, Ref, Setup
from bot.builds.progress import Progress
from bot.builds.watching import Known as Watched
from bot.clock import FrozenClock
from bot.digest.part import Found, Part
from bot.digest.parts import all_parts
from bot.document import plain, plain_line
from bot.fleet.keeping import keep_tags
from bot.fleet.model import ImageName, PlatformSnapshot, Scope, TagSnapshot, Unchecked
from bot.fleet.staleness import Limits, Rule
from bot.fleet.sweeps import SweepReport
from bot.fleet.vulnerabilities import acceptances
from bot.fleet.vulnerabilities.keeping import keep
from bot.fleet.vulnerabilities.model import Scan, ScanState, Severity, Target, Vulnerability
from bot.governance.proposals import Asker
from bot.images import RepositoryName
from bot.outbox import messages
from bot.outbox.lanes import Lane
from bot.pushes.intake import Intake
from bot.pushes.payload import Push
from bot.store.base import Store
from bot.store.rows import put
from bot.store.tables import build_watches, builds, repositories, sweeps, tags
from bot.store.tables import messages as message_rows
from bot.store.workspaces import HOME
from tests.store.conftest import opening, postgresql_url, server, sqlite_url, url
from tests.store.played import NOON, clock, store
from tests.support.databases import open_database
from tests.support.whole import open_whole_desk

__all__ = ("clock", "opening", "postgresql_url", "server", "sqlite_url", "store", "url")

ACME = Scope(("acme",))
DAY = timedelta(days=1)
API, WEB = RepositoryName("acme", "api"), RepositoryName("acme", "web")
PYTHON = RepositoryName("library", "python")
CVE = Vulnerability("CVE-2026-1", Severity.CRITICAL, "openssl", "3.0", fixed_by="3.1")
LESS = Vulnerability("CVE-2026-2", Severity.HIGH, "zlib")


@dataclass
class Morning:
    """Asks one part again and again, as a digest does."""

    store: Store
    clock: FrozenClock
    scope: Scope = ACME
    baselines: dict[str, JsonValue] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()

    def find(self, key: str) -> Found:
        parts: Mapping[str, Part] = {part.key: part for part in all_parts(lambda *_: Limits(self.rules))}
        with self.store.read() as connection:
            now = self.store.now(connection)
            found = parts[key].find(connection, self.scope, self.baselines.get(key), now)
        self.baselines[key] = found.baseline
        return found

    def news(self, key: str) -> list[str]:
        return [plain_line(each.line) for each in self.find(key).news]

    def drawn(self, key: str) -> int | None:
        """Return the number that is drawn."""
        standing = self.find(key).standing
        assert standing is not None
        return standing.measures[0].value

    def sweep(self, *shown: TagSnapshot, problems: Mapping[RepositoryName, str] | None = None) -> None:
        """Have acme looked through: these are its tags now."""
        now = self.clock.now()

        def keep(connection: Connection) -> None:
            connection.execute(delete(tags))
            keep_tags(connection, HOME, shown)
            for name in {tag.repository for tag in shown} | set(problems or {}):
                read = {"read_at": now, "has_all_tags": True, "problem": (problems or {}).get(name)}
                key = {"workspace": HOME, "repository": str(name), "namespace": name.namespace}
                put(connection, repositories, {**key, "facts": {}, **read})
            report = SweepReport(namespace="acme", started_at=now, ended_at=now, is_listed=True)
            due = {"due_at": now, "full_due_at": now, "is_full": False}
            row = {"workspace": HOME, "subject": "acme/", "ended_at": now, "report": report.kept()}
            put(connection, sweeps, {**row, **due})

        self.store.write(keep)

    def tag(
        self, repository: RepositoryName, pushed: timedelta | None, *, size: int = 100, digest: str = "a"
    ) -> TagSnapshot:
        """Return its `latest`, pushed so long ago, so many megabytes large."""
        return TagSnapshot(
            repository=repository,
            name="latest",
            digest=f"sha256:{digest * 64}",
            pushed_at=None if pushed is None else self.clock.now() - pushed,
            pulled_at=NOON - DAY,
            size_bytes=size * 1_000_000,
            platforms=(PlatformSnapshot("linux/amd64", f"sha256:{digest * 63}0", size * 1_000_000),),
            content_type="image",
            read_at=self.clock.now(),
        )

    def scan(self, tag: TagSnapshot, *findings: Vulnerability, pending: str = "") -> None:
        """Have it analysed: these are its vulnerabilities; or it is not analysed yet, with a reason."""
        target = Target.of(tag)
        assert target
        now = self.clock.now()
        scan = Scan(target.digest, ScanState.ANALYSED, now, findings=findings)
        if pending:
            scan = Scan(target.digest, ScanState.PENDING, now, why=pending)
        self.store.write(lambda connection: keep(connection, HOME, "osv", [([target], scan)], now))

    def fail(self, namespace: str, why: str) -> None:
        """Have the next look at a namespace fail: what is known is of the one before."""

        def note(connection: Connection) -> None:
            now = self.clock.now()
            unchecked = (Unchecked(namespace, why),)
            report = SweepReport(
                namespace=namespace, started_at=now, ended_at=now, unchecked=unchecked, is_partial=True
            )
            is_it = sweeps.c.subject == f"{namespace}/"
            connection.execute(update(sweeps).where(is_it).values(report=report.kept()))

        self.store.write(note)

    def accept(self, vulnerability: Vulnerability, *, until: datetime) -> None:
        """Have it accepted in all of acme."""
        now = self.clock.now()

        def accept(connection: Connection) -> None:
            acceptances.accept(
                connection,
                HOME,
                vulnerability.id,
                image="acme/*",
                reason="not reachable",
                expires_at=until,
                asker=Asker("U1"),
                now=now,
            )

        self.store.write(accept)


@pytest.fixture
def morning(clock: FrozenClock) -> Iterator[Morning]:
    with closing(open_database(clock.now)) as opened:
        yield Morning(opened, clock)


def test_what_became_stale_and_what_is_fresh_again(morning: Morning) -> None:
    morning.sweep(morning.tag(API, 29 * DAY), morning.tag(WEB, 40 * DAY))
    first = morning.find("stale")
    morning.clock.advance(2 * DAY.total_seconds())
    morning.sweep(morning.tag(API, 31 * DAY), morning.tag(WEB, timedelta(hours=1), digest="b"))

    found = morning.find("stale")

    assert first.news == ()
    assert [plain_line(each.line) for each in found.news] == [
        "acme/api:latest became stale: last pushed 2026-10-23 12:00 UTC, and the limit is 30 d",
        "acme/web:latest was stale and is fresh again: pushed 2026-11-23 11:00 UTC",
    ]
    assert found.standing is not None
    assert found.standing.summary == "1 of 2 images stale"
    [row] = found.standing.rows
    assert [plain(cell) for cell in row] == [
        "acme/api:latest",
        "2026-10-23 12:00 UTC",
        "2026-11-20 12:00 UTC",
        "100 MB",
        "30d",
    ]
    assert found.unchecked == ()
    assert morning.news("stale") == []


def test_a_tag_that_stands_in_for_another_is_not_said_to_have_changed(morning: Morning) -> None:
    prod = replace(morning.tag(WEB, 40 * DAY), name="prod")
    old = replace(morning.tag(API, 300 * DAY), name="v1")
    morning.sweep(prod, morning.tag(API, DAY), old)
    morning.find("stale")
    morning.sweep(prod, replace(morning.tag(WEB, timedelta(0)), name="soon"), old)

    older = "acme/api:v1 now stands for acme/api instead of acme/api:latest, and is stale"
    newer = "acme/web:soon now stands for acme/web instead of acme/web:prod, and is not stale, as that was"
    assert morning.news("stale") == [
        f"{older}: last pushed 2026-01-25 12:00 UTC, and the limit is 30 d",
        f"{newer}: pushed 2026-11-21 12:00 UTC",
    ]
    assert morning.news("stale") == []


def test_what_another_limit_makes_fresh_is_counted_on_one_line(morning: Morning) -> None:
    morning.sweep(morning.tag(API, 40 * DAY), morning.tag(WEB, 50 * DAY))
    morning.find("stale")
    morning.rules = (Rule("*", 45 * DAY),)
    one = morning.news("stale")
    morning.rules = ()
    back = morning.news("stale")
    morning.rules = (Rule("*", None),)

    assert one == ["acme/api:latest is not stale any more, by the limit that holds now"]
    assert [each.partition(":")[0] for each in back] == ["acme/api"]
    assert morning.news("stale") == [
        "2 images are not stale any more, by the limits that hold now; one is acme/api:latest"
    ]
    assert morning.news("stale") == []


def test_what_cannot_be_looked_at_is_said_and_told_of_later(morning: Morning) -> None:
    morning.sweep(morning.tag(API, 29 * DAY))
    morning.find("stale")
    morning.clock.advance(2 * DAY.total_seconds())
    morning.sweep(morning.tag(API, 31 * DAY), problems={API: "Docker Hub did not answer"})

    unseen = morning.find("stale")
    morning.clock.advance(60)
    morning.sweep(morning.tag(API, 31 * DAY))
    seen = morning.news("stale")

    assert [(each.subject, each.why) for each in unseen.unchecked] == [("acme/api", "Docker Hub did not answer")]
    assert unseen.news == ()
    assert [each.partition(":latest")[0] for each in seen] == ["acme/api"]


def test_a_tag_of_unknown_time_is_neither_and_is_counted(morning: Morning) -> None:
    morning.sweep(morning.tag(API, None), morning.tag(WEB, DAY))

    standing = morning.find("stale").standing

    assert standing is not None
    assert standing.summary == "0 of 2 images stale, 1 of unknown age"


def test_new_vulnerabilities_name_the_worst_and_gone_ones_are_told(morning: Morning) -> None:
    api = morning.tag(API, DAY)
    morning.sweep(api)
    morning.scan(api, LESS)
    morning.find("cves")
    morning.clock.advance(DAY.total_seconds())
    morning.scan(api, CVE, LESS)
    new = morning.find("cves")
    morning.clock.advance(DAY.total_seconds())
    morning.scan(api)

    gone = morning.find("cves")

    assert [plain_line(each.line) for each in new.news] == [
        "acme/api:latest: 1 critical new, CVE-2026-1 in openssl, fixed by 3.1"
    ]
    assert new.standing is not None
    assert new.standing.summary == "1 critical, 1 high in 1 image"
    assert [plain(cell) for cell in new.standing.rows[0]][:6] == ["acme/api:latest", "1", "1", "0", "0", "0"]
    assert [plain_line(each.line) for each in gone.news] == [
        "acme/api:latest: 1 critical, 1 high gone, among them CVE-2026-1"
    ]
    assert gone.standing is not None
    assert gone.standing.summary == "nothing critical or high in 1 image"


def test_the_same_in_many_images_is_one_line(morning: Morning) -> None:
    shown = [morning.tag(RepositoryName("acme", f"app{number}"), DAY, digest=str(number)) for number in range(6)]
    morning.sweep(*shown)
    for tag in shown:
        morning.scan(tag)
    morning.find("cves")
    for tag in shown:
        morning.scan(tag, CVE, LESS)

    [said] = morning.news("cves")
    assert said.startswith(
        "acme/app0:latest, acme/app1:latest and 4 more: 1 critical, 1 high new, the worst is CVE-2026-1"
    )


def test_what_is_not_analysed_is_unchecked_and_never_none(morning: Morning) -> None:
    api, web = morning.tag(API, DAY), morning.tag(WEB, DAY, digest="b")
    morning.sweep(api, web)
    morning.scan(web, pending="Docker Scout has not analysed it yet")

    found = morning.find("cves")

    assert [(each.subject, each.why) for each in found.unchecked] == [
        ("acme/api:latest", "not analysed yet"),
        ("acme/web:latest", "Docker Scout has not analysed it yet"),
    ]
    assert found.standing is not None
    assert found.standing.summary == "2 images not analysed"
    assert [each.value for each in found.standing.measures] == [None]


def test_where_no_image_is_known_nothing_is_said_to_be_well(morning: Morning) -> None:
    standings = [morning.find(key).standing for key in ("stale", "cves")]

    assert [each and each.summary for each in standings] == ["no images known", "no images analysed"]
    assert [each and each.measures[0].value for each in standings] == [None, None]


def test_an_image_that_was_pushed_and_not_analysed_yet_is_drawn_as_it_was_last_known(morning: Morning) -> None:
    api, web = morning.tag(API, DAY), morning.tag(WEB, DAY, digest="b")
    morning.sweep(api, web)
    morning.scan(api, CVE, LESS)
    morning.scan(web, LESS)
    values = [morning.drawn("cves")]
    morning.sweep(morning.tag(API, DAY, digest="c"), web)
    values.append(morning.drawn("cves"))
    morning.sweep(morning.tag(API, DAY, digest="c"), morning.tag(WEB, DAY, digest="d"))
    values.append(morning.drawn("cves"))

    assert values == [3, 3, 3]


def test_how_old_that_is_which_is_known_is_said_with_the_reason(morning: Morning) -> None:
    morning.scope = Scope(("acme",), (ImageName(PYTHON, "3.12"),))
    python = replace(morning.tag(PYTHON, DAY), name="3.12")
    morning.sweep(morning.tag(API, DAY), python)
    young = [morning.find("stale").unchecked]
    morning.clock.advance(5 * 3600)
    young.append(morning.find("stale").unchecked)
    morning.clock.advance(2 * 3600)
    late = morning.find("stale").unchecked
    morning.fail("acme", "Docker Hub did not answer")
    why = morning.find("stale").unchecked

    assert young == [(), ()]
    since = "12:00 UTC on 2026-11-21"
    assert {each.subject: each.why for each in late} == {
        "acme": f"it was not looked at since {since}",
        "python:3.12": f"it was not looked at since {since}",
    }
    assert {each.subject: each.why for each in why} == {
        "acme": f"Docker Hub did not answer; what is known is as of {since}",
        "python:3.12": f"it was not looked at since {since}",
    }


def test_how_old_that_is_which_is_known_of_vulnerabilities_is_said(morning: Morning) -> None:
    api, web = morning.tag(API, DAY), morning.tag(WEB, DAY, digest="b")
    morning.sweep(api, web)
    morning.scan(api, LESS)
    morning.scan(web, LESS)
    said = []
    for _ in range(2):
        morning.clock.advance(1.2 * DAY.total_seconds())
        morning.sweep(replace(api, read_at=morning.clock.now()), replace(web, read_at=morning.clock.now()))
        morning.scan(web, pending="the registry did not give it")
        said.append({each.subject: each.why for each in morning.find("cves").unchecked})

    old = "its vulnerabilities were last looked for on 2026-11-21"
    assert said == [
        {"acme/web:latest": "the registry did not give it"},
        {"acme/api:latest": old, "acme/web:latest": f"the registry did not give it; {old}"},
    ]


def test_a_new_image_and_one_that_is_analysed_at_last_are_told_of_once(morning: Morning) -> None:
    api = morning.tag(API, DAY)
    morning.sweep(api)
    first = morning.news("cves")
    web = morning.tag(WEB, DAY, digest="b")
    fine = morning.tag(RepositoryName("acme", "fine"), DAY, digest="c")
    morning.sweep(api, web, fine)
    morning.scan(api, LESS)
    morning.scan(web, CVE, LESS, replace(LESS, id="CVE-2026-3"))
    morning.scan(fine, replace(LESS, severity=Severity.MEDIUM))

    assert first == []
    assert morning.news("cves") == [
        "acme/web:latest is new, with 1 critical and 2 high",
        "acme/api:latest was analysed for the first time: 1 high",
    ]
    assert morning.news("cves") == []


def test_many_new_images_are_one_line(morning: Morning) -> None:
    morning.find("cves")
    shown = [morning.tag(RepositoryName("acme", f"app{number}"), DAY, digest=str(number)) for number in range(5)]
    morning.sweep(*shown)
    for tag in shown:
        morning.scan(tag, CVE)
    blind = morning.news("cves")
    morning.baselines["cves"] = None
    morning.sweep()
    morning.find("cves")
    morning.sweep(*shown)

    assert blind == []  # Nobody had looked at acme when the digest began.
    assert morning.news("cves") == ["acme/app0:latest, acme/app1:latest and 3 more are new, with 5 critical in all"]


def test_a_vulnerability_that_turns_out_worse_is_told_of(morning: Morning) -> None:
    api = morning.tag(API, DAY)
    morning.sweep(api)
    morning.scan(api, LESS, replace(LESS, id="CVE-2026-3", severity=Severity.LOW))
    morning.find("cves")
    morning.scan(api, replace(LESS, severity=Severity.CRITICAL), replace(LESS, id="CVE-2026-3", severity=Severity.LOW))
    raised = morning.news("cves")
    morning.scan(api, LESS, replace(LESS, id="CVE-2026-3", severity=Severity.MEDIUM))

    assert raised == ["acme/api:latest: severity raised to critical, CVE-2026-2 in zlib"]
    assert morning.news("cves") == []


def test_what_many_images_have_in_common_is_one_line_whatever_else_they_have(morning: Morning) -> None:
    shown = [morning.tag(RepositoryName("acme", f"app{number}"), DAY, digest=str(number)) for number in range(5)]
    morning.sweep(*shown)
    for tag in shown:
        morning.scan(tag)
    morning.find("cves")
    for number, tag in enumerate(shown):
        morning.scan(tag, CVE, replace(LESS, id=f"CVE-2027-{number // 2}"))

    assert morning.news("cves") == [
        "acme/app0:latest, acme/app1:latest and 3 more: 1 critical new, CVE-2026-1 in openssl, fixed by 3.1",
        "acme/app0:latest, acme/app1:latest: 1 high new, CVE-2027-0 in zlib",
        "acme/app2:latest, acme/app3:latest: 1 high new, CVE-2027-1 in zlib",
        "acme/app4:latest: 1 high new, CVE-2027-2 in zlib",
    ]


def test_that_an_acceptance_ends_is_told_once_though_its_image_is_unknown_for_a_while(morning: Morning) -> None:
    api = morning.tag(API, DAY)
    morning.sweep(api)
    morning.scan(api, CVE)
    morning.accept(CVE, until=morning.clock.now() + 8 * DAY)
    morning.find("cves")
    morning.clock.advance(2 * DAY.total_seconds())
    said = [morning.news("cves")]
    pushed = morning.tag(API, DAY, digest="b")
    morning.sweep(pushed)
    said.append(morning.news("cves"))
    morning.scan(pushed, CVE)
    said.append(morning.news("cves"))

    assert [len(news) for news in said] == [1, 0, 0]


def test_without_anybody_to_ask_there_is_nothing_about_vulnerabilities() -> None:
    with open_whole_desk(environment={"HUB_BOT_VULNERABILITIES": "off"}) as desk:
        assert "cves" not in desk.parts.digests.knowledge.keys


def test_an_acceptance_is_told_of_once_before_it_ends_and_what_it_covered_when_it_has(morning: Morning) -> None:
    api = morning.tag(API, DAY)
    morning.sweep(api)
    morning.scan(api, CVE)
    now = morning.clock.now()

    morning.accept(CVE, until=now + 8 * DAY)
    said = []
    for _ in range(10):
        said.append(morning.news("cves"))
        morning.clock.advance(DAY.total_seconds())
        morning.sweep(api)

    assert [number for number, news in enumerate(said) if news] == [1, 8]
    assert said[1] == ["CVE-2026-1 is accepted in acme/* only until 2026-11-29 12:00 UTC"]
    assert said[8] == ["acme/api:latest: 1 critical open again, accepted no more, CVE-2026-1 in openssl, fixed by 3.1"]


def test_an_image_that_grew_is_told_of(morning: Morning) -> None:
    morning.sweep(morning.tag(API, DAY), morning.tag(WEB, DAY))
    morning.find("sizes")
    morning.sweep(morning.tag(API, DAY, size=150, digest="b"), morning.tag(WEB, DAY, size=104, digest="b"))

    assert morning.news("sizes") == ["acme/api:latest grew from 100 MB to 150 MB (+50 %) on linux/amd64"]
    assert morning.news("sizes") == []


def test_pushes_are_counted_and_the_busiest_repository_is_named(morning: Morning) -> None:
    intake = Intake(morning.store)
    morning.find("pushes")
    for number, name in enumerate(("acme/api", "acme/api", "acme/web", "acme/x", "other/x")):
        namespace, _, repository = name.partition("/")
        intake.take(Push(RepositoryName(namespace, repository), f"v{number}", morning.clock.now()))

    assert morning.news("pushes") == ["4 pushes to 3 repositories, most to acme/api (2)"]
    assert morning.news("pushes") == []


def test_the_webhooks_of_one_push_count_as_one_and_a_later_one_as_another(morning: Morning) -> None:
    intake = Intake(morning.store)
    morning.find("pushes")
    for pause_seconds in (0, 1, 4, 60):
        morning.clock.advance(pause_seconds)
        intake.take(Push(API, "latest", morning.clock.now()))

    assert morning.news("pushes") == ["2 pushes to acme/api"]


def test_pushes_of_a_named_tag_are_those_of_that_tag_alone(morning: Morning) -> None:
    morning.scope = Scope((), (ImageName(API, "prod"), ImageName(WEB)))
    intake = Intake(morning.store)
    morning.find("pushes")
    for number, (name, tag) in enumerate([(API, "prod"), (API, "dev"), (WEB, "any")]):
        intake.take(Push(name, tag, morning.clock.now() + timedelta(seconds=number)))

    assert morning.news("pushes") == ["2 pushes to acme/api and acme/web"]


def test_failed_builds_are_told_of_whoever_asked_for_them(morning: Morning) -> None:
    watched = Watched(since=NOON, source="github", states={"7": BuildState.FAILED})
    row = {"workspace": HOME, "repository": "acme/web", "due_at": NOON, "problem": None}

    def watch(known: Watched, problem: str | None = None) -> None:
        values = {**row, "known": known.model_dump(mode="json"), "problem": problem}
        morning.store.write(lambda connection: put(connection, build_watches, values))

    def ask(connection: Connection) -> str:
        setup = Setup(repository="acme/api", provider=ProviderKind.GITHUB)
        order = Order(repository="acme/api", ref=Ref.BRANCH, name="main")
        return build_rows.add(
            connection,
            workspace=HOME,
            order=order,
            setup=setup,
            change_id=None,
            asker=Asker("U1"),
            channel=None,
            now=NOON,
        )

    watch(watched)
    build_id = morning.store.write(ask)
    morning.find("builds")

    def fail(connection: Connection) -> None:
        run = build_rows.find(connection, build_id).run.model_copy(update={"state": Progress.FAILED, "ended_at": NOON})
        values = {"state": Progress.FAILED, "run": run.model_dump(mode="json")}
        connection.execute(update(builds).values(values))

    morning.store.write(fail)
    states = {"7": BuildState.FAILED, "8": BuildState.FAILED, "9": BuildState.SUCCESS}
    watch(watched.model_copy(update={"states": states}), problem="GitHub did not answer.")
    found = morning.find("builds")

    assert [plain_line(each.line) for each in found.news] == [
        "acme/api: a build failed (main), 2026-11-21 12:00 UTC",
        "acme/web: a build failed",
    ]
    assert [(each.subject, each.why) for each in found.unchecked] == [("builds of acme/web", "GitHub did not answer")]
    assert morning.news("builds") == []


def test_lost_messages_are_told_of_by_channel_and_nobody_is_named(morning: Morning) -> None:
    def lose(connection: Connection) -> None:
        for channel, error in (("C1", "is_archived"), ("C1", "is_archived"), ("U1", "cannot_dm_bot"), ("D2", "x")):
            message_id = messages.add(connection, Lane(HOME, channel), kind="note", stream="s", now=NOON)
            is_it = message_rows.c.id == message_id
            connection.execute(update(message_rows).where(is_it).values(state=messages.DEAD, last_error=error))

    morning.find("deliveries")
    morning.store.write(lose)

    assert morning.news("deliveries") == ["2 messages to people", "C1: 2 messages (is_archived)"]
    assert morning.news("deliveries") == []


def test_both_databases_are_asked_alike(store: Store, clock: FrozenClock) -> None:
    morning = Morning(store, clock, Scope(("acme",), (ImageName(API, "latest"), ImageName(WEB))))
    api, web = morning.tag(API, 29 * DAY), morning.tag(WEB, DAY, digest="b")
    morning.sweep(api, web)
    morning.scan(api)
    keys = ["stale", "cves", "sizes", "builds", "deliveries", "pushes"]
    first = [morning.news(key) for key in keys]
    morning.clock.advance(2 * DAY.total_seconds())
    morning.sweep(morning.tag(API, 31 * DAY), morning.tag(WEB, DAY, size=200, digest="c"))
    morning.scan(api, CVE)
    Intake(store).take(Push(API, "v1", morning.clock.now()))

    second = [morning.news(key) for key in keys]

    assert first == [[]] * 6
    assert [len(news) for news in second] == [1, 1, 1, 0, 0, 1]
    assert [morning.news(key) for key in keys] == [[]] * 6
