"""Workflows and issue forms: what GitHub would only tell once they run, or not at all."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parent.parent
GITHUB = REPOSITORY / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.y*ml"))
FORMS = sorted(p for p in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if p.stem != "config")
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")

each_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda f: f.stem)


def workflow(text):
    """A workflow as GitHub reads it: its ``on`` is YAML's ``True``."""
    read = yaml.safe_load(text)
    return {("on" if key is True else key): value for key, value in read.items()}


def settings(job):
    """Every combination of the job's matrix."""
    matrix = dict(job.get("strategy", {}).get("matrix", {}))
    included = matrix.pop("include", [{}])
    axes = [dict(zip(matrix, values, strict=True)) for values in product(*matrix.values())]
    return [axis | more for axis in axes for more in included]


def commands(job):
    """Every command of a job's steps, with the matrix filled in."""
    for setting in settings(job):
        for step in job["steps"]:
            command = step.get("run", "")
            for name, value in setting.items():
                command = command.replace(f"${{{{ matrix.{name} }}}}", str(value))
            yield from command.splitlines()


def strange(job, targets=TARGETS):
    """The commands that are neither a make target of ours nor the set-up of the machine."""
    setup = re.compile(r"(sudo apt-get (update|install) |(python -m )?pip install )[\w. =-]+")
    called = re.compile(r"make ([a-z-]+)( [A-Z_]+=[\w./-]+)*")
    return [
        line
        for line in commands(job)
        if not setup.fullmatch(line)
        and not ((match := called.fullmatch(line)) and match[1] in targets)
    ]


def loose(text):
    """The lines that use an action that is not pinned to a commit, with its version beside it."""
    uses = [line.strip(" -") for line in text.splitlines() if re.match(r"\s*(- )?uses:", line)]
    return [line for line in uses if not PINNED.fullmatch(line)]


def test_there_are_workflows():
    assert {"tests", "book", "weekly"} <= {file.stem for file in WORKFLOWS}


@each_workflow
def test_each_step_is_a_make_target(file):
    for job in workflow(file.read_text(encoding="utf-8"))["jobs"].values():
        assert not strange(job)


@each_workflow
def test_actions_are_pinned(file):
    text = file.read_text(encoding="utf-8")
    assert not loose(text)
    used = [
        step["uses"]
        for job in workflow(text)["jobs"].values()
        for step in job["steps"]
        if "uses" in step
    ]
    assert used
    assert text.count("uses:") == len(used), "the pattern of `loose` missed one"


def test_an_action_has_one_version():
    pairs = {
        tuple(re.split("[@ ]", line.strip(" -").removeprefix("uses: "))[:2])
        for file in WORKFLOWS
        for line in file.read_text(encoding="utf-8").splitlines()
        if "uses:" in line
    }
    assert len(pairs) == len({name for name, _ in pairs})


@each_workflow
def test_rights_and_runs_are_limited(file):
    read = workflow(file.read_text(encoding="utf-8"))
    assert read["permissions"] == {"contents": "read"}
    assert read["concurrency"]["group"]
    assert "pull_request_target" not in read["on"]
    for name, job in read["jobs"].items():
        assert job["timeout-minutes"] <= 90
        # Only the job that publishes may write, and it runs nothing of the repository.
        if "permissions" in job:
            assert name == "deploy"
            assert job["permissions"] == {"pages": "write", "id-token": "write"}
            assert not [*commands(job)]
        for step in job["steps"]:
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False
            if "setup-python" in step.get("uses", ""):
                assert step["with"]["cache"] == "pip"
                for path in step["with"]["cache-dependency-path"].split():
                    assert (REPOSITORY / path).is_file()


def test_every_python_is_tried():
    read = workflow((GITHUB / "workflows" / "tests.yml").read_text(encoding="utf-8"))
    assert read["jobs"]["tests"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]


def test_every_week_tries_other_versions_and_links():
    read = workflow((GITHUB / "workflows" / "weekly.yml").read_text(encoding="utf-8"))
    assert read["on"]["schedule"]
    ran = set(commands(read["jobs"]["weekly"]))
    assert {"make test-newest", "make test-oldest", "make test-colab", "make links"} <= ran


def test_the_checks_find_what_they_look_for():
    job = {
        "strategy": {"matrix": {"python": [3, 4], "include": [{"goal": "links"}, {"goal": "no"}]}},
        "steps": [{"run": "make ${{ matrix.goal }}"}, {"run": "make book ARGS=-k\ncurl x | sh"}],
    }
    assert strange(job, {"links", "book"}) == ["curl x | sh", "make no", "curl x | sh"] * 2
    assert strange({"steps": [{"run": "make book; rm x"}]}) == ["make book; rm x"]
    sha = "0123456789" * 4
    assert not loose(f"    - uses: a/b@{sha} # v1.2.3")
    for wrong in (f"uses: a/b@{sha}", "uses: a/b@v1 # v1.0.0", f"uses: a/b@{sha[1:]} # v1.0.0"):
        assert loose(f"      {wrong}") == [wrong]


@pytest.mark.parametrize("file", FORMS, ids=lambda f: f.stem)
def test_issue_forms(file):
    """GitHub silently shows no form where one of these is wrong."""
    form = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(form) <= {"name", "description", "body", "labels"}
    assert 3 < len(form["name"]) < 200
    assert 3 < len(form["description"]) < 200
    ids = [part["id"] for part in form["body"]]
    assert len(ids) == len(set(ids))
    for part in form["body"]:
        assert set(part) <= {"type", "id", "attributes", "validations"}
        assert part["type"] in {"input", "textarea", "dropdown"}
        assert re.fullmatch(r"[\w-]+", part["id"])
        assert part["attributes"]["label"]
        if part["type"] == "dropdown":
            options = part["attributes"]["options"]
            assert all(isinstance(option, str) for option in options)
            assert len(options) == len(set(options)) > 1
    assert any(part.get("validations", {}).get("required") for part in form["body"])


def test_the_forms_ask_for_what_helps():
    assert {"book", "code"} == {file.stem for file in FORMS}
    assert "python -m gan_lessons doctor" in (GITHUB / "ISSUE_TEMPLATE/code.yml").read_text()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "tools/template.md"])
def test_make_targets_in_texts_exist(name):
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`|&& |=\d )make ([a-z-]+)", text, re.MULTILINE))
    assert named
    assert named <= TARGETS


def test_the_files_that_contributing_names_exist():
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:[\w.]+/)+(?:[\w.]+)?|_?[\w]+\.(?:yml|md))`|\]\(([\w./]+)\)", text)
    names = [a or b for a, b in paths]
    assert len(names) > 8
    assert not [name for name in names if not (REPOSITORY / name).exists()]
