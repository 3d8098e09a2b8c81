"""What images are built on, and whether that was rebuilt since."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.fleet import contents
from bot.fleet.bases import Base, Rebuilt, base_of, known_rebuilt, rebuilt_since
from bot.fleet.model import ImageName, PlatformSnapshot, TagSnapshot
from bot.fleet.reading_contents import Content
from bot.fleet.rules import BaseRule
from bot.fleet.statements import BaseImage
from bot.fleet.vulnerabilities.model import Target
from bot.governance.proposals import Asker
from bot.images import RepositoryName
from bot.sandbox.hub.state import HubState
from bot.store import tables
from bot.store.rows import put
from bot.store.workspaces import HOME
from tests.fleet.stale_scene import Scene, open_scene, push
from tests.support.desk import NOW, ago

API, PYTHON = RepositoryName("acme", "api"), RepositoryName("library", "python")
PYTHON_312, NODE = ImageName(PYTHON, "3.12"), ImageName(RepositoryName("library", "node"), "22")
MANIFEST, INDEX = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def tag(
    repository: RepositoryName = API, name: str = "latest", *, days: float | None = 10, digest: str = MANIFEST
) -> TagSnapshot:
    pushed_at = None if days is None else NOW - timedelta(days=days)
    platforms = (PlatformSnapshot("linux/amd64", digest, 1),)
    return TagSnapshot(repository, name, INDEX, pushed_at, None, 1, platforms, "image", NOW)


def written(name: str, digest: str | None = None) -> dict[str, Content]:
    return {MANIFEST: Content(base=BaseImage(name, digest))}


def test_what_an_image_says_itself_comes_before_what_somebody_said() -> None:
    rules = [BaseRule("acme/*", NODE)]

    assert base_of(tag(), written("docker.io/library/python:3.12", INDEX), rules) == Base(PYTHON_312, INDEX)
    assert base_of(tag(), {}, rules) == Base(NODE, is_said=True)
    assert base_of(tag(), {MANIFEST: Content()}, rules) == Base(NODE, is_said=True)
    assert base_of(tag(RepositoryName("other", "api")), {}, rules) is None


def test_the_digest_in_a_name_is_no_part_of_the_image_that_is_rebuilt() -> None:
    assert base_of(tag(), written(f"python:3.12@{INDEX}"), []) == Base(PYTHON_312)


def test_a_base_of_another_registry_is_none_and_no_rule_takes_its_place() -> None:
    for name in ("ghcr.io/acme/base:1", "scratch space", "", "docker.io/a/b/c"):
        assert base_of(tag(), written(name), [BaseRule("acme/*", NODE)]) is None


def test_no_image_is_its_own_base() -> None:
    assert base_of(tag(), written("acme/api:latest"), []) is None
    assert base_of(tag(), written("acme/api:builder"), []) == Base(ImageName(API, "builder"))
    assert base_of(tag(), {}, [BaseRule("acme/*", ImageName(API))]) is None


def test_a_base_that_was_pushed_after_the_image_was_rebuilt_since() -> None:
    newest = tag(PYTHON, "3.12", days=1, digest=INDEX)

    found = rebuilt_since(tag(days=10), Base(PYTHON_312), newest)

    assert found == Rebuilt(Base(PYTHON_312), NOW - timedelta(days=1), timedelta(days=9))


def test_a_base_that_is_the_very_same_still_was_not_rebuilt() -> None:
    newest = tag(PYTHON, "3.12", days=1)

    for digest in (INDEX, MANIFEST):
        assert rebuilt_since(tag(days=10), Base(PYTHON_312, digest), newest) is None
    assert rebuilt_since(tag(days=10), Base(PYTHON_312, "sha256:" + "c" * 64), newest) is not None


ages = st.none() | st.floats(0, 4_000)


@given(ages, ages)
def test_only_what_is_known_to_be_later_is_called_rebuilt(image: float | None, base: float | None) -> None:
    ours, newest = tag(days=image), tag(PYTHON, "3.12", days=base)

    found = rebuilt_since(ours, Base(PYTHON_312), newest)

    if ours.pushed_at is None or newest.pushed_at is None or newest.pushed_at <= ours.pushed_at:
        assert found is None
    else:
        assert found is not None
        assert ours.pushed_at + found.later == newest.pushed_at == found.pushed_at


def in_image(scene: Scene, digest: str, content: Content) -> None:
    """Let it be known what is in an image."""
    target = Target(API, "latest", digest, digest)
    row = contents._row(
        target, contents.ContentState.KNOWN, contents._facts(content), now=NOW, due_at=None, problem=None
    )
    scene.store.write(lambda connection: put(connection, tables.contents, row))


def built_on_python() -> HubState:
    """Return acme/api, pushed 20 days ago, and python:3.12, pushed 11 days ago."""
    state = HubState()
    for namespace, name in (("acme", "api"), ("library", "python")):
        state.create_repository(namespace, name, at=ago(days=900))
    push(state, "acme/api", "latest", 20)
    push(state, "library/python", "3.12", 11)
    return state


def test_what_is_known_of_a_base_is_used_for_an_hour_and_by_those_who_ask_nobody() -> None:
    with open_scene(built_on_python()) as scene:
        (judged,) = scene.look().fresh
        assert judged.tag is not None
        platform = judged.tag.platforms[0].digest
        in_image(scene, str(platform), Content(base=BaseImage("python:3.12")))
        scene.paths()

        def find() -> timedelta:
            report = scene.images.bases.find([judged.tag] if judged.tag else [], hub=scene.client)
            assert report.unchecked == ()
            return report.rebuilt["acme/api:latest"].later

        assert find() == find() == timedelta(days=9)
        assert scene.paths() == ["library/repositories/python/tags/3.12"]
        scene.clock.advance(3_601)
        push(scene.hub.state, "library/python", "3.12", 1)
        assert find() == timedelta(days=19)
        assert len(scene.paths()) == 1
        with scene.store.read() as connection:
            known = known_rebuilt(connection, HOME, [judged.tag], scene.rules.base_rules(connection))
        assert known["acme/api:latest"].later == timedelta(days=19)
        assert scene.paths() == []


def test_a_base_that_is_not_there_is_said_and_the_others_are_found() -> None:
    with open_scene(built_on_python()) as scene:
        scene.rules.add_base("acme/api", PYTHON_312, Asker("U0ANA"))
        scene.rules.add_base("acme/web", NODE, Asker("U0ANA"))
        (judged,) = scene.look().fresh
        assert judged.tag is not None

        report = scene.images.bases.find([judged.tag, tag(RepositoryName("acme", "web"))], hub=scene.client)

        assert list(report.rebuilt) == ["acme/api:latest"]
        assert [each.subject for each in report.unchecked] == ["node:22"]
