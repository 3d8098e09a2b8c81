"""Looking for stale images: what is found, and for how many requests."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import HubError
from bot.fleet import snapshots
from bot.fleet.keeping import keep_listed, states
from bot.fleet.looking import Area, Judged, Question, StaleImages
from bot.fleet.model import ImageName, Scope, Unchecked
from bot.fleet.service import Fleet
from bot.fleet.staleness import Rule
from bot.governance.proposals import Asker
from bot.hub.decoding import decode
from bot.hub.repositories import Repository
from bot.images import RepositoryName
from bot.progress import Progress
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.state import HubState
from bot.store.workspaces import HOME
from tests.fleet.stale_scene import ACME, Scene, open_scene, push
from tests.support.desk import NOW, ago
from tests.support.unknowns import positions_of_reading

WEEK = timedelta(days=7)
ANA = Asker("U0ANA", "T0ACME", "C0OPS")


@pytest.fixture
def scene() -> Iterator[Scene]:
    with open_scene(small_fleet()) as opened:
        yield opened


def small_fleet() -> HubState:
    """Return acme with one repository of each kind.

    `old` was last pushed 100 days ago; `new` yesterday; `mixed` has an old `latest` and a new branch; `plain` has no
    `latest`; `empty` has nothing.
    """
    state = HubState()
    for name in ("old", "new", "mixed", "plain", "empty"):
        repository = state.create_repository("acme", name, at=ago(days=500))
        repository.storage_bytes = 0 if name == "empty" else 1_000_000_000
    push(state, "acme/old", "1.0", 200)
    push(state, "acme/old", "latest", 100)
    push(state, "acme/new", "latest", 1)
    push(state, "acme/mixed", "latest", 60)
    push(state, "acme/mixed", "pr-7", 10)
    push(state, "acme/plain", "v1", 40)
    push(state, "acme/plain", "v2", 20)
    return state


def names(found: list[Judged]) -> list[str]:
    return sorted(str(each.name) for each in found)


def test_each_repository_is_judged_by_latest_else_by_its_newest_tag(scene: Scene) -> None:
    looked = scene.look()

    assert names(looked.stale) == ["acme/mixed:latest", "acme/old"]
    assert names(looked.fresh) == ["acme/new:latest", "acme/plain:v2"]
    assert (looked.empty, looked.exempt, looked.count, looked.unchecked) == (1, 0, 4, [])


def test_of_a_repository_that_is_old_as_a_whole_no_tag_is_asked_for(scene: Scene) -> None:
    old = next(each for each in scene.look().stale if each.name.repository.name == "old")

    assert scene.tags_read() == ["acme/mixed", "acme/new", "acme/plain"]
    assert (old.tag, old.pushed_at, old.pulled_at) == (None, ago(days=100), None)
    assert old.repository is not None


def test_a_second_look_costs_the_listing_alone_and_shows_what_is_known(scene: Scene) -> None:
    before = scene.look()
    scene.paths()

    after = scene.look()

    assert scene.paths() == ["acme/repositories"]
    assert (names(after.stale), names(after.fresh)) == (names(before.stale), names(before.fresh))


def test_only_what_was_pushed_to_is_read_again(scene: Scene) -> None:
    scene.look()
    scene.paths()
    push(scene.hub.state, "acme/mixed", "latest", 0)

    looked = scene.look()

    assert scene.tags_read() == ["acme/mixed"]
    assert names(looked.stale) == ["acme/old"]


@pytest.mark.parametrize("hundreds", [1, 3])
def test_an_unchanged_namespace_of_hundreds_costs_one_request_for_each(hundreds: int) -> None:
    state = HubState()
    for number in range(100 * hundreds):
        state.create_repository("acme", f"old-{number}", at=ago(days=500)).storage_bytes = 1_000
        push(state, f"acme/old-{number}", "latest", 40 + number)

    with open_scene(state) as scene:
        looked = scene.look()

        assert len(scene.paths()) == hundreds
        assert len(looked.stale) == 100 * hundreds


def test_a_tag_that_never_is_stale_is_not_called_so_because_of_its_repository(scene: Scene) -> None:
    push(scene.hub.state, "acme/plain", "v0", 500)
    scene.hub.state.create_repository("acme", "released", at=ago(days=900))
    push(scene.hub.state, "acme/released", "v9", 800)
    scene.rules.add("acme", Rule("v*", None), ANA)

    looked = scene.look()

    assert names(looked.stale) == ["acme/mixed:latest", "acme/old:latest"]
    assert looked.exempt == 2
    # Now the tag matters, so those that are old are read too: once.
    assert scene.tags_read() == ["acme/mixed", "acme/new", "acme/old", "acme/plain", "acme/released"]
    scene.look()
    assert scene.tags_read() == []


def test_a_rule_decides_for_the_tag_that_stands_for_its_repository(scene: Scene) -> None:
    scene.rules.add("acme", Rule("v?", WEEK), ANA)
    scene.rules.add("acme", Rule("latest", timedelta(days=90)), ANA)

    looked = scene.look()

    assert names(looked.stale) == ["acme/old", "acme/plain:v2"]


def test_an_age_that_is_asked_for_holds_instead(scene: Scene) -> None:
    assert names(scene.look(Question(areas=ACME.areas, age=timedelta(days=15))).stale) == [
        "acme/mixed:latest",
        "acme/old",
        "acme/plain",
    ]


def test_all_tags_are_judged_each_by_its_own_rule(scene: Scene) -> None:
    scene.rules.add("acme", Rule("pr-*", WEEK), ANA)

    looked = scene.look(Question(areas=ACME.areas, all_tags=True))

    assert names(looked.stale) == [
        "acme/mixed:latest",
        "acme/mixed:pr-7",
        "acme/old:1.0",
        "acme/old:latest",
        "acme/plain:v1",
    ]
    assert names(looked.fresh) == ["acme/new:latest", "acme/plain:v2"]
    scene.paths()
    scene.look(Question(areas=ACME.areas, all_tags=True))
    assert scene.paths() == ["acme/repositories"]


def test_a_tag_can_be_asked_for_by_name_or_by_pattern(scene: Scene) -> None:
    by_name = scene.look(Question(areas=ACME.areas, tag="latest"))
    by_pattern = scene.look(Question(areas=ACME.areas, tag="v*"))

    assert (names(by_name.stale), names(by_name.fresh)) == (
        ["acme/mixed:latest", "acme/old:latest"],
        ["acme/new:latest"],
    )
    assert (names(by_pattern.stale), names(by_pattern.fresh)) == (["acme/plain:v1"], ["acme/plain:v2"])
    # `plain` has no `latest`, and `empty` nothing.
    assert (by_name.empty, by_name.unchecked) == (2, [])


def test_only_some_repositories_of_a_namespace_are_looked_at(scene: Scene) -> None:
    looked = scene.look(Question(areas=[Area("acme", "*l*")]))

    assert (names(looked.stale), names(looked.fresh)) == (["acme/old"], ["acme/plain:v2"])
    assert scene.tags_read() == ["acme/plain"]


def test_images_that_were_named_cost_one_request_each(scene: Scene) -> None:
    for name, days in (("python", 50), ("node", 3), ("redis", 31)):
        scene.hub.state.create_repository("library", name, at=ago(days=4_000))
        push(scene.hub.state, f"library/{name}", "latest", days)
    wanted = [ImageName(RepositoryName("library", name)) for name in ("python", "node", "redis")]

    looked = scene.look(Question(images=[*wanted, ImageName(RepositoryName("acme", "old"), "1.0")]))

    assert names(looked.stale) == ["acme/old:1.0", "python:latest", "redis:latest"]
    assert names(looked.fresh) == ["node:latest"]
    assert len(scene.paths()) == 4


def test_what_is_not_there_is_said(scene: Scene) -> None:
    looked = scene.look(
        Question(images=[ImageName(RepositoryName("acme", "old"), "9"), ImageName(RepositoryName("acme", "nothing"))])
    )

    assert looked.count == 0
    assert sorted(each.subject for each in looked.unchecked) == ["acme/nothing", "acme/old:9"]
    assert all(each.why for each in looked.unchecked)


def test_pull_times_are_read_again_before_anything_is_listed_by_them(scene: Scene) -> None:
    state = scene.hub.state
    for path in ("acme/old", "acme/mixed"):
        state.pull_tag(path, "latest", at=ago(days=95))
    question = Question(areas=ACME.areas, not_pulled=timedelta(days=90))
    assert names(scene.look(question).stale) == ["acme/mixed:latest", "acme/old:latest"]

    state.pull_tag("acme/mixed", "latest", at=ago(days=1))
    scene.clock.advance(3_600)
    scene.paths()
    looked = scene.look(question)

    assert scene.tags_read() == ["acme/mixed", "acme/old"]
    assert (names(looked.stale), looked.pulled) == (["acme/old:latest"], 1)


def test_what_nobody_knows_the_last_pull_of_is_listed_apart(scene: Scene) -> None:
    scene.hub.state.pull_tag("acme/old", "latest", at=ago(days=95))

    looked = scene.look(Question(areas=ACME.areas, not_pulled=timedelta(days=90)))

    assert (names(looked.stale), names(looked.never_pulled)) == (["acme/old:latest"], ["acme/mixed:latest"])


def test_a_repository_that_cannot_be_read_is_said_and_the_others_are_shown(scene: Scene) -> None:
    scene.hub.faults.add(Fault("unavailable", path="/v2/namespaces/acme/repositories/mixed/"))

    looked = scene.look()

    assert names(looked.stale) == ["acme/old"]
    assert [(each.subject, each.why) for each in looked.unchecked] == [("acme/mixed", "Docker Hub did not answer")]


def test_what_is_known_of_a_repository_is_not_used_once_it_is_out_of_date(scene: Scene) -> None:
    scene.look()
    push(scene.hub.state, "acme/mixed", "latest", 0)
    scene.hub.faults.add(Fault("unavailable", path="/v2/namespaces/acme/repositories/mixed/"))

    looked = scene.look()

    assert names(looked.stale) == ["acme/old"]
    assert [each.subject for each in looked.unchecked] == ["acme/mixed"]


def test_a_limit_makes_it_partial_with_when_to_come_back(scene: Scene) -> None:
    scene.hub.faults.add(
        Fault("rate_limited", path="/v2/namespaces/acme/repositories/.*/tags", retry_after_seconds=600)
    )

    looked = scene.look()

    assert names(looked.stale) == ["acme/old"]
    assert sorted(each.subject for each in looked.unchecked) == ["acme/mixed", "acme/new", "acme/plain"]
    assert looked.retry_at is not None
    assert looked.retry_at >= NOW + timedelta(seconds=600)
    scene.hub.faults.clear()
    scene.clock.advance(700)
    assert scene.look().unchecked == []


def test_a_list_that_breaks_off_is_used_as_far_as_it_goes() -> None:
    state = HubState()
    for number in range(250):
        state.create_repository("acme", f"old-{number:03}", at=ago(days=500)).storage_bytes = 1_000
        push(state, f"acme/old-{number:03}", "latest", 40)
    with open_scene(state, rate_limit=1) as scene:
        looked = scene.look()

        assert len(looked.stale) == 100
        assert [(each.subject, each.why) for each in looked.unchecked] == [
            ("acme", "the list of its repositories broke off")
        ]
        assert looked.retry_at is not None
        assert NOW < looked.retry_at < NOW + timedelta(seconds=90)


def test_a_namespace_that_cannot_be_listed_is_an_error_only_if_nothing_else_was_asked(scene: Scene) -> None:
    scene.hub.faults.add(Fault("unavailable", path="/v2/namespaces/acme/repositories$"))

    with pytest.raises(HubError):
        scene.look()
    looked = scene.look(Question(areas=ACME.areas, images=[ImageName(RepositoryName("acme", "old"), "1.0")]))

    assert names(looked.stale) == ["acme/old:1.0"]
    assert [each.subject for each in looked.unchecked] == ["acme"]


def test_what_was_looked_through_lately_tells_which_names_are_ours(scene: Scene) -> None:
    old, nothing = RepositoryName("acme", "old"), RepositoryName("acme", "nothing")
    assert scene.images.has_repository(old) is None

    scene.fleet.sweep("acme")

    assert (scene.images.has_repository(old), scene.images.has_repository(nothing)) == (True, False)
    scene.clock.advance(3_601)
    assert scene.images.has_repository(old) is None


def test_it_is_told_how_far_it_has_come(scene: Scene) -> None:
    told: list[Progress] = []

    scene.images.look(ACME, hub=scene.client, progress=told.append)

    assert told[-1] == Progress(3, 3, "repositories read")


@pytest.mark.parametrize("position", positions_of_reading(), ids=str)
def test_whatever_docker_hub_turns_out_to_do_nothing_is_called_stale_that_is_not(position: str) -> None:
    with open_scene(small_fleet(), positions_of_reading()[position]) as scene:
        for question in (ACME, Question(areas=ACME.areas, all_tags=True)):
            looked = scene.look(question)
            known = looked.stale + looked.fresh + looked.unknown

            assert looked.unchecked == []
            assert {each.name.repository.name for each in looked.stale} == (
                {"old", "mixed"} if question is ACME else {"old", "mixed", "plain"}
            )
            assert {each.name.repository.name for each in known} == {"old", "new", "mixed", "plain"}


def test_a_list_that_leads_elsewhere_makes_it_partial() -> None:
    state = HubState()
    for number in range(150):
        state.create_repository("acme", f"old-{number:03}", at=ago(days=500)).storage_bytes = 1_000
        push(state, f"acme/old-{number:03}", "latest", 40)
    with open_scene(state) as scene:
        listing = "/v2/namespaces/acme/repositories$"
        scene.hub.faults.add(Fault("bad_next", path=listing, location="http://elsewhere.test"))

        looked = scene.look()

        assert len(looked.stale) == 100
        assert [each.subject for each in looked.unchecked] == ["acme"]
        assert "only 100" in looked.unchecked[0].why


def test_private_repositories_that_no_list_shows_are_said(scene: Scene) -> None:
    scene.hub.state.create_repository("acme", "vault", at=ago(days=500))
    push(scene.hub.state, "acme/vault", "latest", 100)
    scene.hub.state.repository("acme/vault").is_private = True
    own = Fleet(scene.store, scene.client, scene.clock, own_namespaces=["acme"])
    images = StaleImages(scene.store, own, scene.rules, scene.images.bases)

    looked = images.look(ACME, hub=scene.client)

    # There may be none at all, and nobody wants to hear of that every day.
    assert looked.unchecked == []
    assert own.may_hide("acme", hub=scene.client) == "Private repositories are not shown: there is no credential."
    assert own.may_hide("somebody", hub=scene.client) == ""
    hidden = Unchecked("private repositories of acme", "there is no credential")
    shown = decode(Repository, {"namespace": "acme", "name": "vault", "is_private": True})
    assert shown is not None
    before = scene.clock.now() - WEEK
    scene.store.write(
        lambda connection: keep_listed(connection, HOME, [(RepositoryName("acme", "vault"), shown)], before)
    )
    known = Unchecked("acme/vault", "it is private, and the list of repositories does not show it")
    assert images.look(ACME, hub=scene.client).unchecked == [hidden, known]
    assert own.may_hide("acme", hub=scene.client) == ""
    own.sweep("acme")
    with scene.store.read() as connection:
        assert hidden in snapshots.unchecked(connection, HOME, Scope(("acme",)))


def test_what_of_a_list_cannot_be_read_is_said(scene: Scene) -> None:
    scene.hub.state.repository("acme/mixed").name = ""

    looked = scene.look()

    said = Unchecked("some repositories of acme", "1 entry of the list cannot be read")
    assert looked.unchecked == [said]
    report = scene.fleet.sweep("acme")
    assert said in report.unchecked
    with scene.store.read() as connection:
        assert said in snapshots.unchecked(connection, HOME, Scope(("acme",)))


def test_where_latest_cannot_be_read_no_other_tag_stands_for_it(scene: Scene) -> None:
    scene.look()
    push(scene.hub.state, "acme/mixed", "dev", 0)
    tags = scene.hub.state.repository("acme/mixed").tags
    tags["odd"] = replace(tags.pop("latest"), name="not a tag")

    looked = scene.look()

    assert looked.unchecked == [Unchecked("acme/mixed", "some of its tags cannot be read")]
    assert "acme/mixed:dev" not in names(looked.fresh)


def test_a_last_push_that_nobody_understands_is_not_taken_for_none(scene: Scene) -> None:
    facts = {"namespace": "acme", "name": "new", "last_updated": "soon"}
    said = decode(Repository, facts)
    none = decode(Repository, facts | {"last_updated": None})
    assert said is not None
    assert none is not None
    name, now = RepositoryName("acme", "new"), scene.clock.now()

    scene.store.write(lambda connection: keep_listed(connection, HOME, [(name, said)], now))
    scene.fleet.read([name])

    with scene.store.read() as connection:
        known = snapshots.repository(connection, HOME, name)
        assert known is not None
        assert not known.was_never_pushed
        # Nobody can tell whether something was pushed since.
        assert states(connection, HOME, [name])[name].has_changed
    scene.store.write(lambda connection: keep_listed(connection, HOME, [(name, none)], now))
    with scene.store.read() as connection:
        assert states(connection, HOME, [name])[name].has_changed is False


def test_one_tag_that_is_not_among_the_newest_is_asked_for_by_itself_each_time() -> None:
    state = HubState()
    state.create_repository("acme", "big", at=ago(days=900)).storage_bytes = 10
    push(state, "acme/big", "v1", 200)
    for number in range(150):
        push(state, "acme/big", f"pr-{number}", 150 - number)
    state.pull_tag("acme/big", "v1", at=ago(days=120))
    with open_scene(state) as scene:
        for _ in range(3):
            looked = scene.look(Question(areas=ACME.areas, tag="v1", not_pulled=timedelta(days=90)))

            assert (names(looked.stale), looked.unchecked) == (["acme/big:v1"], [])
            assert "acme/repositories/big/tags/v1" in scene.paths()
            scene.clock.advance(7_200)
        assert names(scene.look(Question(areas=ACME.areas, tag="v1")).stale) == ["acme/big:v1"]
        assert scene.paths() == ["acme/repositories"]
        looked = scene.look(Question(areas=ACME.areas, tag="v2"))
        assert (looked.count, looked.empty, looked.unchecked) == (0, 1, [])


def test_what_was_read_by_a_clock_that_was_set_back_is_read_again(scene: Scene) -> None:
    scene.clock.step(6 * 3_600)
    scene.look()
    scene.fleet.sweep("acme")
    scene.clock.step(-6 * 3_600)
    push(scene.hub.state, "acme/mixed", "latest", 0)
    del scene.hub.state.repository("acme/plain").tags["v1"]
    scene.clock.advance(600)

    looked = scene.look()

    assert "acme/mixed:latest" in names(looked.fresh)
    scene.fleet.sweep("acme")
    with scene.store.read() as connection:
        plain = RepositoryName("acme", "plain")
        assert [tag.name for tag in snapshots.tags_of(connection, HOME, [plain])[plain]] == ["v2"]
