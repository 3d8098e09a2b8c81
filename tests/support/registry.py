"""A real registry, Debian's `docker-registry`, on loopback; and images pushed to it the way BuildKit does."""

import base64
import hashlib
import json
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest
import requests

from bot.fleet.vulnerabilities.model import Target
from bot.images import RepositoryName
from bot.sandbox.httpd import Answer, HttpServer, Request, free_port
from bot.sandbox.service import Service

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IN_TOTO = "application/vnd.in-toto+json"
SPDX = "https://spdx.dev/Document"
PROVENANCE_02 = "https://slsa.dev/provenance/v0.2"
PROVENANCE_1 = "https://slsa.dev/provenance/v1"
_STARTING_SECONDS = 10.0


@contextmanager
def running_registry(folder: Path) -> Iterator[str]:
    """Run a registry of its own and give its origin; the test is skipped where there is no such program."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("docker-registry is not installed")
    port = free_port()
    file = folder / "registry.yml"
    settings = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "registry")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    file.write_text(json.dumps(settings))  # JSON is YAML.
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [program, "serve", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(url, process)
            yield url
        finally:
            process.terminate()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _STARTING_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "docker-registry ended at once"
        try:
            if requests.get(f"{url}/v2/", timeout=1).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.02)
    raise AssertionError("docker-registry does not answer")


@dataclass(frozen=True)
class Build:
    """An image of one platform, as a build leaves it.

    Attributes:
        platform: `linux/amd64`.
        labels: Of its configuration.
        statements: What is stated of it, by predicate type.
        annotations: Of its entry in the index.
    """

    platform: str = "linux/amd64"
    labels: Mapping[str, str] = field(default_factory=dict)
    statements: Sequence[tuple[str, Any]] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pushed:
    """What came of a push.

    Attributes:
        digest: What the tag points to.
        targets: The image of each platform.
    """

    digest: str
    targets: Mapping[str, Target]


class Pusher:
    """Pushes to one repository by plain HTTP.

    Args:
        url: The registry's origin.
        repository: `namespace/name`.
    """

    def __init__(self, url: str, repository: str) -> None:
        self.repository = RepositoryName.parse(repository)
        self._base = f"{url}/v2/{self.repository}"
        self._session = requests.Session()

    def close(self) -> None:
        self._session.close()

    def blob(self, content: bytes, media_type: str = IN_TOTO, **annotations: str) -> dict[str, Any]:
        """Upload a file, and return the pointer to it."""
        digest = digest_of(content)
        begun = self._session.post(f"{self._base}/blobs/uploads/", timeout=10)
        begun.raise_for_status()
        headers = {"Content-Type": "application/octet-stream"}
        ended = self._session.put(
            begun.headers["Location"], params={"digest": digest}, data=content, headers=headers, timeout=30
        )
        ended.raise_for_status()
        named = {"annotations": annotations} if annotations else {}
        return {"mediaType": media_type, "digest": digest, "size": len(content), **named}

    def manifest(self, manifest: Mapping[str, Any], tag: str | None = None) -> dict[str, Any]:
        """Upload a manifest or index, under a tag or only its digest, and return the pointer to it."""
        body = json.dumps(manifest).encode()
        digest, media_type = digest_of(body), str(manifest["mediaType"])
        answer = self._session.put(
            f"{self._base}/manifests/{tag or digest}", data=body, headers={"Content-Type": media_type}, timeout=10
        )
        assert answer.status_code == 201, answer.text
        return {"mediaType": media_type, "digest": digest, "size": len(body)}

    def image(self, build: Build) -> dict[str, Any]:
        """Push the image of a platform; it has one layer, which is different for each platform and its labels."""
        os, architecture = build.platform.split("/")[:2]
        config = {"os": os, "architecture": architecture, "config": {"Labels": dict(build.labels)}}
        layer = self.blob(
            json.dumps([build.platform, dict(build.labels)]).encode(), "application/vnd.oci.image.layer.v1.tar"
        )
        return self.manifest(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": self.blob(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
                "layers": [layer],
            }
        )

    def attestation(self, about: str, statements: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        """Push statements about an image, and return their entry for its index."""
        layers = [self._statement(about, kind, predicate) for kind, predicate in statements]
        pointer = self.manifest(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": self.blob(b"{}", "application/vnd.oci.image.config.v1+json"),
                "layers": layers,
            }
        )
        return {
            **pointer,
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": about},
        }

    def push(self, tag: str, *builds: Build) -> Pushed:
        """Push an index of these images, each with what is stated of it, as `docker buildx build --push` does."""
        entries, attestations, targets = [], [], {}
        for build in builds:
            pointer = self.image(build)
            os, architecture = build.platform.split("/")[:2]
            platform = {"platform": {"os": os, "architecture": architecture}}
            named = {"annotations": dict(build.annotations)} if build.annotations else {}
            entries.append({**pointer, **platform, **named})
            targets[build.platform] = pointer["digest"]
            if build.statements:
                attestations.append(self.attestation(pointer["digest"], build.statements))
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*entries, *attestations]}
        digest = self.manifest(index, tag)["digest"]
        found = {platform: Target(self.repository, tag, each, digest, platform) for platform, each in targets.items()}
        return Pushed(digest, found)

    def _statement(self, about: str, kind: str, predicate: Any) -> dict[str, Any]:
        if isinstance(predicate, bytes):
            return self.blob(predicate, **{"in-toto.io/predicate-type": kind})
        statement = {
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": kind,
            "subject": [{"name": "_", "digest": {"sha256": about.removeprefix("sha256:")}}],
            "predicate": predicate,
        }
        return self.blob(json.dumps(statement).encode(), **{"in-toto.io/predicate-type": kind})


def digest_of(content: bytes) -> str:
    """Return the digest by which a registry knows something."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def spdx(*purls: str, name: str = "sbom", files: int = 3) -> dict[str, Any]:
    """Return an SBOM as BuildKit's scanner writes it."""
    packages = [
        {
            "SPDXID": f"SPDXRef-Package-{number}",
            "name": f"package-{number}",
            "externalRefs": [
                {"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:x:y:1"},
                {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl},
            ],
        }
        for number, purl in enumerate(purls)
    ]
    return {
        "SPDXID": "SPDXRef-DOCUMENT",
        "spdxVersion": "SPDX-2.3",
        "name": name,
        "packages": [{"SPDXID": "SPDXRef-Root", "name": "/", "versionInfo": "1"}, *packages],
        "files": [{"SPDXID": f"SPDXRef-File-{n}", "fileName": f"/usr/lib/{n}"} for n in range(files)],
    }


def provenance(*materials: tuple[str, str], version: int = 1) -> tuple[str, dict[str, Any]]:
    """Return a provenance of either version: the URI and digest of each material."""
    listed = [{"uri": uri, "digest": {"sha256": digest.removeprefix("sha256:")}} for uri, digest in materials]
    if version == 1:
        return PROVENANCE_1, {"buildDefinition": {"resolvedDependencies": listed}}
    return PROVENANCE_02, {"buildType": "https://mobyproject.org/buildkit@v1", "materials": listed}


class RegistryFront(Service):
    """What stands in front of the real registry: gives tokens, counts pulls, and keeps files elsewhere.

    Args:
        registry: The real one.

    Attributes:
        limit, remaining: The pull budget; None: it is not told, as with a paid plan.
        blobs_at: Where files are redirected to, an origin; None: nowhere.
        tamper: Changes what comes back: of a path, the body.
        refuses: Basic authorizations for which there is no token.
        invisible_to: Bearers for which there is nothing here.
        lifetime_seconds: How long bearers live.
        seen: What was asked: method, path and authorization.
    """

    def __init__(self, registry: str) -> None:
        self.limit: int | None = None
        self.remaining = 0
        self.blobs_at: str | None = None
        self.tamper: Callable[[str, bytes], bytes] = lambda _, body: body
        self.refuses: set[str] = set()
        self.invisible_to: set[str] = set()
        self.lifetime_seconds = 300
        self.seen: list[tuple[str, str, str]] = []
        self._registry = registry
        self._session = requests.Session()
        self._lock = threading.Lock()
        self._server = HttpServer(self._answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def pulls(self) -> int:
        return sum(method == "GET" and "/manifests/" in path for method, path, _ in self.seen)

    @property
    def asked(self) -> list[str]:
        """What was asked, each with its kind: `HEAD manifests`."""
        return [f"{method} {path.split('/')[-2]}" for method, path, _ in self.seen if path.startswith("/v2/")]

    def start(self) -> Self:
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop()
        self._session.close()

    def _answer(self, request: Request) -> Answer:
        authorization = request.headers.get("authorization", "")
        with self._lock:
            self.seen.append((request.method, request.path, authorization))
        if request.path == "/token":
            return self._token(request, authorization)
        if not authorization.startswith("Bearer of-") or authorization in self.invisible_to:
            return _failure(401, "UNAUTHORIZED")
        headers = {}
        if "/manifests/" in request.path and self.limit is not None:
            with self._lock:
                if request.method == "GET" and self.remaining <= 0:
                    return _failure(429, "TOOMANYREQUESTS")
                self.remaining -= request.method == "GET"
                headers = {
                    "RateLimit-Limit": f"{self.limit};w=3600",
                    "RateLimit-Remaining": f"{self.remaining};w=3600",
                }
        if "/blobs/" in request.path and self.blobs_at is not None:
            location = f"{self.blobs_at}{request.path}?signature=abc"
            return Answer(307, headers={"Location": location})
        return self._passed_on(request, headers)

    def _token(self, request: Request, authorization: str) -> Answer:
        if authorization in self.refuses:
            return Answer(401, json.dumps({"details": "incorrect username or password"}).encode())
        who = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")[0] or "nobody"
        scope = request.query["scope"].replace(":", "-").replace("/", "-")
        token = {"token": f"of-{who}-{scope}", "expires_in": self.lifetime_seconds}
        return Answer(200, json.dumps(token).encode())

    def _passed_on(self, request: Request, headers: dict[str, str]) -> Answer:
        with self._lock:
            answer = self._session.request(
                request.method,
                f"{self._registry}{request.path}",
                headers={"Accept": request.headers.get("accept", "*/*")},
                timeout=10,
            )
        told = answer.headers.get("Docker-Content-Digest")
        headers = {**headers, **({"Docker-Content-Digest": told} if told else {})}
        body = self.tamper(request.path, answer.content)
        return Answer(answer.status_code, body, answer.headers.get("Content-Type"), headers)


def _failure(status: int, code: str) -> Answer:
    return Answer(status, json.dumps({"errors": [{"code": code, "message": code.lower(), "detail": None}]}).encode())


@pytest.fixture(scope="session")
def registry_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real registry for all tests of a worker; each test has repositories of its own."""
    with running_registry(tmp_path_factory.mktemp("registry")) as url:
        yield url


@pytest.fixture
def front(registry_url: str) -> Iterator[RegistryFront]:
    with RegistryFront(registry_url) as front:
        yield front


@pytest.fixture
def pusher(registry_url: str) -> Iterator[Pusher]:
    """Pushes to a repository that nobody else uses, of the namespace `acme`."""
    pusher = Pusher(registry_url, f"acme/of-{secrets.token_hex(8)}")
    yield pusher
    pusher.close()
