"""What a channel sees of pushes: one message for one fold. Pure.

What is as it should be is said briefly; what somebody may have to act on (an image that grew, a platform that is
gone, a push that could not be confirmed) stands out; what is not known is not said.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from bot.document import (
    Code,
    Column,
    Document,
    Facts,
    Inline,
    Line,
    Link,
    Listing,
    Moment,
    Note,
    Paragraph,
    Part,
    Size,
    Strong,
    Table,
    format_count,
    line,
    short_digest,
)
from bot.images import RepositoryName
from bot.pushes import sizes
from bot.pushes.hardened import HardenedChanges, hardened_changes
from bot.pushes.model import Fold, Growth, PushedTag, ReadingProblem, ReadingState, TagImage
from bot.pushes.payload import ContentKind
from bot.slack import blocks, text
from bot.slack.fallback import LONGEST
from bot.slack.message import Block, Message
from bot.slack.render import render, tables_for_files

INSPECT_ACTION = "push_inspect"
TAGS_ACTION = "push_tags"
MUTE_ACTION = "push_mute"
UNMUTE_ACTION = "push_unmute"

MOST_TAGS = 50
"""So many are named; the others are counted, and are in `tags_table`."""

CONFIRMING = "confirming…"
OVERTAKEN = "pushed again since; this is the newer image"
FOUND_BY_LOOKING = "found by looking at Docker Hub; no webhook came"
SOME_FOUND_BY_LOOKING = "some found by looking at Docker Hub; no webhook came for them"
ONLY_A_TEST = (
    f"This is a test: nothing was pushed. A real message also has buttons: Inspect, Tags, Mute 24{sizes.NO_BREAK}h."
)
UNCONFIRMED: Mapping[ReadingProblem | None, str] = {
    None: "unconfirmed",
    ReadingProblem.ABSENT: "unconfirmed: Docker Hub shows no such tag",
    ReadingProblem.OLDER: "unconfirmed: Docker Hub still shows the image from before",
    ReadingProblem.AWAY: "unconfirmed: Docker Hub could not be asked",
    ReadingProblem.REFUSED: "unconfirmed: Docker Hub does not let the bot read the repository",
}

_NO_TAG = "(no tag)"
_BETWEEN = " · "
_LONGEST_TAG = 128
_LONGEST_PUSHER = 60
_LONGEST_DIGEST = 140
_LONGEST_PARAGRAPH = 550
"""Of names of tags. The text form would cut a longer one."""
_MOST_IN_HEADLINE = 8
_LONGEST_IN_HEADLINE = 300
_MOST_LISTED = 5
"""Tags that differ are told line by line; more of them in a table."""
_MOST_PUSHERS = 3
_MOST_REMARKS = 10
_MOST_FIXES = 5
_SEVERE = ("critical", "high")
_LOOKED = frozenset({"listing", "poll"})
_USER = re.compile(r"[UW][A-Z0-9]+")

_Remark = tuple[str, Line]
"""What stands out, and what is said of it. A capital letter is for the beginning of a line."""
_Cell = Callable[[PushedTag], Inline]


def card(fold: Fold, *, message_id: str) -> Message:
    """Return the message, within all of Slack's limits.

    Args:
        fold: What to tell.
        message_id: What its buttons carry.
    """
    muted = _muted(fold)
    closing = [] if fold.is_test else [_buttons(fold, message_id, can_mute=not muted)]
    message = render(_document(fold), closing=[*closing, *(blocks.context(words) for words in (muted,) if words)])
    words = f"{message.text}\n{muted}"
    return Message(words, message.blocks) if muted and len(words) <= LONGEST else message


def tags_table(fold: Fold) -> Table:
    """Return all tags with all that is known of them, for a file."""
    columns = (
        Column("Tag"),
        Column("Kind"),
        Column("Last pushed"),
        Column("Pushed by"),
        Column("Largest size", numeric=True),
        Column("Change"),
        Column("Platforms"),
        Column("Digest"),
        Column("State"),
    )
    return Table(_caption(fold), columns, tuple(_full_row(tag) for tag in fold.tags))


def _full_row(tag: PushedTag) -> tuple[Inline, ...]:
    image = _image(tag)
    return (
        tag.tag,
        tag.content_kind.value,
        Moment(_last(tag)),
        ", ".join(tag.pushers),
        _largest(tag),
        _change(tag).replace(sizes.NO_BREAK, " "),
        ", ".join(each.platform for each in image.platforms if each.platform) if image else "",
        image.digest if image else "",
        _state(tag) or tag.state.value,
    )


def _document(fold: Fold) -> Document:
    told = _told_at_once(fold) if _are_alike(fold.tags) else _told_one_by_one(fold)
    return Document("", (*told, *((Note(line(ONLY_A_TEST)),) if fold.is_test else ())))


def _are_alike(tags: Sequence[PushedTag]) -> bool:
    """Return whether what there is to say of the tags is the same, so that it is said once."""
    said = {(tag.content_kind, _state(tag), _digest(_image(tag))) for tag in tags}
    before = {_digest(tag.reading.previous) for tag in tags if _image(tag)} - {None}
    return len(said) == 1 and len(before) <= 1


def _told_at_once(fold: Fold) -> Iterator[Part]:
    first, image = fold.tags[0], _image(fold.tags[0])
    names = [_name(tag) for tag in fold.tags[:MOST_TAGS]]
    is_short = len(fold.tags) <= _MOST_IN_HEADLINE and sum(map(len, names)) <= _LONGEST_IN_HEADLINE
    is_given_up = first.state is ReadingState.UNCONFIRMED
    yield Paragraph(_headline(fold, names if is_short else ()))
    if is_given_up:
        yield Paragraph(line(Strong(_state(first))))
    if image:
        previous = next((tag.reading.previous for tag in fold.tags if tag.reading.previous), None)
        yield Paragraph(_joined(line(piece) for piece in sizes.size_pieces(image, previous)))
    # What several of the tags have in common counts once.
    remarks = dict.fromkeys(remark for tag in fold.tags for remark in _remarks_on(tag))
    yield from _remarks((_capitalised(label), value) for label, value in remarks)
    yield from _small_print(fold, "" if is_given_up else _state(first))
    if image:
        yield Note(line(Code(text.cut(image.digest, _LONGEST_DIGEST))))
    if not is_short:
        yield from map(Paragraph, _paragraphs(names))
        yield from _others(fold)


def _told_one_by_one(fold: Fold) -> Iterator[Part]:
    shown = fold.tags[:MOST_TAGS]
    yield Paragraph(_headline(fold))
    yield from _remarks((f"{_name(tag)}: {label}", value) for tag in fold.tags for label, value in _remarks_on(tag))
    if len(shown) <= _MOST_LISTED:
        yield Listing(tuple(_listed(fold, tag) for tag in shown))
    else:
        wide = _table(fold, shown, is_wide=True)
        yield _table(fold, shown, is_wide=False) if tables_for_files(Document("", (wide,))) else wide
    yield from _others(fold)
    yield from _small_print(fold, _common_platforms(fold))


def _headline(fold: Fold, names: Sequence[str] = ()) -> Line:
    """Say what was pushed, by whom and when; of several tags their names, or how many they are."""
    test = (Strong("Test:"), " ") if fold.is_test else ()
    # Not how often: Docker Hub sends several webhooks for one push, and their number says nothing.
    when = Moment(max(_last(tag) for tag in fold.tags))
    return line(*test, *_what(fold, names), " pushed", *_by(fold), _BETWEEN, when)


def _what(fold: Fold, names: Sequence[str]) -> Line:
    repository, first = fold.repository, fold.tags[0]
    kind = "" if _has_kinds(fold) or first.content_kind is ContentKind.IMAGE else f"{_kind_words(first)} "
    if len(fold.tags) == 1:
        name = f"{repository.familiar}:{_name(first)}" if first.tag else repository.familiar
        return line(kind, Link(name, _page(repository, first.tag), is_strong=True))
    told = _separated(names) if names else line(_counted(len(fold.tags), "tag"))
    return line(kind, Link(repository.familiar, _page(repository), is_strong=True), ": ", *told)


def _by(fold: Fold) -> Line:
    pushers = dict.fromkeys(text.one_line(pusher) for tag in fold.tags for pusher in tag.pushers)
    named = [text.cut(pusher, _LONGEST_PUSHER) for pusher in pushers if pusher]
    more = len(named) - _MOST_PUSHERS
    others = f" and {format_count(more)} more" if more > 0 else ""
    return line(" by ", *_separated(named[:_MOST_PUSHERS]), others) if named else ()


def _remarks(remarks: Iterable[_Remark]) -> Iterator[Part]:
    """Set under each other what somebody may have to look at, the telling words first."""
    every = list(remarks)
    if every:
        yield Facts(tuple(every[:_MOST_REMARKS]))
    if (more := len(every) - _MOST_REMARKS) > 0:
        yield Note(line(f"and {_counted(more, 'more remark')}"))


def _remarks_on(tag: PushedTag) -> Iterator[_Remark]:
    image = _image(tag)
    if image is None:
        return
    yield from _grown(tag.reading.growths, image)
    if lost := sizes.lost_platforms(image, tag.reading.previous):
        yield f"lost {_platforms(lost)}:", line("the image before had it")
    # Anybody can send a payload: what it tells of other images than the one that is there is not believed.
    yield from _hardened(
        hardened_changes({digest: each for digest, each in tag.hardened.items() if image.contains(digest)})
    )


def _grown(growths: Iterable[Growth], image: TagImage) -> Iterator[_Remark]:
    """Say by how much it grew, once for each image it was compared with; not again where the numbers are the same."""
    compared: dict[str, list[Growth]] = {}
    for growth in growths:
        compared.setdefault(text.one_line(growth.against), []).append(growth)
    told: set[tuple[str, str]] = set()
    for against, some in compared.items():
        by_platform = {_platforms([each.platform]): _growth(each) for each in some}
        if by_platform.items() <= told:
            continue
        told |= by_platform.items()
        most = "" if len({*by_platform.values()}) == 1 else "up to "
        of_each = f" ({', '.join(f'{platform} +{words}' for platform, words in by_platform.items())})"
        yield (
            f"grew by {most}{_growth(max(some, key=_share))}",
            line(f"since {against}", of_each if len(image.platforms) > 1 else ""),
        )


def _growth(growth: Growth) -> str:
    return sizes.format_growth(growth.before_bytes, growth.after_bytes)


def _share(growth: Growth) -> float:
    return growth.after_bytes / growth.before_bytes if growth.before_bytes > 0 else math.inf


def _platforms(names: Iterable[str | None]) -> str:
    return text.one_line(", ".join(map(sizes.short_platform, names)))


def _hardened(changes: HardenedChanges) -> Iterator[_Remark]:
    if count := len(changes.fixed):
        is_cve = all(each.startswith("CVE-") for each in changes.fixed)
        severe = ", ".join(f"{number} {each}" for each in _SEVERE if (number := changes.severities.get(each)))
        label = f"fixes {_counted(count, 'CVE' if is_cve else 'known hole')}{f' ({severe})' if severe else ''}:"
        more = count - _MOST_FIXES
        others = f" and {format_count(more)} more" if more > 0 else ""
        yield label, line(*_separated(changes.fixed[:_MOST_FIXES]), others)
    packages = {"updated": changes.updated, "added": changes.added, "removed": changes.removed}
    if counted := ", ".join(f"{format_count(number)} {word}" for word, number in packages.items() if number):
        yield "packages:", line(counted)


def _listed(fold: Fold, tag: PushedTag) -> Line:
    image = _image(tag)
    pieces = (
        Link(_name(tag), _page(fold.repository, tag.tag)),
        _kind_words(tag) if _has_kinds(fold) else "",
        sizes.size_words(image) if image else "",
        _change(tag),
        _short_digest(image),
        _state(tag),
    )
    return _joined(line(piece) for piece in pieces)


def _table(fold: Fold, shown: Sequence[PushedTag], *, is_wide: bool) -> Table:
    """Return the tags in a table without empty columns: with all that is known, or so that any fifty fit."""
    wide: tuple[tuple[Column, _Cell], ...] = (
        (Column("Kind"), lambda tag: _kind_words(tag) if _has_kinds(fold) else ""),
        (Column("Size", numeric=True), lambda tag: sizes.size_cell(image) if (image := _image(tag)) else ""),
        (Column("Change"), _change),
    )
    every: tuple[tuple[Column, _Cell], ...] = (
        (Column("Tag"), lambda tag: Code(_name(tag))),
        *(wide if is_wide else ((Column("Largest size", numeric=True), _largest),)),
        (Column("Digest"), lambda tag: _short_digest(_image(tag))),
        (Column("State"), _state),
    )
    columns = [(column, cell) for column, cell in every if any(map(cell, shown))]
    rows = tuple(tuple(cell(tag) or text.NOTHING for _, cell in columns) for tag in shown)
    return Table(_caption(fold), tuple(column for column, _ in columns), rows)


def _small_print(fold: Fold, words: str) -> Iterator[Part]:
    """Say what most people skip: these words of ours, and how the pushes came to be known."""
    looked = {tag.source in _LOOKED for tag in fold.tags}
    found = FOUND_BY_LOOKING if looked == {True} else SOME_FOUND_BY_LOOKING if True in looked else ""
    if words or found:
        yield Note(_joined((line(words), line(found))))


def _others(fold: Fold) -> Iterator[Part]:
    if (more := len(fold.tags) - MOST_TAGS) > 0:
        yield Note(line(f"and {_counted(more, 'more tag')}"))


def _paragraphs(names: Iterable[str]) -> Iterator[Line]:
    """Set the names one after the other, in paragraphs that are shown whole in every form of the message."""
    paragraph: list[str] = []
    for name in names:
        if len(", ".join((*paragraph, name))) > _LONGEST_PARAGRAPH:
            yield _separated(paragraph)
            paragraph = []
        paragraph.append(name)
    yield _separated(paragraph)


def _buttons(fold: Fold, message_id: str, *, can_mute: bool) -> Block:
    last = next((tag.tag for tag in reversed(fold.tags) if tag.tag), "") if len(fold.tags) > 1 else ""
    # Only one of several tags is inspected, the one that was pushed last: the button says which.
    inspect = f"Inspect {last}" if last else "Inspect"
    mute = {MUTE_ACTION: "Mute 24 h"} if can_mute else {UNMUTE_ACTION: "Unmute"}
    labels = {INSPECT_ACTION: inspect, TAGS_ACTION: "Tags", **mute}
    return blocks.actions(
        *(blocks.button(label, action_id=action, value=message_id) for action, label in labels.items())
    )


def _muted(fold: Fold) -> str:
    """Return who muted the repository and until when, as mrkdwn; empty when nobody did."""
    if fold.muted_until is None:
        return ""
    by = f" by <@{fold.muted_by}>" if fold.muted_by and _USER.fullmatch(fold.muted_by) else ""
    return f"Muted{by} until {text.date(fold.muted_until)}"


def _image(tag: PushedTag) -> TagImage | None:
    """Return what the tag points at; None as long as it may be something else."""
    is_known = tag.state not in {ReadingState.WAITING, ReadingState.UNCONFIRMED}
    return tag.reading.image if is_known else None


def _state(tag: PushedTag) -> str:
    """Return what to say of how far reading back has come: nothing when it is as it should be."""
    match tag.state:
        case ReadingState.WAITING:
            return CONFIRMING
        case ReadingState.UNCONFIRMED:
            return UNCONFIRMED[tag.problem]
        case _:
            return OVERTAKEN if tag.reading.is_overtaken else ""


def _name(tag: PushedTag) -> str:
    return text.cut(text.one_line(tag.tag), _LONGEST_TAG) or _NO_TAG


def _last(tag: PushedTag) -> datetime:
    return max(tag.pushed_at)


def _change(tag: PushedTag) -> str:
    image = _image(tag)
    return sizes.change_words(image, tag.reading.previous) if image else ""


def _largest(tag: PushedTag) -> Inline:
    image = _image(tag)
    return Size(sizes.largest_size(image)) if image else ""


def _digest(image: TagImage | None) -> str | None:
    return image.digest if image else None


def _short_digest(image: TagImage | None) -> Inline:
    return Code(short_digest(image.digest)) if image else ""


def _common_platforms(fold: Fold) -> str:
    """Name the platforms that all of the tags are for; empty when they differ or some are not known."""
    platforms = {sizes.platforms_words(image) if (image := _image(tag)) else "" for tag in fold.tags}
    common = platforms.pop() if len(platforms) == 1 else ""
    return f"all for {common}" if common else ""


def _has_kinds(fold: Fold) -> bool:
    return len({tag.content_kind for tag in fold.tags}) > 1


def _kind_words(tag: PushedTag) -> str:
    return _capitalised(tag.content_kind.value)


def _page(repository: RepositoryName, tag: str = "") -> str:
    """Return the page at Docker Hub that lists the repository's tags: only those whose name has this in it."""
    query = f"?name={quote(tag, safe='')}" if tag else ""
    return f"{repository.url}/tags{query}"


def _capitalised(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def _caption(fold: Fold) -> str:
    return f"Pushed tags of {fold.repository}"


def _counted(number: int, thing: str) -> str:
    return f"{format_count(number)} {thing}{'' if number == 1 else 's'}"


def _separated(names: Iterable[str]) -> Line:
    return _joined((line(Code(name)) for name in names), ", ")


def _joined(lines: Iterable[Line], between: str = _BETWEEN) -> Line:
    """Return the lines as one, with something between those that say anything."""
    said = [each for each in lines if any(each)]
    return tuple(piece for number, each in enumerate(said) for piece in ((between,) if number else ()) + each)
