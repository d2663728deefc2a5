"""Look whether the addresses outside the book still answer: ``make links``.

Addresses stand in the chapters, in the bibliography (``url``, ``doi`` and arXiv), in the files for
people who look at the repository, and in the package. Each is asked for once, several at a time.
An address is

- **broken** if its server says that there is nothing (404, 410), or cannot be found at all;
- **unknown** if the server refuses programs, fails or takes too long: somebody should look.

Only broken ones make the command fail. It is the only thing in this repository that needs the
network, so it is no test: it runs once a week.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urldefrag
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("*.md", "*.toml", "*.cff", "book/**/*.md", "book/*.bib", "gan_lessons/**/*.py")
ADDRESS = re.compile(r"https?://[^\s<>\"'`{}|\\^]+")
DOI = re.compile(r"^\s*doi\s*=\s*[{\"]([^}\"]+)", re.IGNORECASE | re.MULTILINE)
ARXIV = re.compile(r"^\s*eprint\s*=\s*[{\"](\d{4}\.\d{4,5})|arXiv:(\d{4}\.\d{4,5})", re.MULTILINE)
# Names that stand for nothing real.
NOT_MEANT = re.compile(r"https?://(localhost|127\.|[\w.-]*example\.)")
GONE = {404, 410}
BROWSER = "Mozilla/5.0 (compatible; link check of a book)"


@dataclass(frozen=True)
class Answer:
    """What became of one address: ``good``, ``broken`` or ``unknown``, and why."""

    address: str
    verdict: str
    why: str = ""


def addresses(text: str) -> set[str]:
    """Find the addresses in a text, without what only ends a sentence or a bracket.

    Examples
    --------
    >>> sorted(addresses("See (https://a.org/x_(y)), [b](https://b.org/c#d)."))
    ['https://a.org/x_(y)', 'https://b.org/c']
    >>> addresses("  doi = {10.1000/182},")
    {'https://doi.org/10.1000/182'}
    """
    found = set()
    for match in ADDRESS.findall(text):
        address = match.rstrip(".,;:!?*")
        while address.endswith((")", "]")) and _unbalanced(address):
            address = address[:-1].rstrip(".,;:!?*")
        found.add(urldefrag(address).url)
    found |= {f"https://doi.org/{doi.strip()}" for doi in DOI.findall(text)}
    found |= {f"https://arxiv.org/abs/{a or b}" for a, b in ARXIV.findall(text)}
    return {address for address in found if not NOT_MEANT.match(address)}


def _unbalanced(address: str) -> bool:
    return any(address.count(a) < address.count(b) for a, b in ("()", "[]"))


def everywhere(root: Path) -> dict[str, list[str]]:
    """Find each address with the files that it stands in.

    In the package an address that ends with a slash is a mirror of data: its files are asked for.
    """
    where: dict[str, list[str]] = {}
    for pattern in PLACES:
        for file in sorted(root.glob(pattern)):
            for address in sorted(addresses(file.read_text(encoding="utf-8"))):
                if file.suffix == ".py" and address.endswith("/"):
                    continue
                where.setdefault(address, []).append(str(file.relative_to(root)))
    return where


def mirrors() -> dict[str, list[str]]:
    """Find the files of data that the package downloads, at every mirror."""
    from gan_lessons.mnist.files import ARCHIVES

    return {
        mirror + file.name: ["gan_lessons.mnist.files"]
        for archive in ARCHIVES.values()
        for mirror in archive.mirrors
        for pair in archive.splits.values()
        for file in pair
    }


def ask(address: str, *, tries: int = 3, timeout: float = 30.0, pause: float = 5.0) -> Answer:
    """Ask for one address; once more after a pause if the server fails or takes too long."""
    safe = quote(address, safe=":/?#[]@!$&'()*+,;=%~")
    why = ""
    for attempt in range(tries):
        if attempt:
            time.sleep(pause)
        request = Request(safe, headers={"User-Agent": BROWSER})
        try:
            with urlopen(request, timeout=timeout):
                return Answer(address, "good")
        except HTTPError as error:
            why = f"{error.code} {error.reason}"
            if error.code in GONE:
                return Answer(address, "broken", why)
            if error.code < 500 and error.code != 429:
                break  # refused, and it would be again
        except URLError as error:
            why = str(error.reason)
            if "Name or service not known" in why or "No address associated" in why:
                return Answer(address, "broken", why)
        except (OSError, HTTPException) as error:  # time-outs, connections that break
            why = f"{type(error).__name__}: {error}"
    return Answer(address, "unknown", why)


def report(answers: Iterable[Answer], where: dict[str, list[str]]) -> int:
    """Print what is not good; returns the exit status."""
    answers = list(answers)
    for verdict in ("unknown", "broken"):
        for answer in answers:
            if answer.verdict == verdict:
                places = ", ".join(where[answer.address])
                print(f"{verdict}: {answer.address} ({answer.why}) in {places}")
    counts = {v: sum(a.verdict == v for a in answers) for v in ("good", "unknown", "broken")}
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return int(counts["broken"] > 0)


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Ask for every address; with ``--list`` only name them."""
    where = everywhere(root) | mirrors()
    if "--list" in arguments:
        print("\n".join(sorted(where)))
        return 0
    with ThreadPoolExecutor(8) as pool:
        return report(pool.map(ask, sorted(where)), where)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
