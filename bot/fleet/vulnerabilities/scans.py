"""What is known to be vulnerable in images: one row for each platform's manifest and each source that was asked.

What was known stays known: an answer that says nothing (not analysed yet, not available, failed) is noted beside it,
and what people are shown is the old with its age. Findings are read anew only where the counts have changed since.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from bot.fleet.model import TagSnapshot, Unchecked
from bot.fleet.vulnerabilities.acceptances import Acceptances, Accepted, active
from bot.fleet.vulnerabilities.model import Counts, ScanState, Target, Vulnerability, count
from bot.fleet.vulnerabilities.written import Findings, read_counts, read_findings
from bot.store.rows import batched
from bot.store.tables import scans

DAILY = timedelta(days=1)
DETAILS_FOR = timedelta(days=7)
"""One vulnerability may go and another of the same severity come, which no count shows: so the findings are read again
after a week even so."""
ASKED = "asked"
"""The state of a row that was made to be leased: nothing was said yet."""
NO_IMAGE = "it is no image"
_NO_DIGEST = "Docker Hub does not say what it points to"
NOTASKED = "not analysed yet"


@dataclass(frozen=True)
class KeptScan:
    """What is known of an image.

    Attributes:
        source: Who said so: `scout`, `osv`, `scanner`.
        digest: Of the platform's manifest.
        repository: Where it was when it was asked for.
        platform: None is unknown.
        state: Whether anything is known.
        counts: How many of each severity, accepted ones too; None unless it was analysed.
        findings: Each one; None where they were never read, or not read for this.
        scanned_at: When the source said so (UTC): the age of all this.
        detailed_at: When the findings were read (UTC); None: they are older than the counts, or missing.
        due_at: When to ask again (UTC).
        problem: Why there is nothing, or nothing newer; a clause for people, empty where nothing is wrong.
        gaps: What in the image the source cannot know anything of, a clause for people; empty: nothing.
        since: When those vulnerabilities came that were not there from the beginning, by id (UTC).
    """

    source: str
    digest: str
    repository: str
    platform: str | None
    state: ScanState
    counts: Counts | None
    findings: tuple[Vulnerability, ...] | None
    scanned_at: datetime
    detailed_at: datetime | None
    due_at: datetime
    problem: str = ""
    gaps: str = ""
    since: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def is_analysed(self) -> bool:
        """Whether anything is known."""
        return self.state is ScanState.ANALYSED

    @property
    def is_detailed(self) -> bool:
        """Whether the findings are those that are counted."""
        return self.detailed_at is not None

    def needs_details(self, now: datetime) -> bool:
        """Return whether the findings are to be read."""
        if not self.is_analysed or not any((self.counts or {}).values()):
            return False
        return self.detailed_at is None or self.detailed_at <= now - DETAILS_FOR


@dataclass(frozen=True)
class ImageFindings:
    """What is open in the image that a tag points to.

    Attributes:
        tag: The tag.
        target: The platform's image that was looked at; None: Docker Hub does not say what the tag points to.
        scan: What is known of it; None: nothing.
        counts: How many are open, of each severity; None: not known, which is never the same as none.
        open: Each of them; None: they are not known one by one, or were not asked for.
        accepted: Those that somebody accepted.
    """

    tag: TagSnapshot
    target: Target | None
    scan: KeptScan | None = None
    counts: Counts | None = None
    open: tuple[Vulnerability, ...] | None = None
    accepted: tuple[Accepted, ...] = ()

    @property
    def accepted_count(self) -> int:
        """How many distinct vulnerabilities are accepted."""
        return len({each.vulnerability.id for each in self.accepted})

    @property
    def unchecked(self) -> Unchecked | None:
        """Why nothing is known of it; None: something is."""
        if self.counts is not None:
            return None
        if self.target is None:
            return Unchecked(self.tag.reference, _NO_DIGEST if is_image(self.tag) else NO_IMAGE)
        return Unchecked(self.tag.reference, (self.scan.problem if self.scan else "") or NOTASKED)


def is_image(tag: TagSnapshot) -> bool:
    """Return whether a tag points to an image, and not to a Helm chart, say; where that is not known, it does."""
    return tag.content_type in {None, "image"}


def target_of(tag: TagSnapshot) -> Target | None:
    """Return what is looked at for a tag; None: there is nothing that could be."""
    return Target.of(tag) if is_image(tag) else None


def targets_by_namespace(tags: Iterable[TagSnapshot]) -> dict[str, list[Target]]:
    """Return what is looked at for tags, by the namespace that decides who is asked."""
    found: dict[str, list[Target]] = {}
    for tag in tags:
        target = target_of(tag)
        if target is not None:
            found.setdefault(tag.repository.namespace, []).append(target)
    return found


def latest(
    connection: Connection,
    workspace: str,
    digests: Collection[str],
    *,
    has_findings: bool = True,
    source: str | None = None,
) -> dict[str, KeptScan]:
    """Return what is known of images, by the digest of the platform's manifest.

    Where several sources were asked in the course of time, it is what the last one said that knew anything.

    Args:
        connection: One to read on.
        workspace: Whose.
        digests: Of platforms' manifests.
        has_findings: Whether the findings are wanted, which are by far the most of it.
        source: Only what this one said; None: all of them.
    """
    columns = [each for each in scans.c if has_findings or each is not scans.c.findings]
    found: dict[str, KeptScan] = {}
    known: Findings = {}
    for some in batched(sorted(digests)):
        which = [scans.c.workspace == workspace, scans.c.digest.in_(some), scans.c.state != ASKED]
        which += [scans.c.source == source] if source else []
        for row in connection.execute(select(*columns).where(*which)).mappings():
            kept = _read(dict(row), known)
            other = found.get(kept.digest)
            if other is None or _weight(kept) > _weight(other):
                found[kept.digest] = kept
    return found


def open_findings(
    connection: Connection,
    workspace: str,
    tags: Iterable[TagSnapshot],
    now: datetime,
    *,
    has_findings: bool = True,
) -> dict[str, ImageFindings]:
    """Return what is open in the images that tags point to, by the tag's reference (`acme/api:latest`).

    What is accepted just now is left out and told apart. Three statements for a thousand images.

    Args:
        connection: One to read on.
        workspace: Whose.
        tags: Which.
        now: The database's time.
        has_findings: Whether each finding is wanted; else they are read only where something may be accepted.
    """
    accepted = Acceptances(active(connection, workspace, now))
    targets = {tag.reference: (tag, target_of(tag)) for tag in tags}
    there = [target for _, target in targets.values() if target]
    in_full = {each.digest for each in there if has_findings or accepted.of(each.repository)}
    kept = latest(connection, workspace, in_full)
    kept |= latest(connection, workspace, {each.digest for each in there} - in_full, has_findings=False)
    return {
        reference: _image(tag, target, kept.get(target.digest) if target else None, accepted)
        for reference, (tag, target) in targets.items()
    }


def _image(tag: TagSnapshot, target: Target | None, scan: KeptScan | None, accepted: Acceptances) -> ImageFindings:
    if target is None or scan is None or not scan.is_analysed:
        return ImageFindings(tag, target, scan)
    if not scan.is_detailed or scan.findings is None:
        # Nobody knows which ones these are, and so not which of them are accepted.
        return ImageFindings(tag, target, scan, counts=scan.counts)
    still_open, left_out = accepted.split(target.repository, scan.findings)
    counts = count(still_open) if left_out else scan.counts
    return ImageFindings(tag, target, scan, counts=counts, open=still_open, accepted=left_out)


def _read(row: Mapping[str, Any], known: Findings) -> KeptScan:
    written = row.get("findings")
    findings, since = (None, {}) if written is None else read_findings(written, known)
    return KeptScan(
        source=row["source"],
        digest=row["digest"],
        repository=row["repository"],
        platform=row["platform"],
        state=ScanState(row["state"]),
        counts=None if row["counts"] is None else read_counts(row["counts"]),
        findings=findings,
        scanned_at=row["scanned_at"],
        detailed_at=row["detailed_at"],
        due_at=row["due_at"],
        problem=row["problem"] or "",
        gaps=row["gaps"] or "",
        since=since,
    )


def _weight(kept: KeptScan) -> tuple[bool, datetime, str]:
    return kept.is_analysed, kept.scanned_at, kept.source
