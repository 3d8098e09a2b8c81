"""Tags, from recorded answers; the newest, whatever order Docker Hub gives them in."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidError, NoCredentialError, NotFoundError, UnavailableError
from bot.hub.auth import Credential
from bot.hub.protocol import Answer
from bot.hub.retrying import Outcome
from bot.hub.tags import Image, Order, Tag, Tags, order_of
from bot.images import InvalidReferenceError, RepositoryName
from tests.hub.support import (
    OAT_OF_ACME,
    PAT_OF_ANA,
    FakeWire,
    Sent,
    json_answer,
    jwt,
    make_api,
    scripted,
    unhurried,
)

API = RepositoryName("acme", "api")
START = datetime(2026, 1, 1, tzinfo=UTC)

RECORDED = {
    "creator": 9043754,
    "id": 1026940910,
    "images": [
        {
            "architecture": "amd64",
            "features": "",
            "variant": None,
            "digest": "sha256:0be8",
            "os": "linux",
            "os_features": "",
            "os_version": None,
            "size": 84211016,
            "status": "active",
            "last_pulled": "2025-12-11T14:59:36.600853463Z",
            "last_pushed": "2025-12-09T02:40:55.419051997Z",
        },
        {"architecture": "arm64", "variant": "v8", "digest": "sha256:2694", "os": "linux", "size": 84517548},
        {"architecture": "unknown", "os": "unknown", "digest": "sha256:aaaa", "size": 1234},
    ],
    "last_updated": "2025-12-09T02:40:58.412213Z",
    "last_updater_username": "hexbob",
    "name": "1.19.4-slim",
    "full_size": 84211016,
    "v2": True,
    "tag_status": "active",
    "tag_last_pulled": "2025-12-11T20:29:28.710861764Z",
    "tag_last_pushed": "2025-12-09T02:40:59Z",
    "media_type": "application/vnd.docker.distribution.manifest.list.v2+json",
    "content_type": "image",
    "digest": "sha256:830b",
}


def tag_of(data: dict[str, Any]) -> Tag:
    return Tags(make_api(FakeWire(scripted(json_answer(data))))).get(API, "latest")


def test_recorded_tag_is_read() -> None:
    tag = tag_of(RECORDED)

    assert (tag.name, tag.id, tag.digest, tag.full_size) == ("1.19.4-slim", 1026940910, "sha256:830b", 84211016)
    assert (tag.status, tag.content_type, tag.last_updater_username) == ("active", "image", "hexbob")
    assert tag.pushed_at == datetime(2025, 12, 9, 2, 40, 59, tzinfo=UTC)
    assert tag.pulled_at == datetime(2025, 12, 11, 20, 29, 28, 710861, tzinfo=UTC)
    assert tag.images[0] == Image(
        architecture="amd64",
        os="linux",
        digest="sha256:0be8",
        size=84211016,
        status="active",
        last_pulled=datetime(2025, 12, 11, 14, 59, 36, 600853, tzinfo=UTC),
        last_pushed=datetime(2025, 12, 9, 2, 40, 55, 419051, tzinfo=UTC),
    )


def test_statements_about_images_are_no_platforms() -> None:
    tag = tag_of(RECORDED)

    assert len(tag.images) == 3
    assert [image.platform for image in tag.platforms] == ["linux/amd64", "linux/arm64/v8"]


def test_windows_versions_stand_beside_the_platform() -> None:
    image = Image(os="windows", architecture="amd64", os_version="10.0.20348.2849")

    assert (image.platform, image.os_version) == ("windows/amd64", "10.0.20348.2849")


@pytest.mark.parametrize("image", [Image(), Image(os="linux"), Image(architecture="amd64")])
def test_platform_that_is_not_told_is_unknown(image: Image) -> None:
    assert image.platform is None
    assert not image.is_attestation


def test_documented_form_of_a_tag_is_read() -> None:
    tag = tag_of(
        {
            "name": "latest",
            "images": {"architecture": "amd64", "os": "linux", "size": "12"},
            "status": "inactive",
            "v2": "true",
            "last_updated": "2021-01-05T21:06:53.506400Z",
            "tag_last_pushed": None,
        }
    )

    assert [(image.platform, image.size) for image in tag.images] == [("linux/amd64", 12)]
    assert tag.status == "inactive"
    assert tag.pushed_at == datetime(2021, 1, 5, 21, 6, 53, 506400, tzinfo=UTC)
    assert (tag.pulled_at, tag.digest) == (None, None)


@pytest.mark.parametrize("images", [None, [], "nonsense", [None]])
def test_tag_without_images_is_still_a_tag(images: Any) -> None:
    assert tag_of({"name": "latest", "images": images}).images == ()


def test_tag_is_asked_for_by_its_exact_name() -> None:
    wire = FakeWire(scripted(json_answer(RECORDED)))

    Tags(make_api(wire)).get(API, "V1.0_x-Y")

    assert str(wire.sent[0]) == "GET /v2/namespaces/acme/repositories/api/tags/V1.0_x-Y"


@pytest.mark.parametrize("tag", ["", "..", "a/b", "x" * 129, "é"])
def test_tag_that_cannot_be_sends_nothing(tag: str) -> None:
    wire = FakeWire(scripted(json_answer(RECORDED)))

    with pytest.raises(InvalidReferenceError):
        Tags(make_api(wire)).get(API, tag)
    assert wire.sent == []


def test_list_sends_only_what_was_given() -> None:
    wire = FakeWire(scripted(json_answer({"results": []})))

    assert list(Tags(make_api(wire)).list(API, tag_name="rc", ordering="name", limit=5)) == []

    assert wire.sent[0].request.query == (("name", "rc"), ("ordering", "name"), ("page_size", "5"))


class Repository:
    """A repository whose list of tags is ordered in its own way."""

    def __init__(self, count: int, *, newest_first: str | None = "last_updated", page_size: int = 100) -> None:
        self.pushes = {f"t{number:04}": START + timedelta(hours=number) for number in range(count)}
        self.newest_first = newest_first
        self.page_size = page_size

    def __call__(self, sent: Sent) -> Answer:
        query = dict(sent.request.query)
        names = self._ordered(query.get("ordering"))
        size = min(int(query["page_size"]), self.page_size)
        page = int(query.get("page", "1"))
        shown = names[(page - 1) * size : page * size]
        has_next = page * size < len(names)
        link = f"?page={page + 1}&page_size={size}&ordering={query.get('ordering', '')}" if has_next else None
        results = [{"name": name, "tag_last_pushed": self.pushes[name].isoformat()} for name in shown]
        return json_answer({"count": len(names), "next": link, "results": results})

    def _ordered(self, ordering: str | None) -> Sequence[str]:
        if self.newest_first is None or not ordering:
            # As good as none: old and new ones take turns.
            return sorted(self.pushes, key=lambda name: name[::-1])
        return sorted(self.pushes, reverse=ordering == self.newest_first)


def newest(repository: Repository, limit: int | None, tags: Tags | None = None) -> tuple[list[str], FakeWire]:
    wire = FakeWire(repository)
    found = (tags or Tags(make_api(wire))).newest(API, limit)
    return [tag.name for tag in found], wire


def names(count: int, limit: int | None = None) -> list[str]:
    return [f"t{number:04}" for number in reversed(range(count))][:limit]


@pytest.mark.parametrize("count", [0, 1, 24, 25, 26, 957])
@pytest.mark.parametrize("limit", [1, 5, 25])
def test_newest_of_an_ordinary_repository_is_one_request(count: int, limit: int) -> None:
    found, wire = newest(Repository(count), limit)

    assert found == names(count, limit)
    assert len(wire.sent) == 1


def test_newest_tells_the_total_and_that_there_is_more() -> None:
    listing = Tags(make_api(FakeWire(Repository(957)))).newest(API, 25)

    assert (listing.total, listing.has_more, listing.is_complete) == (957, True, True)


def test_limit_below_the_least_page_leaves_more() -> None:
    listing = Tags(make_api(FakeWire(Repository(10)))).newest(API, 5)

    assert (listing.total, listing.has_more) == (10, True)


def test_other_spelling_is_tried_when_the_oldest_come_first_and_is_remembered() -> None:
    wire = FakeWire(Repository(957, newest_first="-last_updated"))
    tags = Tags(make_api(wire))

    first = [tag.name for tag in tags.newest(API, 25)]
    second = [tag.name for tag in tags.newest(API, 25)]

    assert first == second == names(957, 25)
    orderings = [dict(sent.request.query)["ordering"] for sent in wire.sent]
    assert orderings == ["last_updated", "-last_updated", "-last_updated"]


def test_whole_repository_on_one_page_needs_no_order() -> None:
    found, wire = newest(Repository(25, newest_first=None), 25)

    assert found == names(25)
    assert len(wire.sent) == 1


def test_everything_is_read_and_sorted_when_there_is_no_order() -> None:
    found, wire = newest(Repository(957, newest_first=None), 25)

    assert found == names(957, 25)
    assert len(wire.sent) == 1 + 10


def test_small_pages_are_followed_up_to_the_limit() -> None:
    found, wire = newest(Repository(957, page_size=10), 25)

    assert found == names(957, 25)
    assert len(wire.sent) == 3


def test_all_tags_are_sorted() -> None:
    found, wire = newest(Repository(150, newest_first=None), None)

    assert found == names(150)
    assert len(wire.sent) == 2


def test_repository_without_order_and_end_is_cut_and_says_so() -> None:
    listing = Tags(make_api(FakeWire(Repository(300, newest_first=None, page_size=5)))).newest(API, 25)

    assert listing.shortfall == "Not all entries were read, only 250: no more than 50 pages are read."


@pytest.mark.parametrize("newest_first", ["last_updated", "-last_updated"])
def test_of_more_than_can_be_read_the_oldest_are(newest_first: str) -> None:
    listing = Tags(make_api(FakeWire(Repository(300, newest_first=newest_first, page_size=5)))).oldest(API)
    found = tuple(listing)

    assert [tag.name for tag in found] == names(300)[::-1][:250]
    assert (order_of(found), listing.is_complete) == (Order.OLDEST_FIRST, False)


def test_where_there_is_no_order_the_oldest_may_be_missing_and_nobody_takes_them_for_that() -> None:
    listing = Tags(make_api(FakeWire(Repository(300, newest_first=None, page_size=5)))).oldest(API)
    found = tuple(listing)

    assert (len(found), order_of(found), listing.is_complete) == (250, Order.NONE, False)


def test_where_all_can_be_read_all_are() -> None:
    few, many = FakeWire(Repository(90)), FakeWire(Repository(957))

    assert len(tuple(Tags(make_api(few)).oldest(API))) == 90
    assert len(tuple(Tags(make_api(many)).oldest(API))) == 957
    assert (len(few.sent), len(many.sent)) == (1, 12)


def pushed(*minutes: float | None) -> list[Tag]:
    return [
        Tag(name=str(number), tag_last_pushed=None if minute is None else START + timedelta(minutes=minute))
        for number, minute in enumerate(minutes)
    ]


@pytest.mark.parametrize(
    ("tags", "order"),
    [
        (pushed(), Order.NEWEST_FIRST),
        (pushed(5), Order.NEWEST_FIRST),
        (pushed(None, None), Order.NEWEST_FIRST),
        (pushed(5, 5, 5), Order.NEWEST_FIRST),
        (pushed(9, 5, None, 1), Order.NEWEST_FIRST),
        (pushed(9, 5, 5.5, 1), Order.NEWEST_FIRST),  # Half a minute: the parts of one push.
        (pushed(1, 5, 9), Order.OLDEST_FIRST),
        (pushed(1, None, 9), Order.OLDEST_FIRST),
        (pushed(1, 9, 5), Order.NONE),
    ],
)
def test_order_of_tags(tags: list[Tag], order: Order) -> None:
    assert order_of(tags) is order


def test_tags_of_unknown_time_come_last() -> None:
    results = [
        {"name": "unknown"},
        {"name": "old", "tag_last_pushed": "2020-01-01T00:00:00Z"},
        {"name": "new", "last_updated": "2026-01-01T00:00:00Z"},
    ]
    wire = FakeWire(scripted(json_answer({"results": results, "next": None})))

    assert [tag.name for tag in Tags(make_api(wire)).newest(API, 25)] == ["new", "old", "unknown"]


@unhurried
@given(
    count=st.integers(0, 260),
    limit=st.integers(1, 60),
    newest_first=st.sampled_from(["last_updated", "-last_updated", None]),
    page_size=st.sampled_from([7, 25, 100]),
)
def test_newest_are_the_newest_in_every_order(count: int, limit: int, newest_first: str | None, page_size: int) -> None:
    found, _ = newest(Repository(count, newest_first=newest_first, page_size=page_size), limit)

    assert found == names(count, limit)


GONE = Answer(204, {}, b"")
PATH = "/v2/namespaces/acme/repositories/api/tags/pr-1"


def deleting(*outcomes: Outcome, credential: Credential = PAT_OF_ANA) -> FakeWire:
    """Delete a tag on a wire that takes one login; return the wire."""
    wire = FakeWire(scripted(json_answer({"access_token": jwt()}), *outcomes))
    Tags(make_api(wire, credential)).delete(API, "pr-1")
    return wire


@pytest.mark.parametrize("answer", [GONE, json_answer({}), json_answer({}, 202)])
def test_a_deletion_is_sent_once_on_the_namespaced_path(answer: Answer) -> None:
    wire = deleting(answer)

    assert [str(sent) for sent in wire.sent] == ["POST /v2/auth/token", f"DELETE {PATH}"]


@pytest.mark.parametrize("status", [404, 405])
def test_where_that_path_is_not_known_a_personal_token_takes_the_legacy_one(status: int) -> None:
    wire = deleting(json_answer({"message": "?"}, status), GONE)

    assert [str(sent) for sent in wire.sent[1:]] == [f"DELETE {PATH}", "DELETE /v2/repositories/acme/api/tags/pr-1/"]


def test_a_tag_that_is_not_there_is_not_found_on_either() -> None:
    with pytest.raises(NotFoundError):
        deleting(json_answer({"message": "tag not found"}, 404))


def test_an_organization_token_is_refused_without_being_sent_to_the_legacy_path() -> None:
    with pytest.raises(InvalidError) as raised:
        deleting(json_answer({"message": "no"}, 405), credential=OAT_OF_ACME)

    assert raised.value.status == 405
    with pytest.raises(NotFoundError):
        deleting(json_answer({"message": "no"}, 404), credential=OAT_OF_ACME)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_deletion_that_may_have_worked_is_never_sent_again(status: int) -> None:
    wire = FakeWire(scripted(json_answer({"access_token": jwt()}), json_answer({"message": "x"}, status)))

    with pytest.raises(UnavailableError):
        Tags(make_api(wire, PAT_OF_ANA)).delete(API, "pr-1")

    assert len(wire.sent) == 2


def test_no_tag_can_lead_somewhere_else() -> None:
    wire = FakeWire(scripted(GONE))

    for name in ("../x", "a/b", "", "a b", ".hidden"):
        with pytest.raises(InvalidReferenceError):
            Tags(make_api(wire, PAT_OF_ANA)).delete(API, name)

    assert wire.sent == []


def test_without_a_credential_nothing_may_be_deleted() -> None:
    tags = Tags(make_api(FakeWire(scripted(GONE))))

    with pytest.raises(NoCredentialError):
        tags.require_right_to_delete("acme")
    with pytest.raises(NoCredentialError):
        tags.delete(API, "pr-1")
    Tags(make_api(FakeWire(scripted(GONE)), OAT_OF_ACME)).require_right_to_delete("acme")
