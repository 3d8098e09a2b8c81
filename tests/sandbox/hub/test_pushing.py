"""Pushes: what the API shows of them and when, and which webhooks tell of them."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from pydantic import ValidationError

from bot.sandbox.clock import SettableClock
from bot.sandbox.httpd import Answer
from bot.sandbox.hub.pushing import SILENCE, Announcement, usual_count
from bot.sandbox.hub.seed import ANA_PAT
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import ImmutableTagError
from bot.sandbox.hub.unknowns import Unknowns
from tests.sandbox.hub.conftest import NOW
from tests.sandbox.hub.receiver import Receiver

BOTH = ("linux/amd64", "linux/arm64/v8")
AT_ONCE = Announcement(spacing_seconds=0)
SECOND = int(NOW.timestamp())

Login = Callable[[str, str], dict[str, str]]


def shown(hub: HubSimulator, tag: str = "latest") -> dict[str, Any]:
    """Return what the API shows of a tag of `acme/site`, which is public."""
    answer = requests.get(f"{hub.url}/v2/namespaces/acme/repositories/site/tags/{tag}", timeout=5)
    found: dict[str, Any] = answer.json()
    return found if answer.status_code == 200 else {}


def in_registry(hub: HubSimulator, tag: str = "latest") -> str:
    token = requests.get(f"{hub.url}/token", timeout=5).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.head(f"{hub.url}/v2/acme/site/manifests/{tag}", headers=headers, timeout=5)
    return answer.headers["Docker-Content-Digest"]


# What a push changes


def test_a_push_changes_image_and_times(hub: HubSimulator) -> None:
    before = shown(hub)

    pushed = hub.push("acme/site", "latest", pusher="ana", platforms=BOTH, sizes=[2_000, 3_000], webhooks=SILENCE)

    after = shown(hub)
    repository = requests.get(f"{hub.url}/v2/namespaces/acme/repositories/site", timeout=5).json()
    assert after["digest"] == pushed.digest != before["digest"]
    assert [(image["architecture"], image["size"]) for image in after["images"]] == [("amd64", 2_000), ("arm64", 3_000)]
    assert after["tag_last_pushed"] == after["last_updated"] == "2026-11-21T12:00:00.123456Z"
    assert repository["last_updated"] == "2026-11-21T12:00:00.123456Z"
    assert (after["id"], after["last_updater_username"]) == (before["id"], "ana")


def test_a_new_build_has_the_platforms_and_sizes_of_the_last_one(hub: HubSimulator) -> None:
    before = hub.state.repository("acme/api").tags["latest"].images

    after = hub.push("acme/api", "latest").images
    other = hub.push("acme/api", "2.0.0", platforms=["linux/arm64/v8", "linux/s390x"], sizes=None).images

    assert [(image.platform, image.size_bytes) for image in after] == [
        (image.platform, image.size_bytes) for image in before
    ]
    assert {image.digest for image in after}.isdisjoint(image.digest for image in before)
    assert [image.size_bytes for image in other] == [84_517_548, 30_000_000]


def test_a_new_tag_of_an_empty_repository_is_one_linux_image(hub: HubSimulator) -> None:
    hub.state.create_repository("acme", "new", at=NOW)

    assert [image.platform for image in hub.push("acme/new", "1").images] == ["linux/amd64"]


def test_a_known_digest_brings_its_images_back(hub: HubSimulator) -> None:
    first = hub.push("acme/site", "latest", platforms=BOTH)
    hub.push("acme/site", "latest", platforms=BOTH)

    again = hub.push("acme/site", "latest", digest=first.digest, webhooks=SILENCE)

    assert (again.digest, again.images) == (first.digest, first.images)
    assert shown(hub)["digest"] == first.digest


def test_what_a_tag_pointed_at_before_is_known(hub: HubSimulator) -> None:
    site = hub.state.repository("acme/site")
    seeded = site.tags["latest"].digest
    assert site.tag_before("latest") is None
    assert site.tag_before("none") is None

    hub.push("acme/site", "latest", platforms=BOTH, webhooks=Announcement(is_assembled=True))

    before = site.tag_before("latest")
    assert before is not None
    assert before.digest == seeded  # And not the first piece of the push.


def test_an_immutable_tag_is_not_pushed_again(hub: HubSimulator, receiver: Receiver) -> None:
    hub.state.repository("acme/site").immutable_rules = ("1.*",)
    hub.add_webhook("acme/site", receiver.url)
    first = hub.push("acme/site", "1.0", platforms=BOTH, webhooks=AT_ONCE)
    receiver.wait_for(5)

    with pytest.raises(ImmutableTagError):
        hub.push("acme/site", "1.0")

    assert shown(hub, "1.0")["digest"] == first.digest
    assert hub.webhooks.waiting == 0


@pytest.mark.parametrize("platform", ["amd64", "/amd64", "linux/", "linux/arm/v7/x", ""])
def test_nonsense_is_no_platform(hub: HubSimulator, platform: str) -> None:
    with pytest.raises(ValueError, match="not a platform"):
        hub.push("acme/site", "latest", platforms=[platform])


def test_what_is_no_image_has_its_own_media_type(hub: HubSimulator, receiver: Receiver) -> None:
    hub.add_webhook("acme/site", receiver.url)

    hub.push("acme/site", "0.1.0", media_type="application/vnd.cncf.helm.config.v1+json")
    receiver.wait_for(1)

    assert receiver.payloads[0]["push_data"]["media_type"] == "application/vnd.cncf.helm.config.v1+json"
    assert shown(hub, "0.1.0")["content_type"] == "helm"


def test_misspelt_announcement_is_refused() -> None:
    with pytest.raises(ValidationError):
        Announcement(cuont=1)  # type: ignore[call-arg]


# How late the API shows it


def test_while_it_lags_the_api_shows_what_was_before(hub: HubSimulator, clock: SettableClock) -> None:
    before = shown(hub)["digest"]
    hub.lag_seconds = 30

    pushed = hub.push("acme/site", "latest")
    hub.push("acme/site", "new")

    assert (shown(hub)["digest"], shown(hub, "new")) == (before, {})
    assert in_registry(hub) == pushed.digest  # Reported: a HEAD of the registry is fresher.
    clock.advance(seconds=29.9)
    assert shown(hub)["digest"] == before
    clock.advance(seconds=0.1)
    assert shown(hub)["digest"] == pushed.digest
    assert shown(hub, "new")["tag_last_pushed"] == "2026-11-21T12:00:00.123456Z"


def test_while_it_lags_lists_do_too(hub: HubSimulator, clock: SettableClock) -> None:
    hub.lag_seconds = 30
    hub.push("acme/site", "new", media_type="application/vnd.cncf.helm.config.v1+json")

    def listed() -> tuple[list[str], str, list[str]]:
        tags = requests.get(f"{hub.url}/v2/namespaces/acme/repositories/site/tags", timeout=5).json()
        repository = requests.get(f"{hub.url}/v2/namespaces/acme/repositories", timeout=5).json()["results"][0]
        return [tag["name"] for tag in tags["results"]], repository["last_updated"][:10], repository["content_types"]

    assert listed() == (["latest"], "2026-10-12", ["image"])
    clock.advance(seconds=30)
    assert listed() == (["new", "latest"], "2026-11-21", ["helm", "image"])


def test_of_several_pushes_the_newest_that_is_shown_counts(hub: HubSimulator, clock: SettableClock) -> None:
    hub.lag_seconds = 10
    first = hub.push("acme/site", "latest")
    clock.advance(seconds=5)
    second = hub.push("acme/site", "latest")

    clock.advance(seconds=5)
    in_between = shown(hub)["digest"]
    clock.advance(seconds=5)

    assert (in_between, shown(hub)["digest"]) == (first.digest, second.digest)


def test_a_clock_moved_back_does_not_hide_anything_for_long(hub: HubSimulator, clock: SettableClock) -> None:
    clock.advance(days=1)
    hub.lag_seconds = 30
    pushed = hub.push("acme/site", "latest")

    clock.now = NOW

    assert shown(hub)["digest"] == pushed.digest


def test_a_deleted_tag_is_gone_for_the_api_too(hub: HubSimulator) -> None:
    hub.lag_seconds = 30
    hub.push("acme/site", "latest")

    hub.state.delete_tag("acme/site", "latest")

    assert shown(hub) == {}


# How many webhooks


@pytest.mark.parametrize(("platforms", "webhooks"), [(1, 1), (2, 5), (3, 7)])
def test_several_platforms_bring_several_webhooks(platforms: int, webhooks: int) -> None:
    # Reported: five for a push of two platforms by buildx.
    assert usual_count(platforms) == webhooks


def test_one_image_is_told_once(hub: HubSimulator, receiver: Receiver) -> None:
    hub.add_webhook("acme/site", receiver.url)

    hub.push("acme/site", "1.0", pusher="ana")
    receiver.wait_for(1)

    assert hub.webhooks.settle()
    assert len(receiver.requests) == 1
    assert receiver.payloads[0]["push_data"] == {
        "images": [],
        "media_type": "application/vnd.oci.image.manifest.v1+json",
        "pushed_at": SECOND,
        "pusher": "ana",
        "tag": "1.0",
    }


def test_several_platforms_are_told_over_some_seconds(
    hub: HubSimulator, receiver: Receiver, clock: SettableClock
) -> None:
    hub.add_webhook("acme/site", receiver.url)

    hub.push("acme/site", "1.0", platforms=BOTH)

    for second in range(5):
        receiver.wait_for(second + 1)
        assert hub.webhooks.settle()
        assert len(receiver.requests) == second + 1
        # Each webhook is of a piece of the push, and the tag is as new as the newest of them.
        pushed_at = datetime.fromisoformat(shown(hub, "1.0")["tag_last_pushed"])
        assert pushed_at == NOW + timedelta(seconds=second)
        clock.advance(seconds=1)
    assert receiver.times == [SECOND, SECOND + 1, SECOND + 2, SECOND + 3, SECOND + 4]
    assert [payload["push_data"]["media_type"].split(".")[-2] for payload in receiver.payloads] == [
        *["manifest"] * 4,
        "index",
    ]
    assert len({request.body for request in receiver.requests}) == 5


def test_whether_they_have_a_time_each_is_a_switch(hub: HubSimulator, receiver: Receiver, clock: SettableClock) -> None:
    hub.unknowns = Unknowns(webhook_times="same")
    hub.add_webhook("acme/site", receiver.url)

    hub.push("acme/site", "1.0", platforms=BOTH)
    clock.advance(seconds=10)
    receiver.wait_for(5)

    assert receiver.times == [SECOND] * 5


def test_a_push_may_be_assembled_piece_by_piece(hub: HubSimulator, clock: SettableClock) -> None:
    whole = hub.push("acme/site", "1.0", platforms=BOTH, webhooks=Announcement(count=3, is_assembled=True))

    pieces = []
    for _ in range(3):
        pieces.append((shown(hub, "1.0")["digest"], len(shown(hub, "1.0")["images"])))
        clock.advance(seconds=1)

    assert pieces == [(whole.images[0].digest, 1), (whole.images[0].digest, 1), (whole.digest, 2)]


def test_number_and_pace_can_be_said(hub: HubSimulator, receiver: Receiver, clock: SettableClock) -> None:
    hub.add_webhook("acme/site", receiver.url)
    hub.announcement = Announcement(count=2, spacing_seconds=10)

    hub.push("acme/site", "1.0", platforms=BOTH)
    hub.push("acme/site", "2.0", webhooks=SILENCE)
    clock.advance(seconds=10)
    receiver.wait_for(2)

    assert hub.webhooks.settle()
    assert receiver.times == [SECOND, SECOND + 10]
    assert hub.webhooks.waiting == 0


def test_webhooks_may_come_late(hub: HubSimulator, receiver: Receiver, clock: SettableClock) -> None:
    hub.add_webhook("acme/site", receiver.url)

    pushed = hub.push("acme/site", "1.0", webhooks=Announcement(delay_seconds=60))
    assert shown(hub, "1.0")["digest"] == pushed.digest
    clock.advance(seconds=59)
    assert hub.webhooks.settle()
    assert (receiver.requests, hub.webhooks.waiting) == ([], 1)
    clock.advance(seconds=1)
    receiver.wait_for(1)

    assert receiver.times == [SECOND]


def test_webhooks_may_come_twice_out_of_order_and_not_at_all(hub: HubSimulator, receiver: Receiver) -> None:
    hub.add_webhook("acme/site", receiver.url)

    hub.push("acme/site", "twice", webhooks=Announcement(duplicates=1))
    hub.push("acme/site", "reversed", webhooks=Announcement(count=3, spacing_seconds=0, order="reversed"))
    hub.push("acme/site", "lost", webhooks=Announcement(count=3, spacing_seconds=0, lost=[0, 2]))
    assert hub.webhooks.settle()

    tags = [payload["push_data"]["tag"] for payload in receiver.payloads]
    assert tags == ["twice"] * 2 + ["reversed"] * 3 + ["lost"]
    assert receiver.requests[0].body == receiver.requests[1].body


def test_out_of_order_means_that_the_last_piece_comes_first(
    hub: HubSimulator, receiver: Receiver, clock: SettableClock
) -> None:
    hub.add_webhook("acme/site", receiver.url)

    hub.push("acme/site", "1.0", webhooks=Announcement(count=3, order="reversed"))
    clock.advance(seconds=2)
    receiver.wait_for(3)

    assert receiver.times == [SECOND + 2, SECOND + 1, SECOND]


def test_a_push_of_long_ago_is_told_now(hub: HubSimulator, receiver: Receiver) -> None:
    hub.add_webhook("acme/site", receiver.url)

    hub.push("acme/site", "1.0", at=NOW - timedelta(hours=1))
    receiver.wait_for(1)

    assert receiver.times == [SECOND - 3600]


def test_every_webhook_of_the_repository_is_called_and_no_other(hub: HubSimulator, receiver: Receiver) -> None:
    hub.add_webhook("acme/site", receiver.url + "/1")
    hub.add_webhook("acme/site", receiver.url + "/2")
    hub.add_webhook("acme/api", receiver.url + "/3")

    hub.push("acme/site", "1.0")
    receiver.wait_for(2)
    assert hub.webhooks.settle()

    assert [request.path for request in receiver.requests] == ["/hook/1", "/hook/2"]
    assert [sent.url for sent in hub.webhooks.sent_about("acme/site", "1.0")] == [
        f"{receiver.url}/1",
        f"{receiver.url}/2",
    ]


def test_a_push_is_not_kept_waiting_by_its_receiver(hub: HubSimulator, receiver: Receiver, login: Login) -> None:
    answered = threading.Event()
    receiver.answer = lambda _: Answer(200 if answered.wait(5) else 500)
    hub.add_webhook("acme/site", receiver.url)

    pushed = hub.push("acme/site", "1.0")
    receiver.wait_for(1)
    body = requests.get(f"{hub.url}/v2/namespaces/acme/repositories", headers=login("ana", ANA_PAT), timeout=5)
    answered.set()

    assert body.status_code == 200
    assert pushed.name == "1.0"
    assert hub.webhooks.settle()
    assert hub.webhooks.sent[0].status == 200
