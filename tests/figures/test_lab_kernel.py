"""The lab in a real kernel: Run, progress and Stop by messages, as a notebook's page sends them.

`Page` keeps the widgets' states, and does what a page's link does.  It also holds the kernel to
what Colab asks for: it may send to the page only while it answers a message of the page.
"""

from __future__ import annotations

import contextlib
import queue
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

jupyter_client = pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")
pytest.importorskip("ipywidgets")

PATIENCE = 120  # seconds for anything, on the busiest machine
CELL = """
from gan_lessons import figures
from gan_lessons.toy import ToySettings
lab = figures.lab(ToySettings(batch=16, g_hidden=(8,), d_hidden=(8,)), steps=1_000_000)
lab
"""


class Page:
    """A notebook's page, as far as a kernel can tell."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.states: dict[str, dict[str, Any]] = {}  # of the widgets, by id
        self.pictures: set[str] = set()  # of the widgets that hold a picture
        self.printed = ""
        self.shown: list[dict[str, Any]] = []
        self.answered: set[str] = set()  # requests that the kernel has done with
        self.on_its_own: list[str] = []  # what it sent without one

    def run(self, code: str) -> str:
        """Run a cell; return what it printed."""
        self.printed = ""
        request = self.client.execute(code)
        self.until(lambda: request in self.answered)
        return self.printed

    def send(self, widget: str, **data: Any) -> None:
        message = self.client.session.msg("comm_msg", {"comm_id": widget, "data": data})
        self.client.shell_channel.send(message)

    def click(self, name: str) -> None:
        (button,) = self.find(_view_name="ButtonView", description=name)
        self.send(button, method="custom", content={"event": "click"})

    def find(self, **state: Any) -> list[str]:
        return [
            name
            for name, one in self.states.items()
            if all(one.get(key) == value for key, value in state.items())
        ]

    def words(self) -> str:
        """All text of the page."""
        return " ".join(str(one.get("value")) for one in self.states.values())

    def until(self, done: Callable[[], Any]) -> None:
        """Take what the kernel sends, until this is true."""
        end = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < end, self.words()
            with contextlib.suppress(queue.Empty):
                self._take(self.client.get_iopub_msg(timeout=0.1))

    def _take(self, message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        parent = message["parent_header"].get("msg_id", "")
        if kind == "status" and content["execution_state"] == "idle":
            self.answered.add(parent)
        elif kind == "stream":
            self.printed += content["text"]
        elif kind in ("display_data", "execute_result"):
            self.shown.append(content["data"])
        elif kind == "error":
            raise AssertionError("\n".join(content["traceback"]))
        elif kind.startswith("comm_"):
            if parent in self.answered or not parent:
                self.on_its_own.append(f"{kind} {content}")
            self._update(kind, content, message["buffers"])

    def _update(self, kind: str, content: dict[str, Any], buffers: list[Any]) -> None:
        name, data = content["comm_id"], content["data"]
        if kind == "comm_close":
            self.states.pop(name)
            return
        if data.get("method") not in (None, "update"):
            return  # an echo of what the page sent
        self.states.setdefault(name, {}).update(data["state"])
        if any(bytes(one).startswith(b"\x89PNG") for one in buffers):
            self.pictures.add(name)
        for link in self.find(_model_name="DirectionalLinkModel"):
            (source, trait), (target, other) = (
                (end[0].removeprefix("IPY_MODEL_"), end[1])
                for end in (self.states[link]["source"], self.states[link]["target"])
            )
            if name == source and self.states[target][other] != self.states[name][trait]:
                self.states[target][other] = value = self.states[name][trait]
                self.send(target, method="update", state={other: value}, buffer_paths=[])


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.delenv("GAN_LESSONS_WIDGETS", raising=False)
    manager, client = jupyter_client.manager.start_new_kernel(startup_timeout=PATIENCE)
    try:
        yield Page(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_run_progress_stop_and_the_player(page: Page) -> None:
    page.run(CELL)
    assert len(page.shown) == 1
    view = page.shown[0]["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert page.states[view]["_view_name"] == "VBoxView"
    (bar,) = page.find(description="Progress")

    page.click("Run")
    page.until(lambda: page.states[bar]["value"] > 0)
    assert page.states[bar]["max"] == 1_000_000
    before = page.states[bar]["value"]
    # The kernel is free for other cells, and the bar moves on afterwards.
    assert page.run("print(6 * 7)").strip() == "42"
    page.until(lambda: page.states[bar]["value"] > before)
    assert page.pictures == set()

    page.click("Stop")
    page.until(lambda: "Stopped after" in page.words())
    found = re.search(r"Stopped after ([\d,]+) of 1,000,000 training steps", page.words())
    assert found is not None
    done = int(found[1].replace(",", ""))
    assert before <= done < 1_000_000
    trained = page.run("run, = lab.runs; print(len(run.d_loss), run.frames[-1])")
    assert trained.split() == [str(done), str(done)]

    # The player shows what was trained so far, and can be moved.
    assert len(page.pictures) == 1
    assert f"Step {done}:" in page.words()
    (slider,) = page.find(description="Training step")
    page.send(slider, method="update", state={"value": 0}, buffer_paths=[])
    page.until(lambda: "Step 0:" in page.words())

    # Once more, to the end.
    (steps,) = page.find(description="Training steps")
    page.send(steps, method="update", state={"value": 20}, buffer_paths=[])
    page.click("Run")
    page.until(lambda: "Done: 20 training steps" in page.words())
    assert "Step 20:" in page.words()
    assert page.on_its_own == []
