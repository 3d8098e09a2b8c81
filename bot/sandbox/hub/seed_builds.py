"""The automated builds of the seeded `acme/api`: its rules, its trigger, and what was built of late."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.hub.builds import CODE_LENGTH, BuildRule, Outcome, Wish
from bot.sandbox.hub.state import HubState, digest_of

REPOSITORY = "acme/api"
# Invented like all secrets here; the simulator's `build_trigger` and `classic_trigger` tell the whole URLs.
SOURCE = "5f0b3c1e-2a47-4d0c-9a56-000000000001"
TRIGGER = "5f0b3c1e-2a47-4d0c-9a56-000000000002"
CLASSIC_TOKEN = "5f0b3c1e-2a47-4d0c-9a56-000000000003"

LATEST = BuildRule("Branch", "main", "latest")
EDGE = BuildRule("Branch", "develop", "edge")
RELEASES = BuildRule("Tag", r"/^release-([0-9.]+)$/", r"{\1}")
QUEUED = timedelta(seconds=40)


@dataclass(frozen=True, slots=True)
class _Built:
    """A build of the past.

    Attributes:
        rule: What it was built by.
        source_name: The branch or Git tag.
        age_days: Days since it ended; None: it made the tag as it is now.
        minutes: How long it took.
        outcome: How it ended.
    """

    rule: BuildRule
    source_name: str
    age_days: float | None
    minutes: float
    outcome: Outcome = "success"


# The oldest first.
HISTORY = (
    _Built(RELEASES, "release-2.38.0", None, 6.2),
    _Built(LATEST, "main", 14.1, 5.5, "exception"),
    _Built(LATEST, "main", 14.0, 5.9),
    _Built(RELEASES, "release-2.39.0", None, 6.1),
    _Built(EDGE, "develop", 3.2, 4.4, "error"),
    _Built(EDGE, "develop", 2.9, 1.2, "canceled"),
    _Built(LATEST, "main", 1.1, 2.3, "error"),
    _Built(LATEST, "main", None, 5.8),
    _Built(EDGE, "develop", None, 4.7),
)


def add_builds(state: HubState, now: datetime) -> None:
    """Let Docker Hub build the repository, and have built some of its tags.

    Args:
        state: Has the repository with its tags.
        now: Aware and UTC; all ages count from here.
    """
    automation = state.automate(REPOSITORY, rules=(LATEST, EDGE, RELEASES))
    automation.source_uuid, automation.trigger_uuid, automation.classic_token = SOURCE, TRIGGER, CLASSIC_TOKEN
    tags = state.repository(REPOSITORY).tags
    for built in HISTORY:
        wish = Wish(source_type=built.rule.source_type, source_name=built.source_name)
        chosen = next(automation.chosen(wish))
        made_at = tags[chosen.docker_tag].pushed_at
        ended_at = made_at if built.age_days is None else now - timedelta(days=built.age_days)
        started_at = ended_at - timedelta(minutes=built.minutes)
        build = automation.add(
            chosen,
            created_at=started_at - QUEUED,
            due_at=started_at,
            seconds=built.minutes * 60,
            comes_to=built.outcome,
        )
        build.started_at, build.ended_at = started_at, ended_at
        build.code = digest_of(f"build {build.number} of {REPOSITORY}").removeprefix("sha256:")[:CODE_LENGTH]
