"""`/hub delete-tags <image> [tags]`: delete tags, by their names or by a rule. For admins.

A person sees first what would go, what is spared and why, then types the repository's name; where the policy asks,
another admin approves. Then a job deletes them one by one, and says what came of each.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import click
from pydantic import BaseModel, ConfigDict

from bot.chat import changing
from bot.chat import jobs as job_answers
from bot.chat.changing import ChangeArguments, ChangeResult, governance_of
from bot.chat.command import Command, Context, Group
from bot.chat.following import following
from bot.chat.forms import Field, FieldKind, Form, InputNeeded
from bot.chat.jobs import JobResult, jobs_of
from bot.chat.lookup import Found, find_repository
from bot.chat.parameters import AgeType, flag
from bot.chat.progress import telling_progress
from bot.chat.stale_rules import rules_of
from bot.chat.tag_facts import digest_cell
from bot.document import (
    UNKNOWN,
    Code,
    CodeBlock,
    Column,
    Count,
    Document,
    Facts,
    Inline,
    Line,
    Moment,
    Note,
    Paragraph,
    Part,
    Size,
    Table,
    line,
    marked,
)
from bot.errors import NotFoundError, UsageError, UserError
from bot.fleet import picking
from bot.fleet.deleting import KIND, MOST_TAGS, DeletionOrder, DoomedTag, propose
from bot.fleet.model import TagSnapshot
from bot.fleet.picking import Rule, Selection
from bot.fleet.protection import Protection
from bot.fleet.rows import tag_snapshot
from bot.fleet.staleness import Limits, check_pattern
from bot.governance.proposals import Change, Proposal, State
from bot.governance.roles import Role
from bot.hub.tags import Order, order_of
from bot.images import ImageReference, InvalidReferenceError, RepositoryName, check_tag
from bot.words import nearest, quoted

EXAMPLE = "/hub delete-tags acme/api --match 'pr-*' --older 30d"
IMAGES_STAY = (
    "Docker Hub keeps images without a tag, and counts their storage, until they are deleted on its site under Image "
    "Management."
)
SHARED = "{} of them {} to an image that a tag points to which stays: {} no storage is freed."
NEVER_PULLED = "Of {} of them Docker Hub tells no pull, though it does of other tags: nobody has pulled {}, it seems."
NOTHING = "There is nothing to delete of {}."
NOTHING_READ = "There is nothing to delete among the {:,} tags of {} that were read."
TOO_MANY = "At most {:,} tags are deleted at once: these are the oldest, and the same command again gives the rest."
TOO_MANY_READ = "At most {:,} tags are deleted at once: these are the oldest of those that were read."
OLDEST_READ = "What was read are the oldest: the same command again, when they are gone, reads on."
FOLLOWED = "How it goes on, and what came of each, is {}."
IF_CLOSED = "Where I cannot post, it is in a direct message to you."
ONLY_IN_TERMINAL = "Here the bot goes on by itself; `resume` is for a terminal."
_NOTHING = "–"
_MOST_KEPT = 10_000
_MOST_LISTED = 20
_LONGEST_LIST = 100_000

Action = Literal["delete", "show", "stop", "resume", "jobs"]
_ABOUT_JOBS: Mapping[str, Action] = {"show": "show", "stop": "stop", "resume": "resume", "jobs": "jobs"}

_ABOUT_ONE, _ABOUT_ALL = ("show", "stop", "resume"), ("jobs", "resume")
_ID = re.compile(r"(?:job|chg)_\w+", re.ASCII)


class DeleteTagsArguments(ChangeArguments):
    """Which tags to delete; or what to do about a job that does.

    Attributes:
        action: What.
        image: The repository.
        tags: Those that were named.
        match: A glob for tags; None: no condition. Likewise what follows.
        older: Pushed longer ago than that.
        not_pulled: Pulled longer ago than that.
        keep: So many of those that match are spared, the newest.
        stale: Whether they have to be stale by the rules of `stale`.
        pasted: Tags as they were pasted into the form.
        which: A job, or a change.
    """

    action: Action = "delete"
    image: ImageReference | None = None
    tags: tuple[str, ...] = ()
    match: str | None = None
    older: timedelta | None = None
    not_pulled: timedelta | None = None
    keep: int | None = None
    stale: bool = False
    pasted: str = ""
    which: str = ""

    @property
    def has_rule(self) -> bool:
        """Whether any condition was said."""
        return self.stale or any(each is not None for each in (self.match, self.older, self.not_pulled, self.keep))


class DoomedFacts(BaseModel):
    """A tag that would be deleted. None is unknown.

    Attributes:
        name: The tag.
        digest: What it points to.
        pushed_at, pulled_at: UTC.
        size_bytes: Compressed, of the largest platform.
        shares_with: A tag that stays and points to the same image; None: none does.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    digest: str | None = None
    pushed_at: datetime | None = None
    pulled_at: datetime | None = None
    size_bytes: int | None = None
    shares_with: str | None = None


class SparedFacts(BaseModel):
    """A tag that was meant and is left.

    Attributes:
        name: The tag.
        why: A clause, with code in backticks.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    why: str


class DeleteTagsResult(ChangeResult):
    """What would be deleted, or is.

    Attributes:
        repository: `namespace/name`.
        doomed: The tags that go, oldest first.
        spared: What was meant and is left.
        size_bytes: Of images that no tag points to afterwards; None is unknown.
    """

    repository: str = ""
    doomed: tuple[DoomedFacts, ...] = ()
    spared: tuple[SparedFacts, ...] = ()
    size_bytes: int | None = None


def parse(values: Mapping[str, Any]) -> DeleteTagsArguments:
    """Make the arguments.

    Raises:
        UsageError: The words do not fit together.
    """
    words: tuple[str, ...] = values["words"]
    if not words:
        raise UsageError("Of which repository? Name it, and tags or a rule.", example=EXAMPLE)
    options = ("match", "older", "not_pulled", "keep", "stale")
    has_rule = any(values[name] for name in options)
    action = _ABOUT_JOBS.get(words[0].lower())
    if action is not None:
        return _about_job(action, words[1:], has_rule=has_rule)
    _suggest_action(words, has_rule=has_rule)
    image = _image(words[0])
    named = ((image.tag,) if image.tag else ()) + tuple(map(_tag, words[1:]))
    if named and has_rule:
        raise UsageError("Name tags, or say a rule, but not both.", example=EXAMPLE)
    return DeleteTagsArguments(
        image=image.bare,
        tags=tuple(dict.fromkeys(named)),
        match=_pattern(values["match"]),
        older=values["older"],
        not_pulled=values["not_pulled"],
        keep=values["keep"],
        stale=values["stale"],
    )


def _about_job(action: Action, words: Sequence[str], *, has_rule: bool) -> DeleteTagsArguments:
    needs_one = action in {"show", "stop"}
    is_right = len(words) == 1 if needs_one else len(words) <= (action == "resume")
    if has_rule or not is_right:
        takes = "one job, like `job_5f1c2d3e4a5b`" if needs_one else "nothing else"
        raise UsageError(f"`delete-tags {action}` takes {takes}.", example="/hub delete-tags show job_5f1c2d3e4a5b")
    return DeleteTagsArguments(action=action, which=words[0] if words else "")


def _suggest_action(words: Sequence[str], *, has_rule: bool) -> None:
    """Refuse what is meant for a job, where the first word is misspelt; it might be an image of that name otherwise.

    Raises:
        UsageError: It is.
    """
    first, rest = words[0], words[1:]
    if has_rule or len(rest) > 1 or set("/:@") & set(first):
        return
    is_about_one = bool(rest) and _ID.fullmatch(rest[0]) is not None
    likely = nearest(first.lower(), _ABOUT_ONE if is_about_one else _ABOUT_ALL)
    if is_about_one or (likely and not rest):
        known = ", ".join(quoted(each) for each in _ABOUT_JOBS)
        raise UsageError(
            f"`delete-tags` does not know {quoted(first)}: of jobs it knows {known}. An image is written with its "
            "namespace here.",
            suggestion=" ".join(filter(None, ("/hub delete-tags", likely, *rest))) if likely else "",
            example=EXAMPLE,
        )


def _image(word: str) -> ImageReference:
    try:
        image = ImageReference.parse(word)
    except InvalidReferenceError as error:
        raise UsageError(str(error), example=EXAMPLE) from error
    if image.digest:
        raise UsageError("Tags are deleted by their names, not by a digest.", example="/hub delete-tags acme/api pr-1")
    return image


def _tag(word: str) -> str:
    try:
        return check_tag(word)
    except InvalidReferenceError as error:
        is_glob = bool(set("*?") & set(word))
        suggestion = f"--match '{word}'" if is_glob else ""
        raise UsageError(str(error), suggestion=suggestion, example=EXAMPLE) from error


def _pattern(word: str | None) -> str | None:
    try:
        return None if word is None else check_pattern(word)
    except ValueError as error:
        raise UsageError(str(error), example=EXAMPLE) from error


def run(arguments: DeleteTagsArguments, context: Context) -> DeleteTagsResult | JobResult:
    """Show what would be deleted, have what was agreed to deleted, or look after a job.

    Raises:
        InputNeeded: Tags have to be named, or the repository's name typed.
        HubError: Docker Hub does not show the repository, or nothing we hold may delete tags there.
    """
    match arguments.action:
        case "jobs":
            return job_answers.list_jobs(KIND, "Deletions of tags", context, most=_MOST_LISTED)
        case "show":
            return _show(arguments.which, context)
        case "stop":
            return job_answers.stop_job(job_answers.find_job(arguments.which, context), context)
        case "resume":
            return _resume(arguments.which, context)
    if arguments.agreed is not None:
        return _carry_out(arguments, context, arguments.agreed)
    governance_of(context)  # Without a database nothing can come of it, so nothing is read.
    jobs_of(context)
    return _preview(arguments, context)


def _preview(arguments: DeleteTagsArguments, context: Context) -> DeleteTagsResult:
    if arguments.image is None:
        raise UsageError("Of which repository? Name it, and tags or a rule.", example=EXAMPLE)
    names = arguments.tags
    if not names and not arguments.has_rule:
        names = _pasted(arguments.pasted, arguments.image)
    found = find_repository(arguments.image, context)
    context.hub.tags.require_right_to_delete(found.name.namespace)
    repository = context.hub.repositories.get(found.name)
    protection = Protection(governance_of(context).policy.tags, repository.immutable_tags_settings)
    read = _read(found.name, names, context)
    if names:
        selection = picking.select_named(read.tags, names, protection)
    else:
        limits = _limits(found.name, context) if arguments.stale else None
        rule = Rule(arguments.match, arguments.older, arguments.not_pulled, arguments.keep, limits)
        selection = picking.select_by_rule(read.tags, rule, protection, context.clock.now())
    return _shown(arguments, context, found, selection, read)


@dataclass(frozen=True)
class _Read:
    """The tags of a repository.

    Attributes:
        tags: As they are now; those that were named in any case.
        shortfall: What is missing, as a sentence; empty: nothing.
        are_oldest: Whether nothing is missing but newer tags.
    """

    tags: Sequence[TagSnapshot]
    shortfall: str
    are_oldest: bool


def _read(name: RepositoryName, names: Sequence[str], context: Context) -> _Read:
    listing = context.hub.tags.oldest(name)
    read_at = context.clock.now()
    found = list(telling_progress(listing, "tags", context))
    tags = {tag.name: tag_snapshot(name, tag, read_at) for tag in found}
    if not listing.is_complete:
        for each in names:
            if each not in tags:
                tags[each] = _read_one(name, each, context)
    known = [tag for tag in tags.values() if tag is not None]
    return _Read(known, listing.shortfall, listing.is_complete or order_of(found) is Order.OLDEST_FIRST)


def _read_one(name: RepositoryName, tag: str, context: Context) -> TagSnapshot | None:
    try:
        return tag_snapshot(name, context.hub.tags.get(name, tag), context.clock.now())
    except NotFoundError:
        return None


def _shown(
    arguments: DeleteTagsArguments, context: Context, found: Found, selection: Selection, read: _Read
) -> DeleteTagsResult:
    doomed = selection.doomed[:MOST_TAGS]
    size_bytes = None if read.shortfall else selection.size_bytes  # What was not read may keep any of these images.
    notes = [found.reading, read.shortfall]
    if len(doomed) < len(selection.doomed):
        notes.append((TOO_MANY if read.are_oldest else TOO_MANY_READ).format(MOST_TAGS))
    elif doomed and read.shortfall and read.are_oldest and arguments.has_rule:
        notes.append(OLDEST_READ)
    if not doomed:
        name = found.name.familiar
        summary = NOTHING_READ.format(len(read.tags), name) if read.shortfall else NOTHING.format(name)
        result = ChangeResult(summary=summary, shown=(), notes=tuple(filter(None, notes)), is_negative=True)
        return _with_tags(result, found.name, selection, doomed, size_bytes)
    notes += [*_warnings(doomed, selection), IMAGES_STAY]
    channel = following(context).channel
    order = DeletionOrder(repository=str(found.name), tags=tuple(DoomedTag.of(tag) for tag in doomed), channel=channel)
    result = changing.carry_out(
        arguments,
        context,
        lambda: propose(order),
        label=f"Delete {order.how_many}",
        notes=tuple(filter(None, notes)),
    )
    return _with_tags(result, found.name, selection, doomed, size_bytes)


def _warnings(doomed: Sequence[TagSnapshot], selection: Selection) -> Iterator[str]:
    """Yield what nobody might expect of the tags that go, a sentence each."""
    shared = sum(tag.name in selection.shared for tag in doomed)
    if shared:
        is_one = shared == 1
        yield SHARED.format(f"{shared:,}", "points" if is_one else "point", "of it" if is_one else "of these")
    unpulled = sum(tag.pulled_at is None for tag in doomed)
    if unpulled:
        yield NEVER_PULLED.format(f"{unpulled:,}", "it" if unpulled == 1 else "them")


def _with_tags(
    result: ChangeResult,
    name: RepositoryName,
    selection: Selection,
    doomed: Sequence[TagSnapshot],
    size_bytes: int | None,
) -> DeleteTagsResult:
    shared = selection.shared
    return DeleteTagsResult(
        **dict(result),
        repository=str(name),
        doomed=tuple(
            DoomedFacts(
                name=tag.name,
                digest=tag.digest,
                pushed_at=tag.pushed_at,
                pulled_at=tag.pulled_at,
                size_bytes=tag.size_bytes,
                shares_with=shared.get(tag.name),
            )
            for tag in doomed
        ),
        spared=tuple(SparedFacts(name=each.name, why=each.why) for each in selection.spared),
        size_bytes=size_bytes,
    )


def _carry_out(arguments: DeleteTagsArguments, context: Context, agreed: Proposal) -> DeleteTagsResult | JobResult:
    result = changing.carry_out(arguments, context, lambda: agreed, label="Delete")
    order = DeletionOrder.model_validate(agreed.request)
    if result.state is State.DONE and context.place is None:
        return job_answers.finish_jobs((job_answers.find_job(str(result.change_id), context),), context)
    seen = following(context)
    follow_up = [FOLLOWED.format(seen.where)]
    if context.place is not None and seen.channel == context.place.channel:
        follow_up.append(IF_CLOSED)
    notes = (*result.notes, " ".join(follow_up)) if result.state is State.DONE else result.notes
    told = {**dict(result), "notes": notes}
    return DeleteTagsResult(**told, repository=order.repository, doomed=_agreed(order))


def _agreed(order: DeletionOrder) -> tuple[DoomedFacts, ...]:
    return tuple(
        DoomedFacts(name=tag.name, digest=tag.mark or None, pushed_at=tag.pushed_at, pulled_at=tag.pulled_at)
        for tag in order.tags
    )


def _show(which: str, context: Context) -> DeleteTagsResult | JobResult:
    """Return a job with its items; or, where it waits for approval, the whole list of what would be deleted."""
    job = jobs_of(context).find(which)
    if job is not None:
        return job_answers.show_job(job, context)
    if not which.startswith("chg_"):
        raise UserError(job_answers.NO_JOB)
    change: Change = governance_of(context).find(which)
    if change.proposal.kind != KIND:
        raise UserError(job_answers.NO_JOB)
    order = DeletionOrder.model_validate(change.request)
    return DeleteTagsResult(**dict(changing.result_of(change)), repository=order.repository, doomed=_agreed(order))


def _resume(which: str, context: Context) -> JobResult:
    if context.place is not None:
        raise UserError(ONLY_IN_TERMINAL)
    if which:
        return job_answers.finish_jobs((job_answers.find_job(which, context),), context)
    return job_answers.finish_jobs(jobs_of(context).newest(KIND, is_open=True, most=_MOST_LISTED), context)


def _pasted(text: str, image: ImageReference) -> tuple[str, ...]:
    """Return the tags of a pasted list: one a line, or parted by blanks or commas, also as `acme/api:pr-1`.

    Raises:
        InputNeeded: There is none yet, or something in it is no tag of this repository.
    """
    field = Field(
        "pasted",
        "Tags to delete",
        hint=f"One a line, or parted by blanks; at most {MOST_TAGS:,}. They are shown before anything is deleted.",
        kind=FieldKind.TEXT,
    )
    form = Form(title="Delete tags", fields=(field,), submit="Show")
    if not text.strip():
        raise InputNeeded(form)
    try:
        names = _read_names(text, image)
    except ValueError as error:
        raise InputNeeded(form.again({"pasted": text}), {"pasted": str(error)}) from error
    return names


def _read_names(text: str, image: ImageReference) -> tuple[str, ...]:
    if len(text) > _LONGEST_LIST:
        raise ValueError(f"That is too long: at most {_LONGEST_LIST:,} characters are read.")
    names: dict[str, None] = {}
    for word in text.replace(",", " ").split():
        before, colon, tag = word.rpartition(":")
        if colon and ImageReference.parse(before).bare != image:
            raise ValueError(f"{quoted(word)} is of another repository.")
        names[check_tag(tag if colon else word)] = None
    if not names:
        raise ValueError("There is no tag in it.")
    if len(names) > MOST_TAGS:
        raise ValueError(f"These are {len(names):,} tags, and at most {MOST_TAGS:,} are deleted at once.")
    return tuple(names)


def _limits(name: RepositoryName, context: Context) -> Limits:
    """Return from which age on tags of a repository are stale."""
    rules = rules_of(context)
    kept, _ = rules.all(name.namespace)
    # Of the same pattern, the rule of the namespace comes first and holds.
    once = {each.rule.pattern: each.rule for each in reversed(kept)}
    return Limits(tuple(once.values()), rules.default)


def render(result: DeleteTagsResult | JobResult) -> Document:
    """Say what would be deleted and what is spared, or what came of it."""
    if isinstance(result, JobResult):
        return job_answers.render(result)
    notes = tuple(Note(marked(note)) for note in result.notes)
    if result.state is State.DONE:
        started = result.sentence.replace("`", "")
        return Document("", (Paragraph(line(started)), *notes, *changing.reference(result)))
    if result.state is not None:
        said = changing.render(result)
        return Document(said.title, (*said.parts, *_tables(result))) if result.doomed else said
    parts: list[Part] = [*_tables(result)]
    if result.doomed:
        parts = [Facts(tuple(_facts(result))), *parts, CodeBlock("\n".join(result.shown))]
    return Document(result.summary, (*parts, *notes))


def _facts(result: DeleteTagsResult) -> list[tuple[str, Line]]:
    pushed = [tag.pushed_at for tag in result.doomed if tag.pushed_at]
    pulled = [tag.pulled_at for tag in result.doomed if tag.pulled_at]
    facts: list[tuple[str, Line]] = [
        ("Tags", line(Count(len(result.doomed)))),
        ("Images left without a tag", line(Size(result.size_bytes))),
    ]
    if pushed:
        facts.append(("Pushed", line(Moment(min(pushed)), " to ", Moment(max(pushed)))))
    told = f", of {len(pulled):,} of them" if len(pulled) < len(result.doomed) else ""
    last: Line = line(Moment(max(pulled)), told) if pulled else line(UNKNOWN)
    facts.append(("Last pull", last))
    if result.spared:
        facts.append(("Spared", line(Count(len(result.spared)))))
    return facts


def _tables(result: DeleteTagsResult) -> list[Part]:
    tables: list[Part] = []
    if result.doomed:
        has_shares = any(tag.shares_with for tag in result.doomed)
        # Nobody wrote down the sizes of what was agreed on.
        has_sizes = any(tag.size_bytes is not None for tag in result.doomed)
        sizes, shares = ("Size",) * has_sizes, ("Same image as",) * has_shares
        titles = ("Tag", "Pushed", "Pulled", *sizes, "Digest", *shares)
        columns = tuple(Column(title, numeric=title == "Size") for title in titles)
        rows = tuple(_row(tag, has_sizes=has_sizes, has_shares=has_shares) for tag in result.doomed)
        tables.append(Table(f"Tags of {result.repository} to delete", columns, rows))
    if result.spared:
        spared: tuple[tuple[Inline, ...], ...] = tuple(
            (Code(each.name), each.why.replace("`", "")) for each in result.spared
        )
        tables.append(Table(f"Tags of {result.repository} that stay", (Column("Tag"), Column("Stays")), spared))
    return tables


def _row(tag: DoomedFacts, *, has_sizes: bool, has_shares: bool) -> tuple[Inline, ...]:
    sizes: tuple[Inline, ...] = (Size(tag.size_bytes),) if has_sizes else ()
    shares: tuple[Inline, ...] = (Code(tag.shares_with) if tag.shares_with else _NOTHING,) if has_shares else ()
    return (Code(tag.name), Moment(tag.pushed_at), Moment(tag.pulled_at), *sizes, digest_cell(tag.digest), *shares)


COMMAND = Command(
    name="delete-tags",
    group=Group.ACT,
    summary="Delete tags, by name or by a rule, after you have seen which",
    role=Role.ADMIN,
    parameters=(
        click.Argument(["words"], nargs=-1, required=False, metavar="image [tags]"),
        click.Option(["--match"], metavar="GLOB", help="Only tags whose name matches, like 'pr-*'."),
        click.Option(["--older"], type=AgeType(), metavar="AGE", help="Only tags pushed longer ago, like `30d`."),
        click.Option(
            ["--not-pulled"], type=AgeType(), metavar="AGE", help="Only tags pulled last longer ago, like `90d`."
        ),
        click.Option(
            ["--keep"],
            type=click.IntRange(1, _MOST_KEPT),
            metavar="N",
            help="Spare so many of those that match: the newest.",
        ),
        flag("stale", "Only tags that are stale by the rules of `stale`."),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("delete-tags acme/api 1.0.0", "one tag, or several"),
        ("delete-tags acme/api --match 'pr-*' --older 30d --keep 10", "by a rule: all conditions hold together"),
        ("delete-tags acme/api", "paste a list"),
        ("delete-tags show job_5f1c2d3e4a5b", "what came of each; `jobs` lists them, `stop` stops one"),
    ),
    notes=(
        "What the configuration file protects (`[protected] tags`) and what is immutable at Docker Hub is never "
        "deleted, nor `latest` unless you name it. Each tag is read again just before: one that was pushed or pulled "
        f"meanwhile stays. At most {MOST_TAGS:,} at once, two a second, in the background. "
        "In a terminal it is done right there, and `resume` goes on with what was left."
    ),
    can_share=False,
    can_offer=True,
    uses_store=True,
)
