"""A scanner on this machine as a source: any command that writes SARIF, such as these.

::

    grype {image} -o sarif
    trivy image --quiet --format sarif {image}
    docker scout cves --format sarif --output {output} {image}

Placeholders: `{image}` is the image by its digest, so that what is scanned is what was asked; `{platform}` is its
platform; `{output}` is a file for the answer, for commands that print other things besides. The words are split as a
shell would, and no shell reads them.

What the command gets of our environment is a list of names: where programs, homes, caches, proxies and certificates
are, and the scanners' own settings. Our tokens are not among them; a scanner that needs a login to the registry takes
it from Docker's configuration (`DOCKER_CONFIG`) or from its own settings (`TRIVY_…`, `GRYPE_…`, `DOCKER_SCOUT_HUB_…`).
It still runs as the bot's user and could read what that user can; a scanner that is not trusted belongs elsewhere.

Scanners end with a status of failure also because they found something. What counts is the report; only none found,
and a failure, is not believed.
"""

import os
import re
import shlex
import shutil
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bot.clock import Clock
from bot.errors import ConfigError
from bot.fleet.vulnerabilities.model import Scan, ScanState, Target, count
from bot.fleet.vulnerabilities.process import Limits, Ran, RunError, run
from bot.fleet.vulnerabilities.sarif import NotSarifError, parse
from bot.hub.failures import clean

TIMEOUT_SECONDS = 300.0
LARGEST_OUTPUT_BYTES = 20_000_000
"""The largest reports of real images have a few megabytes; reading one takes several times its size."""

_IMAGE, _PLATFORM, _OUTPUT = "{image}", "{platform}", "{output}"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_PLATFORM_NAME = re.compile(r"[a-z0-9]+(?:/[a-z0-9_.]+){1,2}")
_PASSED = frozenset(
    {
        *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("DOCKER_CONFIG", "DOCKER_HOST", "DOCKER_CONTEXT", "XDG_RUNTIME_DIR"),
    }
)
_PASSED_BEGINNINGS = (
    *("GRYPE_", "SYFT_", "TRIVY_"),
    *("DOCKER_SCOUT_HUB_", "DOCKER_SCOUT_REGISTRY_", "DOCKER_SCOUT_CACHE_"),
)
_SECRET_NAME = re.compile(r"PASS|PWD|TOKEN|SECRET|KEY|AUTH|CREDENTIAL|BEARER|HEADER", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"://(?:[^/@:]*:)?([^/@]+)@")
_LOOKS_SECRET = re.compile(r"(?=[^\d]*\d)(?=[^a-zA-Z]*[a-zA-Z])[A-Za-z0-9_+=-]{16,}", re.ASCII)


def words_of(command: str) -> tuple[str, ...]:
    """Split a command into words.

    Raises:
        ConfigError: It cannot be split, or does not name the image.
    """
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise ConfigError([f"The scanner's command cannot be read: {error}."]) from error
    if not words or not any(_IMAGE in word for word in words[1:]):
        raise ConfigError([f"The scanner's command must name the image: `grype {_IMAGE} -o sarif`."])
    return words


def environment_of(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return what a scanner gets of an environment."""
    return {
        name: value
        for name, value in inherited.items()
        if name.upper() in _PASSED or name.startswith(_PASSED_BEGINNINGS)
    }


def secrets_in(words: Sequence[str]) -> tuple[str, ...]:
    """Return what may be secret of a command: values by the names of their options, and what looks like one."""
    found: list[str] = []
    for before, word in zip(("", *words), words, strict=False):
        name, is_pair, value = word.partition("=")
        is_option = before.startswith("-") and "=" not in before and not word.startswith("-")
        if is_pair and _SECRET_NAME.search(name):
            found.append(value)
        elif is_option and _SECRET_NAME.search(before):
            found.append(word)
        # The last word of `Authorization: Bearer …` alone is a secret too.
        found += [each for each in re.split(r"[\s:=,]+", word) if _LOOKS_SECRET.fullmatch(each)]
        found += _IN_ADDRESS.findall(word)
    return tuple(sorted({each for each in found if "{" not in each}, key=len, reverse=True))


class ScannerSource:
    """An external scanner; runs once at a time.

    Args:
        command: What to run, with placeholders.
        clock: Tells when something was scanned. How long a scan takes is measured by the machine.
        environment: What may be passed on; None: that of this process.
        timeout_seconds: For one image.
        largest_bytes: Of a report.

    Raises:
        ConfigError: The command cannot be used.
    """

    name = "scanner"

    def __init__(
        self,
        command: str,
        clock: Clock,
        *,
        environment: Mapping[str, str] | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        largest_bytes: int = LARGEST_OUTPUT_BYTES,
    ) -> None:
        self._words = words_of(command)
        self._clock = clock
        self._environment = environment_of(os.environ if environment is None else environment)
        self._secrets = [
            *(value for name, value in self._environment.items() if _SECRET_NAME.search(name)),
            *secrets_in(self._words),
        ]
        self._limits = Limits(timeout_seconds, largest_bytes)
        self._turn = threading.Lock()
        self._stopping = threading.Event()
        self.label = _label(self._words)

    def problem(self, namespace: str) -> str:  # noqa: ARG002 - It is the same for all.
        """Return why it cannot be used: it is not installed; empty: it is."""
        program = self._words[0]
        if shutil.which(program, path=self._environment.get("PATH", os.defpath)) is None:
            return f"The scanner `{clean(program)}` is not installed."
        return ""

    def summarize(self, targets: Sequence[Target]) -> Iterable[Scan]:
        """Yield a scan for each target, with findings; the same image is scanned once."""
        awaited = Counter(target.digest for target in targets)
        known: dict[str, Scan] = {}
        for target in targets:
            scan = known.get(target.digest) or self.detail(target)
            awaited[target.digest] -= 1
            if awaited[target.digest]:
                known[target.digest] = scan
            else:
                known.pop(target.digest, None)
            yield scan

    def detail(self, target: Target) -> Scan:
        """Run the scanner on an image, when it is its turn."""
        why = self._why_not(target)
        if why:
            return self._nothing(target, why, ScanState.UNAVAILABLE)
        try:
            with self._turn:
                ran = run(
                    lambda file: self._filled(target, file),
                    environment=self._environment,
                    limits=self._limits,
                    is_file=any(_OUTPUT in word for word in self._words),
                    is_stopping=self._stopping.is_set,
                )
        except RunError as error:
            return self._nothing(target, f"{self.label} {error}")
        return self._read(target, ran)

    def stop(self) -> None:
        """End a scan that is under way, and begin none any more."""
        self._stopping.set()

    def _read(self, target: Target, ran: Ran) -> Scan:
        try:
            findings = parse(ran.answer)
        except NotSarifError as error:
            said = self._last_line(ran)
            ended = f"{self.label} ended with status {ran.status}"
            return self._nothing(target, f"{ended}: {said}" if said else f"{ended} and no report: {error}")
        if not findings and ran.status != 0:
            return self._nothing(target, f"{self.label} found nothing and ended with status {ran.status}")
        return Scan(target.digest, ScanState.ANALYSED, self._clock.now(), count(findings), findings)

    def _last_line(self, ran: Ran) -> str:
        """Return the last thing a scanner that failed said."""
        lines = [line for line in ran.last_words.splitlines() if line.strip()] if ran.status else []
        return clean(lines[-1], self._secrets).rstrip(".") if lines else ""

    def _why_not(self, target: Target) -> str:
        if not _DIGEST.fullmatch(target.digest):
            return "Docker Hub does not name it by a digest"
        needs_platform = any(_PLATFORM in word for word in self._words)
        if needs_platform and not _PLATFORM_NAME.fullmatch(target.platform or ""):
            return "its platform is not known"
        return ""

    def _filled(self, target: Target, file: Path) -> list[str]:
        values = {
            _IMAGE: f"{target.repository.familiar}@{target.digest}",
            _PLATFORM: target.platform or "",
            _OUTPUT: str(file),
        }
        return [re.sub(r"\{\w+\}", lambda found: values.get(found[0], found[0]), word) for word in self._words]

    def _nothing(self, target: Target, why: str, state: ScanState = ScanState.FAILED) -> Scan:
        return Scan(target.digest, state, self._clock.now(), why=why)


def _label(words: Sequence[str]) -> str:
    """Return what people call a scanner: `grype`, `docker scout`."""
    program = clean(Path(words[0]).name)
    return f"{program} {clean(words[1])}" if program == "docker" and len(words) > 1 else program
