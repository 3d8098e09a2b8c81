"""Deleting one tag at a simulated Docker Hub: looked at before and after, whatever that answers."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from bot.clock import FrozenClock
from bot.errors import RateLimitedError, UnavailableError
from bot.fleet.deleting import (
    GONE_AFTERWARDS,
    GONE_ALREADY,
    IMAGE_UNKNOWN,
    LINGERS,
    NO_REPOSITORY,
    NOT_KNOWN,
    NOT_SEEN_AGAIN,
    PUSHED_AGAIN,
    STILL_THERE,
    WAS_LEFT,
    DeletionOrder,
    DoomedTag,
    TagDeletion,
    job_id_of,
    propose,
)
from bot.fleet.rows import tag_snapshot
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.images import RepositoryName
from bot.jobs.model import Item, ItemState, Job, JobState, Result
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns
from tests.support.unknowns import positions_of_images

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
API = RepositoryName("acme", "api")
OAT, PAT = "dckr_oat_of_the_deletion_0000", "dckr_pat_of_the_deletion_0000"
TAG = "/v2/namespaces/acme/repositories/api/tags/pr-1"
LEGACY = "/v2/repositories/acme/api/tags/pr-1/"


class Scene:
    """Docker Hub, and what deletes there."""

    def __init__(self, hub: HubSimulator, clock: FrozenClock) -> None:
        self.hub = hub
        self.clock = clock
        self.client = self.client_of(OAT)
        self.kind = TagDeletion(self.client, clock, ("v*",))
        self.push()

    def client_of(self, token: str) -> HubClient:
        """Return a client with one token."""
        user = "acme" if token == OAT else "ana"
        credentials = Credentials.from_values(username=user, token=SecretStr(token))
        return HubClient(HubUrls(self.hub.url, self.hub.url, self.hub.url), credentials, self.clock, draw=lambda: 0.0)

    def push(self, *, days: float = 40) -> None:
        """Push the tag, so long ago."""
        self.hub.state.push_tag("acme/api", "pr-1", at=self.clock.now() - timedelta(days=days))

    def shown(self) -> Item:
        """Return the item that somebody agrees to now."""
        snapshot = tag_snapshot(API, self.client.tags.get(API, "pr-1"), self.clock.now())
        assert snapshot is not None
        order = DoomedTag.of(snapshot).model_dump(mode="json")
        return Item(0, "pr-1", order, ItemState.WAITING, "", None, None)

    def delete(self, item: Item) -> Result:
        """Do an item as a job does."""
        return self.kind.check(JOB, item) or self.kind.send(JOB, item)

    @property
    def is_there(self) -> bool:
        """Whether the tag is."""
        return "pr-1" in self.hub.state.repository("acme/api").tags

    @property
    def deletions(self) -> list[str]:
        """The paths that Docker Hub was asked to delete."""
        return [each.path for each in self.hub.requests if each.method == "DELETE"]


JOB = Job(
    id="job_1",
    workspace="home",
    kind="delete-tags",
    change_id="chg_1",
    subject="acme/api",
    title="Delete the tag pr-1 of acme/api",
    unit="tags",
    done_word="deleted",
    order={"repository": "acme/api"},
    asked_by="U0ANA",
    channel=None,
    message_id=None,
    state=JobState.RUNNING,
    counts={ItemState.WAITING: 1},
    created_at=NOW,
    started_at=NOW,
    ended_at=None,
    due_at=NOW,
    fence=1,
    problem="",
    failures=0,
    stopped_by=None,
)


@pytest.fixture
def scene() -> Iterator[Scene]:
    clock = FrozenClock(NOW)
    state = HubState()
    state.add_user("ana", password="a long password", joined_at=NOW - timedelta(days=900))
    state.add_organization("acme", joined_at=NOW - timedelta(days=900), members={"ana": "owner"})
    state.add_organization_token("acme", OAT, ("scope-repository-read", "scope-tag-read", "scope-tag-admin"))
    state.add_personal_token("ana", PAT)
    state.create_repository("acme", "api", at=NOW - timedelta(days=700))
    state.push_tag("acme/api", "latest", at=NOW - timedelta(days=1))
    with HubSimulator(state, now=clock.now) as hub:
        scene = Scene(hub, clock)
        yield scene
        scene.client.close()


def test_it_is_read_just_before_and_just_after(scene: Scene) -> None:
    item = scene.shown()
    scene.hub.clear_requests()

    assert scene.delete(item) == Result(ItemState.DONE)

    asked = [f"{each.method} {each.path}" for each in scene.hub.requests]
    assert asked[-3:] == [f"GET {TAG}", f"DELETE {TAG}", f"GET {TAG}"]
    assert not scene.is_there


def push(scene: Scene) -> None:
    scene.push(days=0)


def push_the_same(scene: Scene) -> None:
    tag = scene.hub.state.repository("acme/api").tags["pr-1"]
    scene.hub.state.push_tag("acme/api", "pr-1", at=NOW, images=tag.images, digest=tag.digest)


def pull(scene: Scene) -> None:
    scene.hub.state.pull_tag("acme/api", "pr-1", at=NOW)


def lose_the_digest(scene: Scene) -> None:
    tag = scene.hub.state.repository("acme/api").tags["pr-1"]
    tag.digest = None
    for each in tag.images:
        each.digest = None


def delete(scene: Scene) -> None:
    scene.hub.state.delete_tag("acme/api", "pr-1")


def make_immutable(scene: Scene) -> None:
    scene.hub.state.repository("acme/api").immutable_rules = ("pr-.*",)


def protect(scene: Scene) -> None:
    scene.kind = TagDeletion(scene.client, scene.clock, ("pr-*",))


def delete_all(scene: Scene) -> None:
    scene.hub.state.delete_repository("acme/api")


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (push, "It points to another image by now."),
        (push_the_same, "It was pushed again since it was shown."),
        (pull, "It was pulled since it was shown."),
        (lose_the_digest, "Docker Hub does not tell its image any more."),
        (delete, GONE_ALREADY),
        (make_immutable, "It was left: immutable at Docker Hub (`pr-.*`)."),
        (protect, "It was left: protected by the configuration file (`pr-*`)."),
        (delete_all, NO_REPOSITORY),
    ],
)
def test_what_has_moved_is_left(scene: Scene, happens: Callable[[Scene], None], told: str) -> None:
    item = scene.shown()
    happens(scene)

    result = scene.delete(item)

    assert (result.state, result.sentence) == (ItemState.SKIPPED, told)
    assert scene.deletions == []


def test_a_pull_time_that_is_told_no_more_is_a_reason_to_leave_it(scene: Scene) -> None:
    scene.hub.state.pull_tag("acme/api", "pr-1", at=NOW - timedelta(days=30))
    item = scene.shown()
    scene.hub.state.repository("acme/api").tags["pr-1"].pulled_at = None

    assert scene.delete(item).sentence == "Docker Hub does not tell any more when it was pulled."
    assert scene.is_there


@pytest.mark.parametrize("name", sorted(positions_of_images()))
def test_every_position_of_every_switch_ends_with_the_tag_gone(scene: Scene, name: str) -> None:
    scene.hub.unknowns = positions_of_images()[name]

    result = scene.delete(scene.shown())

    assert (result.state, scene.is_there, scene.deletions) == (ItemState.DONE, False, [TAG])


@pytest.mark.parametrize("position", ["403", "400", "409"])
def test_what_turned_immutable_a_moment_ago_is_refused_and_the_others_are_tried(scene: Scene, position: str) -> None:
    scene.hub.unknowns = Unknowns.model_validate({"immutable_tag_delete": position})
    item = scene.shown()
    assert scene.kind.check(JOB, item) is None
    make_immutable(scene)

    result = scene.kind.send(JOB, item)

    assert (result.state, result.ends_job, scene.is_there) == (ItemState.FAILED, False, True)
    assert "immutable" in result.sentence


def test_rules_are_read_again_after_a_while(scene: Scene) -> None:
    item = scene.shown()
    assert scene.kind.check(JOB, item) is None
    make_immutable(scene)

    assert scene.kind.check(JOB, item) is None
    scene.clock.advance(31)
    later = scene.kind.check(JOB, item)

    assert later is not None
    assert later.state is ItemState.SKIPPED


def test_where_the_namespaced_path_is_not_known_the_legacy_one_is_used(scene: Scene) -> None:
    scene.kind = TagDeletion(scene.client_of(PAT), scene.clock)
    for status in (404, 405):
        scene.hub.faults.add(Fault("unavailable", path=TAG, method="DELETE", times=1, status=status))
        item = scene.shown()

        assert scene.delete(item).state is ItemState.DONE
        assert scene.deletions[-2:] == [TAG, LEGACY]
        scene.push()


def legacy_after(scene: Scene, happens: Callable[[Scene], None]) -> Result:
    """Delete by a personal token, where the namespaced path finds nothing, and something has happened meanwhile."""
    scene.kind = TagDeletion(scene.client_of(PAT), scene.clock)
    item = scene.shown()
    assert scene.kind.check(JOB, item) is None
    scene.hub.faults.add(Fault("unavailable", path=TAG, method="DELETE", times=1, status=404))
    happens(scene)
    return scene.kind.send(JOB, item)


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (push, "It points to another image by now."),
        (pull, "It was pulled since it was shown."),
        (delete, GONE_ALREADY),
    ],
)
def test_before_it_is_tried_in_another_way_the_tag_is_read_again(
    scene: Scene, happens: Callable[[Scene], None], told: str
) -> None:
    result = legacy_after(scene, happens)

    assert (result.state, result.sentence) == (ItemState.SKIPPED, told)
    assert scene.deletions == [TAG]


def test_what_cannot_be_read_again_is_not_tried_in_another_way(scene: Scene) -> None:
    result = legacy_after(
        scene, lambda scene: scene.hub.faults.add(Fault("unavailable", path=TAG, method="GET", times=1, status=503))
    )

    assert (result.state, scene.is_there, scene.deletions) == (ItemState.FAILED, True, [TAG])
    assert result.sentence.startswith(NOT_SEEN_AGAIN)


def test_what_never_had_an_image_that_could_be_told_is_left(scene: Scene) -> None:
    lose_the_digest(scene)

    result = scene.delete(scene.shown())

    assert (result.state, result.sentence, scene.deletions) == (ItemState.SKIPPED, IMAGE_UNKNOWN, [])


def test_docker_hub_is_away_only_if_it_does_not_show_the_repository_either(scene: Scene) -> None:
    scene.hub.faults.add(Fault("unavailable", path=TAG, times=2, status=503))
    with pytest.raises(UnavailableError):
        scene.kind.check(JOB, scene_item())
    scene.kind.probe(JOB)

    scene.hub.faults.add(Fault("unavailable", times=2, status=503))
    with pytest.raises(UnavailableError):
        scene.kind.probe(JOB)


def scene_item() -> Item:
    order = DoomedTag(name="pr-1", mark="sha256:1", pushed_at=NOW).model_dump(mode="json")
    return Item(0, "pr-1", order, ItemState.WAITING, "", None, None)


def test_an_organization_token_is_never_sent_to_the_legacy_path(scene: Scene) -> None:
    scene.hub.faults.add(Fault("unavailable", path=TAG, method="DELETE", times=1, status=405))

    result = scene.delete(scene.shown())

    assert (result.state, scene.is_there, scene.deletions) == (ItemState.FAILED, True, [TAG])


def test_a_credential_without_the_right_fails_for_all(scene: Scene) -> None:
    scene.hub.state.add_organization_token("acme", OAT, ("scope-repository-read", "scope-tag-read"))

    result = scene.delete(scene.shown())

    assert (result.state, result.ends_job, scene.is_there) == (ItemState.FAILED, True, True)
    assert "Docker Hub does not allow" in result.sentence


def test_a_500_that_did_nothing_is_a_failure(scene: Scene) -> None:
    scene.hub.faults.add(Fault("unavailable", path=TAG, method="DELETE", times=1, status=500))

    result = scene.delete(scene.shown())

    assert (result.state, scene.is_there, len(scene.deletions)) == (ItemState.FAILED, True, 1)
    assert result.sentence.endswith(STILL_THERE)


@pytest.mark.parametrize(("after", "state"), [("after_accepting", ItemState.DONE), ("before_reading", "unknown")])
def test_after_no_answer_the_tag_tells(scene: Scene, after: str, state: str) -> None:
    scene.hub.faults.add(Fault("reset", path=TAG, method="DELETE", times=1, after=after))  # type: ignore[arg-type]

    result = scene.delete(scene.shown())

    assert (result.state, len(scene.deletions)) == (state, 1)
    assert ("all the same" in result.sentence) == (result.state is ItemState.DONE)
    assert (NOT_KNOWN in result.sentence) == (result.state is ItemState.UNKNOWN)


def test_where_it_cannot_be_looked_at_after_a_failure_it_is_left_to_be_read_back(scene: Scene) -> None:
    item = scene.shown()
    assert scene.kind.check(JOB, item) is None
    scene.hub.faults.add(Fault("unavailable", path=TAG, times=9, status=503))

    with pytest.raises(UnavailableError):
        scene.kind.send(JOB, item)
    scene.hub.faults.clear()

    assert scene.kind.read_back(JOB, item) == Result(ItemState.FAILED, WAS_LEFT)
    delete(scene)
    assert scene.kind.read_back(JOB, item) == Result(ItemState.DONE, GONE_AFTERWARDS)
    push(scene)
    assert scene.kind.read_back(JOB, item).state is ItemState.UNKNOWN


def test_where_it_cannot_be_looked_at_after_a_success_that_is_said(scene: Scene) -> None:
    item = scene.shown()
    assert scene.kind.check(JOB, item) is None
    scene.hub.faults.add(Fault("unavailable", path=TAG, method="GET", times=1, status=503))

    result = scene.kind.send(JOB, item)

    assert result.state is ItemState.DONE
    assert result.sentence.startswith("Docker Hub says so; it could not be looked at since.")


def test_a_limit_is_passed_on_because_nothing_was_done(scene: Scene) -> None:
    item = scene.shown()
    scene.hub.faults.add(Fault("rate_limited", path=TAG, method="DELETE", times=1, retry_after_seconds=30))

    with pytest.raises(RateLimitedError):
        scene.kind.send(JOB, item)
    assert scene.is_there


def test_what_is_shown_on_after_it_was_deleted_is_looked_at_again(scene: Scene) -> None:
    item = scene.shown()
    tag = scene.hub.state.repository("acme/api").tags["pr-1"]
    scene.hub.faults.add(Fault("not_json", path=TAG, method="DELETE", times=1))  # A 200 that does nothing.
    before = scene.clock.monotonic()

    result = scene.kind.send(JOB, item)

    assert result == Result(ItemState.UNKNOWN, LINGERS)
    assert scene.clock.monotonic() - before == 4
    assert scene.hub.state.repository("acme/api").tags["pr-1"] is tag


def test_what_is_pushed_again_at_once_was_deleted_all_the_same(scene: Scene) -> None:
    item = scene.shown()
    scene.hub.faults.add(Fault("not_json", path=TAG, method="DELETE", times=1))
    push(scene)

    assert scene.kind.send(JOB, item) == Result(ItemState.DONE, PUSHED_AGAIN)


def test_the_change_cannot_be_undone_and_shows_every_tag() -> None:
    tags = tuple(DoomedTag(name=f"pr-{number}", mark="sha256:1", pushed_at=NOW) for number in range(12))
    order = DeletionOrder(repository="acme/api", tags=tags, channel="C1")

    proposal = propose(order)

    assert (proposal.action, proposal.subject, proposal.is_reversible) == ("delete-tags", "acme/api", False)
    assert proposal.summary == "Delete 12 tags of acme/api"
    assert proposal.shown[9:12] == (
        "DELETE /v2/namespaces/acme/repositories/api/tags/pr-9",
        "and for 2 more:",
        "pr-10 pr-11",
    )
    assert DeletionOrder.model_validate(proposal.request) == order
    assert job_id_of("chg_5f1c") == "job_5f1c"


def test_a_tag_of_which_nobody_knows_when_it_was_pushed_is_agreed_to_by_nobody(scene: Scene) -> None:
    snapshot = tag_snapshot(
        API, scene.client.tags.get(API, "pr-1").model_copy(update={"tag_last_pushed": None, "last_updated": None}), NOW
    )
    assert snapshot is not None

    with pytest.raises(ValueError, match="nobody knows"):
        DoomedTag.of(snapshot)
