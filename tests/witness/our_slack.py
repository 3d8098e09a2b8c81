"""Our side of the story of `slack_story.py`: the simulated Slack, with the people and channels that the story needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import requests

from bot.sandbox.clock import utc_now
from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Person, Role, WorkspaceState
from bot.sandbox.slack.unknowns import SlackUnknowns
from tests.witness import slack_story
from tests.witness.slack_story import Side


@contextmanager
def ours() -> Iterator[Side]:
    """Run our Slack, with the people and channels of the story."""
    manifest = seed.manifest_for(None)
    manifest["oauth_config"] = {"scopes": {"bot": list(slack_story.SCOPES)}, "redirect_urls": [slack_story.REDIRECT]}
    app = seed.hub_bot(manifest)
    app.add_token(slack_story.POOR_TOKEN, "bot", frozenset({"chat:write"}))
    with SlackSimulator(a_workspace(), app) as slack:
        slack.pace.is_enabled = slack.quota.is_enabled = False
        # Of the two words that Slack's pages have for it, the one of the method's own page.
        slack.unknowns = SlackUnknowns(trigger_refusal="expired_trigger_id")
        side = Side("ours", slack.url, lambda _: our_trigger(slack), lambda: our_code(slack.url))
        side.names = {each.name: each.id for each in slack.state.conversations.values()}
        yield side


def a_workspace() -> WorkspaceState:
    state = WorkspaceState(team_id="T000000001", name="Acme", domain="acme", now=utc_now)
    accounts: tuple[tuple[str, str, str, Role], ...] = (
        ("U000000001", "admin", "Admin User", "admin"),
        ("U000000002", "ana", "Ana Alvarez", "admin"),
        ("U000000003", "mia", "Mia Meyer", "member"),
    )
    for user_id, name, real_name, role in accounts:
        email = f"{name}@emulate.dev" if name == "admin" else f"{name}@acme.example"
        state.add_person(Person(user_id, name, real_name, role, state.team_id, email=email))
    bot = Person(seed.BOT_USER, "hub", "Hub Bot", "bot", state.team_id, app_id=seed.APP_ID, bot_id=seed.BOT_ID)
    state.add_person(bot)
    everybody = ("U000000001", "U000000002", "U000000003")
    general = state.add_conversation("general", members=everybody[:1], topic="General discussion")
    random = state.add_conversation("random", members=everybody[:1], topic="Random stuff")
    general.purpose, random.purpose = "A place for general discussion", "A place for non-work-related chatter"
    state.add_conversation("deploys", members=(*everybody, seed.BOT_USER), topic="What goes out")
    crew = (*everybody, seed.BOT_USER)
    state.add_conversation("release-crew", members=crew, kind="private", topic="Release day")
    state.add_conversation("hidden", members=everybody, kind="private")
    state.add_conversation("attic", members=everybody).is_archived = True
    return state


def our_trigger(slack: SlackSimulator) -> str:
    """Return a trigger of Ana's; what she asked for reaches nobody, for no socket is open."""
    payload = slack.acting_as("U000000002").runs_shortcut("look_up").payload
    assert payload is not None
    return str(payload["trigger_id"])


def our_code(url: str) -> str:
    query = {"client_id": seed.CLIENT_ID, "redirect_uri": slack_story.REDIRECT, "user": "U000000002"}
    scopes = {"scope": ",".join(slack_story.SCOPES)}
    return code_of(requests.get(f"{url}/oauth/v2/authorize", query | scopes, allow_redirects=False, timeout=5))


def code_of(answer: requests.Response) -> str:
    """Return the code with which the page of an installation leads back to the app."""
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
