"""`/hub digest`: what the channel is told, what the person is, and what comes of it in the morning."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.configuration import parse
from bot.errors import UsageError
from bot.governance.roles import Role
from bot.outbox.messages import give_up_in_suspended_lanes
from bot.sandbox.hub.faults import Fault
from bot.sandbox.slack import seed
from bot.web.rights import NotAllowedError
from tests.support.desk import image
from tests.support.slack import said
from tests.support.whole import ADMIN, HERE, MEMBER, OPERATOR, PARTNER, WholeDesk, open_whole_desk

BERLIN = "--tz Europe/Berlin"
OF_FILE = f'[[digests]]\nchannel = "{HERE}"\nat = "08:00"\nname = "file"\n'


@pytest.fixture
def desk() -> Iterator[WholeDesk]:
    with open_whole_desk() as opened:
        yield opened


def told(desk: WholeDesk, channel: str = HERE) -> list[str]:
    """Return the first lines of what was said in a channel, without the form in which Slack shows times."""
    return [message.text.partition("\n")[0].partition("<!date")[0] for message in said(desk.slack, channel)]


def sleep_until(desk: WholeDesk, at: datetime) -> None:
    """Let the night go by, and what the bot does before and after a time in the morning."""
    desk.clock.advance((at - desk.clock.now()).total_seconds() - 60)
    desk.run(240, step=30)


def test_the_channel_is_told_what_was_set_and_the_person_when_the_first_one_comes(desk: WholeDesk) -> None:
    asked = desk.ask(f"digest set 09:00 --days mon-fri {BERLIN}", by=OPERATOR)

    assert asked.lines == [
        "Set: morning: 09:00 Europe/Berlin, mon-fri, about acme. The first one comes 2026-11-23 08:00 UTC."
    ]
    assert told(desk) == [
        f"<@{OPERATOR}> set the digest `morning`: 09:00 Europe/Berlin, mon-fri, about `acme`. The first one comes "
    ]


def test_the_zone_is_the_asker_s(desk: WholeDesk) -> None:
    desk.slack.state.people[OPERATOR].timezone = "Asia/Tokyo"

    assert "09:00 Asia/Tokyo" in desk.ask("digest set 9am", by=OPERATOR).lines[0]


def test_in_the_morning_the_channel_is_told_what_changed_over_night(desk: WholeDesk) -> None:
    desk.ask("digest set 09:00 --tz UTC", by=OPERATOR)
    desk.clock.advance(3_600)
    with desk.hub.state.lock:
        desk.hub.state.push_tag(
            "acme/api", "2.0", at=desk.clock.now(), images=[image("linux/amd64", "e", 90_000_000)], pusher="ana"
        )

    sleep_until(desk, datetime(2026, 11, 22, 9, 0, tzinfo=UTC))

    assert len(told(desk)) == 2
    sleep_until(desk, datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
    assert len(told(desk)) == 3
    assert desk.ask("digest").lines[1:] == [
        "morning: 09:00 UTC, every day, about acme. The next one comes 2026-11-24 09:00 UTC.",
        f"The last one, of 23 November: sent, set by {OPERATOR}.",
    ]


def test_what_the_next_one_would_say_is_the_asker_s_alone_and_moves_nothing(desk: WholeDesk) -> None:
    desk.ask("digest set 09:00 --tz UTC", by=OPERATOR)
    digests = desk.parts.digests
    before = digests.register.choose(HERE, None)

    asked = desk.ask("digest now", by=MEMBER)

    assert asked.lines[0].startswith("morning: nothing new since 2026-11-21 09:00 UTC.")
    assert asked.lines[-2:] == [
        "All of it: /hub digest list morning",
        "So it would be told now. Nothing was sent, and the next digest tells it all the same.",
    ]
    assert digests.register.choose(HERE, None) == before
    assert len(told(desk)) == 1


def test_all_of_it_is_a_list_as_of_now(desk: WholeDesk) -> None:
    desk.ask("digest set 09:00 --tz UTC", by=OPERATOR)

    lines = desk.ask("digest list", by=MEMBER).lines

    assert lines[0] == "All of the digest"
    assert lines[-1].startswith("As of 2026-11-21 09:00 UTC")


def test_a_digest_of_the_past_can_be_seen_where_it_was_told_and_nowhere_else(desk: WholeDesk) -> None:
    desk.ask("digest set 09:00 --tz UTC", by=OPERATOR)
    sleep_until(desk, datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
    (standing,) = desk.parts.digests.register.every(HERE)
    assert standing.last is not None
    desk.ask("digest off", by=OPERATOR)

    assert desk.ask(f"digest report {standing.last.id}", by=MEMBER).lines[0] == "All of the digest"
    gone = ["That digest is not kept any more. /hub digest list shows how everything is now."]
    assert desk.ask(f"digest report {standing.last.id}", by=MEMBER, channel=seed.RANDOM).lines == gone
    assert desk.ask("digest report rep_0123").lines == gone


def test_several_are_told_apart_by_name(desk: WholeDesk) -> None:
    desk.ask("digest set 09:00 --tz UTC", by=OPERATOR)
    desk.ask("digest set 8:30 --tz UTC --days mon --only stale,cves --name security", by=OPERATOR)

    assert desk.ask("digest").lines[1::2] == [
        "morning: 09:00 UTC, every day, about acme. The next one comes 2026-11-22 09:00 UTC.",
        "security: 08:30 UTC, mon, about acme; only cves, stale. The next one comes 2026-11-23 08:30 UTC.",
    ]
    assert desk.ask("digest off", by=OPERATOR).lines == [
        "This channel has several digests; which one is meant? morning, security."
    ]
    assert desk.ask("digest off Security", by=OPERATOR).lines == [
        "Ended: security: 08:30 UTC, mon, about acme; only cves, stale."
    ]
    assert told(desk)[-1] == f"<@{OPERATOR}> ended the digest `security`."
    assert len(desk.ask("digest").lines) == 3


def test_a_pause_is_said_and_ends_by_itself_or_by_hand(desk: WholeDesk) -> None:
    desk.ask("digest set 09:00 --tz UTC", by=OPERATOR)

    assert desk.ask("digest pause until tuesday", by=OPERATOR).lines == [
        ("Paused: morning until 2026-11-24 00:00 UTC. What happens until then is told by the first one after it.")
    ]
    assert desk.ask("digest show").lines[1] == (
        "morning: 09:00 UTC, every day, about acme. It is paused until 2026-11-24 00:00 UTC; the next one comes "
        "2026-11-24 09:00 UTC."
    )
    sleep_until(desk, datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
    assert told(desk)[-1] == f"<@{OPERATOR}> paused the digest `morning` until "
    assert desk.ask("digest show").lines[2] == (
        f"The last one, of 22 November: passed over: it was paused, set by {OPERATOR}."
    )

    assert desk.ask("digest resume", by=OPERATOR).lines == ["morning goes on. The next one comes 2026-11-23 09:00 UTC."]
    assert told(desk)[-1] == f"<@{OPERATOR}> has the digest `morning` go on."


def test_a_change_says_what_was_before_and_that_no_day_has_two(desk: WholeDesk) -> None:
    desk.ask("digest set 09:00 --tz UTC", by=OPERATOR)
    sleep_until(desk, datetime(2026, 11, 22, 9, 0, tzinfo=UTC))

    assert desk.ask("digest set 09:30 --tz UTC", by=OPERATOR).lines == [
        "Changed: morning: 09:30 UTC, every day, about acme. The next one comes 2026-11-23 09:30 UTC.",
        "Before: 09:00 UTC, every day.",
        "That of 22 November was decided on already, and no day has two.",
    ]
    assert desk.ask("digest set 09:30 --tz UTC", by=OPERATOR).lines[0].startswith("It is so already: morning")
    assert len(told(desk)) == 3


def test_images_are_found_and_short_names_are_explained(desk: WholeDesk) -> None:
    asked = desk.ask("digest set 09:00 --tz UTC --images api:1.0.0,acme/api --images library/nginx", by=OPERATOR)

    assert "about acme/api:1.0.0, acme/api, nginx." in asked.lines[0]
    assert "api was read as acme/api; for the official image write library/api." in asked.lines


def test_where_slack_refuses_nothing_is_saved(desk: WholeDesk) -> None:
    desk.slack.state.conversations[HERE].is_archived = True

    asked = desk.ask("digest set 09:00", by=OPERATOR)

    assert asked.lines == ["Slack does not let me post here (is_archived). Nothing was saved."]
    assert desk.parts.digests.register.every() == ()


def test_what_cannot_be_looked_at_now_does_not_keep_it_from_being_set(desk: WholeDesk) -> None:
    desk.hub.faults.add(Fault("unavailable"))

    asked = desk.ask("digest set 09:00 --tz UTC", by=OPERATOR)

    assert asked.lines[0].startswith("Set: morning")
    assert len(asked.lines) == 2
    (standing,) = desk.parts.digests.register.every()
    assert standing.digest.baseline_at is None  # It is taken when all was looked at.


def test_where_others_read_along_an_operator_confirms(desk: WholeDesk) -> None:
    asked = desk.ask("digest set 09:00 --tz UTC", by=OPERATOR, channel=PARTNER)

    assert asked.offers == ["Set it all the same"]
    assert "Whoever reads this channel would read the digest, also of private repositories." in asked.lines[0]
    assert desk.parts.digests.register.every() == ()

    assert desk.take(asked).lines[0].startswith("Set: morning")
    assert len(told(desk, PARTNER)) == 1


def test_in_a_channel_that_others_read_by_now_it_waits_until_somebody_agrees(desk: WholeDesk) -> None:
    desk.ask("digest set 09:00 --tz UTC", by=OPERATOR)
    desk.slack.state.conversations[HERE].is_shared = True
    with desk.hub.state.lock:
        desk.hub.state.push_tag("acme/api", "2.0", at=desk.clock.now(), images=[image("linux/amd64", "e", 90_000_000)])

    for day in (22, 23):
        sleep_until(desk, datetime(2026, 11, day, 9, 0, tzinfo=UTC))

    assert len(told(desk)) == 1
    (said_to_owner,) = desk.told(OPERATOR)
    assert said_to_owner.startswith(f"People of another organization read <#{HERE}> by now")
    assert "of 23 November: held back: people of another organization" in desk.ask("digest show").lines[2]

    desk.take(desk.ask("digest set 09:00 --tz UTC", by=OPERATOR))
    sleep_until(desk, datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    assert len(told(desk)) == 3


def test_in_a_terminal_a_question_that_nobody_answers_is_no_success(desk: WholeDesk) -> None:
    status, _, _ = desk.in_terminal(f"digest set 09:00 --channel {PARTNER}")

    assert (status, desk.parts.digests.register.every()) == (1, ())
    assert desk.in_terminal(f"digest set 09:00 --channel {PARTNER} --yes")[0] == 0


def test_a_mistyped_image_is_said(desk: WholeDesk) -> None:
    lines = desk.ask("digest set 09:00 --tz UTC --images acme/nosuch:1,acme/api:latest", by=OPERATOR).lines

    assert lines[0].startswith("Set: morning")
    (said_of_it,) = [line for line in lines if line.startswith("acme/nosuch:1")]
    assert said_of_it == (
        "acme/nosuch:1: Docker Hub does not show it (asked with the organization token of acme). The digest is set "
        "all the same."
    )


def test_what_did_not_arrive_is_not_called_sent(desk: WholeDesk) -> None:
    desk.ask("digest set 09:00 --tz UTC --days sun", by=OPERATOR)
    desk.slack.state.conversations[HERE].members.remove(seed.BOT_USER)
    sleep_until(desk, datetime(2026, 11, 22, 9, 0, tzinfo=UTC))

    assert (
        desk.ask("digest show")
        .lines[2]
        .startswith("The last one, of 22 November: not sent yet; I go on trying for a day")
    )
    desk.clock.advance(25 * 3_600)
    desk.store.write(lambda connection: give_up_in_suspended_lanes(connection, desk.clock.now()))
    assert (
        desk.ask("digest show")
        .lines[2]
        .startswith("The last one, of 22 November: never sent, for Slack did not take it for a day")
    )


def test_members_look_and_operators_set(desk: WholeDesk) -> None:
    desk.ask("digest set 09:00", by=OPERATOR)

    for text in ("digest", "digest show", "digest now", "digest list"):
        assert desk.ask(text, by=MEMBER).is_good
    for text in ("digest set 10:00", "digest off", "digest pause 3d", "digest resume", f"digest --channel {HERE}"):
        assert desk.router.parse(text).role is Role.OPERATOR
        with pytest.raises(NotAllowedError):
            desk.ask(text, by=MEMBER)


def test_another_channel_can_be_named(desk: WholeDesk) -> None:
    desk.ask(f"digest set 09:00 --channel {HERE}", by=OPERATOR, channel=seed.RANDOM)

    assert len(told(desk)) == 1
    assert desk.ask("digest", by=MEMBER, channel=seed.RANDOM).lines[1].startswith("This channel has no digest.")
    assert desk.ask(f"digest --channel {HERE}", by=ADMIN, channel=seed.RANDOM).lines[1].startswith("morning: 09:00")


def test_a_terminal_names_the_channel_and_sees_all(desk: WholeDesk) -> None:
    assert desk.in_terminal("digest")[1][-1].startswith("This channel has no digest")
    status, _, errors = desk.in_terminal("digest set 09:00")
    assert (status, errors[0]) == (
        2,
        "A terminal is no channel: name the one that is meant, --channel C0123456789.",
    )

    status, output, _ = desk.in_terminal(f"digest set 09:00 --tz UTC --channel {HERE}")
    assert (status, output[0]) == (
        0,
        "Set: morning: 09:00 UTC, every day, about acme. The first one comes 2026-11-22 09:00 UTC.",
    )
    assert told(desk)[0].startswith("Somebody at a terminal set the digest `morning`")

    status, output, _ = desk.in_terminal("digest", as_json=True)
    (digest,) = json.loads("\n".join(output))["digests"]
    assert (digest["channel"], digest["at"], digest["zone"]) == (HERE, "09:00", "UTC")


def test_a_digest_of_the_file_is_shown_and_changed_there() -> None:
    with open_whole_desk(file=OF_FILE) as desk:
        tables = parse(OF_FILE).digests
        assert len(desk.parts.digests.follow_file(tables, "acme")) == 1
        assert desk.parts.digests.follow_file(tables, "acme") == ()

        assert desk.ask("digest").lines[1:] == [
            "file: 08:00 UTC, every day, about acme. The next one comes 2026-11-22 08:00 UTC.",
            "None was sent yet, set in the configuration file.",
        ]
        kept = ["file: kept by the configuration file, and changed there. Nothing was changed."]
        for text in ("digest off", "digest pause 3d", "digest set 09:00 --name file"):
            assert desk.ask(text, by=OPERATOR).lines == kept
        assert told(desk) == []

        desk.run(1)  # Its beginning is taken in the background.
        sleep_until(desk, datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
        assert len(told(desk)) == 1


def test_owners_are_told_once_that_a_channel_is_closed(desk: WholeDesk) -> None:
    desk.ask("digest set 09:00 --tz UTC", by=OPERATOR)
    desk.slack.state.conversations[HERE].is_archived = True

    sleep_until(desk, datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
    sleep_until(desk, datetime(2026, 11, 23, 9, 0, tzinfo=UTC))

    (message,) = desk.told(OPERATOR)
    assert message == (
        f"I cannot post in <#{HERE}> any more, so the digest `morning` does not arrive there. Invite me again and it "
        "does; `/hub digest off` ends it."
    )
    assert desk.ask("digest").lines[-1] == (
        "Slack does not let me post there: it waits. Invite me again, and it goes on."
    )


@pytest.mark.parametrize(
    ("text", "problem", "example"),
    [
        (
            "digest st",
            "`digest` does not know `st`; it can `show`, `set`, `now`, `list`, `pause`, `resume`, `off`, `report`.",
            "/hub digest set 09:00 --days mon-fri",
        ),
        ("digest set", "When? Name the time of the day.", "/hub digest set 09:00 --days mon-fri"),
        (
            "digest set never",
            "`never` is not a time of day, like `09:00`, `21:30` or `9am`.",
            "/hub digest set 09:00 --days mon-fri",
        ),
        (
            "digest set 9 --days someday",
            "`someday` are no days of the week, like `mon-fri`, `mon,wed` or `weekdays`.",
            "/hub digest set 09:00 --days mon-fri",
        ),
        (
            "digest set 9 --tz Berlin",
            "`Berlin` is not a time zone. Did you mean `Europe/Berlin`?",
            "/hub digest set 09:00 --days mon-fri",
        ),
        (
            "digest set 9 --name 'a b'",
            "`a b` is not a name for a digest: letters, digits, `-` and `_`, like `morning`.",
            "/hub digest set 09:00 --days mon-fri",
        ),
        (
            "digest set 9 --days ''",
            "`` are no days of the week, like `mon-fri`, `mon,wed` or `weekdays`.",
            "/hub digest set 09:00 --days mon-fri",
        ),
        ("digest set 9 --only ,", "`,` names nothing.", "/hub digest set 09:00 --days mon-fri"),
        ("digest show --days mon", "`--days` belongs to `digest set`.", "/hub digest set 09:00 --days mon-fri"),
        (
            "digest pause",
            "Until when? Name a date, a day, or a length of time.",
            "/hub digest pause until 2027-01-07",
        ),
        ("digest now one two", "`digest now` takes one name at most.", "/hub digest now"),
        ("digest report 5", "Which one? Its id begins with `rep_`.", "/hub digest report rep_5f1c2d"),
    ],
)
def test_what_is_not_understood_gets_one_sentence_and_an_example(
    desk: WholeDesk, text: str, problem: str, example: str
) -> None:
    with pytest.raises(UsageError) as caught:
        desk.router.parse(text)

    assert (str(caught.value), caught.value.example) == (problem, example)


def test_nothing_is_done_for_what_is_not_understood_later(desk: WholeDesk) -> None:
    unknown_part = desk.ask("digest set 9 --only stalle", by=OPERATOR)
    desk.ask("digest set 9", by=OPERATOR)
    past = desk.ask("digest pause until 2020-01-01", by=OPERATOR)

    assert unknown_part.lines[0] == "stalle is no part of a digest. Did you mean stale?"
    assert past.lines[0] == "2020-01-01 is over already."
    assert len(told(desk)) == 1
