"""Automated builds as Docker Hub keeps them: a repository's build rules, its triggers, and what was built.

Source: https://docs.docker.com/docker-hub/repos/manage/builds/ for the rules; the rest is known from published clients.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha1
from typing import Literal
from uuid import NAMESPACE_URL, uuid4, uuid5

SourceType = Literal["Branch", "Tag"]
# `error`: what was to be built is at fault. `exception`: Docker Hub is. People are shown the same for both.
Outcome = Literal["success", "error", "exception", "canceled"]
BuildState = Literal["queued", "building"] | Outcome

CODE_LENGTH = 24


@dataclass(frozen=True, slots=True)
class BuildRule:
    r"""Which branch or Git tag becomes which Docker tag.

    Attributes:
        source_type: What kind of thing the source is.
        source_name: Its name, or a pattern between slashes such as `/^v([0-9.]+)$/`.
        docker_tag: May hold `{sourceref}` for the whole name, and `{\1}` for a group of the pattern.
        is_active: Whether it is built at all.
        dockerfile: Where the Dockerfile is, in the source.
    """

    source_type: SourceType
    source_name: str
    docker_tag: str
    is_active: bool = True
    dockerfile: str = "Dockerfile"

    @property
    def is_pattern(self) -> bool:
        """Whether it is for many names."""
        return len(self.source_name) > 1 and self.source_name.startswith("/") and self.source_name.endswith("/")

    def tag_for(self, source_type: str, source_name: str) -> str | None:
        """Return the Docker tag that a push of this branch or Git tag makes; None: it is not for that."""
        if source_type != self.source_type:
            return None
        pattern = self.source_name[1:-1] if self.is_pattern else rf"^{re.escape(self.source_name)}$"
        match = re.search(pattern, source_name)
        if match is None:
            return None
        groups = {f"{{\\{number}}}": text or "" for number, text in enumerate(match.groups(), 1)}
        return _replaced(self.docker_tag, {"{sourceref}": source_name, **groups})


LATEST = BuildRule("Branch", "main", "latest")
"""What Docker Hub sets up when nothing else is said."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a trigger is asked to build; all None: everything.

    Attributes:
        docker_tag: The rules whose Docker tag is exactly this one.
        source_type: With the name: as if that branch or Git tag had been pushed.
        source_name: See there.
    """

    docker_tag: str | None = None
    source_type: str | None = None
    source_name: str | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """One rule that a wish is for, applied."""

    rule: BuildRule
    source_name: str
    docker_tag: str


@dataclass(slots=True)
class Build:
    """One build of one Docker tag. What it is follows from its times and its outcome, so that it is one thing only.

    Attributes:
        number: Docker Hub's id, within the repository.
        created_at: When it was asked for.
        due_at: When it may begin, if there is room.
        seconds: How long it will take.
        comes_to: How it will end, or did.
        started_at: None until it does; None for ever when it was canceled before.
        ended_at: None until it does.
        code: What Docker Hub's answers call it.
    """

    number: int
    source_type: SourceType
    source_name: str
    docker_tag: str
    dockerfile: str
    commit: str
    created_at: datetime
    due_at: datetime
    seconds: float
    comes_to: Outcome = "success"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    code: str = field(default_factory=lambda: uuid4().hex[:CODE_LENGTH])

    @property
    def state(self) -> BuildState:
        """How far it is."""
        if self.ended_at is not None:
            return self.comes_to
        return "queued" if self.started_at is None else "building"

    @property
    def uuid(self) -> str:
        """What the audit calls it."""
        return str(uuid5(NAMESPACE_URL, self.code))


@dataclass(slots=True)
class Automation:
    """How a repository is built.

    Attributes:
        owner: Of the source repository.
        name: Of the source repository.
        provider: Whose the source repository is.
        source_uuid: The first half of today's trigger URL.
        trigger_uuid: Its second half.
        classic_token: The secret of the classic trigger URL.
        rules: In the order of the web form.
        builds: What was asked for, the oldest first.
        commits: What branches and Git tags point at; a name that is missing has a commit of its own, always the same.
        classic_at: When the classic trigger built last.
    """

    owner: str
    name: str
    rules: tuple[BuildRule, ...] = (LATEST,)
    provider: str = "github"
    source_uuid: str = field(default_factory=lambda: str(uuid4()))
    trigger_uuid: str = field(default_factory=lambda: str(uuid4()))
    classic_token: str = field(default_factory=lambda: str(uuid4()))
    builds: list[Build] = field(default_factory=list)
    commits: dict[str, str] = field(default_factory=dict)
    classic_at: datetime | None = None

    @property
    def trigger_path(self) -> str:
        """The path of today's trigger URL."""
        return f"/api/build/v1/source/{self.source_uuid}/trigger/{self.trigger_uuid}/call/"

    def chosen(self, wish: Wish) -> Iterator[Chosen]:
        """Yield the active rules that a wish is for, in their order.

        Without the name of a source, rules with patterns are for nothing: Docker Hub does not look into the source.
        Inferred.
        """
        for rule in self.rules:
            source_name = wish.source_name if wish.source_name is not None else rule.source_name
            docker_tag = rule.tag_for(wish.source_type or rule.source_type, source_name)
            is_named = wish.source_name is not None or not rule.is_pattern
            is_wanted = wish.docker_tag in {None, docker_tag}
            if rule.is_active and is_named and is_wanted and docker_tag is not None:
                yield Chosen(rule, source_name, docker_tag)

    def commit_of(self, source_name: str) -> str:
        """Return what a branch or Git tag points at."""
        made_up = sha1(f"{self.owner}/{self.name} {source_name}".encode(), usedforsecurity=False).hexdigest()
        return self.commits.get(source_name, made_up)

    def add(
        self, chosen: Chosen, *, created_at: datetime, due_at: datetime, seconds: float, comes_to: Outcome
    ) -> Build:
        """Queue a build."""
        build = Build(
            len(self.builds) + 1,
            chosen.rule.source_type,
            chosen.source_name,
            chosen.docker_tag,
            chosen.rule.dockerfile,
            self.commit_of(chosen.source_name),
            created_at,
            due_at,
            seconds,
            comes_to,
        )
        self.builds.append(build)
        return build

    def find(self, code: str) -> Build | None:
        """Return the build that Docker Hub's answers call so."""
        return next((build for build in self.builds if build.code == code), None)


def classic_path(repository: str, automation: Automation) -> str:
    """Return the path of a repository's classic trigger URL."""
    return f"/u/{repository}/trigger/{automation.classic_token}/"


def newest_first(builds: Iterable[Build]) -> list[Build]:
    """Return builds as every view has them; the clock may have been moved, numbers only grow."""
    return sorted(builds, key=lambda build: build.number, reverse=True)


def _replaced(text: str, by: dict[str, str]) -> str:
    """Replace the holes of a text, once each: what is put in is not looked at again."""
    return re.sub("|".join(map(re.escape, by)), lambda hole: by[hole[0]], text)
