"""Builds as Docker Hub tells of them, in whichever of its views still answers. See `bot.hub.builds`.

A trigger says nothing of the build that it makes. So a build that we asked for is looked for: one that fits and was
asked for since, and those that came with it, since one trigger can start several. The lists do not tell from which
branch or Git tag a build is made, but each build does where it is told of in full.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.builds.model import Build, BuildState, Ref
from bot.builds.providers.claims import LEEWAY, is_ours
from bot.builds.providers.provider import Asked
from bot.errors import HubError, RateLimitedError, UnavailableError
from bot.hub.builds import Action, BuildDetail, Builds, HistoryEntry, Progress
from bot.hub.client import HubClient
from bot.hub.failures import clean
from bot.images import RepositoryName

ONE_TRIGGER = timedelta(seconds=10)
"""What is asked for within so short a time of each other comes from one trigger."""

_LOOKED_AT = 25
_MOST_IN_FULL = 5
_SITE = "https://hub.docker.com"
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CODE = re.compile(r"[0-9A-Za-z_-]{1,64}")
_SOURCE = "source:"

_STATES = {
    Progress.QUEUED: BuildState.QUEUED,
    Progress.BUILDING: BuildState.BUILDING,
    Progress.SUCCESS: BuildState.SUCCESS,
    Progress.ERROR: BuildState.FAILED,
    Progress.CANCELED: BuildState.CANCELED,
    Progress.UNKNOWN: BuildState.UNKNOWN,
}


class DockerHubViews:
    """Reads builds. Safe to use from several threads.

    Args:
        hub: Docker Hub.
    """

    def __init__(self, hub: HubClient) -> None:
        self._hub = hub

    def recent(self, repository: str, *, most: int) -> Sequence[Build] | None:
        """Return the last builds, newest first; None: Docker Hub tells of none.

        Where only the state of the last build is told, that is one build without times.

        Raises:
            HubError: A view that would answer could not be asked, and no other one knows of builds.
        """
        name = RepositoryName.parse(repository)
        found = self._read(name, most) or self._last(name)
        return found[:most] or None

    def find(self, asked: Asked) -> Build | None:
        """Return what became of a build that we asked for; None: it is not shown.

        Builds that one trigger started are told of as one: failed if one has, done when all are.

        Raises:
            HubError: A view that would answer could not be asked, and no other one knows of builds.
        """
        name = RepositoryName.parse(asked.order.repository)
        found = self._read(name, _LOOKED_AT)
        if not found:
            return next((build for build in self._last(name) if _may_be_ours(build, asked)), None)
        since = _since(found, asked)
        has_source = asked.order.ref in {Ref.BRANCH, Ref.GIT_TAG}
        if has_source:
            # Those that come late are of other triggers, so a few are enough.
            since = [self._in_full(name, build) for build in since[:_MOST_IN_FULL]]
        ours = _of_one_trigger(since, asked)
        if len(ours) == 1 and ours[0].state.is_final and not has_source:
            return self._in_full(name, ours[0])
        return together(ours) if ours else None

    def _read(self, name: RepositoryName, most: int) -> list[Build]:
        """Return what the views with single builds tell, together."""
        merged: dict[str, Build] = {}
        failed: HubError | None = None
        for view in (_history, _actions):
            try:
                found = view(self._hub.builds, name, most)
            except (UnavailableError, RateLimitedError) as error:
                failed = failed or error
            except HubError:
                continue  # This view is not for us, or no more: the others are there for that.
            else:
                merged |= {build.id: _merged(build, merged.get(build.id)) for build in found}
        if failed and not merged:
            raise failed
        return sorted(merged.values(), key=_asked_at, reverse=True)

    def _last(self, name: RepositoryName) -> list[Build]:
        """Return what the configuration of the builds tells of the last one."""
        try:
            source = self._hub.builds.source(name)
        except (UnavailableError, RateLimitedError):
            raise
        except HubError:
            return []
        if source is None or not source.has_built:
            return []
        state = _STATES[source.progress]
        return [Build(id=f"{_SOURCE}{source.uuid or name}", state=state, detail=clean(source.state or ""))]

    def _in_full(self, name: RepositoryName, build: Build) -> Build:
        """Add what the list leaves out: when it began and what it was made from. Nice to have, so never an error."""
        try:
            detail = self._hub.builds.detail(name, build.id)
        except (HubError, ValueError):
            return build
        return build.model_copy(update=_known(detail))


def together(builds: Sequence[Build]) -> Build:
    """Return builds that one trigger started as one, by the first one's name. Pure.

    Args:
        builds: At least one.
    """
    if len(builds) == 1:
        return builds[0]
    open_states = [build.state for build in builds if not build.state.is_final]
    failed = [build for build in builds if build.state is BuildState.FAILED]
    if open_states:
        is_begun = any(build.state not in {BuildState.QUEUED, BuildState.UNKNOWN} for build in builds)
        state = BuildState.BUILDING if is_begun else open_states[0]
    elif failed:
        state = BuildState.FAILED
    else:
        is_canceled = any(build.state is BuildState.CANCELED for build in builds)
        state = BuildState.CANCELED if is_canceled else BuildState.SUCCESS
    tags = {build.tag for build in builds}
    done = sum(build.state is BuildState.SUCCESS for build in builds)
    names = ", ".join(build.tag for build in failed if build.tag)
    return builds[0].model_copy(
        update={
            "state": state,
            "detail": f"{done} of {len(builds)} succeeded" + (f", failed: {names}" if names else ""),
            "tag": builds[0].tag if len(tags) == 1 else None,
            "started_at": min((build.started_at for build in builds if build.started_at), default=None),
            "ended_at": None if open_states else max((b.ended_at for b in builds if b.ended_at), default=None),
            "log_url": (failed or builds)[0].log_url,
        }
    )


def _history(builds: Builds, name: RepositoryName, most: int) -> list[Build]:
    return [_from_history(name, entry) for entry in builds.history(name, most) if entry.code]


def _actions(builds: Builds, name: RepositoryName, most: int) -> list[Build]:
    return [_from_action(name, action) for action in builds.actions(name, most) if action.code]


def _from_history(name: RepositoryName, entry: HistoryEntry) -> Build:
    state = _STATES[entry.progress]
    is_over = state.is_final
    return Build(
        id=entry.code,
        state=state,
        detail=entry.word,
        tag=entry.dockertag_name,
        asked_at=entry.created_date,
        # The list does not tell when it began, so its time in the queue counts too; `detail` knows better.
        started_at=entry.created_date if is_over else None,
        ended_at=entry.last_updated if is_over else None,
        log_url=_log_url(name, entry.code),
    )


def _from_action(name: RepositoryName, action: Action) -> Build:
    state = _STATES[action.progress]
    return Build(
        id=action.code,
        state=state,
        detail=clean(action.state or ""),
        tag=action.build_tag,
        commit=action.commit,
        asked_at=action.created or action.start_date,
        started_at=action.start_date or (action.created if state.is_final else None),
        ended_at=action.end_date if state.is_final else None,
        log_url=_log_url(name, action.code),
    )


def _merged(build: Build, other: Build | None) -> Build:
    """Return what two views tell of the same build; of the one that is further when they differ."""
    if other is None:
        return build
    first, second = (other, build) if other.state.is_final else (build, other)
    missing: dict[str, Any] = {
        field: getattr(second, field) for field in Build.model_fields if getattr(first, field) is None
    }
    return first.model_copy(update=missing)


def _known(detail: BuildDetail) -> dict[str, datetime | str]:
    told = {
        "started_at": detail.buildmetrics.started,
        "ended_at": detail.ended_at,
        "ref": detail.source_branch,
        "commit": detail.commit,
    }
    return {field: value for field, value in told.items() if value is not None}


def _since(builds: Sequence[Build], asked: Asked) -> list[Build]:
    """Return the builds that were asked for since, the first one first; where ours is known, it and those after it."""
    since = asked.at - LEEWAY
    found = sorted((build for build in builds if build.asked_at and build.asked_at >= since), key=_asked_at)
    known = _known_by_id(found, asked)
    if known is None:
        return [] if _names_a_build(asked.build_id) else found
    return [known, *(build for build in found if build is not known and _asked_at(build) >= _asked_at(known))]


def _of_one_trigger(since: Sequence[Build], asked: Asked) -> list[Build]:
    """Return the builds that the trigger started, the first one first."""
    fitting = [build for build in since if is_ours(asked, build)]
    # Not the newest: those after the first belong to whoever asked after us.
    first = _known_by_id(since, asked) or next(iter(fitting), None)
    if first is None:
        return []
    until = _asked_at(first) + ONE_TRIGGER.total_seconds()
    return [first, *(build for build in fitting if build is not first and _asked_at(build) <= until)]


def _known_by_id(builds: Sequence[Build], asked: Asked) -> Build | None:
    return next((build for build in builds if build.id == asked.build_id), None)


def _names_a_build(build_id: str | None) -> bool:
    """Tell whether an id is that of a single build, and not of whatever was built last."""
    return build_id is not None and not build_id.startswith(_SOURCE)


def _asked_at(build: Build) -> float:
    return build.asked_at.timestamp() if build.asked_at else 0.0


def _may_be_ours(build: Build, asked: Asked) -> bool:
    """Tell whether the last build may be ours, of which no time is known.

    One that runs after we asked is taken for ours. That it has ended counts only once it was seen running: else it may
    be the one before.
    """
    return build.state in {BuildState.QUEUED, BuildState.BUILDING} or build.id == asked.build_id


def _log_url(name: RepositoryName, code: str) -> str | None:
    """Return the page of a build; those of today are named by UUIDs, those of old were not.

    Source: observed in https://github.com/docker/hub-feedback/issues/2063 and
    https://github.com/docker/hub-feedback/issues/455.
    """
    if _UUID.fullmatch(code):
        return f"{_SITE}/repository/registry-1.docker.io/{name}/builds/{code}"
    return f"{_SITE}/r/{name}/builds/{code}/" if _CODE.fullmatch(code) else None
