"""A believable Docker Hub to play with: the organization `acme`, some people, official images, a few public neighbours.

Everything follows from the time it is asked for: the same `now` gives the same names, digests, sizes and ages. The
credentials below are invented and open nothing but a sandbox.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from bot.sandbox.hub.seed_builds import add_builds
from bot.sandbox.hub.seed_people import add_colleagues
from bot.sandbox.hub.state import HubState, Image, Repository

ANA_PASSWORD = "sandbox-password-of-ana"
ANA_PAT = "dckr_pat_sandbox_ana_0000000000"
ANA_READ_ONLY_PAT = "dckr_pat_sandbox_ana_read_00000"
ANA_PUBLIC_ONLY_PAT = "dckr_pat_sandbox_ana_public_000"
BO_PASSWORD = "sandbox-password-of-bo"
BO_PAT = "dckr_pat_sandbox_bo_00000000000"
# Zoe is nobody's member: what she sees of acme is what a stranger sees.
ZOE_PASSWORD = "sandbox-password-of-zoe"
ZOE_PAT = "dckr_pat_sandbox_zoe_0000000000"
ACME_OAT = "dckr_oat_sandbox_acme_0000000000"
# Without `scope-repository-list`: listings silently lack the private repositories.
ACME_OAT_WITHOUT_LIST = "dckr_oat_sandbox_acme_nolist_000"

ACME_OAT_SCOPES = (
    "scope-image-pull",
    "scope-repository-read",
    "scope-repository-list",
    "scope-repository-create",
    "scope-tag-read",
    "scope-tag-admin",
    "scope-webhook-read",
    "scope-webhook-edit",
    "scope-webhook-admin",
    "scope-member-edit",
    "scope-invite-edit",
    "scope-group-edit",
)

# A tag may have 128 characters, and one has.
LONG_TAG = "feature-".ljust(128, "x")
HOSTILE_DESCRIPTION = '<!channel> *bold* & "quotes" `code` \u202eright-to-left\u202c <https://evil.example|click>'
ODD_NAME = "my.repo_name-x"

SERVER_PLATFORMS = ("linux/amd64", "linux/arm64/v8")
EDGE_PLATFORMS = ("linux/amd64", "linux/arm64/v8", "linux/arm/v7")
WINDOWS_PLATFORMS = ("linux/amd64", "windows/amd64@10.0.17763.6532", "windows/amd64@10.0.20348.2849")
OFFICIAL_PLATFORMS = (
    "linux/amd64",
    "linux/arm/v5",
    "linux/arm/v7",
    "linux/arm64/v8",
    "linux/386",
    "linux/ppc64le",
    "linux/s390x",
)
# Compressed sizes against amd64's.
SIZE_RATIOS = {"amd64": 1.0, "arm64": 0.97, "arm": 0.88, "386": 1.02, "ppc64le": 1.09, "s390x": 0.99}
WINDOWS_SIZE_RATIO = 18.0
# The other builds were never pulled.
PULLED_SHARE = 0.67


@dataclass(frozen=True, slots=True)
class _Sketch:
    """An ordinary repository in a few words.

    Attributes:
        age_days: Days since the last push; the releases before it are spaced out further back.
        releases: How many versions were ever pushed.
        size_mb: Compressed size of the linux/amd64 image.
    """

    name: str
    description: str | None
    age_days: float
    releases: int
    size_mb: int
    is_private: bool = True
    pull_count: int = 1_200
    star_count: int = 0
    platforms: Sequence[str] = SERVER_PLATFORMS


ACME_SKETCHES = (
    _Sketch("web", "The shop", 0.2, 24, 61),
    _Sketch("worker", "Background jobs", 0.4, 22, 118),
    _Sketch("gateway", "Edge gateway", 1.5, 30, 24, is_private=False, pull_count=84_211, star_count=12),
    _Sketch("billing", "Invoices and payments", 3, 18, 143),
    _Sketch("auth", "Single sign-on", 2, 15, 37),
    _Sketch("search", "Product search", 6, 12, 402),
    _Sketch("catalog", "Product catalogue", 5, 14, 96),
    _Sketch("checkout", "Cart and checkout", 0.9, 16, 88),
    _Sketch("inventory", "Stock levels", 11, 9, 77),
    _Sketch("shipping", "Carriers and labels", 17, 8, 81),
    _Sketch("notifications", "Mail, push and SMS", 8, 11, 54),
    _Sketch("recommendations", "People also bought", 33, 6, 2_310),
    _Sketch("reports", "Nightly reports", 46, 5, 310),
    _Sketch("admin", "Back office", 4, 13, 72),
    _Sketch("migrations", "Database migrations", 1.1, 20, 44),
    _Sketch("cron", "Scheduled jobs", 62, 4, 33),
    _Sketch("proxy", "Egress proxy", 95, 3, 19),
    _Sketch("cache", "Redis with our settings", 120, 3, 41),
    _Sketch("postgres", "PostgreSQL with our extensions", 58, 5, 152),
    _Sketch("kafka", "Kafka with our settings", 210, 2, 388),
    _Sketch("jenkins-agent", "CI agent", 12, 10, 690),
    _Sketch("build-base", "Base image of all services", 25, 9, 210),
    _Sketch("python-base", "Python base image", 21, 9, 130, is_private=False, pull_count=9_120),
    _Sketch("node-base", "Node base image", 28, 9, 160, is_private=False, pull_count=7_333),
    _Sketch("go-base", None, 140, 4, 12, is_private=False, pull_count=1_902),
    _Sketch("terraform", "Terraform with our providers", 74, 4, 240),
    _Sketch("toolbox", "Everything on-call needs", 39, 6, 512, is_private=False, pull_count=31_450, star_count=48),
    _Sketch("cli", "The acme command line", 9, 12, 17, is_private=False, pull_count=412_009, star_count=133),
    _Sketch("sensor", "Runs on the till", 15, 7, 28, platforms=EDGE_PLATFORMS),
    _Sketch("kiosk", "Runs in the shop window", 180, 3, 340, platforms=EDGE_PLATFORMS),
    _Sketch("label-printer", "Windows service of the warehouse", 51, 4, 260, platforms=WINDOWS_PLATFORMS),
    _Sketch("old-monolith", "Kept for the archive", 912, 5, 1_480, platforms=("linux/amd64",)),
    _Sketch("hack-week-2023", "", 740, 1, 450, platforms=("linux/amd64",)),
    _Sketch(ODD_NAME, "A name with everything", 66, 3, 22, is_private=False),
    _Sketch("9lives_v2.final", "Another one", 88, 2, 31, is_private=False),
)

NEIGHBOUR_SKETCHES = {
    "bitnami": (
        _Sketch("nginx", "Bitnami image for NGINX", 1, 40, 96, pull_count=1_431_556_201, star_count=201),
        _Sketch("redis", "Bitnami image for Redis", 2, 30, 54, pull_count=2_904_118_377, star_count=330),
    ),
    "grafana": (
        _Sketch("grafana", "The official Grafana image", 0.6, 60, 181, pull_count=5_120_883_940, star_count=3_422),
        _Sketch("loki", "Loki: like Prometheus, but for logs", 3, 40, 41, pull_count=1_010_220_411, star_count=188),
    ),
    "prom": (_Sketch("prometheus", "Prometheus server", 4, 40, 112, pull_count=2_700_119_006, star_count=2_011),),
    "nginxinc": (
        _Sketch("nginx-unprivileged", "NGINX without root", 2, 30, 70, pull_count=611_908_112, star_count=199),
    ),
    "linuxserver": (_Sketch("nginx", "An nginx container", 7, 20, 64, pull_count=70_231_550, star_count=260),),
}


@dataclass(frozen=True, slots=True)
class _Official:
    """An official image: versions times flavours, several names for each build, `tag_count` names at most."""

    name: str
    description: str
    versions: Sequence[str]
    flavours: Sequence[str]
    tag_count: int
    size_mb: int
    pull_count: int
    star_count: int
    category: tuple[str, str]
    platforms: Sequence[str] = OFFICIAL_PLATFORMS


def _versions(major: int, minors: Iterable[int], patches: int) -> list[str]:
    """Return versions, newest first: all patches of each minor."""
    return [f"{major}.{minor}.{patch}" for minor in minors for patch in reversed(range(patches))]


WEB_SERVERS = ("Web servers", "web-servers")
LANGUAGES = ("Languages & frameworks", "languages-and-frameworks")
DATABASES = ("Databases & storage", "databases-and-storage")
SYSTEMS = ("Operating systems", "operating-systems")

DEBIAN_FLAVOURS = ("", "-alpine", "-alpine-slim", "-bookworm", "-trixie", "-perl", "-otel")
OFFICIAL_IMAGES = (
    _Official(
        "nginx", "Official build of Nginx.", _versions(1, range(29, 9, -1), 6), DEBIAN_FLAVOURS, 957, 72,
        12_884_901_889, 21_044, WEB_SERVERS,
    ),
    _Official(
        "python", "Python is an interpreted, interactive, object-oriented, open-source programming language.",
        _versions(3, range(14, 8, -1), 12), ("", "-slim", "-alpine", "-bookworm", "-slim-bookworm"), 420, 374,
        9_771_004_512, 10_332, LANGUAGES,
    ),
    _Official(
        "node", "Node.js is a JavaScript-based platform for server-side and networking applications.",
        [v for major in (25, 24, 22, 20) for v in _versions(major, range(12, 0, -2), 2)],
        ("", "-slim", "-alpine"), 310, 402, 7_004_198_336, 14_120, LANGUAGES,
    ),
    _Official(
        "postgres", "The PostgreSQL object-relational database system provides reliability and data integrity.",
        [f"{major}.{minor}" for major in range(18, 12, -1) for minor in range(6, 0, -1)],
        ("", "-alpine", "-bookworm"), 160, 155, 10_233_871_654, 14_877, DATABASES,
    ),
    _Official(
        "redis", "Redis is the world's fastest data platform for caching, vector search, and NoSQL databases.",
        _versions(8, range(4, -1, -1), 4), ("", "-alpine", "-bookworm"), 90, 52, 9_412_887_003, 13_610, DATABASES,
    ),
    _Official(
        "alpine", "A minimal Docker image based on Alpine Linux with a complete package index and only 5 MB in size!",
        _versions(3, range(22, 12, -1), 6), ("",), 70, 4, 11_870_339_412, 11_540, SYSTEMS,
    ),
    _Official(
        "ubuntu", "Ubuntu is a Debian-based Linux operating system based on free software.",
        [f"{year}.{month}" for year in range(26, 17, -1) for month in ("10", "04")], ("",), 36, 29,
        4_810_227_190, 17_820, SYSTEMS,
    ),
    _Official(
        "hello-world", "Hello World! (an example of minimal Dockerization)", ["1.0.0"], ("", "-linux"), 4, 1,
        1_622_044_890, 2_422, LANGUAGES, (*OFFICIAL_PLATFORMS, "windows/amd64@10.0.20348.2849"),
    ),
)  # fmt: skip


def seed_acme(state: HubState, now: datetime) -> None:
    """Fill a state with the people, the organization and the public images.

    Args:
        state: Usually empty.
        now: Aware and UTC; all ages count from here.
    """
    seeder = _Seeder(state, now)
    seeder.add_accounts()
    for official in OFFICIAL_IMAGES:
        seeder.add_official(official)
    for namespace, sketches in NEIGHBOUR_SKETCHES.items():
        for sketch in sketches:
            seeder.add_sketched(namespace, sketch, is_private=False)
    for sketch in ACME_SKETCHES:
        seeder.add_sketched("acme", sketch, is_private=sketch.is_private)
    seeder.add_api()
    seeder.add_oddities()
    add_builds(state, now)
    add_colleagues(state, now)


class _Seeder:
    """Pushes believable images; one source of chance, so that the same order gives the same data."""

    def __init__(self, state: HubState, now: datetime) -> None:
        self._state = state
        self._now = now
        self._random = random.Random(20_261_121)

    def add_accounts(self) -> None:
        """Register Ana, Bo, Zoe and the organization, with their tokens."""
        state, joined_at = self._state, self._ago(2_400)
        state.add_user("ana", password=ANA_PASSWORD, joined_at=joined_at, full_name="Ana Owner")
        state.add_user("bo", password=BO_PASSWORD, joined_at=self._ago(800), full_name="Bo Member")
        state.add_user("zoe", password=ZOE_PASSWORD, joined_at=self._ago(300), full_name="Zoe Stranger")
        state.add_organization(
            "acme", joined_at=joined_at, full_name="Acme Corporation", members={"ana": "owner", "bo": "member"}
        )
        state.add_organization("library", joined_at=self._ago(4_500), full_name="Docker Official Images")
        state.add_personal_token("ana", ANA_PAT, "repo:admin")
        state.add_personal_token("ana", ANA_READ_ONLY_PAT, "repo:read")
        state.add_personal_token("ana", ANA_PUBLIC_ONLY_PAT, "repo:public_read")
        state.add_personal_token("bo", BO_PAT, "repo:admin")
        state.add_personal_token("zoe", ZOE_PAT, "repo:admin")
        state.add_organization_token("acme", ACME_OAT, ACME_OAT_SCOPES)
        state.add_organization_token(
            "acme",
            ACME_OAT_WITHOUT_LIST,
            (scope for scope in ACME_OAT_SCOPES if scope != "scope-repository-list"),
        )

    def add_official(self, official: _Official) -> None:
        """Add an official image, newest builds first, until it has its number of tags."""
        repository = self._create("library", official.name, official.description, age_days=4_300)
        repository.pull_count, repository.star_count = official.pull_count, official.star_count
        repository.categories = (official.category,)
        builds = ((version, flavour) for version in official.versions for flavour in official.flavours)
        for number, (version, flavour) in enumerate(builds):
            names = [name for name in _aliases(version, flavour) if name not in repository.tags]
            room = official.tag_count - len(repository.tags)
            if not room:
                break
            pushed_at = self._ago(2 + number * 1.7)
            images = self._build(official.platforms, official.size_mb, pushed_at)
            self._push_all(repository, islice(names, room), images, pushed_at)

    def add_sketched(self, namespace: str, sketch: _Sketch, *, is_private: bool) -> None:
        """Add an ordinary repository: versions with `latest` on the newest, older ones further apart."""
        repository = self._create(
            namespace, sketch.name, sketch.description, age_days=sketch.age_days + sketch.releases * 25
        )
        repository.is_private = is_private
        repository.pull_count, repository.star_count = sketch.pull_count, sketch.star_count
        for number in reversed(range(sketch.releases)):
            pushed_at = self._ago(sketch.age_days + number * 11)
            images = self._build(sketch.platforms, sketch.size_mb, pushed_at)
            self._push_all(repository, [f"1.{sketch.releases - number - 1}.0", "latest"], images, pushed_at)

    def add_api(self) -> None:
        """Add `acme/api`, the repository with a bit of everything and several hundred tags."""
        repository = self._create("acme", "api", "The public API of everything acme sells", age_days=1_900)
        repository.is_private = True
        repository.pull_count, repository.star_count = 1_204_441, 7
        repository.full_description = "# acme/api\n\nBuilt by CI on every merge. `latest` is what runs."
        repository.immutable_rules = ("v.*",)
        for number in range(150, 0, -1):
            self._push_new(repository, [f"sha-{self._random.getrandbits(28):07x}"], number * 1.1)
        for number in range(90, 0, -1):
            self._push_new(repository, [f"pr-{1290 - number}"], number * 1.6, SERVER_PLATFORMS[:1])
        for minor in range(41):
            age_days = (40 - minor) * 9 + 0.3
            self._push_new(repository, [f"2.{minor}.0-rc.1"], age_days + 2)
            self._push_new(repository, [f"2.{minor}.0", f"v2.{minor}.0", f"2.{minor}"], age_days)
        for version in ("2.39.0", "2.40.0"):
            release = repository.tags[version]
            self._push_all(repository, ["2", "latest", "stable"], release.images, release.pushed_at)
        self._push_new(repository, [LONG_TAG], 48)
        self._push_new(repository, ["edge"], 0.08, EDGE_PLATFORMS)

    def add_oddities(self) -> None:
        """Add what breaks naive clients: nulls, no pushes, hostile words, a chart, a tag left behind."""
        self._create("acme", "empty", "Created, never pushed", age_days=3)
        hostile = self._create("acme", "hostile", HOSTILE_DESCRIPTION, age_days=70)
        hostile.full_description = HOSTILE_DESCRIPTION * 3
        self._push_new(hostile, ["latest", "_.x", "UPPER.Case_tag"], 20)
        self._add_nulls()
        chart = self._create("acme", "helm-charts", "Charts of all services", age_days=400)
        self._push_new(chart, ["0.9.1", "0.9.2"], 31, SERVER_PLATFORMS[:1])
        for tag in chart.tags.values():
            tag.media_type, tag.content_type = "application/vnd.cncf.helm.config.v1+json", "helm"
        left_behind = self._create("acme", "frontend", "`latest` was forgotten here", age_days=800)
        self._push_new(left_behind, ["latest"], 412)
        self._push_new(left_behind, ["4.2.1", "4.2"], 1.8)
        dotfiles = self._create("ana", "dotfiles", "Mine", age_days=600)
        self._push_new(dotfiles, ["latest"], 200)

    def _add_nulls(self) -> None:
        repository = self._create("acme", "legacy-import", None, age_days=2_300)
        repository.repository_type = None
        pushed_at = self._ago(1_500)
        nothing_known = Image(None, "amd64", size_bytes=None)
        self._push_all(repository, ["unknown"], [nothing_known], pushed_at)
        self._push_all(repository, ["no-images"], [], pushed_at)
        repository.tags["no-images"].digest = None

    def _create(self, namespace: str, name: str, description: str | None, *, age_days: float) -> Repository:
        return self._state.create_repository(namespace, name, at=self._ago(age_days), description=description)

    def _push_new(
        self,
        repository: Repository,
        names: Iterable[str],
        age_days: float,
        platforms: Sequence[str] = SERVER_PLATFORMS,
    ) -> None:
        pushed_at = self._ago(age_days)
        self._push_all(repository, names, self._build(platforms, 58, pushed_at), pushed_at)

    def _push_all(self, repository: Repository, names: Iterable[str], images: list[Image], pushed_at: datetime) -> None:
        """Push one build under several names, a second apart as a CI does, and pull most of them since."""
        pusher = "ana" if repository.namespace == "acme" else ""
        for number, name in enumerate(names):
            at = pushed_at + timedelta(seconds=number)
            tag = self._state.push_tag(repository.path, name, at=at, images=images, pusher=pusher)
            tag.pulled_at = images[0].pulled_at if images else None
        repository.storage_bytes += sum(image.size_bytes or 0 for image in images)

    def _build(self, platforms: Sequence[str], size_mb: float, at: datetime) -> list[Image]:
        """Make one image per platform, of sizes near the given one (megabytes, compressed, linux/amd64)."""
        wobble = self._random.uniform(0.94, 1.06) * size_mb * 1_000_000
        is_pulled, share = self._random.random() < PULLED_SHARE, self._random.random()
        pulled_at = at + (self._now - at) * share if is_pulled else None
        return [self._image(platform, wobble, at, pulled_at) for platform in platforms]

    def _image(self, platform: str, size_bytes: float, at: datetime, pulled_at: datetime | None) -> Image:
        name, _, os_version = platform.partition("@")
        os, architecture, *variant = name.split("/")
        ratio = WINDOWS_SIZE_RATIO if os == "windows" else SIZE_RATIOS[architecture]
        return Image(
            os,
            architecture,
            variant[0] if variant else None,
            os_version or None,
            f"sha256:{self._random.getrandbits(256):064x}",
            int(size_bytes * ratio),
            at,
            pulled_at,
        )

    def _ago(self, days: float) -> datetime:
        """Return a moment about so many days ago; never in the future."""
        return self._now - timedelta(days=days, microseconds=self._random.randrange(1, 1_000_000))


def _aliases(version: str, flavour: str) -> list[str]:
    """Return the names of a build, most specific first: `1.29.3-alpine`, `1.29-alpine`, `1-alpine`, `alpine`."""
    parts = version.split(".")
    names = [".".join(parts[:length]) + flavour for length in range(len(parts), 0, -1)]
    return [*names, flavour.removeprefix("-") or "latest"]
