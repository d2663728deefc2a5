"""The files beside the code that repeat something of it."""

from __future__ import annotations

import datetime
from pathlib import Path

import yaml

import gan_lessons

REPOSITORY = Path(__file__).parent.parent


def test_the_citation_is_of_this_version():
    cited = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == gan_lessons.__version__
    assert cited["cff-version"] == "1.2.0"
    assert isinstance(cited["date-released"], datetime.date)
    assert all(cited[key] for key in ("message", "title", "authors", "license"))
