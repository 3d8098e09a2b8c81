"""An external scanner: small programs that behave as scanners do, and as nothing should."""

import json
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.clock import FrozenClock
from bot.errors import ConfigError
from bot.fleet.vulnerabilities.model import Scan, ScanState, Severity, Target, Vulnerability
from bot.fleet.vulnerabilities.scanner import ScannerSource, environment_of, secrets_in, words_of
from bot.images import RepositoryName
from tests.support.desk import NOW

GRYPE = (Path(__file__).parent / "reports" / "grype.sarif").read_text()
API = RepositoryName("acme", "api")
NGINX = RepositoryName("library", "nginx")

PRINT_REPORT = f"print({GRYPE!r})"
NOTHING_FOUND = json.dumps({"runs": [{"tool": {"driver": {"name": "x"}}, "results": []}]})

Scanner = Callable[..., ScannerSource]
Told = Callable[[ScannerSource, Target], Any]


def target(letter: str = "a", repository: RepositoryName = API, platform: str | None = "linux/amd64") -> Target:
    digest = f"sha256:{letter * 64}"
    return Target(repository, "latest", digest, digest, platform)


@pytest.fixture
def scanner(tmp_path: Path) -> Scanner:
    """Return a function that makes a source whose scanner is a Python script."""

    def make(script: str, *arguments: str, environment: dict[str, str] | None = None, **limits: Any) -> ScannerSource:
        file = tmp_path / "myscanner"
        # Isolated and without `site`: it starts in a quarter of the time.
        file.write_text(f"#!{sys.executable} -ISE\n{script}\n")
        file.chmod(0o700)
        command = shlex.join([str(file), *(arguments or ("{image}",))])
        inherited = {"PATH": os.environ["PATH"]} if environment is None else environment
        return ScannerSource(command, FrozenClock(NOW), environment=inherited, **limits)

    return make


def failed(why: str, state: ScanState = ScanState.FAILED) -> Scan:
    return Scan(target().digest, state, NOW, why=why)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """Return a function that scans with a script of `telling`, and returns what the script saw."""

    def scan(source: ScannerSource, image: Target) -> Any:
        assert source.detail(image).state is ScanState.ANALYSED
        return json.loads((tmp_path / "told").read_text())

    return scan


def telling(expression: str) -> str:
    """Return a script that writes down what it sees, beside itself."""
    written = f"open(os.path.dirname(sys.argv[0]) + '/told', 'w').write(json.dumps({expression}))"
    return f"import json, os, sys\n{written}\n{PRINT_REPORT}"


def test_what_a_scanner_reports_is_what_is_found(scanner: Scanner) -> None:
    scan = scanner(PRINT_REPORT).detail(target())

    assert (scan.digest, scan.state, scan.scanned_at, scan.why) == (target().digest, ScanState.ANALYSED, NOW, "")
    assert scan.counts == dict(zip(Severity, (1, 1, 1, 1, 1), strict=True))
    assert scan.findings is not None
    assert scan.findings[0] == Vulnerability(
        "CVE-2026-30001", Severity.CRITICAL, "openssl", "3.0.11-1~deb12u2", "3.0.17-1~deb12u3", 9.8
    )


def test_the_image_is_named_by_its_digest(scanner: Scanner, told: Told) -> None:
    source = scanner(telling("sys.argv[1:]"), "scan", "--platform={platform}", "{image}", "{other}", "a b; $(c)")

    image = f"acme/api@sha256:{'a' * 64}"
    assert told(source, target()) == ["scan", "--platform=linux/amd64", image, "{other}", "a b; $(c)"]
    assert told(source, target("b", NGINX))[2] == f"nginx@sha256:{'b' * 64}"


def test_a_report_may_be_in_a_file_while_other_things_are_printed(scanner: Scanner) -> None:
    script = f"import sys; print('i New version available'); open(sys.argv[1], 'w').write({GRYPE!r})"

    assert scanner(script, "{output}", "{image}").detail(target()).state is ScanState.ANALYSED


@pytest.mark.parametrize(
    "script",
    [
        "pass",
        "import os, sys; os.mkfifo(sys.argv[1])",
        "import os, sys; os.symlink('/etc/passwd', sys.argv[1])",
        "import os, sys; os.mkdir(sys.argv[1])",
    ],
)
def test_what_is_no_file_is_no_report(scanner: Scanner, script: str) -> None:
    assert scanner(script, "{output}", "{image}").detail(target()) == failed("myscanner wrote no file")


def test_finding_something_is_no_failure_whatever_the_status(scanner: Scanner) -> None:
    assert scanner(f"{PRINT_REPORT}\nraise SystemExit(2)").detail(target()).state is ScanState.ANALYSED


def test_nothing_found_is_believed_only_without_a_failure(scanner: Scanner) -> None:
    assert scanner(f"print({NOTHING_FOUND!r})").detail(target()).counts == dict.fromkeys(Severity, 0)
    assert scanner(f"print({NOTHING_FOUND!r})\nraise SystemExit(1)").detail(target()) == failed(
        "myscanner found nothing and ended with status 1"
    )


def test_a_failure_tells_the_scanners_last_words_without_secrets_or_control_characters(scanner: Scanner) -> None:
    script = (
        "import sys; print('first', file=sys.stderr)\n"
        "print('FATAL \\x1b[31munable to find hunter22 at https://ana:pw@proxy.\\n\\n', file=sys.stderr)\n"
        "raise SystemExit(1)"
    )
    source = scanner(script, environment={"PATH": os.environ["PATH"], "TRIVY_PASSWORD": "hunter22"})

    assert source.detail(target()) == failed(
        "myscanner ended with status 1: FATAL [31munable to find [redacted] at https://[redacted]@proxy"
    )


@pytest.mark.parametrize(
    ("arguments", "secret"),
    [
        (("--token=hunter22", "{image}"), "hunter22"),
        (("--registry-password", "hunter22", "{image}"), "hunter22"),
        (("--registry=https://ana:hunter22@registry.example", "{image}"), "hunter22"),
        (("-p", "s3cret5ecret6secret", "{image}"), "s3cret5ecret6secret"),
        (("--add", "Authorization: Bearer s3cret5ecret6secret", "{image}"), "s3cret5ecret6secret"),
    ],
)
def test_secrets_of_the_command_itself_are_not_told(scanner: Scanner, arguments: tuple[str, ...], secret: str) -> None:
    script = f"import sys; print('refused: {secret}', file=sys.stderr)\nraise SystemExit(1)"

    why = scanner(script, *arguments).detail(target()).why

    assert why == "myscanner ended with status 1: refused: [redacted]"


def test_plain_words_of_the_command_are_told() -> None:
    words = (
        "grype",
        "{image}",
        "-o",
        "sarif",
        "--platform={platform}",
        "--scope",
        "all-layers",
        "--output",
        "{output}",
    )

    assert secrets_in(words) == ()


@pytest.mark.parametrize(
    ("printed", "why"), [("", "it is no JSON"), ("{}", "it is no SARIF"), ("Usage: grype", "it is no JSON")]
)
def test_what_is_no_sarif_is_said(scanner: Scanner, printed: str, why: str) -> None:
    assert scanner(f"print({printed!r})").detail(target()) == failed(
        f"myscanner ended with status 0 and no report: {why}"
    )


def test_a_scanner_that_is_not_installed_is_said_before_and_after(tmp_path: Path) -> None:
    source = ScannerSource("no-such-scanner {image}", FrozenClock(NOW), environment={"PATH": str(tmp_path)})

    assert source.problem("acme") == "The scanner `no-such-scanner` is not installed."
    assert source.detail(target()) == failed("no-such-scanner is not installed")


def test_a_scanner_that_may_not_be_run_is_said(tmp_path: Path) -> None:
    (tmp_path / "scanner").write_text("no program")

    source = ScannerSource(f"{tmp_path}/scanner {{image}}", FrozenClock(NOW))

    assert source.detail(target()) == failed("scanner cannot be started")


def test_an_installed_scanner_has_no_problem(scanner: Scanner) -> None:
    source = scanner(PRINT_REPORT)

    assert (source.problem("acme"), source.name, source.label) == ("", "scanner", "myscanner")
    assert ScannerSource("docker scout cves {image}", FrozenClock(NOW)).label == "docker scout"


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _gone(pid: int) -> bool:
    for _ in range(100):
        if not _is_running(pid):
            return True
        time.sleep(0.02)
    return False


def test_a_slow_scanner_is_ended_with_its_children(scanner: Scanner, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"child = os.fork()\nopen({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n')\ntime.sleep(60)"
    )

    scan = scanner(script, timeout_seconds=0.5).detail(target())

    assert scan == failed("myscanner took longer than 0.5 s")
    started = [int(line) for line in pids.read_text().split()]
    assert len(started) == 2
    assert all(_gone(pid) for pid in started)


def test_a_child_that_is_left_behind_neither_holds_up_the_report_nor_lives_on(scanner: Scanner, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = (
        f"import os, sys, time\n{PRINT_REPORT}\nsys.stdout.flush()\nchild = os.fork()\n"
        f"if child: open({str(pid)!r}, 'w').write(str(child))\nelse: time.sleep(60)"
    )

    assert scanner(script, timeout_seconds=30).detail(target()).state is ScanState.ANALYSED
    assert _gone(int(pid.read_text()))


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("import sys\nwhile True: sys.stdout.write('x' * 65536)", ("{image}",)),
        (
            "import sys\nwith open(sys.argv[1], 'w') as file:\n  while True: file.write('x' * 65536)",
            ("{output}", "{image}"),
        ),
        (
            "import sys, time\nopen(sys.argv[1], 'w').write('x' * 300_000)",
            ("{output}", "{image}"),
        ),
    ],
)
def test_endless_output_is_cut_short(scanner: Scanner, script: str, arguments: Sequence[str]) -> None:
    source = scanner(script, *arguments, largest_bytes=200_000, timeout_seconds=30)

    assert source.detail(target()) == failed("myscanner wrote more than is plausible")


def test_endless_complaints_do_not_matter(scanner: Scanner) -> None:
    script = f"import sys\nsys.stderr.write('x' * 3_000_000)\nsys.stderr.flush()\n{PRINT_REPORT}"

    assert scanner(script, largest_bytes=200_000).detail(target()).state is ScanState.ANALYSED


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot limit another process")
def test_memory_is_limited(scanner: Scanner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.fleet.vulnerabilities.process.MOST_DATA_BYTES", 200_000_000)
    script = "import time; time.sleep(0.2)\nmuch = bytearray(400_000_000)\nprint('not limited')"

    scan = scanner(script).detail(target())

    assert scan == failed("myscanner ended with status 1: MemoryError")


def test_a_scanner_has_no_input_and_an_empty_folder_of_its_own(scanner: Scanner, told: Told) -> None:
    source = scanner(telling("[sys.stdin.read(), os.listdir('.'), os.getcwd()]"))

    first, second = told(source, target()), told(source, target())

    assert first[:2] == ["", []]
    assert first[2] != second[2]
    assert not Path(first[2]).exists()


def test_a_scanner_sees_none_of_our_secrets(scanner: Scanner, told: Told) -> None:
    allowed = {
        "PATH": os.environ["PATH"],
        "HOME": "/home/bot",
        "https_proxy": "http://proxy:3128",
        "DOCKER_CONFIG": "/home/bot/.docker",
        "TRIVY_CACHE_DIR": "/cache",
        "GRYPE_DB_AUTO_UPDATE": "false",
        "DOCKER_SCOUT_HUB_USER": "scanner",
    }
    ours = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "DOCKERHUB_TOKEN": "dckr_pat_1",
        "DOCKERHUB_PASSWORD": "pw",
        "DOCKERHUB_ORG_TOKENS": "acme=dckr_oat_1",
        "DOCKER_SCOUT_URL": "http://127.0.0.1:1",
        "HUB_BOT_SECRET_KEY": "key",
        "HUB_BOT_DATABASE_URL": "postgresql://u:p@h/d",
        "LD_PRELOAD": "/evil.so",
        "PYTHONPATH": "/evil",
    }
    source = scanner(telling("dict(os.environ)"), environment={**allowed, **ours})

    seen = told(source, target())

    seen.pop("LC_CTYPE", None)  # Python sets it for itself.
    assert seen == allowed == environment_of({**allowed, **ours})


def test_without_an_environment_it_is_that_of_the_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: Told
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-of-a-test")
    monkeypatch.setenv("TRIVY_CACHE_DIR", "/cache")
    file = tmp_path / "scanner"
    file.write_text(f"#!{sys.executable} -ISE\n{telling('dict(os.environ)')}")
    file.chmod(0o700)

    seen = told(ScannerSource(f"{file} {{image}}", FrozenClock(NOW)), target())

    assert seen["TRIVY_CACHE_DIR"] == "/cache"
    assert "SLACK_BOT_TOKEN" not in seen


@pytest.mark.parametrize(
    ("digest", "platform", "why"),
    [
        ("--config=/etc/passwd", "linux/amd64", "Docker Hub does not name it by a digest"),
        ("", "linux/amd64", "Docker Hub does not name it by a digest"),
        (f"sha256:{'a' * 64}", "--config=/etc/passwd", "its platform is not known"),
        (f"sha256:{'a' * 64}", None, "its platform is not known"),
    ],
)
def test_only_what_is_a_digest_or_a_platform_reaches_the_command(
    scanner: Scanner, digest: str, platform: str | None, why: str
) -> None:
    source = scanner("raise SystemExit(9)", "--platform", "{platform}", "{image}")

    scan = source.detail(Target(API, "latest", digest, digest, platform))

    assert (scan.state, scan.why) == (ScanState.UNAVAILABLE, why)


@pytest.mark.parametrize("command", ["", "grype", "grype -o sarif", "{image}", "grype '{image}"])
def test_a_command_that_cannot_work_is_refused_at_once(command: str) -> None:
    with pytest.raises(ConfigError):
        words_of(command)


def test_the_same_image_is_scanned_once_and_told_for_each_target(scanner: Scanner, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    source = scanner(f"open({str(runs)!r}, 'a').write('x')\n{PRINT_REPORT}")
    targets = [target("a"), target("b", NGINX), target("a", NGINX)]

    scans = list(source.summarize(targets))

    assert [scan.digest for scan in scans] == [each.digest for each in targets]
    assert runs.read_text() == "xx"


def test_one_scanner_runs_at_a_time(scanner: Scanner, tmp_path: Path) -> None:
    busy = tmp_path / "busy"
    script = f"import os, time\nos.mkdir({str(busy)!r})\ntime.sleep(0.1)\nos.rmdir({str(busy)!r})\n{PRINT_REPORT}"
    source = scanner(script)
    scans: list[Scan] = []
    threads = [threading.Thread(target=lambda: scans.append(source.detail(target()))) for _ in range(3)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert [scan.state for scan in scans] == [ScanState.ANALYSED] * 3


def test_a_scan_under_way_ends_when_the_bot_does(scanner: Scanner) -> None:
    source = scanner("import time; time.sleep(60)")
    threading.Timer(0.3, source.stop).start()

    assert source.detail(target()) == failed("myscanner was stopped")


def test_a_scanner_that_is_killed_is_said(scanner: Scanner) -> None:
    script = f"import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n{PRINT_REPORT}"

    assert scanner(script).detail(target()) == failed(
        f"myscanner ended with status {-signal.SIGKILL} and no report: it is no JSON"
    )
