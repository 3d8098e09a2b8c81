"""How bad, by CVSS or by words. The scores are those of FIRST's own examples and calculators."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fleet.vulnerabilities.model import Severity
from bot.fleet.vulnerabilities.ratings import rate, worst
from bot.hub.advisory import Rating

V2 = Rating("CVSS_V2", "AV:N/AC:L/Au:N/C:C/I:C/A:C")  # 10.0
V3 = Rating("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")  # 9.8
V4 = Rating("CVSS_V4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N")  # 9.3


@pytest.mark.parametrize(
    ("ratings", "word", "severity", "score"),
    [
        ([V3], "", Severity.CRITICAL, 9.8),
        ([V2], "", Severity.HIGH, 10.0),
        ([V2, V4, V3], "low", Severity.CRITICAL, 9.3),
        ([Rating("CVSS_V3", "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:N/A:N")], "", Severity.MEDIUM, 6.8),
        ([Rating("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H")], "", Severity.HIGH, 7.5),
        ([Rating("CVSS_V3", "CVSS:3.0/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N")], "", Severity.LOW, 1.6),
        ([Rating("CVSS_V3", "nonsense")], "moderate", Severity.MEDIUM, None),
        ([Rating("CVSS_V3", "nonsense"), V2], "", Severity.HIGH, 10.0),
        ([Rating("Ubuntu", "negligible")], "", Severity.LOW, None),
        ([], "important", Severity.HIGH, None),
    ],
)
def test_newest_vector_decides_and_then_words(
    ratings: list[Rating], word: str, severity: Severity, score: float | None
) -> None:
    assert rate(ratings, word) == (severity, score)


@given(st.sampled_from(["CVSS_V2", "CVSS_V3", "CVSS_V4", "Ubuntu"]), st.text() | st.text().map("CVSS:3.1/{}".format))
def test_nonsense_rates_nothing(kind: str, score: str) -> None:
    assert rate([Rating(kind, score)], "") is None or kind == "Ubuntu"


def test_worst_is_the_worst() -> None:
    low, high = (Severity.LOW, None), (Severity.HIGH, 7.5)

    assert worst([low, None, high, (Severity.HIGH, 8.0)]) == (Severity.HIGH, 8.0)
    assert worst([None]) is None
