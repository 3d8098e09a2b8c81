"""Every change is told once, and only once: random histories, against an oracle that sees all of them at once.

A digest remembers one baseline. The oracle keeps every look that was ever taken and looks for the last one that could
see an image, so the two go about it in different ways.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.digest.parts import alike, builds, cves, deliveries, pushes, sizes, stale, vulnerable
from bot.digest.parts.vulnerable import Change, Issue, Kind
from bot.fleet.model import TagSnapshot
from bot.fleet.staleness import Limits, Rule, judge
from bot.fleet.vulnerabilities.acceptances import Acceptance
from bot.fleet.vulnerabilities.model import Severity
from bot.images import ImageReference, RepositoryName
from bot.pushes.growth import Limit, Thresholds

START = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
IMAGES = ("acme/one", "acme/two:prod")
PLACES = (*IMAGES, "acme/two", "acme")
ISSUES = 3
THRESHOLDS = Thresholds(push=Limit(10.0, 10))


@dataclass(frozen=True)
class Image:
    """What a name stands for just now."""

    tag: str
    digest: int
    size: int
    pushed_at: datetime
    is_time_known: bool = True
    is_analysed: bool = True
    issues: frozenset[int] = frozenset()


@dataclass
class World:
    """An organization, as it really is, and what a digest saw of it each time that it was sent."""

    now: datetime = START
    images: dict[str, Image] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    age: int | None = 24
    accepted: set[int] = field(default_factory=set)
    renamed: set[int] = field(default_factory=set)
    severities: dict[int, int] = field(default_factory=dict)
    sighted: set[str] = field(default_factory=set)
    looks: list["World"] = field(default_factory=list)

    def seen(self) -> "World":
        """Return it as it is now, for good."""
        return replace(
            self,
            images=dict(self.images),
            hidden=set(self.hidden),
            accepted=set(self.accepted),
            severities=dict(self.severities),
            sighted=set(self.sighted),
            looks=[],
        )

    def is_hidden(self, name: str) -> bool:
        repository = name.partition(":")[0]
        return not self.hidden.isdisjoint({name, repository, repository.partition("/")[0]})

    def stale_at(self, name: str) -> datetime | None:
        """Return when an image that is there became stale, or will."""
        return None if self.age is None else self.images[name].pushed_at + timedelta(hours=self.age)

    def is_stale(self, name: str) -> bool:
        stale_at = self.stale_at(name)
        return stale_at is not None and stale_at <= self.now

    @property
    def limits(self) -> Limits:
        return Limits((Rule("*", None if self.age is None else timedelta(hours=self.age)),))

    def snapshot(self, name: str) -> TagSnapshot:
        image = self.images[name]
        reference = ImageReference.parse(name)
        return TagSnapshot(
            repository=RepositoryName(reference.namespace or "library", reference.name),
            name=image.tag,
            digest=f"sha256:{image.digest:064x}",
            pushed_at=image.pushed_at if image.is_time_known else None,
            pulled_at=None,
            size_bytes=image.size or None,
            platforms=(),
            content_type="image",
            read_at=self.now,
        )

    def severity(self, number: int) -> Severity:
        return list(Severity)[self.severities.get(number, number % 5)]

    def issue(self, number: int) -> Issue:
        """Return a vulnerability as it is called now: an advisory may have got its CVE."""
        advisory, cve = f"GHSA-{number}", f"CVE-2026-{number}"
        names = {advisory, cve} if number in self.renamed else {advisory}
        return Issue(
            cve if number in self.renamed else advisory,
            self.severity(number),
            frozenset(names),
            is_accepted=number in self.accepted,
        )


Step = tuple[str, int, int]


def histories(*names: str) -> st.SearchStrategy[list[Step]]:
    """Return a strategy for histories in which only these things happen; digests come and fail in all of them.

    They come from a seed: of what Hypothesis makes itself, short and even histories, hardly any goes deep enough.
    """

    def lived(seed: int) -> list[Step]:
        draw = Random(seed)  # noqa: S311 - No secret.
        happening = [*names, *["digest"] * 3, "fail"]
        return [(draw.choice(happening), draw.randrange(4), draw.randrange(5)) for _ in range(60)]

    return st.integers(0, 2**32).map(lived)


def live(world: World, step: Step) -> None:  # noqa: C901, PLR0912 - One line for each thing that can happen.
    """Let something happen."""
    what, which, how = step
    name, number = IMAGES[which % len(IMAGES)], how % ISSUES
    image = world.images.get(name)
    match what:
        case "wait":
            world.now += timedelta(hours=1 + which * 11)
        case "push":
            world.now += timedelta(seconds=1)
            tag = "prod" if ":" in name else ("latest", "v1")[how % 2]
            kept = image or Image(tag, 0, 0, world.now)
            digest, size = how, (0, 100, 105, 120, 200)[how]
            world.images[name] = replace(kept, tag=tag, digest=digest, size=size, pushed_at=world.now)
        case "delete":
            world.images.pop(name, None)
        case "time" if image:
            world.images[name] = replace(image, is_time_known=not image.is_time_known)
        case "analysed" if image:
            world.images[name] = replace(image, is_analysed=not image.is_analysed)
        case "appear" if image:
            world.images[name] = replace(image, issues=image.issues | {number})
        case "fix" if image:
            world.images[name] = replace(image, issues=image.issues - {number})
        case "hide":
            world.hidden.add(PLACES[which])
        case "show":
            world.hidden.discard(PLACES[which])
        case "age":
            world.age = (None, 12, 24, 96, 48)[how]
        case "accept":
            world.accepted ^= {number}
        case "weigh":
            world.severities[number] = which
        case "rename":
            world.renamed.add(number)
    # What is out of sight from its beginning has no row anywhere; what was seen keeps that it has.
    world.sighted |= {name for name in world.images if not world.is_hidden(name)}
    world.sighted &= world.images.keys()


# Seldom drawn: what is stale only by a rule that changed out of sight, and what is out of sight in one place after
# another.
RULE_CHANGED_UNSEEN = "push:0 age:3 wait:3 digest hide:0 digest age:1 show:0"
UNSEEN_IN_TURN = "hide:0 push:0 age:1 wait:1 wait:0 digest hide:3 show:0 digest show:3"


def read(history: str) -> list[Step]:
    words = [word.partition(":") for word in history.split()]
    return [(what, int(number or 0), int(number or 0)) for what, _, number in words]


@settings(max_examples=200)
@example(history=read(RULE_CHANGED_UNSEEN))
@example(history=read(UNSEEN_IN_TURN))
@given(history=histories("push", "push", "wait", "wait", "wait", "delete", "time", "hide", "show", "age"))
def test_what_became_stale_or_fresh_is_told_once(history: list[Step]) -> None:
    world = World()
    known: stale.Known | None = None

    for step in [("digest", 0, 0), *history, ("digest", 0, 0)]:
        live(world, step)
        if step[0] not in {"digest", "fail"}:
            continue
        judged = {
            name: stale.Judged(tag, judge(tag, world.limits, world.now), not world.is_hidden(name))
            for name in world.sighted
            for tag in [world.snapshot(name)]
        }
        found = stale.compare(known, judged, world.now, unchecked=world.hidden)
        if step[0] == "fail":
            continue  # What it found is lost, and so is what it would have remembered.
        kinds = {"stale": found.stale, "fresh": found.fresh, "relaxed": found.relaxed}
        told = [(each.tag.repository.familiar, kind, each.instead_of) for kind, its in kinds.items() for each in its]
        expected = _staleness(world) if known else ()
        assert sorted(told, key=str) == sorted(((name.partition(":")[0], *said) for name, *said in expected), key=str)
        world.looks.append(world.seen())
        known = stale.Known.model_validate(found.known.model_dump(mode="json"))


def _staleness(world: World) -> Iterator[tuple[str, str, str | None]]:
    """Yield what the oracle would tell."""
    for name, image in world.images.items():
        if not _is_judged(world, name):
            continue
        last = _last(world.looks, name, _is_judged)
        before = last.images.get(name) if last else None
        since = last.now if last else world.looks[0].now
        stale_at = world.stale_at(name)
        if last is None or before is None:
            if world.is_stale(name) and stale_at is not None and stale_at > since:
                yield name, "stale", None
            continue
        instead_of = None if before.tag == image.tag else before.tag
        if world.is_stale(name) and not last.is_stale(name):
            yield name, "stale", instead_of
        elif last.is_stale(name) and not world.is_stale(name):
            is_pushed = image.pushed_at > before.pushed_at and stale_at is not None
            yield name, "fresh" if is_pushed or instead_of else "relaxed", instead_of


def _is_judged(look: World, name: str) -> bool:
    """Return whether it was known whether an image is stale; what never is stale needs no time for that."""
    if look.is_hidden(name):
        return False
    return name not in look.images or look.images[name].is_time_known or look.age is None


def _last(looks: Sequence[World], name: str, could_see: Callable[[World, str], bool]) -> World | None:
    return next((look for look in reversed(looks) if could_see(look, name)), None)


@settings(max_examples=200)
@given(
    history=histories(
        "push", "appear", "appear", "fix", "accept", "rename", "weigh", "analysed", "delete", "hide", "show"
    )
)
def test_what_came_and_went_in_images_is_told_once(history: list[Step]) -> None:
    world = World()
    known: vulnerable.Known | None = None

    for step in [("digest", 0, 0), *history, ("digest", 0, 0)]:
        live(world, step)
        if step[0] not in {"digest", "fail"}:
            continue
        issues = {
            name: [world.issue(number) for number in world.images[name].issues]
            for name in world.sighted
            if world.images[name].is_analysed
        }
        unanalysed = world.sighted - issues.keys()
        changes, after = vulnerable.compare(known, issues, unanalysed=unanalysed, unchecked=world.hidden)
        if step[0] == "fail":
            continue
        told = Counter(
            (change.name, change.kind, int(issue.id.rpartition("-")[2]))
            for change in changes
            for issue in change.issues
        )
        assert told == Counter(_issues(world) if known else ())
        world.looks.append(world.seen())
        known = vulnerable.Known.model_validate(after.model_dump(mode="json"))


def _issues(world: World) -> Iterator[tuple[str, Kind, int]]:
    for name in world.sighted:
        image = world.images[name]
        if not image.is_analysed:
            continue
        last = _last(world.looks, name, _is_analysed)
        if last is None or name not in last.sighted:
            yield from _issues_of_whole(world, name)
            continue
        before = last.images[name]
        for number in image.issues - world.accepted:
            if number not in before.issues:
                yield name, Kind.NEW, number
            elif number in last.accepted:
                yield name, Kind.REOPENED, number
            elif world.severity(number).rank < min(last.severity(number).rank, 2):
                yield name, Kind.RAISED, number
        for number in before.issues - image.issues:
            yield name, Kind.FIXED, number


def _issues_of_whole(world: World, name: str) -> Iterator[tuple[str, Kind, int]]:
    last = _last(world.looks, name, lambda look, name: name in look.sighted or not look.is_hidden(name))
    if last is not None:
        kind = Kind.ANALYSED if name in last.sighted else Kind.IMAGE
        for number in world.images[name].issues - world.accepted:
            if world.severity(number).rank < 2:
                yield name, kind, number


def _is_analysed(look: World, name: str) -> bool:
    return look.images[name].is_analysed if name in look.sighted else not look.is_hidden(name)


@settings(max_examples=100)
@given(
    images=st.lists(st.tuples(st.sampled_from(Kind), st.frozensets(st.integers(0, 6), min_size=1)), max_size=12),
)
def test_of_what_is_told_together_each_is_told_once(images: list[tuple[Kind, frozenset[int]]]) -> None:
    world = World()
    changes = [
        Change(f"acme/{number}", kind, tuple(sorted(map(world.issue, its), key=lambda issue: issue.severity.rank)))
        for number, (kind, its) in enumerate(images)
    ]

    lines = alike.together(changes)

    def each_of(kind: Kind, issues: Sequence[Issue], names: Sequence[str]) -> Iterator[tuple[str, Kind, str]]:
        if kind in alike.WHOLE:
            yield from ((name, kind, "") for name in names)
        else:
            yield from ((name, kind, issue.id) for name in names for issue in issues)

    told = Counter(one for line in lines for one in each_of(line.kind, line.issues, line.names))
    assert told == Counter(one for change in changes for one in each_of(change.kind, change.issues, [change.name]))


@settings(max_examples=100)
@given(
    ends=st.lists(st.integers(1, 30), min_size=1, max_size=3),
    looks=st.lists(st.tuples(st.frozensets(st.integers(0, 2)), st.booleans()), min_size=1, max_size=12),
)
def test_that_an_acceptance_ends_is_told_once(ends: list[int], looks: list[tuple[frozenset[int], bool]]) -> None:
    there = [
        Acceptance(str(number), "CVE-2026-1", "*", "", "U1", START, START + timedelta(days=day))
        for number, day in enumerate(ends)
    ]
    known: frozenset[str] | None = None
    expected = set[str]()
    first = set[str]()
    told = Counter[str]()

    for day, (needed, is_kept) in enumerate(looks):
        now = START + timedelta(days=day * 2)
        holding = {each.id: each for each in there if each.expires_at > now}
        said, after = cves.warn(known, frozenset(map(str, needed)), holding, now)
        if not is_kept:
            continue
        soon = {each.id for each in holding.values() if each.expires_at - now <= cves.EXPIRING}
        (first if known is None else expected).update(soon & set(map(str, needed)))
        told.update(each.id for each in said)
        known = after

    assert told == Counter(expected - first)


@settings(max_examples=150)
@given(history=histories("push", "push", "push", "delete", "hide", "show"))
def test_what_grew_is_told_once(history: list[Step]) -> None:
    world = World()
    known: sizes.Known | None = None

    for step in [("digest", 0, 0), *history, ("digest", 0, 0)]:
        live(world, step)
        if step[0] not in {"digest", "fail"}:
            continue
        shown = {name: world.snapshot(name) for name in world.images}
        grown, after = sizes.compare(known, shown, lambda _: THRESHOLDS, world.now, unchecked=world.hidden)
        if step[0] == "fail":
            continue
        told = sorted((each.tag.reference, each.growths[0].before_bytes, each.growths[0].after_bytes) for each in grown)
        assert told == sorted(_growths(world) if known else ())
        world.looks.append(world.seen())
        known = sizes.Known.model_validate(after.model_dump(mode="json"))


def _growths(world: World) -> Iterator[tuple[str, int, int]]:
    for name, image in world.images.items():
        last = _last(world.looks, name, _has_size)
        before = last.images.get(name) if last else None
        if before and image.size and before.tag == image.tag and before.digest != image.digest:
            grown = image.size - before.size
            if grown >= 10 and grown * 10 >= before.size:
                yield world.snapshot(name).reference, before.size, image.size


def _has_size(look: World, name: str) -> bool:
    return name in look.images and look.images[name].size > 0  # What was deleted may come back.


def test_how_large_an_image_was_is_forgotten_a_month_after_it_was_deleted() -> None:
    world = World()
    live(world, ("push", 0, 1))
    shown = {name: world.snapshot(name) for name in world.images}
    _, known = sizes.compare(None, shown, lambda _: THRESHOLDS, START)
    kept = []
    for day in (1, 30, 31, 32):
        _, known = sizes.compare(known, {}, lambda _: THRESHOLDS, START + timedelta(days=day))
        kept.append(len(known.images))

    assert kept == [1, 1, 0, 0]
    assert not known.gone


@dataclass(frozen=True)
class Happened:
    """Something that is in a row from some moment on, though its time may be earlier."""

    at: datetime
    visible_at: datetime
    repository: str


@settings(max_examples=150)
@given(
    happened=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9), st.sampled_from("abc")), max_size=30),
    looks=st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=8),
)
def test_a_push_is_counted_once_however_late_it_becomes_visible(
    happened: list[tuple[int, int, str]], looks: list[tuple[int, bool]]
) -> None:
    rows = [
        Happened(START + timedelta(minutes=at), START + timedelta(minutes=at + late), f"acme/{name}")
        for at, late, name in happened
    ]
    times = sorted({START + timedelta(minutes=at): is_kept for at, is_kept in looks}.items())
    known: pushes.Known | None = None
    first: datetime | None = None
    told = Counter[str]()

    for now, is_kept in [*times, (START + timedelta(minutes=900), True)]:
        since = known.since if known else now - pushes.OVERLAP
        came = [
            pushes.Came(str(number), row.repository, f"1.{number}", row.at)
            for number, row in enumerate(rows)
            if row.visible_at <= now and row.at > since
        ]
        counts, after = pushes.compare(known, came, now)
        if is_kept:
            told += counts
            first = first or now
            known = pushes.Known.model_validate(after.model_dump(mode="json"))

    assert told == Counter(row.repository for row in rows if first and row.visible_at > first)


@settings(max_examples=100)
@given(
    looks=st.lists(
        st.tuples(st.frozensets(st.integers(0, 8)), st.frozensets(st.integers(0, 8)), st.booleans()), max_size=10
    )
)
def test_a_lost_message_and_a_failed_build_are_told_once(
    looks: list[tuple[frozenset[int], frozenset[int], bool]],
) -> None:
    dead_known: frozenset[str] | None = None
    builds_known: builds.Known | None = None
    last: tuple[frozenset[int], frozenset[int]] | None = None

    for number, (dead, failed, is_kept) in enumerate(looks):
        now = START + timedelta(days=number)
        letters = {str(each): deliveries.DeadLetter(f"C{each}", "is_archived") for each in dead}
        lost, dead_after = deliveries.compare(dead_known, letters)
        # Even numbers are builds that we asked for; a provider shows all of them.
        shown = tuple(builds.Failed("acme/api", str(each)) for each in sorted(failed))
        ours = [each for each in shown if int(each.name) % 2 == 0]
        broken, builds_after = builds.compare(builds_known, ours, {"acme/api": builds.Watch("github", shown)}, now)
        if not is_kept:
            continue
        before_dead, before_failed = last or (dead, failed)
        assert {each.channel for each in lost} == {f"C{each}" for each in dead - before_dead}
        assert sorted(int(each.name) for each in broken) == sorted(failed - before_failed)
        last, dead_known = (dead, failed), dead_after
        builds_known = builds.Known.model_validate(builds_after.model_dump(mode="json"))
