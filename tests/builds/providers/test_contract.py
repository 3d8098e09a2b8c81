"""What holds for every provider, against servers that answer: the simulated ones, and one that answers badly.

The real way out is used: `bot.egress.client.EgressClient`, over real connections to this machine.
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from bot.builds.model import Accepted, Build, BuildState, Order, ProviderKind, Ref, Setup
from bot.builds.providers import all_providers
from bot.builds.providers.provider import Asked, BuildError, Provider, Refusal, SetupError
from bot.clock import FrozenClock
from bot.egress.client import EgressClient
from bot.egress.hosts import AllowedHosts
from bot.hub.client import Credentials, HubClient, HubUrls
from bot.sandbox.builders.faults import BuilderFault
from bot.sandbox.builders.github import GitHubSimulator
from bot.sandbox.builders.gitlab import GitLabSimulator
from bot.sandbox.builders.receiver import WebhookReceiver, redirect_to
from bot.sandbox.httpd import Answer, Request
from bot.sandbox.hub import seed
from bot.sandbox.hub.builds import BuildRule
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns
from tests.builds.providers.support import (
    A_TAG,
    GITHUB_TOKEN,
    GITLAB_TOKEN,
    NOW,
    ORDERS,
    SECRETS,
    SIGNING_KEY,
    secret_of,
    setup_of,
)

KINDS = list(ProviderKind)
DOCKER = {ProviderKind.DOCKER_HUB, ProviderKind.CLASSIC}
FOLLOWED = [kind for kind in KINDS if kind is not ProviderKind.WEBHOOK]
HTML = "text/html; charset=utf-8"
SHORT = 0.1
"""Seconds; shorter than anybody may set, so that tests need not wait."""


_TLS = ssl.create_default_context()  # Nobody here speaks TLS, and to make one takes its time.


@dataclass
class Scene:
    """A set-up of `acme/api` that leads to a server of this machine."""

    kind: ProviderKind
    provider: Provider
    setup: Setup
    secret: SecretStr

    def trigger(self, order: Order = A_TAG) -> Accepted:
        """Ask for a build, as the bot does."""
        prepared = self.provider.prepare(self.setup, order, self.secret)
        return self.provider.trigger(self.setup, prepared, self.secret)

    def refused(self, order: Order = A_TAG) -> BuildError:
        """Ask for a build in vain."""
        with pytest.raises(BuildError) as raised:
            self.trigger(order)
        sentence = str(raised.value)
        own = [secret for secret in SECRETS if secret in self.secret.get_secret_value()]
        assert not any(secret in f"{sentence} {raised.value!r}" for secret in own)
        assert sentence.isprintable()
        return raised.value


def providers_on(
    hub_url: str, clock: FrozenClock, *origins: str, token: str | None = None
) -> Mapping[ProviderKind, Provider]:
    hosts = AllowedHosts(docker_hub=hub_url, named=[origin.removeprefix("http://") for origin in origins])
    username, secret = ("ana", SecretStr(token)) if token else (None, None)
    credentials = Credentials.from_values(username=username, token=secret)
    hub = HubClient(HubUrls(hub_url, hub_url, hub_url), credentials, clock, draw=lambda: 0.0)
    return all_providers(EgressClient(hosts, tls=_TLS), hub, clock)


def scene_at(kind: ProviderKind, origin: str, **changes: Any) -> Scene:
    url = origin if kind in {ProviderKind.GITHUB, ProviderKind.GITLAB} else None
    setup = setup_of(kind, url=url).model_copy(update=changes)
    provider = providers_on(origin, FrozenClock(NOW), origin)[kind]
    return Scene(kind, provider, setup, secret_of(kind, origin))


@pytest.fixture(scope="module")
def server() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture
def badly(server: WebhookReceiver) -> WebhookReceiver:
    """Return a server that answers whatever a test says, to any provider."""
    server.faults.clear()
    server.received.clear()
    server.clear_records()
    server.answer = lambda _: Answer(202, b"{}")
    return server


def told(status: int, body: str, media_type: str | None = "application/json", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, body.encode(), media_type, named)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize(
    "answer",
    [told(202, "{}"), told(200, "OK", "text/plain"), Answer(204, content_type=None), told(201, '{"id": 1')],
    ids=["202", "200 OK", "204", "201 half"],
)
def test_any_2xx_is_a_success(kind: ProviderKind, order: Order, answer: Answer, badly: WebhookReceiver) -> None:
    badly.answer = lambda _: answer

    accepted = scene_at(kind, badly.url).trigger(order)

    assert accepted.build_id is None
    is_empty_promise = "also when it builds nothing" in accepted.said
    assert is_empty_promise == (kind is ProviderKind.CLASSIC)
    assert len(badly.received) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_web_page_of_200_is_believed_by_nobody(kind: ProviderKind, badly: WebhookReceiver) -> None:
    badly.answer = lambda _: told(200, "<!DOCTYPE html><title>Maintenance</title>", HTML)
    scene = scene_at(kind, badly.url)

    if kind in {ProviderKind.GITHUB, ProviderKind.GITLAB}:
        assert scene.refused().refusal is Refusal.UNHEARD
    else:
        assert "may mean that nothing is built" in scene.trigger().said
    assert len(badly.received) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("answer", "refusal", "words"),
    [
        (told(400, '{"error": "Bad value"}'), Refusal.WRONG, "Bad value). Nothing is built."),
        (told(400, "<html><title>Bad</title></html>", HTML), Refusal.WRONG, "Bad). Nothing is built."),
        (told(401, '{"message": "Who?"}'), Refusal.FORBIDDEN, "Who?). Nothing is built."),
        (told(403, '{"detail": "No"}'), Refusal.FORBIDDEN, "No). Nothing is built."),
        (told(403, '{"message": "You have exceeded a secondary rate limit."}'), Refusal.THROTTLED, "ignored"),
        (told(404, '{"error": "Selected Source does not exist"}'), Refusal.WRONG, "Selected Source does not exist"),
        (told(404, "<html></html>", HTML), Refusal.WRONG, "Nothing is built. Check the set-up"),
        (told(409, ""), Refusal.PENDING, "This request was ignored."),
        (
            told(400, '{"error": "A build for tag latest is already pending."}'),
            Refusal.PENDING,
            "This request was ignored.",
        ),
        (told(413, ""), Refusal.WRONG, "Nothing is built."),
        (told(422, '{"message": "No ref found for: x"}'), Refusal.WRONG, "No ref found for: x). Nothing is built."),
        (told(429, "", None, retry_after="30"), Refusal.THROTTLED, "try again in 30 s. This request was ignored."),
        (told(429, "Too Many Requests (HAP429)", "text/plain"), Refusal.THROTTLED, "This request was ignored."),
        (told(500, "", None), Refusal.UNHEARD, "may have been queued"),
        (told(502, "<html></html>", HTML), Refusal.UNHEARD, "may have been queued"),
        (told(503, '{"error": "Our service is temporarily unavailable."}'), Refusal.UNHEARD, "may have been queued"),
    ],
    ids=lambda value: f"{value.status} {value.body[:12]!r}" if isinstance(value, Answer) else "",
)
def test_every_refusal_is_said_with_what_it_means_and_sent_once(
    kind: ProviderKind, answer: Answer, refusal: Refusal, words: str, badly: WebhookReceiver
) -> None:
    badly.answer = lambda _: answer

    error = scene_at(kind, badly.url).refused()

    assert (error.refusal, error.status) == (refusal, answer.status)
    assert words in str(error)
    assert len(badly.received) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 422, 429, 500, 503])
def test_a_server_that_repeats_all_it_was_sent_has_no_secret_told(
    kind: ProviderKind, status: int, badly: WebhookReceiver
) -> None:
    def echo(request: Request) -> Answer:
        body = request.body.decode()
        return told(status, f"{request.path} {request.headers} {body}", "text/plain", location=request.path)

    badly.answer = echo

    assert scene_at(kind, badly.url).refused().status == status
    assert len(badly.received) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(kind: ProviderKind, status: int, badly: WebhookReceiver) -> None:
    badly.answer = lambda _: redirect_to(f"{badly.url}/elsewhere/{'/'.join(SECRETS)}", status)

    error = scene_at(kind, badly.url).refused()

    assert (error.refusal, error.status) == (Refusal.WRONG, status)
    assert "points to another address at `127.0.0.1`" in str(error)
    assert "Nothing is built." in str(error)
    assert len(badly.received) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("fault", "taken"),
    [
        (BuilderFault("hang", seconds=2 * SHORT, after="before_reading"), 0),
        (BuilderFault("hang", seconds=2 * SHORT, after="after_accepting"), 1),
        (BuilderFault("reset", after="before_reading"), 0),
        (BuilderFault("reset", after="after_accepting"), 1),
    ],
    ids=["hangs", "takes it and hangs", "hangs up", "takes it and hangs up"],
)
def test_what_nobody_answers_may_have_been_queued_and_is_never_repeated(
    kind: ProviderKind, fault: BuilderFault, taken: int, badly: WebhookReceiver
) -> None:
    badly.faults.add(fault)

    error = scene_at(kind, badly.url, timeout_seconds=SHORT).refused()

    assert (error.refusal, error.status) == (Refusal.UNHEARD, None)
    assert str(error).endswith("The build may have been queued; it is not asked for again.")
    assert "within 0.1 s" in str(error)
    assert len(badly.received) == taken


@pytest.mark.parametrize("kind", KINDS)
def test_where_there_is_no_connection_nothing_was_sent(kind: ProviderKind) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # Taken, and nobody listens.
        error = scene_at(kind, f"http://127.0.0.1:{nobody.getsockname()[1]}").refused()

    assert (error.refusal, error.status) == (Refusal.DOWN, None)
    assert str(error).endswith("could not be reached. Nothing was sent: ask again later.")


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_is_cut_off_is_one(kind: ProviderKind, badly: WebhookReceiver) -> None:
    badly.faults.add(BuilderFault("truncated"))

    assert scene_at(kind, badly.url).trigger().build_id is None
    assert len(badly.received) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_preparing_and_checking_send_nothing_and_show_no_secret(
    kind: ProviderKind, order: Order, badly: WebhookReceiver
) -> None:
    scene = scene_at(kind, badly.url)

    scene.provider.check(scene.setup, scene.secret)
    prepared = scene.provider.prepare(scene.setup, order, scene.secret)

    assert prepared.lines()[0].startswith(f"POST {badly.url}/")
    assert "…" in "\n".join(prepared.lines())
    assert not any(secret in prepared.model_dump_json() for secret in SECRETS)
    assert badly.records == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_host_that_is_not_listed_is_refused_before_anything_is_sent(
    kind: ProviderKind, badly: WebhookReceiver
) -> None:
    scene = scene_at(kind, badly.url)
    prepared = scene.provider.prepare(scene.setup, A_TAG, scene.secret)
    elsewhere = providers_on("https://hub.docker.com", FrozenClock(NOW))[kind]

    with pytest.raises(SetupError, match="HUB_BOT_ALLOWED_HOSTS"):
        elsewhere.check(scene.setup, scene.secret)
    with pytest.raises((SetupError, BuildError), match="HUB_BOT_ALLOWED_HOSTS"):
        elsewhere.trigger(scene.setup, prepared, scene.secret)
    assert badly.records == []


# From here on, against the simulated services.


@dataclass
class World(Scene):
    """The same at a simulated service that works."""

    clock: FrozenClock
    count: Callable[[], int]
    """How many builds there are that were asked for."""
    move: Callable[[str], None]
    """Bring the last build on: `start`, `success` or `failure`."""


POSITIONS = {
    name: unknowns
    for name, unknowns in Unknowns.every_position()
    if name.startswith(("trigger_", "build_", "unbuilt_", "action_"))
}
RULES = (BuildRule("Branch", "main", "1.2"), BuildRule("Branch", "staging", "edge"), BuildRule("Tag", "v1.1", "1.1"))


def hub_world(kind: ProviderKind, stack: ExitStack, unknowns: Unknowns = Unknowns()) -> World:  # noqa: B008 - frozen.
    clock, state = FrozenClock(NOW), HubState()
    state.add_user("ana", password="password-of-ana", joined_at=NOW - timedelta(days=900))
    state.add_organization("acme", joined_at=NOW - timedelta(days=900), members={"ana": "owner"})
    state.add_personal_token("ana", seed.ANA_PAT)
    state.create_repository("acme", "api", at=NOW - timedelta(days=100))
    hub = stack.enter_context(HubSimulator(state, now=clock.now, unknowns=unknowns))
    today = hub.add_builds("acme/api", rules=RULES)
    url = hub.classic_trigger("acme/api") if kind is ProviderKind.CLASSIC else today
    automation = state.repository("acme/api").automation
    assert automation is not None

    def move(to: str) -> None:
        build = automation.builds[0]
        if to != "start":
            build.comes_to = "success" if to == "success" else "error"
        clock.advance(hub.builds.queue_seconds if to == "start" else hub.builds.build_seconds)

    provider = providers_on(hub.url, clock, token=seed.ANA_PAT)[kind]
    return World(kind, provider, setup_of(kind), SecretStr(url), clock, lambda: len(automation.builds), move)


def github_world(stack: ExitStack) -> World:
    clock = FrozenClock(NOW)
    github = stack.enter_context(GitHubSimulator(now=clock.now))
    github.add_repository("acme/images", branches=("main", "staging"), tags=("v1.1",))
    github.add_workflow("acme/images", inputs=("tag",))
    github.add_token(GITHUB_TOKEN, repositories=["acme/images"])

    def move(to: str) -> None:
        clock.advance(10)
        if to == "start":
            github.runs[-1].start()
        else:
            github.runs[-1].finish("success" if to == "success" else "failure")

    kind = ProviderKind.GITHUB
    provider = providers_on("https://hub.docker.com", clock, github.url)[kind]
    setup = setup_of(kind, url=github.url)
    return World(kind, provider, setup, secret_of(kind), clock, lambda: len(github.runs), move)


def gitlab_world(stack: ExitStack) -> World:
    clock = FrozenClock(NOW)
    gitlab = stack.enter_context(GitLabSimulator(now=clock.now))
    gitlab.add_project("acme/images", is_public=True, branches=("main", "staging"), tags=("v1.1",))
    gitlab.add_trigger("acme/images", GITLAB_TOKEN)

    def move(to: str) -> None:
        clock.advance(10)
        if to == "start":
            gitlab.pipelines[-1].start()
        else:
            gitlab.pipelines[-1].finish("success" if to == "success" else "failed")

    kind = ProviderKind.GITLAB
    provider = providers_on("https://hub.docker.com", clock, gitlab.url)[kind]
    setup = setup_of(kind, url=gitlab.url)
    return World(kind, provider, setup, secret_of(kind), clock, lambda: len(gitlab.pipelines), move)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    kind: ProviderKind = request.param
    with ExitStack() as stack:
        if kind is ProviderKind.GITHUB:
            yield github_world(stack)
        elif kind is ProviderKind.GITLAB:
            yield gitlab_world(stack)
        else:
            yield hub_world(kind, stack)


@pytest.mark.parametrize("world", FOLLOWED, indirect=True, ids=str)
@pytest.mark.parametrize("end", ["success", "failure"])
@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_a_build_is_asked_for_and_followed_to_its_end(world: World, order: Order, end: str) -> None:
    accepted = world.trigger(order)
    asked = Asked(order, NOW, accepted.build_id)

    def look() -> Build | None:
        return world.provider.find(world.setup, world.secret, asked)

    queued = look()
    world.move("start")
    building = look()
    world.move(end)
    ended = look()

    is_several = world.kind in DOCKER and order.ref is Ref.ALL
    assert world.count() == (len(RULES) if is_several else 1)
    assert queued is not None
    assert building is not None
    assert ended is not None
    assert [queued.state, building.state] == [BuildState.QUEUED, BuildState.BUILDING]
    assert ended.state is (BuildState.SUCCESS if end == "success" else BuildState.FAILED)
    assert {queued.id, building.id, ended.id} == {accepted.build_id or queued.id}
    assert is_several or ended.commit
    assert ended.asked_at == NOW
    assert ended.seconds
    assert ended.tag == ("1.2" if order.ref is Ref.DOCKER_TAG else ended.tag)
    assert ended.log_url
    assert "#" not in ended.log_url


@pytest.mark.parametrize("world", FOLLOWED, indirect=True, ids=str)
def test_a_build_is_among_the_last_ones(world: World) -> None:
    world.trigger()

    found = world.provider.recent(world.setup, world.secret, most=5)

    assert found is not None
    assert [build.state for build in found] == [BuildState.QUEUED]


@pytest.mark.parametrize("world", FOLLOWED, indirect=True, ids=str)
def test_what_was_asked_for_later_is_not_ours(world: World) -> None:
    world.trigger()

    asked = Asked(A_TAG, NOW + timedelta(minutes=1))

    assert world.provider.find(world.setup, world.secret, asked) is None


@pytest.mark.parametrize("world", FOLLOWED, indirect=True, ids=str)
def test_a_build_without_an_id_is_found_by_its_time(world: World) -> None:
    world.trigger()

    found = world.provider.find(world.setup, world.secret, Asked(A_TAG, NOW))

    assert found is not None
    assert found.state is BuildState.QUEUED


@pytest.mark.parametrize("world", FOLLOWED, indirect=True, ids=str)
def test_a_wrong_secret_builds_nothing_and_is_said_to_be_wrong(world: World) -> None:
    value = world.secret.get_secret_value()
    url = value.rstrip("/").removesuffix("/call")
    suffix = value.removeprefix(url)
    world.secret = SecretStr(f"{url[:-4]}0000{suffix}" if world.kind in DOCKER else f"{value[:-4]}0000")

    error = world.refused()

    assert error.refusal in {Refusal.WRONG, Refusal.FORBIDDEN}
    assert "Nothing is built. Check the set-up: `/hub trigger setup acme/api`." in str(error)
    assert world.count() == 0


@pytest.mark.parametrize("kind", [ProviderKind.DOCKER_HUB, ProviderKind.CLASSIC])
@pytest.mark.parametrize("unknowns", POSITIONS.values(), ids=POSITIONS.keys())
def test_whichever_view_is_gone_there_is_another_one(kind: ProviderKind, unknowns: Unknowns) -> None:
    with ExitStack() as stack:
        world = hub_world(kind, stack, unknowns)

        world.trigger()
        found = world.provider.find(world.setup, None, Asked(A_TAG, NOW))

        assert world.count() == 1
        assert found is not None
        assert found.state is BuildState.QUEUED


def test_what_is_pending_already_is_said_to_be_ignored() -> None:
    with ExitStack() as stack:
        for status in ("400", "429"):
            world = hub_world(ProviderKind.DOCKER_HUB, stack, Unknowns(trigger_refusal=status))
            world.trigger()

            assert world.refused().refusal is Refusal.PENDING
            assert world.count() == 1


def test_the_classic_ok_that_builds_nothing_promises_nothing() -> None:
    with ExitStack() as stack:
        world = hub_world(ProviderKind.CLASSIC, stack)
        world.trigger()

        accepted = world.trigger()

        assert accepted.said == "Docker Hub answered: OK. Docker Hub answers this also when it builds nothing."
        assert world.count() == 1


def test_a_workflow_is_tried_out_without_a_run() -> None:
    with ExitStack() as stack:
        world = github_world(stack)

        assert world.provider.try_out(world.setup, world.secret)
        assert world.count() == 0


def test_a_signed_request_arrives_as_it_was_shown(badly: WebhookReceiver) -> None:
    badly.answer = lambda _: told(202, f'{{"id": "b-17", "url": "{badly.url}/builds/17"}}')
    scene = scene_at(ProviderKind.WEBHOOK, badly.url)

    accepted = scene.trigger()

    (request,) = badly.received
    assert accepted == Accepted(build_id="b-17", url=f"{badly.url}/builds/17", status=202)
    assert request.headers["x-hub-bot-timestamp"] == str(int(NOW.timestamp()))
    assert request.headers["x-hub-bot-signature"].startswith("v1=")
    assert SIGNING_KEY not in str(request)
