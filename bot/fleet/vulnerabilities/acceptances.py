"""Vulnerabilities that somebody knows of and lives with for a while: why, until when, and who said so.

Nothing has to happen for one to come back. Whether an acceptance holds is asked anew at every look, by the time.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from sqlalchemy import Connection, and_, insert, or_, select, update

from bot.errors import UserError
from bot.fleet.vulnerabilities.model import Vulnerability
from bot.governance import audit
from bot.governance.audit import Entry
from bot.governance.proposals import Asker
from bot.images import RepositoryName
from bot.store.tables import acceptances
from bot.store.types import storable

EVERY_IMAGE = "*"
LONGEST = timedelta(days=366)
"""A year, so that everything is looked at again some day."""
LONGEST_REASON = 500
_VERB = "cves"
_ID_BYTES = 6
_ADVISORY = re.compile(r"[A-Z][A-Z0-9]*(?:[-:.][A-Z0-9]+)+", re.ASCII)
# Source: https://www.cve.org/ResourcesSupport/AllResources/CNARules and
# https://docs.github.com/en/code-security/security-advisories/working-with-global-security-advisories-from-the-github-advisory-database/about-the-github-advisory-database
_OF_FORM = {
    "CVE-": re.compile(r"CVE-\d{4}-\d{4,19}", re.ASCII),
    "GHSA-": re.compile(r"GHSA(-[0-9A-Z]{4}){3}", re.ASCII),
}
_LONGEST_ID = 100


def vulnerability_key(name: str) -> str:
    """Return the one form in which names of vulnerabilities are compared: `CVE-2026-1234`, `GHSA-ABCD-EFGH-2345`."""
    return name.strip().upper()


def check_vulnerability(text: str) -> str:
    """Return a typed name of a vulnerability in the form in which names are compared.

    Raises:
        ValueError: Nothing is called so; the message is a sentence.
    """
    key = vulnerability_key(text)
    form = next((form for beginning, form in _OF_FORM.items() if key.startswith(beginning)), None)
    is_named_so = form.fullmatch(key) if form else _ADVISORY.fullmatch(key) and any(map(str.isdigit, key))
    if len(key) > _LONGEST_ID or not is_named_so:
        raise ValueError("A vulnerability is called like `CVE-2026-1234` or `GHSA-jfh8-c2jp-5v3q`.")
    return key


@dataclass(frozen=True)
class Acceptance:
    """A vulnerability that somebody lives with.

    Attributes:
        id: `acc_…`.
        vulnerability: As `vulnerability_key` writes it.
        image: A glob for `namespace/name`; `*` is every image.
        reason: Why, as somebody wrote it.
        accepted_by: Who did, see `bot.governance.proposals.Asker.user_id`.
        accepted_at, expires_at: From when until when (UTC).
    """

    id: str
    vulnerability: str
    image: str
    reason: str
    accepted_by: str
    accepted_at: datetime
    expires_at: datetime

    def covers(self, repository: RepositoryName) -> bool:
        """Return whether it is about a repository."""
        return any(fnmatchcase(name, self.image) for name in {str(repository), repository.familiar})


@dataclass(frozen=True)
class Accepted:
    """A finding that is not counted, and why not."""

    vulnerability: Vulnerability
    acceptance: Acceptance


class Acceptances:
    """What is accepted at some time.

    Args:
        there: All that holds then. Where several cover the same, the one that holds longest is told of.
    """

    def __init__(self, there: Iterable[Acceptance]) -> None:
        self._there = sorted(there, key=lambda each: each.expires_at)
        self._by_repository: dict[RepositoryName, Mapping[str, Acceptance]] = {}

    def of(self, repository: RepositoryName) -> Mapping[str, Acceptance]:
        """Return what covers a repository, by the name of the vulnerability."""
        if repository not in self._by_repository:
            covering = {each.vulnerability: each for each in self._there if each.covers(repository)}
            self._by_repository[repository] = covering
        return self._by_repository[repository]

    def split(
        self, repository: RepositoryName, findings: Iterable[Vulnerability]
    ) -> tuple[tuple[Vulnerability, ...], tuple[Accepted, ...]]:
        """Return which findings are open, and which are accepted by any of their names.

        A vulnerability is one thing: it is accepted in all packages of an image, or in none.
        """
        found = tuple(findings)
        holding = self.of(repository)
        if not holding:
            return found, ()
        accepted: dict[str, Acceptance] = {}
        for each in found:
            names = (holding.get(vulnerability_key(name)) for name in (each.id, *each.aliases))
            acceptance = next((known for known in names if known), None)
            if acceptance:
                accepted.setdefault(each.id, acceptance)
        still_open = tuple(each for each in found if each.id not in accepted)
        return still_open, tuple(Accepted(each, accepted[each.id]) for each in found if each.id in accepted)


def active(connection: Connection, workspace: str, now: datetime) -> tuple[Acceptance, ...]:
    """Return what is accepted at that time, what expires first first."""
    rows = connection.execute(
        select(acceptances)
        .where(
            acceptances.c.workspace == workspace,
            acceptances.c.ended_at.is_(None),
            acceptances.c.accepted_at <= now,
            acceptances.c.expires_at > now,
        )
        .order_by(acceptances.c.expires_at, acceptances.c.id)
    ).mappings()
    names = Acceptance.__dataclass_fields__
    return tuple(Acceptance(**{name: row[name] for name in names}) for row in rows)


def expiring(connection: Connection, workspace: str, now: datetime, within: timedelta) -> tuple[Acceptance, ...]:
    """Return what is accepted now and will not be any more when so much time has gone by, what expires first first."""
    return tuple(each for each in active(connection, workspace, now) if each.expires_at <= now + within)


def check_span(now: datetime, expires_at: datetime) -> None:
    """Return if something can be accepted from now until then.

    Raises:
        UserError: It is over by then, or too long.
    """
    if expires_at <= now:
        raise UserError("That time is over already: name a day in the future.")
    if expires_at > now + LONGEST:
        raise UserError("That is too long: a vulnerability can be accepted for a year at most, and then again.")


def accept(
    connection: Connection,
    workspace: str,
    vulnerability: str,
    *,
    image: str,
    reason: str,
    expires_at: datetime,
    asker: Asker,
    now: datetime,
) -> Acceptance:
    """Accept a vulnerability, in place of what was said of the same images before, and write it to the audit trail.

    Args:
        connection: One in a write.
        workspace: Whose.
        vulnerability: Any of its names.
        image: A glob for `namespace/name`.
        reason: Why.
        expires_at: Until when.
        asker: Who accepts it.
        now: The database's time.

    Raises:
        UserError: The time is over already, or too far away.
    """
    check_span(now, expires_at)
    vulnerability = vulnerability_key(vulnerability)
    _end(connection, workspace, vulnerability, image=image, asker=asker, now=now)
    accepted = Acceptance(
        id=f"acc_{secrets.token_hex(_ID_BYTES)}",
        vulnerability=vulnerability,
        image=image,
        reason=str(storable(reason)),
        accepted_by=asker.user_id,
        accepted_at=now,
        expires_at=expires_at,
    )
    connection.execute(insert(acceptances).values(workspace=workspace, **vars(accepted)))
    facts = {"image": image, "reason": accepted.reason, "expires_at": expires_at.isoformat()}
    where = "" if image == EVERY_IMAGE else f" in {image}"
    summary = f"Accept {vulnerability}{where} until {expires_at:%Y-%m-%d %H:%M} UTC"
    _note(connection, workspace, vulnerability, summary, facts=facts, asker=asker, now=now)
    return accepted


def unaccept(
    connection: Connection, workspace: str, vulnerability: str, *, image: str | None, asker: Asker, now: datetime
) -> tuple[Acceptance, ...]:
    """Take back what is accepted of a vulnerability, and write it to the audit trail; return what that was.

    Args:
        connection: One in a write.
        workspace: Whose.
        vulnerability: Any of its names.
        image: The glob it was accepted for; None: all of them.
        asker: Who takes it back.
        now: The database's time.
    """
    vulnerability = vulnerability_key(vulnerability)
    ended = _end(connection, workspace, vulnerability, image=image, asker=asker, now=now)
    if ended:
        summary = f"No longer accept {vulnerability}" + (f" in {image}" if image else "")
        globs = {"images": ", ".join(each.image for each in ended)}
        _note(connection, workspace, vulnerability, summary, facts=globs, asker=asker, now=now)
    return ended


def _end(
    connection: Connection, workspace: str, vulnerability: str, *, image: str | None, asker: Asker, now: datetime
) -> tuple[Acceptance, ...]:
    there = [
        each
        for each in active(connection, workspace, now)
        if each.vulnerability == vulnerability and image in {None, each.image}
    ]
    if there:
        which = and_(acceptances.c.workspace == workspace, or_(*(acceptances.c.id == each.id for each in there)))
        connection.execute(update(acceptances).where(which).values(ended_at=now, ended_by=asker.user_id))
    return tuple(there)


def _note(
    connection: Connection,
    workspace: str,
    vulnerability: str,
    summary: str,
    *,
    facts: Mapping[str, str],
    asker: Asker,
    now: datetime,
) -> None:
    entry = Entry(
        "done", _VERB, vulnerability, summary, actor=asker.user_id, channel=asker.channel, details=dict(facts)
    )
    audit.note(connection, workspace, entry, now=now)
