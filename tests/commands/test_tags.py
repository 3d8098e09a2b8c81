import pytest

from bot.errors import UsageError
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.state import HubState, Image
from bot.sandbox.hub.unknowns import Unknowns
from tests.support.desk import NOW, Desk, ago, codes, image, open_desk


def test_tags_lists_the_newest_first_with_size_age_and_digest(desk: Desk) -> None:
    assert desk.says("tags acme/api") == [
        "Tags of acme/api",
        "Tag | Size | Pushed | Digest",
        "latest | amd64 85.2 MB, arm64/v8 80.0 MB | 2026-11-19 09:05 UTC | 222222222222",
        "1.1.0 | amd64 85.2 MB, arm64/v8 80.0 MB | 2026-11-19 09:00 UTC | 222222222222",
        "1.0.0 | 84.2 MB | 2026-10-12 09:00 UTC | 111111111111",
        "3 tags, newest first. More: --wide",
    ]


def test_tags_of_a_full_name_costs_one_request(desk: Desk) -> None:
    desk.ask("tags acme/api")

    assert desk.paths() == ["GET /v2/namespaces/acme/repositories/api/tags"]


def test_wide_adds_platforms_pulls_and_status(desk: Desk) -> None:
    sizes = "amd64 85.2 MB, arm64/v8 80.0 MB"

    assert desk.says("tags acme/api --wide --limit 2")[1:] == [
        "Tag | Size | Pushed | Digest | Platforms | Pulled | Status",
        f"latest | {sizes} | 2026-11-19 09:05 UTC | 222222222222 | amd64, arm64/v8 | unknown | active",
        f"1.1.0 | {sizes} | 2026-11-19 09:00 UTC | 222222222222 | amd64, arm64/v8 | 2026-11-21 06:00 UTC | active",
        "2 of 3 tags, newest first. More: --all",
    ]


def test_a_glob_picks_by_name(desk: Desk) -> None:
    assert desk.says("tags acme/api --name '1.*'")[2:] == [
        "1.1.0 | amd64 85.2 MB, arm64/v8 80.0 MB | 2026-11-19 09:00 UTC | 222222222222",
        "1.0.0 | 84.2 MB | 2026-10-12 09:00 UTC | 111111111111",
        "2 matching tags, newest first. More: --wide",
    ]


def test_nothing_that_matches_is_said_so(desk: Desk) -> None:
    assert desk.says("tags acme/api --name 'v9*' --platform s390x") == [
        "Tags of acme/api",
        "No tag matches v9* and has the platform s390x.",
    ]


def test_a_platform_picks_the_tags_that_have_it_and_shows_its_size(desk: Desk) -> None:
    assert desk.says("tags acme/api --platform arm64")[2:] == [
        "latest | 80.0 MB | 2026-11-19 09:05 UTC | 222222222222",
        "1.1.0 | 80.0 MB | 2026-11-19 09:00 UTC | 222222222222",
        "2 matching tags, newest first. More: --wide",
    ]


def many_tags(count: int) -> HubState:
    state = HubState()
    state.create_repository("acme", "big", at=ago(days=900))
    for number in range(count):
        images = [image("linux/amd64" if number % 2 else "linux/arm64", "a", 1_000_000 + number)]
        state.push_tag("acme/big", f"1.{number}", at=ago(hours=number), images=images)
    return state


def test_the_25_newest_are_shown_of_all_for_one_request() -> None:
    with open_desk(state=many_tags(957)) as desk:
        said = desk.says("tags acme/big")

        assert said[-1] == "25 of 957 tags, newest first. More: --all --wide"
        assert [line.partition(" |")[0] for line in said[2:-1]] == [f"1.{number}" for number in range(25)]
        assert len(desk.paths()) == 1


def test_all_reads_a_hundred_tags_a_request() -> None:
    with open_desk(state=many_tags(250)) as desk:
        said = desk.says("tags acme/big --all")

        assert (len(said), said[-1]) == (253, "250 tags, newest first. More: --wide")
        assert len(desk.paths()) == 3


def test_a_long_reading_tells_how_far_it_has_come() -> None:
    with open_desk(state=many_tags(250)) as desk:
        desk.ask("tags acme/big --all")

        assert desk.progress == ["100 of 250 tags read", "200 of 250 tags read"]


def test_a_platform_with_enough_tags_on_the_first_page_costs_one_request() -> None:
    with open_desk(state=many_tags(250)) as desk:
        assert desk.says("tags acme/big --platform linux/arm64 --limit 5")[-1] == (
            "5 matching tags, newest first; there may be more. More: --all --wide"
        )
        assert len(desk.paths()) == 1


def test_a_rare_platform_is_looked_for_in_all_tags() -> None:
    state = many_tags(150)
    state.push_tag("acme/big", "rare", at=ago(hours=1_000), images=[image("linux/s390x", "b", 1)])
    with open_desk(state=state) as desk:
        assert codes(desk.ask("tags acme/big --platform s390x").document)[0] == "rare"


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("newest", ["latest", "pr-7", "2.0.0-rc.1", "v2.0.0", "1.10.0", "1.9.0"]),
        ("name", ["1.10.0", "1.9.0", "2.0.0-rc.1", "latest", "pr-7", "v2.0.0"]),
        ("size", ["1.9.0", "1.10.0", "v2.0.0", "2.0.0-rc.1", "pr-7", "latest"]),
        ("semver", ["v2.0.0", "2.0.0-rc.1", "1.10.0", "1.9.0", "latest", "pr-7"]),
    ],
)
def test_tags_are_sorted_as_asked(sort: str, names: list[str]) -> None:
    state = HubState()
    state.create_repository("acme", "api", at=ago(days=900))
    for days, name in enumerate(["latest", "pr-7", "2.0.0-rc.1", "v2.0.0", "1.10.0", "1.9.0"]):
        state.push_tag("acme/api", name, at=ago(days=days), images=[image("linux/amd64", "a", 1_000 * (days + 1))])
    with open_desk(state=state) as desk:
        document = desk.ask(f"tags acme/api --sort {sort}").document

        assert [name for name in codes(document) if name in names] == names


def test_a_repository_without_tags_is_said_to_have_none(desk: Desk) -> None:
    assert desk.says("tags acme/empty") == [
        "Tags of acme/empty",
        "No tags yet: nothing was pushed, or every tag was deleted.",
    ]


def test_a_short_name_is_looked_for_in_the_default_namespace_first(desk: Desk) -> None:
    assert desk.says("tags api")[-1] == "api was read as acme/api; for the official image write library/api."
    assert desk.says("tags nginx")[-1] == "nginx is the official image: acme has no repository of that name."


def test_without_a_default_namespace_a_short_name_is_the_official_image() -> None:
    with open_desk(default_namespace=None) as desk:
        assert desk.says("tags nginx")[0] == "Tags of library/nginx"
        assert desk.paths() == ["GET /v2/namespaces/library/repositories/nginx/tags"]


def test_a_repository_that_is_not_there_is_named_with_what_to_do(desk: Desk) -> None:
    outcome = desk.ask("tags acme/nope")

    assert not outcome.is_good
    assert str(outcome.failure) == (
        "Docker Hub does not show the tags of acme/nope (asked with no credential). It said: object not found. "
        "Check the name; if it is private, the bot needs a credential that may read it."
    )


def test_one_image_is_a_question_for_inspect(desk: Desk) -> None:
    with pytest.raises(UsageError) as refused:
        desk.ask("tags acme/api:1.0.0")

    assert refused.value.problem == "`tags` lists a whole repository, and `acme/api:1.0.0` is one image."
    assert (refused.value.suggestion, refused.value.example) == ("/hub inspect acme/api:1.0.0", "/hub tags acme/api")
    assert desk.paths() == []


def test_facts_that_are_null_read_unknown() -> None:
    state = HubState()
    state.create_repository("acme", "odd", at=NOW)
    tag = state.push_tag("acme/odd", "x", at=NOW, images=[image("linux/amd64", "a", None)])
    tag.digest = None
    with open_desk(state=state) as desk:
        assert desk.says("tags acme/odd")[2].endswith("| unknown")


def test_a_refused_token_is_said_and_public_tags_are_still_shown() -> None:
    with open_desk(username="ana", token="dckr_pat_wrong") as desk:
        said = desk.says("tags acme/api")

        assert said[2].startswith("latest |")
        assert said[-1] == "Docker Hub refuses the PAT of ana: public data only."


def test_a_rate_limit_longer_than_a_person_waits_says_until_when(desk: Desk) -> None:
    desk.hub.faults.add(Fault(kind="rate_limited", retry_after_seconds=50 * 60))

    assert "rate limited until 09:50 UTC" in str(desk.ask("tags acme/api").failure)


def test_a_choice_of_characters_in_a_glob_is_no_text_to_look_for(desk: Desk) -> None:
    assert codes(desk.ask("tags acme/api --name '[0-9].*'").document)[::2] == ["1.1.0", "1.0.0"]


def test_a_service_that_does_not_count_is_no_reason_to_promise_more() -> None:
    with open_desk(state=many_tags(30)) as desk:
        desk.hub.unknowns = Unknowns(page_count="absent")

        assert desk.says("tags acme/big --limit 5")[-1] == (
            "5 tags, newest first; there may be more. More: --all --wide"
        )
        assert desk.says("tags acme/big --all")[-1] == "30 tags, newest first. More: --wide"


def test_a_platform_without_a_name_reads_unknown() -> None:
    state = HubState()
    state.create_repository("acme", "odd", at=NOW)
    images = [image("linux/amd64", "a", 1_000), Image(None, "", digest=None, size_bytes=None)]
    state.push_tag("acme/odd", "x", at=NOW, images=images)
    with open_desk(state=state) as desk:
        assert desk.says("tags acme/odd")[2].startswith("x | amd64 1.0 kB, unknown unknown |")


@pytest.mark.parametrize("line", ["tags acme/api --all --limit 3", "repos --limit 3 --all"])
def test_all_and_a_limit_exclude_each_other(desk: Desk, line: str) -> None:
    with pytest.raises(UsageError, match="`--all` and `--limit` exclude each other"):
        desk.ask(line)
