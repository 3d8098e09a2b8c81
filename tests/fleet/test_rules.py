"""Rules for stale images, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, select

from bot.clock import FrozenClock
from bot.errors import UserError
from bot.fleet.model import ImageName
from bot.fleet.rules import FILE, MOST_RULES, BaseRule, Configured, KeptRule, SetByFileError, StaleRules, read_base
from bot.fleet.staleness import DEFAULT_AGE, Limits, Rule
from bot.governance.proposals import Asker
from bot.images import InvalidReferenceError, RepositoryName
from bot.store.base import Store
from bot.store.tables import audit, stale_rules
from bot.store.workspaces import HOME
from tests.store.played import NOON

ANA = Asker("U0ANA", "T0ACME", "C0OPS")
WEEK = timedelta(days=7)
PR, RELEASES, LATEST = Rule("pr-*", WEEK), Rule("v*", None), Rule("latest", timedelta(hours=12))
PYTHON = ImageName(RepositoryName("library", "python"), "3.12")


@pytest.fixture
def rules(store: Store) -> StaleRules:
    return StaleRules(store)


def limits(store: Store, rules: StaleRules, namespace: str = "acme") -> Limits:
    with store.read() as connection:
        return rules.limits(connection, namespace)


def bases(store: Store, rules: StaleRules) -> tuple[BaseRule, ...]:
    with store.read() as connection:
        return rules.base_rules(connection)


def trail(store: Store) -> list[tuple[str, str, str, str | None, str]]:
    with store.read() as connection:
        rows = connection.execute(select(audit).order_by(audit.c.happened_at)).all()
    return [(row.verb, row.actor, row.subject, row.channel, row.summary) for row in rows]


def test_without_rules_the_default_holds(store: Store, rules: StaleRules) -> None:
    assert limits(store, rules) == Limits((), DEFAULT_AGE)
    assert bases(store, rules) == ()


def test_rules_are_kept_for_each_namespace_apart(store: Store, rules: StaleRules) -> None:
    for rule in (PR, RELEASES, LATEST):
        assert rules.add("acme", rule, ANA) is None
    rules.add("other", Rule("pr-*", None), ANA)

    assert limits(store, rules) == Limits((LATEST, PR, RELEASES))
    assert limits(store, rules, "other") == Limits((Rule("pr-*", None),))
    with store.read() as connection:
        assert rules.rules(connection, "acme") == tuple(
            KeptRule(rule, "acme", "U0ANA", NOON) for rule in (LATEST, PR, RELEASES)
        )


def test_the_same_pattern_again_takes_the_place_of_the_other(
    store: Store, rules: StaleRules, clock: FrozenClock
) -> None:
    rules.add("acme", PR, ANA)
    clock.advance(1)

    assert rules.add("acme", Rule("pr-*", None), ANA) == PR
    assert limits(store, rules) == Limits((Rule("pr-*", None),))


def test_each_change_is_in_the_trail_and_what_changes_nothing_is_not(
    store: Store, rules: StaleRules, clock: FrozenClock
) -> None:
    def later() -> None:
        clock.advance(1)

    rules.add("acme", PR, ANA)
    later()
    rules.add("acme", PR, ANA)
    later()
    rules.add("acme", RELEASES, ANA)
    later()
    assert rules.remove("acme", "pr-*", ANA)
    later()
    assert not rules.remove("acme", "pr-*", ANA)
    assert not rules.remove("other", "v*", ANA)
    rules.add_base("acme/api", PYTHON, ANA)
    later()
    rules.add_base("acme/api", PYTHON, ANA)
    assert rules.remove_base("acme/api", ANA)
    assert not rules.remove_base("acme/api", ANA)

    about = ("stale", "U0ANA")
    assert trail(store) == [
        (*about, "acme", "C0OPS", "Let tags pr-* of acme be stale after 7d"),
        (*about, "acme", "C0OPS", "Let tags v* of acme never be stale"),
        (*about, "acme", "C0OPS", "Forget when tags pr-* of acme are stale"),
        (*about, "acme/api", "C0OPS", "Take python:3.12 for the base of acme/api"),
        (*about, "acme/api", "C0OPS", "Forget which base acme/api is built on"),
    ]


def test_there_may_be_only_so_many(store: Store, rules: StaleRules) -> None:
    of_ana = {"workspace": HOME, "namespace": "acme", "age": "7d", "set_by": "U0ANA", "set_at": NOON}
    rows = [{**of_ana, "pattern": f"pr-{number}"} for number in range(MOST_RULES)]

    def fill(connection: Connection) -> None:
        connection.execute(insert(stale_rules), rows)

    store.write(fill)

    with pytest.raises(UserError, match="There are 100 rules, which is all there may be: remove one first"):
        rules.add("acme", PR, ANA)
    rules.add("acme", Rule("pr-7", None), ANA)
    rules.add("other", PR, ANA)


def test_bases_are_kept_and_the_most_specific_rule_comes_first(store: Store, rules: StaleRules) -> None:
    node = ImageName(RepositoryName("acme", "node"))
    rules.add_base("acme/*", node, ANA)
    assert rules.add_base("acme/api", PYTHON, ANA) is None
    assert rules.add_base("acme/api", node, ANA) == PYTHON

    found = bases(store, rules)

    assert found == (BaseRule("acme/api", node, "U0ANA", NOON), BaseRule("acme/*", node, "U0ANA", NOON))
    assert found[0].fits(RepositoryName("acme", "api"))
    assert not found[0].fits(RepositoryName("acme", "api-2"))


def test_a_base_is_an_image_of_docker_hub_and_no_digest() -> None:
    assert read_base("python:3.12") == read_base("docker.io/library/python:3.12") == PYTHON
    assert read_base("acme/node") == ImageName(RepositoryName("acme", "node"))
    with pytest.raises(InvalidReferenceError, match="names a digest, which is never rebuilt"):
        read_base(f"python@sha256:{'0' * 64}")
    with pytest.raises(InvalidReferenceError, match="only images of Docker Hub"):
        read_base("ghcr.io/acme/api")


def test_what_the_file_says_of_rules_is_all_there_is_and_cannot_be_changed(store: Store, rules: StaleRules) -> None:
    rules.add("acme", LATEST, ANA)
    rules.add_base("acme/api", PYTHON, ANA)
    file = StaleRules(
        store,
        Configured(
            default=timedelta(days=60),
            rules=[KeptRule(PR, None), KeptRule(RELEASES, "other"), KeptRule(Rule("pr-*", None), "other")],
        ),
    )

    assert limits(store, file) == Limits((PR,), timedelta(days=60))
    assert limits(store, file, "other") == Limits((Rule("pr-*", None), RELEASES), timedelta(days=60))
    with store.read() as connection:
        assert [(kept.rule, kept.set_by) for kept in file.rules(connection, "other")] == [
            (Rule("pr-*", None), FILE),
            (PR, FILE),
            (RELEASES, FILE),
        ]
    for change in (lambda: file.add("acme", LATEST, ANA), lambda: file.remove("acme", "latest", ANA)):
        with pytest.raises(SetByFileError, match="set in the file of `HUB_BOT_CONFIG`"):
            change()
    # Of bases it says nothing.
    assert [rule.base for rule in bases(store, file)] == [PYTHON]
    assert file.remove_base("acme/api", ANA)


def test_what_the_file_says_of_bases_cannot_be_changed_either(store: Store, rules: StaleRules) -> None:
    rules.add_base("acme/web", PYTHON, ANA)
    file = StaleRules(store, Configured(bases=[BaseRule("acme/*", PYTHON)]))

    assert bases(store, file) == (BaseRule("acme/*", PYTHON),)
    with pytest.raises(SetByFileError):
        file.add_base("acme/api", PYTHON, ANA)
    with pytest.raises(SetByFileError):
        file.remove_base("acme/web", ANA)
    file.add("acme", PR, ANA)
    assert limits(store, file) == Limits((PR,))
