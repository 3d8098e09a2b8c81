"""Automated builds, as far as Docker Hub tells of them: three views of them, each from another time.

`history` is the oldest and needs no login for public repositories; `actions` is what the site's list of builds shows,
and needs one; `source` is how a repository is built, and how the last build ended. None is documented, and Docker ends
automated builds on 1 April 2027: each view may answer 404, 401, a web page, or an empty list, and whoever asks goes on
without it.

Source: https://docs.docker.com/docker-hub/repos/manage/builds/ for what builds are; the numbers of states from the
source of Docker Hub's own site (`BuildStatus.jsx` in the history of https://github.com/docker/docs); the shapes
observed in https://github.com/RyanTheAllmighty/Docker-Hub-API and https://github.com/badges/shields.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import BeforeValidator

from bot.errors import UnexpectedResponseError
from bot.hub.api import Api, Call
from bot.hub.auth import Operation
from bot.hub.decoding import HubModel, OptionalInt, OptionalText, OptionalTime, decode, decode_many, read_time
from bot.hub.paging import Listing, list_pages
from bot.hub.protocol import path_of
from bot.images import RepositoryName

_COMMIT = re.compile(r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")
_LONGEST_READ = 100_000
_LONGEST_DATE = 64


class Progress(StrEnum):
    """How far a build is, in the words of Docker Hub's site."""

    QUEUED = "Queued"
    BUILDING = "Building"
    SUCCESS = "Success"
    ERROR = "Error"
    CANCELED = "Canceled"
    UNKNOWN = "Unknown"


_QUEUED, _BUILDING = Progress.QUEUED, Progress.BUILDING
STATUSES: Mapping[int, tuple[str, Progress]] = {
    -4: ("canceled", Progress.CANCELED),
    -2: ("exception", Progress.ERROR),
    -1: ("error", Progress.ERROR),
    0: ("pending", _QUEUED),
    1: ("claimed", _QUEUED),
    2: ("started", _BUILDING),
    3: ("cloned", _BUILDING),
    4: ("readme", _BUILDING),
    5: ("dockerfile", _BUILDING),
    6: ("built", _BUILDING),
    7: ("bundled", _BUILDING),
    8: ("uploaded", _BUILDING),
    9: ("pushed", _BUILDING),
    10: ("done", Progress.SUCCESS),
    11: ("queued", _QUEUED),
}
"""What the numbers of `history` mean: Docker's own word, and what the site shows."""

_ACTION_STATES = {
    "pending": _QUEUED,
    "queued": _QUEUED,
    "in progress": _BUILDING,
    "success": Progress.SUCCESS,
    "canceled": Progress.CANCELED,
    "cancelled": Progress.CANCELED,
}
_SOURCE_STATES = {
    **_ACTION_STATES,
    "building": _BUILDING,
    "failed": Progress.ERROR,
    "error": Progress.ERROR,
}
_NEVER_BUILT = frozenset({"", "empty"})


def progress_of(status: int | None) -> Progress:
    """Return what a number of `history` means; of negative ones that nobody explained, that it failed."""
    if status is None:
        return Progress.UNKNOWN
    if status in STATUSES:
        return STATUSES[status][1]
    return Progress.ERROR if status < 0 else Progress.UNKNOWN


def _read_any_time(value: Any) -> datetime | None:
    """Read a time of either generation: ISO 8601, or as in e-mails (`Wed, 17 Sep 2014 08:26:22 +0000`)."""
    moment = read_time(value)
    if moment is not None or not isinstance(value, str) or len(value) > _LONGEST_DATE:
        return moment
    try:
        moment = parsedate_to_datetime(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_AnyTime = Annotated[datetime | None, BeforeValidator(_read_any_time)]


class HistoryEntry(HubModel):
    """A build of `history`.

    Attributes:
        status: One of `STATUSES`.
        created_date: When it was asked for.
        last_updated: When it came to that status.
        build_code: What names it.
        dockertag_name: The tag that it makes.
    """

    id: OptionalInt = None
    status: OptionalInt = None
    created_date: OptionalTime = None
    last_updated: OptionalTime = None
    build_code: OptionalText = None
    dockertag_name: OptionalText = None

    @property
    def code(self) -> str:
        """What names it; empty when nothing does."""
        return self.build_code or ("" if self.id is None else str(self.id))

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return progress_of(self.status)

    @property
    def word(self) -> str:
        """Docker's own word for its status, else the number."""
        if self.status is None:
            return ""
        return STATUSES[self.status][0] if self.status in STATUSES else str(self.status)


class Metrics(HubModel):
    """When a build came how far; None: not yet, or never."""

    created: OptionalTime = None
    started: OptionalTime = None
    finished: OptionalTime = None
    error: OptionalTime = None
    failure: OptionalTime = None


def _read_metrics(value: Any) -> Metrics:
    return decode(Metrics, value) or Metrics()


class BuildDetail(HubModel):
    """One build of `history`, in full.

    Attributes:
        buildmetrics: When it came how far.
        source_branch: The branch or Git tag that it is made from.
        logs: What it wrote, as much as was kept.
    """

    buildmetrics: Annotated[Metrics, BeforeValidator(_read_metrics)] = Metrics()
    source_branch: OptionalText = None
    logs: OptionalText = None

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, well or not."""
        return self.buildmetrics.finished or self.buildmetrics.error or self.buildmetrics.failure

    @property
    def commit(self) -> str | None:
        """The Git commit, which is told in the log only."""
        found = _COMMIT.search((self.logs or "")[:_LONGEST_READ])
        return found[0] if found else None


class Action(HubModel):
    """A build of `actions`.

    Attributes:
        build_code: What names it.
        build_tag: The tag that it makes; what has none is no build.
        commit: The Git commit.
        state: In no fixed case.
        created: When it was asked for.
        start_date, end_date: When it began and ended.
    """

    uuid: OptionalText = None
    build_code: OptionalText = None
    build_tag: OptionalText = None
    commit: OptionalText = None
    state: OptionalText = None
    created: _AnyTime = None
    start_date: _AnyTime = None
    end_date: _AnyTime = None

    @property
    def code(self) -> str:
        """What names it; empty when nothing does."""
        return self.build_code or self.uuid or ""

    @property
    def progress(self) -> Progress:
        """How far it is: whatever word is not known means that it failed, as other clients take it."""
        if self.state is None:
            return Progress.UNKNOWN
        return _ACTION_STATES.get(self.state.strip().lower(), Progress.ERROR)


class BuildSource(HubModel):
    """How a repository is built.

    Attributes:
        uuid: What names it.
        state: How the last build ended, that one runs, or that there was none.
        owner, repository: The repository of the source.
        provider: Where that is.
    """

    uuid: OptionalText = None
    state: OptionalText = None
    owner: OptionalText = None
    repository: OptionalText = None
    provider: OptionalText = None

    @property
    def has_built(self) -> bool:
        """Whether there was any build."""
        return (self.state or "").strip().lower() not in _NEVER_BUILT

    @property
    def progress(self) -> Progress:
        """How far the last build is."""
        return _SOURCE_STATES.get((self.state or "").strip().lower(), Progress.UNKNOWN)


class Builds:
    """The automated builds of repositories."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def history(self, name: RepositoryName, most: int) -> Listing[HistoryEntry]:
        """Return the last builds, newest first.

        Args:
            name: The repository.
            most: At most so many.

        Raises:
            HubError: While it is read: Docker Hub did not give it.
        """
        path = path_of("v2", "repositories", name.namespace.lower(), name.name.lower(), "buildhistory")
        call = Call(Operation.READ_BUILDS, name.namespace, f"the builds of {name.familiar}", f"{path}/")
        return list_pages(self._api, call, HistoryEntry, key=lambda entry: entry.code, limit=most)

    def detail(self, name: RepositoryName, build_code: str) -> BuildDetail:
        """Return one build of `history` in full.

        Raises:
            HubError: Docker Hub did not give it.
            ValueError: No build can be named that.
        """
        parts = ("v2", "repositories", name.namespace.lower(), name.name.lower(), "buildhistory", build_code)
        data = self._read(name, f"a build of {name.familiar}", f"{path_of(*parts)}/")
        return decode(BuildDetail, data.get("build_results")) or BuildDetail()

    def actions(self, name: RepositoryName, most: int) -> tuple[Action, ...]:
        """Return the last builds, newest first, from among the last `most` things that happened to the repository.

        Raises:
            HubError: Docker Hub did not give them; `UnauthorizedError` without a login.
        """
        about = f"/api/repo/v1/repository/{name.namespace.lower()}/{name.name.lower()}/"
        query = (("include_related", "true"), ("limit", str(most)), ("object", about))
        data = self._read(name, f"the builds of {name.familiar}", "/api/audit/v1/action/", query)
        return tuple(action for action in decode_many(Action, data.get("objects")) if action.build_tag)

    def source(self, name: RepositoryName) -> BuildSource | None:
        """Return how a repository is built; None: automated builds are not set up.

        Raises:
            HubError: Docker Hub did not give it.
        """
        query = (("image", f"{name.namespace.lower()}/{name.name.lower()}"),)
        data = self._read(name, f"the source of {name.familiar}", "/api/build/v1/source/", query)
        return next(iter(decode_many(BuildSource, data.get("objects"))), None)

    def _read(
        self, name: RepositoryName, resource: str, path: str, query: tuple[tuple[str, str], ...] = ()
    ) -> dict[str, Any]:
        reply = self._api.send(Call(Operation.READ_BUILDS, name.namespace, resource, path, query))
        data = reply.answer.data
        if not isinstance(data, dict):
            raise UnexpectedResponseError(
                resource, credential=reply.credential, detail="data of another shape", status=HTTPStatus.OK
            )
        return data
