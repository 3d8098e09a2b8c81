import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.hub import seed
from bot.sandbox.hub.access import check_secret
from bot.sandbox.hub.state import HubState, Image, Repository, Tag

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def state() -> HubState:
    state = HubState()
    seed.seed_acme(state, NOW)
    return state


def repositories(state: HubState) -> Iterator[Repository]:
    for siblings in state.repositories.values():
        yield from siblings.values()


def tags(state: HubState) -> Iterator[Tag]:
    for repository in repositories(state):
        yield from repository.tags.values()


def images(state: HubState) -> Iterator[Image]:
    for tag in tags(state):
        yield from tag.images


def test_same_time_gives_the_same_world(state: HubState) -> None:
    again = HubState()
    seed.seed_acme(again, NOW)

    assert list(repositories(again)) == list(repositories(state))


def test_organization_has_about_forty_repositories_private_and_public(state: HubState) -> None:
    acme = state.repositories["acme"].values()

    assert len(acme) == 41
    assert sum(one.is_private for one in acme) == 28


def test_nginx_has_957_tags_and_more_pulls_than_32_bits_hold(state: HubState) -> None:
    nginx = state.repository("library/nginx")

    assert len(nginx.tags) == 957
    assert nginx.pull_count > 2**31
    assert nginx.tags["latest"].digest == nginx.tags["1"].digest == nginx.tags["1.29.5"].digest


def test_nothing_lies_in_the_future(state: HubState) -> None:
    moments = [tag.pushed_at for tag in tags(state)] + [tag.pulled_at or NOW for tag in tags(state)]
    moments += [one.registered_at for one in repositories(state)]

    assert max(moments) <= NOW


def test_names_are_valid_for_docker_hub(state: HubState) -> None:
    # Docker Hub API, schema `repo_creation_request`; the registry's grammar of tags.
    assert all(re.fullmatch(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", one.name) for one in repositories(state))
    assert all(re.fullmatch(r"\w[\w.-]{0,127}", tag.name, re.ASCII) for tag in tags(state))
    assert all(len(one.description or "") <= 100 for one in repositories(state))


def test_digests_look_real_or_are_missing(state: HubState) -> None:
    digests = {image.digest for image in images(state)} | {tag.digest for tag in tags(state)}

    assert None in digests
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", digest) for digest in digests if digest)


def test_platforms_of_a_build_differ_in_size(state: HubState) -> None:
    latest = state.repository("acme/api").tags["latest"]
    windows = state.repository("acme/label-printer").tags["latest"].images

    assert len({image.size_bytes for image in latest.images}) == len(latest.images) == 2
    assert [(image.os, image.os_version) for image in windows] == [
        ("linux", None),
        ("windows", "10.0.17763.6532"),
        ("windows", "10.0.20348.2849"),
    ]


def test_there_is_something_of_everything(state: HubState) -> None:
    api, frontend = state.repository("acme/api"), state.repository("acme/frontend")

    assert len(api.tags) > 300
    assert len(seed.LONG_TAG) == 128
    assert seed.LONG_TAG in api.tags
    assert api.is_immutable("v2.40.0")
    assert state.repository("acme/empty").pushed_at is None
    assert frontend.tags["latest"].pushed_at < NOW - timedelta(days=365) < frontend.tags["4.2"].pushed_at
    assert state.repository(f"acme/{seed.ODD_NAME}").tags
    assert state.repository("acme/hostile").description == seed.HOSTILE_DESCRIPTION
    assert {tag.content_type for tag in state.repository("acme/helm-charts").tags.values()} == {"helm"}
    assert state.repository("acme/legacy-import").tags["unknown"].images == [Image(None, "amd64", size_bytes=None)]


def test_acme_has_people_teams_seats_and_a_pending_invite(state: HubState) -> None:
    acme = state.organization("acme")

    assert acme.members == {
        "ana": "owner",
        "bo": "member",
        "ines": "owner",
        "omar": "editor",
        "mia": "member",
        "kai": "member",
    }
    assert all(state.accounts[name].email for name in acme.members)
    assert {name: team.members for name, team in acme.teams.items()} == {
        "web": ["bo", "mia"],
        "platform": ["ana", "omar"],
    }
    assert [(each.invitee, each.team) for each in acme.invites.values()] == [("lena@acme.example", "web")]
    assert (acme.seats_used, acme.seats) == (7, 10)


@pytest.mark.parametrize(
    ("identifier", "secret", "kind"),
    [
        ("ana", seed.ANA_PASSWORD, "password"),
        ("ana", seed.ANA_PAT, "pat"),
        ("ana", seed.ANA_READ_ONLY_PAT, "pat"),
        ("ana", seed.ANA_PUBLIC_ONLY_PAT, "pat"),
        ("bo", seed.BO_PASSWORD, "password"),
        ("bo", seed.BO_PAT, "pat"),
        ("zoe", seed.ZOE_PASSWORD, "password"),
        ("zoe", seed.ZOE_PAT, "pat"),
        ("acme", seed.ACME_OAT, "oat"),
        ("acme", seed.ACME_OAT_WITHOUT_LIST, "oat"),
    ],
)
def test_every_printed_credential_opens_something(state: HubState, identifier: str, secret: str, kind: str) -> None:
    caller = check_secret(state, identifier, secret)

    assert caller is not None
    assert caller.kind == kind
