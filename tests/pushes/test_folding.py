from datetime import timedelta

from bot.images import RepositoryName
from bot.pushes.channels import Channels
from bot.pushes.model import ReadingProblem, ReadingState
from bot.pushes.payload import Push
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from tests.pushes.post import Post, post, slack
from tests.store.played import clock, store
from tests.support.slack import buttons_of

POST_MESSAGE = "chat.postMessage"
__all__ = ["clock", "post", "slack", "store"]


def test_a_push_is_told_after_the_quiet_time_and_its_reading(post: Post) -> None:
    post.push()
    post.run(4)
    assert post.texts() == []

    post.run(1.5)
    assert post.texts() == [], "it waits for the reading"
    post.read_back()
    post.run(0.5)

    (text,) = post.texts()
    assert "acme/api" in text
    assert "1.0" in text
    assert "ana" in text
    assert "confirming" not in text


def test_six_webhooks_of_one_push_are_one_message(post: Post) -> None:
    for _ in range(6):
        post.push()
        post.run(3)
    post.read_back("1.0", "f", platforms=[("linux/amd64", "a"), ("linux/arm64", "b")])
    post.run(30)

    assert len(post.texts()) == 1


def test_a_late_webhook_of_the_same_push_changes_the_message(post: Post) -> None:
    post.push()
    post.run(5)
    post.read_back("1.0", "a")  # So far only one platform's manifest.
    post.run(2)
    post.clock.advance(60)
    post.push()
    post.run(6)
    post.read_back("1.0", "f", platforms=[("linux/amd64", "a"), ("linux/arm64", "b")])
    post.run(10)

    (message,) = post.seen()
    assert "f" * 12 in str(message.blocks)
    assert post.member_states() == ["placed", "placed"]


def test_a_rollback_is_told_three_times(post: Post) -> None:
    for letter in "aba":
        post.push()
        post.run(5.5)
        post.read_back("1.0", letter)
        post.run(30)

    assert len(post.texts()) == 3


def test_the_same_image_after_ten_minutes_is_news(post: Post) -> None:
    for _ in range(2):
        post.push()
        post.run(5.5)
        post.read_back("1.0", "a")
        post.run(2)
        post.clock.advance(601)

    assert len(post.texts()) == 2


def test_a_reading_that_takes_too_long_is_waited_for_in_public(post: Post) -> None:
    post.push()
    post.run(7.5)
    assert post.texts() == []
    post.run(1.5)
    (before,) = post.texts()
    assert "confirming…" in before

    post.read_back()
    post.run(3)

    (after,) = post.texts()
    assert "confirming" not in after


def test_a_reading_that_fails_is_told_at_once_and_in_the_end(post: Post) -> None:
    post.push()
    post.run(5)
    post.fail_reading()
    post.run(1)
    assert "confirming…" in post.texts()[0]

    post.read_back(state=ReadingState.UNCONFIRMED, problem=ReadingProblem.ABSENT)
    post.run(3)

    assert "unconfirmed: Docker Hub shows no such tag" in post.texts()[0]


def test_tags_of_a_repository_that_come_together_are_one_message(post: Post) -> None:
    for tag in ("1.0", "1", "latest"):
        post.push(tag)
        post.clock.advance(2)
        post.read_back(tag)
    post.run(10)

    (text,) = post.texts()
    assert all(tag in text for tag in ("1.0", "latest"))


def test_a_fold_is_over_after_twenty_seconds(post: Post) -> None:
    for number in range(8):
        post.push(f"1.{number}")
        post.read_back(f"1.{number}")
        post.run(3)

    assert len(post.texts()) == 1, "the second fold is still growing"
    post.run(10)
    assert len(post.texts()) == 2


def test_repositories_do_not_share_messages(post: Post) -> None:
    for repository in ("acme/api", "acme/web"):
        post.push(repository=repository)
        post.read_back(repository=repository)
    post.run(15)

    assert [("acme/api" in text, "acme/web" in text) for text in post.texts()] == [(True, False), (False, True)]


def test_channels_hear_only_of_what_they_subscribed_to(post: Post) -> None:
    post.subscribe("acme", "web", channel=seed.GENERAL)
    for repository in ("acme/api", "acme/web"):
        post.push(repository=repository)
        post.read_back(repository=repository)
    post.run(15)

    assert len(post.texts()) == 2
    (only,) = post.texts(seed.GENERAL)
    assert "acme/web" in only


def test_a_repository_whose_message_fails_waits_and_the_others_do_not(post: Post) -> None:
    post.slack.faults.add(SlackFault("refused", method=POST_MESSAGE, error="fatal_error", containing="acme/api"))
    for repository in ("acme/api", "acme/web"):
        post.push(repository=repository)
        post.read_back(repository=repository)
    post.run(30)
    post.push("2.0", "acme/api")
    post.read_back("2.0")
    post.run(30)
    assert len(post.texts()) == 1

    post.slack.faults.clear()
    post.run(60)

    assert [text.count("acme/api") > 0 for text in post.texts()] == [False, True, True]
    assert "1.0" in post.texts()[1]
    assert "2.0" in post.texts()[2]


def test_what_comes_during_an_outage_is_folded_not_heaped_up(post: Post) -> None:
    post.slack.faults.add(SlackFault("unavailable", method=POST_MESSAGE))
    for number in range(10):
        post.push(f"1.{number}")
        post.read_back(f"1.{number}")
        post.run(30)
    post.slack.faults.clear()
    post.run(60)

    assert len(post.texts()) == 2
    assert all(f"1.{number}" in "".join(post.texts()) for number in range(10))


def test_only_the_platforms_asked_for_are_told(post: Post) -> None:
    post.subscribe("acme", "api", channel=seed.GENERAL, platform=["arm64"])
    for tag, platform in (("1.0", "linux/amd64"), ("2.0", "linux/arm64")):
        post.push(tag)
        post.read_back(tag, platforms=[(platform, "a")])
        post.run(10)

    (only,) = post.texts(seed.GENERAL)
    assert "2.0" in only


def test_a_thread_for_each_repository(post: Post) -> None:
    post.subscribe("acme", "api", channel=seed.GENERAL, threads="repository")
    for number in range(3):
        post.push(f"1.{number}")
        post.read_back(f"1.{number}", "abc"[number])
        post.run(20)

    root, *replies = post.seen(seed.GENERAL)
    assert root.thread_ts in {None, root.ts}
    assert [reply.thread_ts for reply in replies] == [root.ts, root.ts]


def test_a_thread_whose_root_is_gone_begins_anew(post: Post) -> None:
    post.subscribe("acme", "api", channel=seed.GENERAL, threads="repository")
    for number in range(2):
        post.push(f"1.{number}")
        post.read_back(f"1.{number}", "ab"[number])
        if number:
            fault = SlackFault("refused", method=POST_MESSAGE, error="thread_not_found", containing="thread_ts")
            post.slack.faults.add(SlackFault(**{**vars(fault), "times": 1}))
        post.run(20)

    assert [message.thread_ts in {None, message.ts} for message in post.seen(seed.GENERAL)] == [True, True]


def test_a_mute_keeps_pushes_back_and_says_so_in_the_message(post: Post) -> None:
    post.push()
    post.read_back()
    post.run(10)
    (message,) = post.seen()
    assert message.metadata is not None
    message_id = message.metadata["event_payload"]["message_id"]

    mute = Channels(post.store).mute(message_id, channel=seed.DEPLOYS, by=seed.OMAR)
    post.run(5)
    assert mute is not None
    assert timedelta(hours=23, minutes=59) < mute.until - post.clock.now() <= timedelta(hours=24)
    assert f"<@{seed.OMAR}>" in str(post.seen()[0].blocks)
    post.push("2.0")
    post.read_back("2.0")
    post.run(20)
    assert len(post.texts()) == 1
    assert post.member_states() == ["placed", "muted"]

    post.clock.advance(86_400)
    post.push("3.0")
    post.read_back("3.0")
    post.run(20)
    assert len(post.texts()) == 2


def test_a_mute_can_be_lifted(post: Post) -> None:
    post.push()
    post.read_back()
    post.run(10)
    metadata = post.seen()[0].metadata
    assert metadata is not None
    message_id = metadata["event_payload"]["message_id"]
    post.channels.mute(message_id, channel=seed.DEPLOYS, by=seed.OMAR)
    post.run(5)
    assert [button["action_id"] for button in buttons_of(post.seen()[0])][-1] == "push_unmute"

    assert str(post.channels.unmute(message_id, channel=seed.DEPLOYS)) == "acme/api"
    post.push("2.0")
    post.read_back("2.0")
    post.run(20)

    assert [button["action_id"] for button in buttons_of(post.seen()[0])][-1] == "push_mute"
    assert len(post.texts()) == 2
    assert post.channels.unmute(message_id, channel=seed.GENERAL) is None


def test_a_mute_is_for_the_message_s_own_channel(post: Post) -> None:
    post.push()
    post.read_back()
    post.run(10)
    metadata = post.seen()[0].metadata
    assert metadata is not None
    channels = Channels(post.store)

    assert channels.mute(metadata["event_payload"]["message_id"], channel=seed.GENERAL, by=seed.OMAR) is None
    assert channels.mute("msg_forged", channel=seed.DEPLOYS, by=seed.OMAR) is None


def test_an_archived_channel_is_suspended_its_owner_told_once_and_resumed(post: Post) -> None:
    post.slack.acting_as(seed.ANA).archives(seed.DEPLOYS)
    for tag in ("1.0", "2.0"):
        post.push(tag)
        post.read_back(tag)
        post.run(30)
    direct = post.slack.state.direct_message(seed.BOT_USER, seed.OMAR).id
    assert len(post.texts(direct)) == 1
    assert seed.DEPLOYS in post.texts(direct)[0]

    post.slack.acting_as(seed.ANA).unarchives(seed.DEPLOYS)
    assert Channels(post.store).resume(seed.DEPLOYS)
    assert not Channels(post.store).resume(seed.DEPLOYS)
    post.run(10)

    texts = post.texts()
    assert len(texts) == 2
    assert "1.0" in texts[0]
    assert "I am back" in texts[1]


def test_a_message_of_many_tags_is_followed_by_a_file_in_its_thread(post: Post) -> None:
    for number in range(60):
        post.push(f"1.{number}")
        post.read_back(f"1.{number}")
    post.run(20)

    first, second = post.seen()
    assert "10 more" in first.text
    assert second.thread_ts == first.ts
    assert len(second.files) == 1


def test_a_message_that_somebody_deleted_is_not_posted_again_for_a_reading(post: Post) -> None:
    post.push()
    post.run(9)
    post.slack.faults.add(SlackFault("refused", method="chat.update", error="message_not_found"))
    post.read_back()
    post.run(20)

    assert len(post.texts()) == 1
    assert len(post.slack.calls_to("chat.update")) == 1


def test_order_is_that_of_the_pushes_not_of_their_arrival(post: Post) -> None:
    now = post.clock.now()
    for seconds in (2, 0, 1):
        post.push(f"1.{seconds}", at=now + timedelta(seconds=seconds))
        post.read_back(f"1.{seconds}", "abc"[seconds])
    post.run(10)

    (text,) = post.texts()
    assert text.index("1.0") < text.index("1.1") < text.index("1.2")


def test_a_test_is_never_mixed_up_with_pushes(post: Post) -> None:
    post.push()
    post.clock.advance(0.5)
    post.intake.take_test(Push(RepositoryName("acme", "api"), "1.0", post.clock.now()), channel=seed.DEPLOYS)
    post.read_back()
    post.run(15)

    assert [text.startswith("*Test:*") for text in post.texts()] == [True, False]
    assert "2 times" not in "".join(post.texts())
