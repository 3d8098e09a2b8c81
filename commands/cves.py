"""`/hub cves`: the known vulnerabilities of images; which images have one; and those that are lived with for a while.

Everybody in the workspace may look. Operators accept a vulnerability until some day, and take that back.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal

import click

from bot.ages import read_age
from bot.chat import image_targets
from bot.chat.command import Command, Context, Group
from bot.chat.cves import (
    AcceptedResult,
    AcceptingResult,
    AnyResult,
    ImagesResult,
    OverviewResult,
    TotalFacts,
    View,
    WhichResult,
    render,
)
from bot.chat.image_targets import Target
from bot.chat.parameters import NamespaceType, flag, limit_option, row_limit, text_option
from bot.chat.vulnerabilities import AcceptanceFacts, AffectedFacts, ImageFacts, SourceFacts, UncheckedFacts, Wanted
from bot.errors import RateLimitedError, UsageError, UserError
from bot.fleet.looking import Area
from bot.fleet.model import Scope, TagSnapshot, Unchecked
from bot.fleet.service import Fleet
from bot.fleet.vulnerabilities.acceptances import EVERY_IMAGE, LONGEST_REASON, check_vulnerability
from bot.fleet.vulnerabilities.model import Severity
from bot.fleet.vulnerabilities.service import NOT_DETAILED, Looked, Vulnerabilities, image_glob
from bot.governance.roles import Role
from bot.images import OFFICIAL_NAMESPACE, InvalidReferenceError
from bot.words import nearest, quoted

DEFAULT_LIMIT = 25
NO_DATABASE = "Nothing is known of images here: there is no database. Set `HUB_BOT_DATABASE_URL`."
IS_OFF = "Vulnerabilities are not looked at: `HUB_BOT_VULNERABILITIES` is `off`."
EXAMPLE = "/hub cves acme/api:1.4"
ACCEPT_EXAMPLE = '/hub cves accept CVE-2026-1234 --for 30d --reason "not reachable"'
SECONDS_IN_SLACK = 15.0
"""How long somebody waits for what is not known yet. What is missing then, the daily look finds out."""
_ONE_DAY = timedelta(days=1)
_ACCEPTING = ("until", "for", "reason")
_VERBS = ("accept", "unaccept", "accepted")
_OF_DATABASE = re.compile(r"(?:CVE-\d|GHSA-\w{4}-)", re.IGNORECASE)
_MISSPELLED = 0.8

Action = Literal["look", "which", "accept", "unaccept", "accepted"]


class CvesArguments(View):
    """What to look at, or to accept.

    Attributes:
        action: Which of all this.
        targets: What to look at; none: the whole namespace.
        namespace: None is the default one.
        vulnerability: The one it is about; as names are compared.
        check: Whether the answer is no where something is open.
        reason: Why it is accepted.
        until: Through which day, in UTC.
        span: Or for how long.
        glob: In which repositories.
    """

    action: Action = "look"
    targets: tuple[Target, ...] = ()
    namespace: str | None = None
    vulnerability: str = ""
    check: bool = False
    reason: str = ""
    until: date | None = None
    span: timedelta | None = None
    glob: str | None = None


def parse(values: Mapping[str, Any]) -> CvesArguments:
    """Make the arguments.

    Raises:
        UsageError: The words do not fit together.
    """
    match tuple(values["words"]):
        case ("accept", name):
            return _parse_accept(name, values)
        case ("unaccept", name):
            _refuse(values, *_ACCEPTING, *_LOOKING)
            return CvesArguments(action="unaccept", vulnerability=_vulnerability(name), glob=values["image"])
        case ("accepted",):
            _refuse(values, *_ACCEPTING, *_LOOKING, "image")
            return CvesArguments(action="accepted")
        case ("accept" | "unaccept" as verb, *_):
            raise UsageError(f"`cves {verb}` needs one vulnerability.", example=ACCEPT_EXAMPLE.replace("accept", verb))
        case words:
            _check_verb(words)
            return _parse_look(words, values)


def _check_verb(words: tuple[str, ...]) -> None:
    """Refuse what was meant to be something else than a look, before anything is asked for it.

    Raises:
        UsageError: A vulnerability stands where images do, or a verb is misspelled.
    """
    named = next((word for word in words if _OF_DATABASE.match(word)), "")
    likely = nearest(words[0], _VERBS) if words else ""
    if named and len(words) > 1:
        verb = likely if likely in {"accept", "unaccept"} else ""
        suggestion = f"/hub cves {verb} {named}" if verb else ""
        problem = f"`cves` does not know {quoted(words[0])}; it can `accept` and `unaccept` a vulnerability."
        raise UsageError(problem, suggestion=suggestion, example=ACCEPT_EXAMPLE)
    if named:
        problem = f"{quoted(named)} is a vulnerability, and no image."
        raise UsageError(problem, suggestion=f"/hub cves --which {named.upper()}", example=EXAMPLE)
    if len(words) == 1 and difflib.SequenceMatcher(None, words[0].lower(), "accepted").ratio() >= _MISSPELLED:
        problem = f"`cves` does not know {quoted(words[0])}; an image of that name needs its namespace."
        raise UsageError(problem, suggestion="/hub cves accepted", example=EXAMPLE)


_LOOKING = ("severity", "fixable", "new", "which", "check", "limit", "all", "wide", "namespace")


def _parse_accept(name: str, values: Mapping[str, Any]) -> CvesArguments:
    _refuse(values, *_LOOKING)
    reason = (values["reason"] or "").strip()
    if not reason:
        raise UsageError("`cves accept` needs `--reason`: why it is no danger.", example=ACCEPT_EXAMPLE)
    if len(reason) > LONGEST_REASON:
        raise UsageError(f"The reason is too long: {LONGEST_REASON} characters at most.", example=ACCEPT_EXAMPLE)
    if values["for"] == timedelta():
        raise UsageError("`--for` needs more than no time at all.", example=ACCEPT_EXAMPLE)
    if (values["until"] is None) == (values["for"] is None):
        raise UsageError("`cves accept` needs either `--until` a day or `--for` a time.", example=ACCEPT_EXAMPLE)
    return CvesArguments(
        action="accept",
        vulnerability=_vulnerability(name),
        reason=reason,
        until=values["until"],
        span=values["for"],
        glob=values["image"],
    )


def _parse_look(words: tuple[str, ...], values: Mapping[str, Any]) -> CvesArguments:
    _refuse(values, *_ACCEPTING, "image")
    try:
        targets = tuple(dict.fromkeys(map(Target.parse, words)))
    except InvalidReferenceError as error:
        raise UsageError(str(error), example=EXAMPLE) from error
    if targets and values["namespace"]:
        raise UsageError("Name images, or `--namespace`, and not both.", example=EXAMPLE)
    which = _vulnerability(values["which"]) if values["which"] else ""
    if which and (values["severity"] or values["fixable"] or values["new"]):
        raise UsageError("`--which` is about one vulnerability, whatever its severity.", example=EXAMPLE)
    return CvesArguments(
        action="which" if which else "look",
        targets=targets,
        namespace=values["namespace"],
        vulnerability=which,
        severity=Severity(values["severity"].lower()) if values["severity"] else None,
        fixable=values["fixable"],
        new=values["new"],
        check=values["check"],
        limit=row_limit(values, DEFAULT_LIMIT, example=EXAMPLE),
        wide=values["wide"],
    )


def _refuse(values: Mapping[str, Any], *names: str) -> None:
    """Refuse options that belong to something else.

    Raises:
        UsageError: One was given.
    """
    for name in names:
        if values[name] not in {None, False}:
            raise UsageError(f"`--{name}` does not belong there.", example=EXAMPLE)


def _vulnerability(word: str) -> str:
    try:
        return check_vulnerability(word)
    except ValueError as error:
        raise UsageError(f"I cannot tell what {quoted(word)} is. {error}", example=ACCEPT_EXAMPLE) from error


def run(arguments: CvesArguments, context: Context) -> AnyResult:
    """Look, or accept.

    Raises:
        UserError: There is no database, vulnerabilities are not looked at, or there is no such time.
        HubError: Docker Hub does not show an image.
    """
    vulnerabilities = vulnerabilities_of(context)
    match arguments.action:
        case "accept":
            return _accept(arguments, context, vulnerabilities)
        case "unaccept":
            glob = _glob(arguments.glob, context) if arguments.glob else None
            ended = vulnerabilities.unaccept(arguments.vulnerability, image=glob, asker=context.asker)
            return AcceptingResult(
                is_negative=not ended,
                vulnerability=arguments.vulnerability,
                is_accepted=False,
                acceptances=tuple(map(AcceptanceFacts.of, ended)),
            )
        case "accepted":
            return AcceptedResult(accepted=tuple(map(AcceptanceFacts.of, vulnerabilities.accepted())))
        case "which":
            return _which(arguments, context, vulnerabilities)
        case "look":
            return _look(arguments, context, vulnerabilities)


def vulnerabilities_of(context: Context) -> Vulnerabilities:
    """Return what knows the vulnerabilities of images.

    Raises:
        UserError: There is no database.
    """
    if context.vulnerabilities is None:
        raise UserError(NO_DATABASE)
    return context.vulnerabilities


def _fleet_of(context: Context) -> Fleet:
    if context.fleet is None:
        raise UserError(NO_DATABASE)
    return context.fleet


def _accept(arguments: CvesArguments, context: Context, vulnerabilities: Vulnerabilities) -> AcceptingResult:
    accepted = vulnerabilities.accept(
        arguments.vulnerability,
        image=_glob(arguments.glob, context) if arguments.glob else EVERY_IMAGE,
        reason=arguments.reason,
        expires_at=_expires_at(arguments, vulnerabilities),
        asker=context.asker,
    )
    return AcceptingResult(
        vulnerability=arguments.vulnerability, is_accepted=True, acceptances=(AcceptanceFacts.of(accepted),)
    )


def _expires_at(arguments: CvesArguments, vulnerabilities: Vulnerabilities) -> datetime:
    """Return until when: through all of a day, or so long from now.

    Raises:
        UserError: It is further away than any calendar goes.
    """
    try:
        if arguments.until is not None:
            return datetime(arguments.until.year, arguments.until.month, arguments.until.day, tzinfo=UTC) + _ONE_DAY
        return vulnerabilities.now() + (arguments.span or _ONE_DAY)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _glob(word: str, context: Context) -> str:
    try:
        return image_glob(word, context.default_namespace)
    except ValueError as error:
        raise UserError(str(error)) from error


def _look(
    arguments: CvesArguments, context: Context, vulnerabilities: Vulnerabilities
) -> OverviewResult | ImagesResult:
    seen = _Seen(arguments, context, vulnerabilities)
    looked = seen.look(has_findings=not seen.chosen.areas or arguments.fixable or arguments.new)
    since = vulnerabilities.new_since(context.place.channel if context.place else None) if arguments.new else None
    wanted = Wanted(arguments.severity, fixable=arguments.fixable, since=since)
    facts = {image.tag.reference: ImageFacts.of(image, wanted, looked.labels) for image in looked.images}
    images = [found for found in facts.values() if found is not None]
    unknown = [*seen.unchecked, *looked.unchecked]
    told = {each.subject for each in unknown}
    unknown += [Unchecked(name, NOT_DETAILED) for name, found in facts.items() if found is None and name not in told]
    # What could not be checked may be anything: a gate that lets it through is none.
    is_failed = arguments.check and bool(unknown or any(each.total for each in images))
    common = seen.common(looked, unknown)
    if not seen.chosen.areas:
        return ImagesResult(images=tuple(images), since=since, is_negative=is_failed or not images, **common)
    before = vulnerabilities.trend(seen.tags)
    namespace = seen.only_namespace
    totals = vulnerabilities.totals(namespace) if namespace else ()
    return OverviewResult(
        title=seen.chosen.title,
        images=tuple(sorted((_with_trend(each, before, wanted) for each in images), key=lambda each: each.order)),
        totals=tuple(TotalFacts(day=date.fromisoformat(day), counts=wanted.counts(counts)) for day, counts in totals),
        since=since,
        is_negative=is_failed,
        **common,
    )


def _with_trend(
    facts: ImageFacts, before: Mapping[str, tuple[str, Mapping[Severity, int]]], wanted: Wanted
) -> ImageFacts:
    if facts.image not in before:
        return facts
    day, counts = before[facts.image]
    return facts.model_copy(update={"before": wanted.counts(counts), "before_day": day})


class _Seen:
    """The images that a question is about, as Docker Hub shows them now.

    Args:
        arguments: The question.
        context: Of the command.
        vulnerabilities: Knows what is known.

    Raises:
        UserError: There is no namespace.
        HubError: Docker Hub does not tell what is meant.
    """

    def __init__(self, arguments: CvesArguments, context: Context, vulnerabilities: Vulnerabilities) -> None:
        if vulnerabilities.is_off:
            raise UserError(IS_OFF)
        self._arguments = arguments
        self._context = context
        self._vulnerabilities = vulnerabilities
        self._tags: dict[str, TagSnapshot] = {}
        self._unchecked: dict[Unchecked, None] = {}
        self.chosen = image_targets.choose(arguments.targets, arguments.namespace, context)
        self._find()
        other = image_targets.reconsider(self.chosen, [each.subject for each in self._unchecked], context)
        if other is not None:
            self.chosen = other
            self._tags, self._unchecked = {}, {}
            self._find()

    @property
    def tags(self) -> tuple[TagSnapshot, ...]:
        """The tags, each once."""
        return tuple(self._tags.values())

    @property
    def unchecked(self) -> tuple[Unchecked, ...]:
        """What could not be found, each once."""
        return tuple(self._unchecked)

    @property
    def only_namespace(self) -> str:
        """The namespace that all this is; empty: it is more, or less."""
        areas = self.chosen.areas
        return areas[0].namespace if len(areas) == 1 and areas[0].pattern == "*" and not self.chosen.images else ""

    def add_watched(self) -> None:
        """Add what is looked at daily, but for the namespaces that were just listed."""
        watched = self._vulnerabilities.watched
        listed = {area.namespace for area in self.chosen.areas if area.pattern == "*"}
        others = tuple(each for each in watched.namespaces if each not in listed)
        self._add(*self._vulnerabilities.standing_for(Scope(others, watched.images)))

    def look(self, *, has_findings: bool) -> Looked:
        """Return what is known of them, and ask about what is not for as long as somebody can wait."""
        return self._vulnerabilities.look(
            self.tags,
            seconds=SECONDS_IN_SLACK if self._context.place else None,
            has_findings=has_findings,
            progress=self._context.progress,
        )

    def common(self, looked: Looked, unknown: Iterable[Unchecked]) -> dict[str, Any]:
        """Return what every answer says."""
        return {
            "unchecked": tuple(map(UncheckedFacts.of, unknown)),
            "sources": tuple(SourceFacts.of(name, choice) for name, choice in sorted(looked.choices.items())),
            "notes": image_targets.notes_on(self.chosen, [each.subject for each in self._unchecked], self._context),
            "looked_at": looked.looked_at,
            "gaps": tuple(
                UncheckedFacts(subject=each.tag.reference, why=each.scan.gaps)
                for each in looked.images
                if each.scan is not None and each.scan.gaps
            ),
            "view": View(**{name: getattr(self._arguments, name) for name in View.model_fields}),
        }

    def _find(self) -> None:
        fleet = _fleet_of(self._context)
        for area in self.chosen.areas:
            self._find_in(area, fleet)
        if self.chosen.images:
            there, missing = fleet.images(self.chosen.images, hub=self._context.hub)
            self._add((there[each] for each in self.chosen.images if each in there), missing)

    def _find_in(self, area: Area, fleet: Fleet) -> None:
        """Find the tags that stand for some repositories: by one listing, and the newest tags of what has changed.

        Of repositories that the list should have and lacks, what was known before is looked at.

        Raises:
            HubError: The only namespace that was asked about is not listed, and nothing is known of it.
        """
        namespace, hub, tell = area.namespace, self._context.hub, self._context.progress
        listed = fleet.listing(namespace, hub=hub, progress=tell)
        names = [each.name for each in listed.repositories if fnmatchcase(each.name.name, area.pattern)]
        unchecked = [each for each in listed.unchecked if _is_about(each, area)]
        if not isinstance(listed.error, RateLimitedError):
            unchecked += fleet.read(names, hub=hub, progress=tell).missed
        tags, noted = self._vulnerabilities.standing_for(Scope(namespaces=(namespace,)))
        subjects = {each.subject for each in unchecked}
        is_cut_short = listed.error is not None or namespace in subjects
        meant = {*names, *(tag.repository for tag in tags if is_cut_short or tag.repository.familiar in subjects)}
        there = [tag for tag in tags if tag.repository in meant and fnmatchcase(tag.repository.name, area.pattern)]
        if listed.error is not None and not there and len(self.chosen.areas) == 1 and not self.chosen.images:
            raise listed.error
        known = {name.familiar for name in meant} - subjects
        self._add(there, [*unchecked, *(each for each in noted if each.subject in known and _is_about(each, area))])

    def _add(self, tags: Iterable[TagSnapshot], unchecked: Iterable[Unchecked]) -> None:
        for tag in tags:
            self._tags.setdefault(tag.reference, tag)
        self._unchecked.update(dict.fromkeys(unchecked))


def _is_about(unchecked: Unchecked, area: Area) -> bool:
    """Return whether it is about the area, all of the namespace, or a repository with a fitting name."""
    name = unchecked.subject.rpartition("/")[2]
    is_whole = area.namespace != OFFICIAL_NAMESPACE and name == unchecked.subject
    return is_whole or fnmatchcase(name, area.pattern)


def _which(arguments: CvesArguments, context: Context, vulnerabilities: Vulnerabilities) -> WhichResult:
    seen = _Seen(arguments, context, vulnerabilities)
    if not arguments.targets and arguments.namespace is None:
        seen.add_watched()
    looked = seen.look(has_findings=True)
    found = vulnerabilities.which(arguments.vulnerability, looked)
    affected = [facts for each in found.affected for facts in AffectedFacts.all_of(each, looked.labels)]
    unknown = [*seen.unchecked, *found.unchecked]
    is_open = any(each.acceptance is None for each in found.affected)
    return WhichResult(
        vulnerability=arguments.vulnerability,
        affected=tuple(sorted(affected, key=lambda each: (each.accepted_until is not None, each.image, each.package))),
        clear=found.clear,
        is_negative=arguments.check and bool(is_open or unknown),
        **seen.common(looked, unknown),
    )


class _DayType(click.ParamType[Any]):
    """A day: `2026-12-31`."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the word."""
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{quoted(str(value))} is not a day, like `2026-12-31`.", param, ctx)


class _SpanType(click.ParamType[Any]):
    """A length of time: `12h`, `30d`, `4w`."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read the word."""
        try:
            return read_age(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _role_of(arguments: CvesArguments) -> Role:
    return Role.OPERATOR if arguments.action in {"accept", "unaccept"} else Role.MEMBER


COMMAND = Command(
    name="cves",
    group=Group.LOOK,
    summary="Show known vulnerabilities of images; accept one for a while",
    role=Role.MEMBER,
    role_of=_role_of,
    parameters=(
        click.Argument(["words"], nargs=-1, required=False, metavar="image… | namespace/ | accept CVE | accepted"),
        click.Option(
            ["--severity"],
            type=click.Choice([each.value for each in Severity], case_sensitive=False),
            metavar="critical|high|medium|low",
            help="Only these, and worse.",
        ),
        flag("fixable", "Only those with a fix."),
        flag("new", "Only those that came since the channel's last digest, or in the last week."),
        text_option("which", "CVE", "Which images have this one?"),
        flag("check", "End with status 1 in a terminal where something is open, or could not be checked."),
        click.Option(["--namespace"], type=NamespaceType(), metavar="NAME", help="Another namespace's images."),
        limit_option(DEFAULT_LIMIT),
        flag("all", "Show all of them."),
        flag("wide", "With platforms, sources and their age."),
        click.Option(
            ["--until"], type=_DayType(), metavar="DAY", help="Accept through this day (UTC), like `2026-12-31`."
        ),
        click.Option(["--for"], type=_SpanType(), metavar="AGE", help="Or for so long, like `30d`; a year at most."),
        text_option("reason", "TEXT", "Why it is accepted."),
        text_option("image", "GLOB", "Accept it only in these repositories, like `acme/api` or 'acme/web-*'."),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("cves", "the images of the default namespace, the worst first"),
        ("cves acme/api:1.4 --severity high", "what is high or critical in an image"),
        ("cves python:3.12 nginx --fixable", "what a newer version would fix, in official images"),
        ("cves --which CVE-2026-1234", "which of your images have it"),
        ('cves accept CVE-2026-1234 --until 2026-12-31 --reason "not reachable" --image acme/api', "do not count it"),
        ("cves accepted", "what is accepted, by whom, and until when"),
    ),
    notes="What was accepted is not counted until its last day is over; then it is back by itself. Images of which "
    "nothing is known are listed apart: that is never the same as none found.",
    uses_store=True,
)
