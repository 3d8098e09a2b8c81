"""What a person reads of pushes; and that whatever is pushed, Slack takes the message and nothing in it is active."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.images import RepositoryName
from bot.pushes.card import INSPECT_ACTION, MOST_TAGS, MUTE_ACTION, TAGS_ACTION, UNMUTE_ACTION, card, tags_table
from bot.pushes.model import (
    Fold,
    Growth,
    PlatformImage,
    PushedTag,
    Reading,
    ReadingProblem,
    ReadingState,
    TagImage,
)
from bot.pushes.payload import ContentKind
from bot.slack.csv_file import csv_file
from bot.slack.message import Message
from tests.support.blockkit import assert_valid_message, parsed_texts

API = RepositoryName("acme", "api")
PUSHED = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
WHEN = "2026-11-21 14:05 UTC"
DIGEST, BEFORE, OTHER = ("sha256:" + character * 64 for character in "abc")
MESSAGE = "msg_1"


def image(digest: str = DIGEST, /, **by_platform: int) -> TagImage:
    """Return an image; the platforms are those of Linux."""
    sizes = by_platform or {"amd64": 84_200_000}
    platforms = tuple(
        PlatformImage(platform=f"linux/{name}", digest=f"{digest[:-2]}0{number}", size_bytes=size)
        for number, (name, size) in enumerate(sizes.items())
    )
    return TagImage(digest=digest, pushed_at=PUSHED, platforms=platforms)


def confirmed(tag: str = "1.2.3", read: TagImage | None = None, **facts: Any) -> PushedTag:
    """Return a tag that was read back; what is no fact of the tag is one of the reading."""
    of_reading = {name: facts.pop(name) for name in ("previous", "growths", "is_overtaken") if name in facts}
    given: dict[str, Any] = {"pushed_at": (PUSHED,), "pushers": ("ana",), "state": ReadingState.CONFIRMED, **facts}
    return PushedTag(tag, reading=Reading(image=read or image(), **of_reading), **given)


def waiting(tag: str = "1.2.3") -> PushedTag:
    return PushedTag(tag, (PUSHED,), ("ana",))


def unconfirmed(problem: ReadingProblem | None, tag: str = "1.2.3") -> PushedTag:
    return replace(waiting(tag), state=ReadingState.UNCONFIRMED, problem=problem)


def fold(*tags: PushedTag, repository: RepositoryName = API, **facts: Any) -> Fold:
    return Fold(repository, tags, **facts)


def shown(*tags: PushedTag, **facts: Any) -> list[str]:
    """Return what a person sees, one line after the other; every blank is a usual one."""
    message = card(fold(*tags, **facts), message_id=MESSAGE)
    assert_valid_message(message)
    return [line for block in message.blocks for line in plain(seen(block)).splitlines()]


def plain(words: str) -> str:
    return words.replace("\u00a0", " ")


def seen(value: Any) -> str:  # noqa: PLR0911 - One line for each kind of element.
    """Return the words of a block as a person sees them: cells and buttons apart, dates in UTC."""
    match value:
        case {"type": "date", "fallback": fallback}:
            return str(fallback)
        case {"type": "mrkdwn", "text": words}:
            return re.sub(r"<!date\^[^|]*\|([^>]*)>", r"\1", words).replace("`", "")
        case {"type": "data_table", "rows": rows}:
            return "\n".join(" | ".join(map(seen, row)) for row in rows)
        case {"type": "actions", "elements": buttons}:
            return " ".join(f"[{seen(each)}]" for each in buttons)
        case {"type": "rich_text_list", "elements": items}:
            return "\n".join(f"- {seen(item)}" for item in items)
        case {"elements": elements}:
            return "".join(map(seen, elements))
        case {"text": dict() as inner}:
            return seen(inner)
        case {"text": words}:
            return str(words)
    raise AssertionError(value)


def elements(message: Message, kind: str) -> list[dict[str, Any]]:
    """Return all elements of one kind, however deep."""

    def walk(value: Any) -> list[dict[str, Any]]:
        if isinstance(value, list):
            return [found for each in value for found in walk(each)]
        if not isinstance(value, dict):
            return []
        return [*([value] if value.get("type") == kind else []), *walk(list(value.values()))]

    return walk(list(message.blocks))


def links(message: Message) -> dict[str, str]:
    return {each["text"]: each["url"] for each in elements(message, "link")}


def buttons(message: Message) -> list[tuple[str, str]]:
    return [(each["action_id"], each["value"]) for each in elements(message, "button")]


def test_a_push_is_told_in_three_lines() -> None:
    assert shown(confirmed(previous=image(BEFORE, amd64=82_900_000))) == [
        f"acme/api:1.2.3 pushed by ana · {WHEN}",
        "84.2 MB, +1.3 MB (+1.6 %) · amd64",
        DIGEST,
        "[Inspect] [Tags] [Mute 24 h]",
    ]


def test_the_text_says_the_same_without_buttons() -> None:
    message = card(fold(confirmed(previous=image(BEFORE, amd64=82_900_000))), message_id=MESSAGE)

    assert plain(message.text) == (
        "*<https://hub.docker.com/r/acme/api/tags?name=1.2.3|acme/api:1.2.3>* pushed by `ana` · "
        f"<!date^1795269900^{{date_short_pretty}} at {{time}}|{WHEN}>\n"
        "84.2 MB, +1.3 MB (+1.6 %) · amd64\n"
        f"`{DIGEST}`"
    )


def test_the_whole_digest_is_there_to_be_copied_and_the_name_leads_to_docker_hub() -> None:
    message = card(fold(confirmed()), message_id=MESSAGE)

    assert f"`{DIGEST}`" in [each["text"] for each in elements(message, "mrkdwn")]
    assert links(message) == {"acme/api:1.2.3": "https://hub.docker.com/r/acme/api/tags?name=1.2.3"}
    assert elements(message, "link")[0]["style"] == {"bold": True}


def test_an_official_image_goes_by_its_short_name() -> None:
    message = card(fold(confirmed("3.13"), repository=RepositoryName("library", "python")), message_id=MESSAGE)

    assert links(message) == {"python:3.13": "https://hub.docker.com/_/python/tags?name=3.13"}


def test_the_pusher_is_no_mention() -> None:
    message = card(fold(confirmed(pushers=("<@U0ANA>",))), message_id=MESSAGE)

    assert not elements(message, "user")
    assert "by `&lt;@U0ANA&gt;` ·" in message.text


def test_a_push_by_nobody_known_names_nobody() -> None:
    assert shown(confirmed(pushers=()))[0] == f"acme/api:1.2.3 pushed · {WHEN}"


def test_a_payload_without_a_tag_names_the_repository() -> None:
    message = card(fold(waiting("")), message_id=MESSAGE)

    assert seen(message.blocks[0]) == f"acme/api pushed by ana · {WHEN}"
    assert links(message) == {"acme/api": "https://hub.docker.com/r/acme/api/tags"}


@pytest.mark.parametrize(
    ("kind", "begins"),
    [
        (ContentKind.IMAGE, "acme/api:1.2.3 pushed"),
        (ContentKind.HELM_CHART, "Helm chart acme/api:1.2.3 pushed"),
        (ContentKind.MODEL, "Model acme/api:1.2.3 pushed"),
        (ContentKind.COMPOSE, "Compose application acme/api:1.2.3 pushed"),
        (ContentKind.OTHER, "Artifact acme/api:1.2.3 pushed"),
    ],
)
def test_what_is_not_an_image_is_named(kind: ContentKind, begins: str) -> None:
    assert shown(confirmed(content_kind=kind))[0].startswith(begins)


def test_a_few_platforms_are_told_one_by_one() -> None:
    before = image(BEFORE, amd64=82_900_000, arm64=79_000_000)

    lines = shown(confirmed(read=image(amd64=84_200_000, arm64=79_000_000), previous=before))

    assert lines[1] == "amd64 84.2 MB, +1.3 MB (+1.6 %) · arm64 79.0 MB, same size"


def test_before_the_first_reading_it_is_confirming() -> None:
    assert shown(waiting()) == [
        f"acme/api:1.2.3 pushed by ana · {WHEN}",
        "confirming…",
        "[Inspect] [Tags] [Mute 24 h]",
    ]


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (ReadingProblem.ABSENT, "unconfirmed: Docker Hub shows no such tag"),
        (ReadingProblem.OLDER, "unconfirmed: Docker Hub still shows the image from before"),
        (ReadingProblem.AWAY, "unconfirmed: Docker Hub could not be asked"),
        (ReadingProblem.REFUSED, "unconfirmed: Docker Hub does not let the bot read the repository"),
        (None, "unconfirmed"),
    ],
)
def test_what_could_not_be_confirmed_says_why(problem: ReadingProblem | None, sentence: str) -> None:
    message = card(fold(unconfirmed(problem)), message_id=MESSAGE)

    assert seen(message.blocks[1]) == sentence
    assert f"*{sentence}*" in message.text.splitlines()


@pytest.mark.parametrize("state", [ReadingState.WAITING, ReadingState.UNCONFIRMED])
def test_an_image_that_is_not_confirmed_to_be_the_pushed_one_is_not_told(state: ReadingState) -> None:
    tag = confirmed(previous=image(BEFORE, arm64=1), state=state, problem=ReadingProblem.OLDER)

    assert len(shown(tag)) == 3


def test_a_push_that_another_one_overtook_says_so() -> None:
    assert "pushed again since; this is the newer image" in shown(confirmed(is_overtaken=True))


@pytest.mark.parametrize("source", ["listing", "poll"])
def test_a_push_without_a_webhook_says_how_it_was_found(source: str) -> None:
    assert "found by looking at Docker Hub; no webhook came" in shown(confirmed(source=source))


def grown(platform: str | None, percent: int, against: str = "the last push") -> Growth:
    return Growth(platform=platform, against=against, before_bytes=100_000_000, after_bytes=(100 + percent) * 1_000_000)


def growth_told(*growths: Growth, platforms: int = 1) -> list[str]:
    """Return what the card of an image for so many platforms says of its growth."""
    read = image(**{f"p{number}": 84_200_000 for number in range(platforms)})
    return [each for each in shown(confirmed(read=read, growths=growths)) if each.startswith("Grew")]


def test_growth_and_a_lost_platform_stand_out() -> None:
    before = image(BEFORE, amd64=80_100_000, s390x=1)
    tag = confirmed(read=image(amd64=108_000_000), previous=before, growths=(grown("linux/amd64", 35),))

    message = card(fold(tag), message_id=MESSAGE)

    assert plain(seen(message.blocks[2])).splitlines() == [
        "Grew by 35 % since the last push",
        "Lost s390x: the image before had it",
    ]
    bold = [plain(each["text"]) for each in elements(message, "text") if each.get("style", {}).get("bold")]
    assert bold == ["Grew by 35 %", "Lost s390x:"]


def test_growth_of_several_platforms_is_one_line() -> None:
    growths = grown("linux/amd64", 20), grown("linux/arm64/v8", 20)

    assert growth_told(*growths, platforms=2) == ["Grew by 20 % since the last push (amd64 +20 %, arm64/v8 +20 %)"]


def test_of_platforms_that_grew_differently_the_most_is_told_first() -> None:
    growths = grown("linux/amd64", 20), grown("linux/arm64/v8", 41)

    assert growth_told(*growths, platforms=2) == [
        "Grew by up to 41 % since the last push (amd64 +20 %, arm64/v8 +41 %)"
    ]


def test_growth_against_a_baseline_is_told_where_it_says_more() -> None:
    last = grown("linux/amd64", 20), grown("linux/arm64/v8", 20)

    same = growth_told(*last, grown("linux/amd64", 20, "the baseline 1.0"), platforms=2)
    more = growth_told(*last, grown("linux/arm64/v8", 41, "the baseline 1.0"), platforms=2)

    assert same == ["Grew by 20 % since the last push (amd64 +20 %, arm64/v8 +20 %)"]
    assert more == [*same, "Grew by 41 % since the baseline 1.0 (arm64/v8 +41 %)"]


def test_growth_of_a_platform_without_a_name_names_none() -> None:
    assert growth_told(grown(None, 12, "the baseline")) == ["Grew by 12 % since the baseline"]


def test_growth_from_nothing_is_told_in_bytes() -> None:
    growth = Growth(platform="linux/amd64", against="the baseline", before_bytes=0, after_bytes=84_200_000)

    assert growth_told(growth) == ["Grew by 84.2 MB since the baseline"]


def test_no_line_ends_between_a_number_and_its_unit() -> None:
    tag = confirmed(previous=image(BEFORE, amd64=82_900_000), growths=(grown("linux/amd64", 35),))

    message = card(fold(tag), message_id=MESSAGE)

    assert seen(message.blocks[1]) == "84.2\u00a0MB, +1.3\u00a0MB (+1.6\u00a0%) · amd64"
    assert seen(message.blocks[2]) == "Grew by 35\u00a0% since the last push"
    assert "84.2\u00a0MB, +1.3\u00a0MB (+1.6\u00a0%) · amd64" in message.text
    assert "\u00a0" not in csv_file(tags_table(fold(tag))).decode()


def hardened(digest: str, *numbers: str) -> dict[str, Any]:
    fixed = [{"cve_id": each, "severity": "CRITICAL" if each.endswith("1") else "LOW"} for each in numbers]
    return {digest: {"changes": {"vulnerabilities_fixed": fixed, "packages_updated": [{"name": "openssl"}]}}}


def test_a_hardened_image_says_what_it_fixes() -> None:
    tag = confirmed(hardened=hardened(f"{DIGEST[:-2]}00", "CVE-2026-0002", "CVE-2026-0001"))

    lines = shown(tag)

    assert lines[2:4] == ["Fixes 2 CVEs (1 critical): CVE-2026-0001, CVE-2026-0002", "Packages: 1 updated"]


def test_of_many_fixes_the_most_severe_are_named() -> None:
    numbers = [f"CVE-2026-{number:04}" for number in range(2, 9)] + ["CVE-2026-0001"]

    lines = shown(confirmed(hardened=hardened(DIGEST, *numbers)))

    assert lines[2].startswith("Fixes 8 CVEs (1 critical): CVE-2026-0001, CVE-2026-0002, ")
    assert lines[2].endswith(" and 3 more")


def test_fixes_of_another_image_than_the_one_that_is_there_are_not_believed() -> None:
    assert "CVE" not in "".join(shown(confirmed(hardened=hardened(OTHER, "CVE-2026-0001"))))
    assert "CVE" not in "".join(shown(replace(waiting(), hardened=hardened(DIGEST, "CVE-2026-0001"))))


def test_several_names_of_one_image_are_told_at_once() -> None:
    before = image(BEFORE, amd64=82_900_000)

    assert shown(confirmed("1.2.3"), confirmed("1.2", previous=before), confirmed("latest", previous=before)) == [
        f"acme/api: 1.2.3, 1.2, latest pushed by ana · {WHEN}",
        "84.2 MB, +1.3 MB (+1.6 %) · amd64",
        DIGEST,
        "[Inspect latest] [Tags] [Mute 24 h]",
    ]


def test_what_names_of_one_image_have_in_common_counts_once() -> None:
    growth = Growth(platform="linux/amd64", against="the last push", before_bytes=1, after_bytes=2)

    lines = shown(confirmed("1.2", growths=(growth,)), confirmed("latest", growths=(growth,)))

    assert sum("Grew" in line for line in lines) == 1


def test_tags_that_differ_are_told_line_by_line() -> None:
    growth = Growth(platform="linux/amd64", against="the last push", before_bytes=50_000_000, after_bytes=84_200_000)
    tags = (
        confirmed("1.2.3", previous=image(BEFORE, amd64=82_900_000), growths=(growth,)),
        confirmed("debug", image(OTHER, amd64=184_000_000), pushed_at=(PUSHED - timedelta(minutes=1), PUSHED)),
        waiting("nightly"),
        unconfirmed(ReadingProblem.ABSENT, "pr-12"),
    )

    assert shown(*tags) == [
        f"acme/api: 4 tags pushed by ana · {WHEN}",
        "1.2.3: grew by 68 % since the last push",
        "- 1.2.3 · 84.2 MB · +1.3 MB (+1.6 %) · aaaaaaaaaaaa",
        "- debug · 184 MB · cccccccccccc",
        "- nightly · confirming…",
        "- pr-12 · unconfirmed: Docker Hub shows no such tag",
        "[Inspect pr-12] [Tags] [Mute 24 h]",
    ]


def test_names_of_one_image_that_replace_different_ones_are_told_line_by_line() -> None:
    lines = shown(
        confirmed("1.2", previous=image(BEFORE, amd64=84_000_000)),
        confirmed("latest", previous=image(OTHER, amd64=80_000_000)),
    )

    assert lines[1:4] == [
        "- 1.2 · 84.2 MB · +200 kB (+0.2 %) · aaaaaaaaaaaa",
        "- latest · 84.2 MB · +4.2 MB (+5.2 %) · aaaaaaaaaaaa",
        "all for amd64",
    ]


def test_more_tags_that_differ_are_a_table_without_empty_columns() -> None:
    tags = [confirmed(f"1.{number}", image(f"sha256:{number:064}")) for number in range(6)]

    assert shown(*tags, waiting("1.6"))[1:4] == [
        "Tag | Size | Digest | State",
        "1.0 | 84.2 MB | 000000000000 | –",
        "1.1 | 84.2 MB | 000000000000 | –",
    ]
    assert shown(*tags)[1] == "Tag | Size | Digest"


def test_kinds_that_differ_are_told_of_each_tag() -> None:
    lines = shown(confirmed("1.2.3"), confirmed("chart", content_kind=ContentKind.HELM_CHART))

    assert lines[1:3] == [
        "- 1.2.3 · Image · 84.2 MB · aaaaaaaaaaaa",
        "- chart · Helm chart · 84.2 MB · aaaaaaaaaaaa",
    ]


def test_how_many_webhooks_told_of_a_push_is_not_said() -> None:
    several = PUSHED - timedelta(hours=1), PUSHED - timedelta(seconds=1), PUSHED
    tag = confirmed(pushed_at=several, pushers=("ana", "ben", "cleo", "dora", "emil"))
    differing = [confirmed(f"1.{number}", image(f"sha256:{number:064}"), pushed_at=several) for number in range(6)]

    assert shown(tag)[0] == f"acme/api:1.2.3 pushed by ana, ben, cleo and 2 more · {WHEN}"
    assert shown(confirmed("1.2", pushed_at=several), confirmed("latest"))[0] == (
        f"acme/api: 1.2, latest pushed by ana · {WHEN}"
    )
    assert shown(*differing)[:2] == [f"acme/api: 6 tags pushed by ana · {WHEN}", "Tag | Size | Digest"]


def words_of(message: Message) -> set[str]:
    return {word.strip(",") for block in message.blocks for word in seen(block).split()}


@pytest.mark.parametrize("are_alike", [True, False])
@pytest.mark.parametrize("number", [8, 9, 49, 50, 51, 1_000])
@pytest.mark.parametrize("length", [6, 128])
def test_every_tag_up_to_fifty_is_named_and_the_others_are_counted(
    number: int, length: int, *, are_alike: bool
) -> None:
    def tag(position: int) -> PushedTag:
        digest = DIGEST if are_alike else f"sha256:{position:064}"
        before = image(BEFORE, amd64=1_000_001, arm64=100, riscv64=900)
        after = image(digest, amd64=111_000_000, arm64=999_000_000, riscv64=888_000_000)
        # All that is longest, so that not all of it fits.
        return confirmed(f"v{position}".ljust(length, "x"), after, previous=before, is_overtaken=True)

    tags = tuple(tag(position) for position in range(number))

    message = card(fold(*tags), message_id=MESSAGE)

    assert_valid_message(message)
    assert {each.tag for each in tags[:MOST_TAGS]} <= words_of(message)
    more = number - MOST_TAGS
    said = [line for block in message.blocks for line in seen(block).splitlines() if line.startswith("and ")]
    assert said == ([] if more <= 0 else ["and 1 more tag"] if more == 1 else [f"and {more:,} more tags"])


def test_fifty_names_of_usual_length_are_all_in_the_text_too() -> None:
    tags = [waiting(f"2026.11.{number}-alpine") for number in range(50)]

    message = card(fold(*tags), message_id=MESSAGE)

    assert all(f"`{each.tag}`" in message.text for each in tags)
    assert "confirming…" in message.text


@pytest.mark.parametrize("are_alike", [True, False])
def test_names_longer_than_any_tag_are_cut_and_none_is_left_out(*, are_alike: bool) -> None:
    tags = [confirmed(f"{number:02}".ljust(255, "x"), image(DIGEST if are_alike else OTHER)) for number in range(49)]

    message = card(fold(*tags, confirmed("z" * 255)), message_id=MESSAGE)

    assert {f"{number:02}".ljust(127, "x") + "…" for number in range(49)} <= words_of(message)


def test_a_test_is_marked_and_has_no_buttons() -> None:
    message = card(fold(confirmed(source="test"), is_test=True), message_id=MESSAGE)

    assert seen(message.blocks[0]).startswith("Test: acme/api:1.2.3 pushed by ana")
    assert message.text.startswith("*Test:* ")
    assert seen(message.blocks[-1]).startswith("This is a test: nothing was pushed.")
    assert message.text.splitlines()[-1].startswith("This is a test: nothing was pushed.")
    assert buttons(message) == []


def test_the_buttons_carry_the_message() -> None:
    assert buttons(card(fold(confirmed()), message_id=MESSAGE)) == [
        (INSPECT_ACTION, MESSAGE),
        (TAGS_ACTION, MESSAGE),
        (MUTE_ACTION, MESSAGE),
    ]


def test_of_several_tags_inspect_names_the_one_that_was_pushed_last() -> None:
    def first_button(*names: str) -> str:
        message = card(fold(*(confirmed(name) for name in names)), message_id=MESSAGE)
        assert_valid_message(message)
        return seen(elements(message, "button")[0])

    assert first_button("1.2", "1.2.3") == "Inspect 1.2.3"
    assert first_button("1.2.3") == "Inspect"
    assert first_button("1.2.3", "") == "Inspect 1.2.3"
    assert first_button("1", "x" * 128) == f"Inspect {'x' * 66}…"


def test_a_muted_repository_says_by_whom_and_can_be_heard_of_again() -> None:
    muted = fold(confirmed(), muted_until=PUSHED + timedelta(days=1), muted_by="U0ANA")

    message = card(muted, message_id=MESSAGE)

    assert [action for action, _ in buttons(message)] == [INSPECT_ACTION, TAGS_ACTION, UNMUTE_ACTION]
    assert seen(message.blocks[-1]) == "Muted by <@U0ANA> until 2026-11-22 14:05 UTC"
    assert message.text.splitlines()[-1].startswith("Muted by <@U0ANA> until <!date^")
    assert_valid_message(message)


@pytest.mark.parametrize("user", [None, "", "U0ANA> <!channel", "S0TEAM", "u0ana", "U0ANA\n"])
def test_what_is_no_user_id_is_not_mentioned(user: str | None) -> None:
    message = card(fold(confirmed(), muted_until=PUSHED, muted_by=user), message_id=MESSAGE)

    assert seen(message.blocks[-1]) == f"Muted until {WHEN}"


def test_the_file_has_every_tag_with_all_that_is_known() -> None:
    before = image(BEFORE, amd64=82_900_000)
    table = tags_table(fold(confirmed(previous=before), unconfirmed(ReadingProblem.ABSENT, "=cmd()"), waiting("x")))

    assert csv_file(table).decode().splitlines() == [
        "Tag,Kind,Last pushed,Pushed by,Largest size (bytes),Change,Platforms,Digest,State",
        f"1.2.3,image,2026-11-21T14:05:00Z,ana,84200000,'+1.3 MB (+1.6 %),linux/amd64,{DIGEST},confirmed",
        "'=cmd(),image,2026-11-21T14:05:00Z,ana,,,,,unconfirmed: Docker Hub shows no such tag",
        "x,image,2026-11-21T14:05:00Z,ana,,,,,confirming…",
    ]


HOSTILE = [
    "<!channel>",
    "<!here|x>",
    "<@U0ANA>",
    "<https://evil.example|click>",
    "*bold* _it_ ~no~ `code` ```block```",
    ":warning: &lt;!channel&gt;",
    "\u202eright to left\u202c",
    "\x00\x1b[31m\r\n",
    "x" * 255,
    "",
    "ü" * 4_000,
]
LIVE = re.compile(r"<(?!!date\^)(?!https://hub\.docker\.com/)")

# Without shrinking: a message is checked against a large schema, and hundreds of smaller failures take minutes.
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

words = st.sampled_from(HOSTILE) | st.text(max_size=40)
numbers = st.integers(-(2**63), 2**63)
times = st.datetimes(datetime(2013, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Bounds.
digests = st.sampled_from([DIGEST, BEFORE, OTHER]) | words
images = st.builds(
    TagImage,
    digest=digests,
    pushed_at=times,
    size_bytes=st.none() | numbers,
    platforms=st.lists(
        st.builds(PlatformImage, platform=st.none() | words, digest=digests, size_bytes=st.none() | numbers), max_size=6
    ).map(tuple),
)
growths = st.builds(Growth, platform=st.none() | words, against=words, before_bytes=numbers, after_bytes=numbers)
fixes = st.fixed_dictionaries({"cve_id": words | st.just("CVE-2026-0001"), "severity": words | st.just("CRITICAL")})
changes = st.fixed_dictionaries({"vulnerabilities_fixed": st.lists(fixes, max_size=8), "packages_added": words})
tags = st.builds(
    PushedTag,
    tag=words,
    pushed_at=st.lists(times, min_size=1, max_size=3).map(lambda each: tuple(sorted(each))),
    pushers=st.lists(words, max_size=5).map(tuple),
    content_kind=st.sampled_from(ContentKind),
    state=st.sampled_from(ReadingState),
    problem=st.none() | st.sampled_from(ReadingProblem),
    reading=st.builds(
        Reading,
        image=st.none() | images,
        previous=st.none() | images,
        growths=st.lists(growths, max_size=3).map(tuple),
        is_overtaken=st.booleans(),
    ),
    hardened=st.dictionaries(digests, st.fixed_dictionaries({"changes": changes}) | words, max_size=2),
    source=st.sampled_from(["webhook", "listing", "poll", "test"]),
)
folds = st.builds(
    Fold,
    repository=st.sampled_from([API, RepositoryName("library", "python"), RepositoryName("a" * 255, "b" * 255)]),
    tags=st.builds(
        lambda some, times: tuple(some * times),
        st.lists(tags, min_size=1, max_size=4),
        st.sampled_from([1, 1, 1, 20, 250]),
    ),
    is_test=st.booleans(),
    muted_until=st.none() | times,
    muted_by=st.none() | words,
)


@given(folds)
@SETTINGS
def test_whatever_is_pushed_slack_takes_the_message_and_nothing_in_it_is_active(pushed: Fold) -> None:
    message = card(pushed, message_id=MESSAGE)

    assert_valid_message(message)
    assert len(message.text) <= 3_900
    assert not [text for text in parsed_texts(message) if LIVE.search(text)]
    assert not elements(message, "user")
    assert not set("\u202e\x00\x1b") & set("".join(map(seen, message.blocks)) + message.text)
    assert len(tags_table(pushed).rows) == len(pushed.tags)
