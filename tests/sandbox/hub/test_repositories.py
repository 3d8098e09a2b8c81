import json
from collections.abc import Callable
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any

import pytest
import requests

from bot.sandbox.clock import SettableClock
from bot.sandbox.hub.seed import (
    ACME_OAT,
    ACME_OAT_WITHOUT_LIST,
    ANA_PAT,
    ANA_PUBLIC_ONLY_PAT,
    ANA_READ_ONLY_PAT,
    BO_PAT,
    ZOE_PAT,
)
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns

Login = Callable[[str, str], dict[str, str]]
ACME = "/v2/namespaces/acme/repositories"
TAGS = f"{ACME}/api/tags"


def names(response: requests.Response) -> list[str]:
    return [entry["name"] for entry in response.json()["results"]]


def get(hub: HubSimulator, path: str, headers: dict[str, str] | None = None) -> requests.Response:
    return requests.get(f"{hub.url}{path}", headers=headers, timeout=5, allow_redirects=False)


# Repositories


def test_owner_sees_private_repositories_and_a_stranger_does_not(hub: HubSimulator, login: Login) -> None:
    assert names(get(hub, ACME, login("ana", ANA_PAT))) == ["api", "site"]
    assert names(get(hub, ACME, login("bo", BO_PAT))) == ["api", "site"]
    assert names(get(hub, ACME, login("zoe", ZOE_PAT))) == ["site"]
    assert names(get(hub, ACME)) == ["site"]


def test_token_for_public_reading_hides_private_repositories(hub: HubSimulator, login: Login) -> None:
    headers = login("ana", ANA_PUBLIC_ONLY_PAT)

    assert names(get(hub, ACME, headers)) == ["site"]
    assert get(hub, f"{ACME}/api", headers).status_code == 404


def test_oat_without_the_list_scope_silently_misses_private_repositories(hub: HubSimulator, login: Login) -> None:
    # Docker Hub API, list repositories, "OAT listing behavior".
    complete = get(hub, ACME, login("acme", ACME_OAT))
    lacking = get(hub, ACME, login("acme", ACME_OAT_WITHOUT_LIST))

    assert names(complete) == ["api", "site"]
    assert (lacking.status_code, names(lacking), lacking.json()["count"]) == (200, ["site"], 1)


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        ("name", ["api", "site", "zoo"]),
        ("-name", ["zoo", "site", "api"]),
        ("last_updated", ["zoo", "site", "api"]),
        ("-last_updated", ["api", "site", "zoo"]),
        ("pull_count", ["site", "zoo", "api"]),
        ("-pull_count", ["api", "zoo", "site"]),
    ],
)
def test_repositories_are_ordered_as_documented(
    hub: HubSimulator, state: HubState, login: Login, ordering: str, expected: list[str]
) -> None:
    # Docker Hub API, list repositories: a minus sign is descending. `zoo` was never pushed.
    state.create_repository("acme", "zoo", at=hub.clock()).pull_count = 5
    state.repository("acme/api").pull_count = 2**31 + 5

    assert names(get(hub, f"{ACME}?ordering={ordering}", login("ana", ANA_PAT))) == expected


def test_invalid_ordering_gets_the_documented_400(hub: HubSimulator) -> None:
    response = get(hub, f"{ACME}?ordering=size")

    orderings = "name, -name, last_updated, -last_updated, pull_count, -pull_count"
    reason = f"Invalid ordering value. Must be one of: {orderings}"
    assert response.status_code == 400
    assert response.json() == {"fields": {"ordering": [reason]}, "text": "Invalid ordering value"}


def test_name_is_a_partial_match(hub: HubSimulator, login: Login) -> None:
    assert names(get(hub, f"{ACME}?name=it", login("ana", ANA_PAT))) == ["site"]


def test_namespace_without_repositories_is_an_empty_page_and_an_unknown_one_404(hub: HubSimulator) -> None:
    assert get(hub, "/v2/namespaces/ana/repositories").json() == {
        "count": 0,
        "next": None,
        "previous": None,
        "results": [],
    }
    assert get(hub, "/v2/namespaces/nobody/repositories").status_code == 404


@pytest.mark.parametrize("answer", ["404", "403", "401"])
def test_private_repository_is_kept_from_strangers(hub: HubSimulator, login: Login, answer: str) -> None:
    hub.unknowns = Unknowns.model_validate({"private_repository": answer})

    for path in (f"{ACME}/api", TAGS, f"{TAGS}/latest"):
        assert get(hub, path).status_code == int(answer)
        assert get(hub, path, login("zoe", ZOE_PAT)).status_code == int(answer)
        assert get(hub, path, login("bo", BO_PAT)).status_code == 200


def test_missing_and_hidden_repositories_look_the_same(hub: HubSimulator) -> None:
    hidden, missing = get(hub, f"{ACME}/api"), get(hub, f"{ACME}/nothing")

    assert hidden.json() == missing.json() == {"message": "object not found", "errinfo": {}}


@pytest.mark.parametrize(
    ("identifier", "secret", "permissions"),
    [
        ("ana", ANA_PAT, {"read": True, "write": True, "admin": True}),
        ("ana", ANA_READ_ONLY_PAT, {"read": True, "write": False, "admin": False}),
        ("bo", BO_PAT, {"read": True, "write": False, "admin": False}),
        ("acme", ACME_OAT, {"read": True, "write": False, "admin": False}),
    ],
)
def test_single_repository_tells_what_the_caller_may(
    hub: HubSimulator, login: Login, identifier: str, secret: str, permissions: dict[str, bool]
) -> None:
    body = get(hub, f"{ACME}/api", login(identifier, secret)).json()

    assert body["permissions"] == permissions
    assert (body["user"], body["status_description"]) == ("acme", "Active")


def test_head_of_a_repository_has_the_status_of_get(hub: HubSimulator) -> None:
    assert requests.head(f"{hub.url}{ACME}/site", timeout=5).status_code == 200
    assert requests.head(f"{hub.url}{ACME}/api", timeout=5).status_code == 404


def test_repository_never_pushed_has_no_update_time(hub: HubSimulator, state: HubState, clock: SettableClock) -> None:
    state.create_repository("acme", "empty", at=clock.now)

    recorded = get(hub, f"{ACME}/empty").json()
    hub.unknowns = Unknowns(never_pushed="registered")
    official = get(hub, f"{ACME}/empty").json()

    assert (recorded["last_updated"], recorded["storage_size"]) == (None, None)
    assert official["last_updated"] == official["date_registered"] == "2026-11-21T12:00:00.123456Z"


# Legacy routes


@pytest.mark.parametrize(
    "path", ["/v2/repositories/acme", "/v2/repositories/acme/site", "/v2/repositories/acme/site/tags?page=1"]
)
def test_legacy_route_without_its_slash_is_redirected(hub: HubSimulator, path: str) -> None:
    response = get(hub, path)

    bare, _, query = path.partition("?")
    assert response.status_code == 301
    assert response.headers["Location"] == f"{bare}/" + (f"?{query}" if query else "")


def test_delete_on_a_legacy_route_without_its_slash_changes_nothing(
    hub: HubSimulator, state: HubState, login: Login
) -> None:
    # Reported of docker/hub clients: the redirected write arrives as a GET, and its 200 looks like success.
    response = requests.delete(
        f"{hub.url}/v2/repositories/acme/api/tags/latest",
        headers=login("ana", ANA_PAT),
        timeout=5,
        allow_redirects=False,
    )

    assert response.status_code == 301
    assert "latest" in state.repository("acme/api").tags


def test_legacy_and_namespaced_routes_give_the_same_data(hub: HubSimulator, login: Login) -> None:
    headers = login("ana", ANA_PAT)
    for legacy, namespaced in (
        ("/v2/repositories/acme/api/", f"{ACME}/api"),
        ("/v2/repositories/acme/api/tags/latest/", f"{TAGS}/latest"),
        ("/v2/repositories/acme/api/tags/", TAGS),
        ("/v2/repositories/acme/", ACME),
    ):
        assert get(hub, legacy, headers).json() == get(hub, namespaced, headers).json()


def test_legacy_routes_refuse_organization_tokens_with_the_documented_text(hub: HubSimulator, login: Login) -> None:
    headers = login("acme", ACME_OAT)
    for path in ("/v2/repositories/acme/", "/v2/repositories/library/nginx/", "/v2/repositories/acme/api/tags/"):
        response = get(hub, path, headers)

        assert response.status_code == 403
        assert response.json() == {"detail": "token issued from organization access token is not allowed"}


# Creating


def create(hub: HubSimulator, headers: dict[str, str], **body: Any) -> requests.Response:
    return requests.post(f"{hub.url}{ACME}", json={"namespace": "acme", **body}, headers=headers, timeout=5)


def test_owner_creates_a_repository(hub: HubSimulator, state: HubState, login: Login) -> None:
    response = create(hub, login("ana", ANA_PAT), name="new-app", description="New", is_private=True)

    assert response.status_code == 201
    assert (response.json()["name"], response.json()["is_private"]) == ("new-app", True)
    assert state.repository("acme/new-app").description == "New"


def test_creating_needs_the_right(hub: HubSimulator, login: Login) -> None:
    allowed = [("ana", "password-of-ana"), ("acme", ACME_OAT)]
    refused = [
        ("ana", ANA_READ_ONLY_PAT),
        ("bo", BO_PAT),
        ("zoe", ZOE_PAT),
        ("acme", ACME_OAT_WITHOUT_LIST),
    ]

    assert [create(hub, login(*who), name=f"app{n}").status_code for n, who in enumerate(allowed)] == [201, 201]
    assert [create(hub, login(*who), name="app").status_code for who in refused] == [403] * 4
    assert create(hub, {}, name="app").status_code == 401


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x"),
        ("name", "Upper"),
        ("name", "a__b"),
        ("name", "x" * 256),
        ("name", None),
        ("namespace", "zoe"),
        ("description", "x" * 101),
        ("full_description", "é" * 12_501),
        ("is_private", "yes"),
    ],
)
def test_invalid_repository_is_refused_naming_the_field(
    hub: HubSimulator, login: Login, field: str, value: object
) -> None:
    response = create(hub, login("ana", ANA_PAT), **{"name": "fine", field: value})

    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]


def test_creating_from_no_json_is_refused(hub: HubSimulator, login: Login) -> None:
    response = requests.post(f"{hub.url}{ACME}", data="name=x", headers=login("ana", ANA_PAT), timeout=5)

    assert (response.status_code, response.json()) == (400, {"message": "invalid JSON body", "errinfo": {}})


@pytest.mark.parametrize(
    ("position", "status", "key"),
    [("400_fields", 400, "name"), ("400_message", 400, "message"), ("409_message", 409, "message")],
)
def test_creating_what_exists_is_refused(hub: HubSimulator, login: Login, position: str, status: int, key: str) -> None:
    hub.unknowns = Unknowns.model_validate({"create_conflict": position})

    response = create(hub, login("ana", ANA_PAT), name="api")

    assert (response.status_code, next(iter(response.json()))) == (status, key)


# Tags


def test_tag_has_the_recorded_shape(hub: HubSimulator, state: HubState, login: Login) -> None:
    state.pull_tag("acme/api", "latest", at=hub.clock() - timedelta(minutes=5))

    body = get(hub, f"{TAGS}/latest", login("ana", ANA_PAT)).json()

    # The entry recorded on 2026-01-01: these keys, in this order, and an array of images.
    assert list(body) == [
        *("creator", "id", "images", "last_updated", "last_updater", "last_updater_username", "name", "repository"),
        *(
            "full_size",
            "v2",
            "tag_status",
            "tag_last_pulled",
            "tag_last_pushed",
            "media_type",
            "content_type",
            "digest",
        ),
    ]
    assert body["full_size"] == 84_211_016  # The amd64 image's, not the sum.
    assert body["v2"] is True
    assert body["last_updated"] == body["tag_last_pushed"] == "2026-11-21T10:00:00.123456Z"
    assert body["tag_last_pulled"] == "2026-11-21T11:55:00.123456192Z"
    assert body["images"][1] == {
        "architecture": "arm64",
        "features": "",
        "variant": "v8",
        "digest": state.repository("acme/api").tags["latest"].images[1].digest,
        "os": "linux",
        "os_features": "",
        "os_version": None,
        "size": 84_517_548,
        "status": "active",
        "last_pulled": None,
        "last_pushed": "2026-11-21T10:00:00.123456192Z",
    }


def test_tag_is_inactive_a_month_after_its_last_use(hub: HubSimulator, state: HubState, clock: SettableClock) -> None:
    # Docker Hub API, read tag: whether a tag has been pushed to or pulled in the past month.
    before = get(hub, f"{ACME}/site/tags/latest").json()["tag_status"]
    state.pull_tag("acme/site", "latest", at=clock.now)
    after = get(hub, f"{ACME}/site/tags/latest").json()["tag_status"]

    assert (before, after) == ("inactive", "active")


@pytest.mark.parametrize(
    ("position", "ordering", "newest_first"),
    [
        ("plain_is_newest_first", "last_updated", True),
        ("plain_is_newest_first", "-last_updated", False),
        ("minus_is_newest_first", "last_updated", False),
        ("minus_is_newest_first", "-last_updated", True),
        ("ignored", "last_updated", True),
        ("ignored", "-last_updated", True),
        ("ignored", "name", True),
        ("minus_is_newest_first", "", True),
    ],
)
def test_direction_of_the_tag_list_is_an_open_question(
    hub: HubSimulator, login: Login, position: str, ordering: str, *, newest_first: bool
) -> None:
    hub.unknowns = Unknowns.model_validate({"tags_ordering": position})

    listed = names(get(hub, f"{TAGS}?ordering={ordering}", login("ana", ANA_PAT)))

    assert listed == (["latest", "1.1.0", "1.0.0"] if newest_first else ["1.0.0", "1.1.0", "latest"])


def test_tags_are_ordered_by_name(hub: HubSimulator, login: Login) -> None:
    headers = login("ana", ANA_PAT)

    assert names(get(hub, f"{TAGS}?ordering=name", headers)) == ["1.0.0", "1.1.0", "latest"]
    assert names(get(hub, f"{TAGS}?ordering=-name", headers)) == ["latest", "1.1.0", "1.0.0"]


def test_tags_are_filtered(hub: HubSimulator, login: Login) -> None:
    headers = login("ana", ANA_PAT)

    assert names(get(hub, f"{TAGS}?name=1.", headers)) == ["1.1.0", "1.0.0"]
    assert names(get(hub, f"{TAGS}?architecture=arm64", headers)) == ["latest"]
    assert names(get(hub, f"{TAGS}?architecture=arm64&os=windows", headers)) == []
    assert names(get(hub, f"{TAGS}?os=linux", headers)) == ["latest", "1.1.0", "1.0.0"]


def test_head_of_tags_tells_whether_there_are_any(hub: HubSimulator, state: HubState, clock: SettableClock) -> None:
    # Docker Hub API, check repository tags.
    state.create_repository("acme", "empty", at=clock.now)

    assert requests.head(f"{hub.url}{ACME}/site/tags", timeout=5).status_code == 200
    assert requests.head(f"{hub.url}{ACME}/empty/tags", timeout=5).status_code == 404
    assert requests.head(f"{hub.url}{ACME}/site/tags/latest", timeout=5).status_code == 200
    assert requests.head(f"{hub.url}{ACME}/site/tags/none", timeout=5).status_code == 404


def test_unknown_tag_is_404(hub: HubSimulator) -> None:
    response = get(hub, f"{ACME}/site/tags/1.0")

    assert (response.status_code, response.json()) == (404, {"message": "tag '1.0' not found", "errinfo": {}})


def test_percent_encoded_tag_is_found(hub: HubSimulator, state: HubState, clock: SettableClock) -> None:
    state.push_tag("acme/site", "Rc_1.0-x", at=clock.now)

    # Not `requests`, which undoes needless encoding before it sends.
    connection = HTTPConnection(hub.url.removeprefix("http://"), timeout=5)
    connection.request("GET", f"{ACME}/site/tags/%52c_1%2e0-x")
    body = json.loads(connection.getresponse().read())
    connection.close()

    assert body["name"] == "Rc_1.0-x"


# Deleting tags

DELETED = {"legacy": "/v2/repositories/acme/api/tags/1.0.0/", "namespaced": f"{TAGS}/1.0.0"}


@pytest.mark.parametrize("path", DELETED.values(), ids=DELETED)
def test_owner_deletes_a_tag(hub: HubSimulator, state: HubState, login: Login, path: str) -> None:
    response = requests.delete(f"{hub.url}{path}", headers=login("ana", ANA_PAT), timeout=5)

    assert (response.status_code, response.content) == (204, b"")
    assert list(state.repository("acme/api").tags) == ["1.1.0", "latest"]


def test_deleting_needs_the_right(hub: HubSimulator, state: HubState, login: Login) -> None:
    def delete(path: str, *who: str) -> int:
        headers = login(*who) if who else {}
        return requests.delete(f"{hub.url}{path}", headers=headers, timeout=5).status_code

    assert delete(DELETED["namespaced"], "bo", BO_PAT) == 403
    assert delete(DELETED["namespaced"], "ana", ANA_READ_ONLY_PAT) == 403
    assert delete(DELETED["namespaced"], "acme", ACME_OAT_WITHOUT_LIST) == 403
    assert delete(DELETED["namespaced"], "zoe", ZOE_PAT) == 404
    assert delete(f"{ACME}/site/tags/latest") == 401
    assert delete(f"{ACME}/site/tags/latest", "zoe", ZOE_PAT) == 403
    assert len(state.repository("acme/api").tags) == 3
    assert delete(DELETED["namespaced"], "acme", ACME_OAT) == 204


@pytest.mark.parametrize(("position", "status"), [("204", 204), ("202", 202), ("200", 200), ("500_but_done", 500)])
def test_deletion_is_done_whatever_it_answers(
    hub: HubSimulator, state: HubState, login: Login, position: str, status: int
) -> None:
    hub.unknowns = Unknowns.model_validate({"tag_delete": position})

    response = requests.delete(f"{hub.url}{DELETED['legacy']}", headers=login("ana", ANA_PAT), timeout=5)

    assert response.status_code == status
    assert "1.0.0" not in state.repository("acme/api").tags
    if status == 500:
        # Reported in hub-feedback: a 500 that wraps a 401 of the internal registry.
        assert "non-successful response (status=401" in response.json()["message"]


@pytest.mark.parametrize("status", ["403", "400", "409"])
def test_immutable_tag_stays(hub: HubSimulator, state: HubState, login: Login, status: str) -> None:
    hub.unknowns = Unknowns.model_validate({"immutable_tag_delete": status})
    state.repository("acme/api").immutable_rules = (r"1\..*",)

    response = requests.delete(f"{hub.url}{TAGS}/1.0.0", headers=login("ana", ANA_PAT), timeout=5)
    settings = get(hub, f"{ACME}/api", login("ana", ANA_PAT)).json()["immutable_tags_settings"]

    assert response.status_code == int(status)
    assert "1.0.0" in state.repository("acme/api").tags
    assert settings == {"enabled": True, "rules": [r"1\..*"]}


def test_deleting_what_is_not_there_is_404(hub: HubSimulator, login: Login) -> None:
    response = requests.delete(f"{hub.url}{TAGS}/none", headers=login("ana", ANA_PAT), timeout=5)

    assert response.status_code == 404


# Search


def test_search_finds_public_repositories_official_ones_first(hub: HubSimulator, state: HubState) -> None:
    state.repository("acme/site").pull_count = 10
    state.repository("library/nginx").description = "Not the acme site"

    body = get(hub, "/v2/search/repositories/?query=SITE").json()

    assert body["count"] == 2
    assert body["results"][1] == {
        "repo_name": "acme/site",
        "short_description": "The site",
        "star_count": 0,
        "pull_count": 10,
        "repo_owner": "",
        "is_automated": False,
        "is_official": False,
    }
    assert body["results"][0]["repo_name"] == "nginx"
    assert body["results"][0]["is_official"] is True


def test_search_never_finds_private_repositories(hub: HubSimulator, login: Login) -> None:
    body = get(hub, "/v2/search/repositories/?query=api", login("ana", ANA_PAT)).json()

    assert body["results"] == []


def test_search_may_name_the_owner(hub: HubSimulator) -> None:
    hub.unknowns = Unknowns(search_owner="namespace")

    assert get(hub, "/v2/search/repositories/?query=site").json()["results"][0]["repo_owner"] == "acme"


# What holds for all routes


def test_unknown_path_is_a_page_of_the_front_end(hub: HubSimulator) -> None:
    response = get(hub, "/v2/nonsense")

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.text.startswith("<!DOCTYPE html>")


def test_wrong_method_is_405(hub: HubSimulator) -> None:
    response = requests.put(f"{hub.url}/v2/repositories/acme/site/", timeout=5)

    assert (response.status_code, response.json()) == (405, {"detail": 'Method "PUT" not allowed.'})
