"""The shape of the package: floors, sizes, cheap imports, docstrings, and errors that help."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch

import gan_lessons
from gan_lessons import (
    batches,
    curves,
    densities,
    losses,
    networks,
    penalties,
    theory,
    toy,
    training,
)

PACKAGE = Path(gan_lessons.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# The table in the docstring of gan_lessons/__init__.py, once more.
FLOORS = [
    {"samples", "devices", "checks"},
    {"laws", "integrands", "quadrature"}
    | {"densities", "losses", "networks", "penalties", "objectives", "finite_game"}
    | {"optimiser", "history", "checkpoints", "processes", "graphs"}
    | {"averages", "loop_settings"},
    {"training", "batches", "interrupts"}
    | {"divergences", "f_divergences", "theory", "updates"}
    | {"alternatives", "optima", "batch_layers", "techniques", "norms"}
    | {"metrics", "neighbours", "kernels"},
    {"toy", "gradients", "classifiers", "estimators", "dynamics", "fits", "mnist"}
    | {"plane", "semisupervised", "balls", "conditional", "methods"},
    {"curves", "snapshots", "discriminators", "learning_curves", "shift_gan"}
    | {"contest", "failures", "digits8", "variants"},
    {"plots", "quick_curves"},
    {"figures", "exercises", "plots_theory", "commands", "plots_digits"},
    {"__main__"},
]
FLOOR = {module: i + 1 for i, modules in enumerate(FLOORS) for module in modules}


def name_of(file):
    """The module below gan_lessons that a file belongs to: figures/player.py is of figures."""
    return file.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(file):
    """The modules below gan_lessons that a file imports, at whatever depth in its code."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            head, *rest = name.split(".")
            if head == "gan_lessons" and rest:
                yield rest[0]


def test_the_table_holds_every_module():
    assert {name_of(f) for f in FILES} - {"__init__"} <= set(FLOOR)
    for module in {name_of(f) for f in FILES} - {"__init__"}:
        assert f"``{module}``" in gan_lessons.__doc__


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_a_module_imports_from_floors_below_only(file):
    me = name_of(file)
    if me == "__init__":
        assert not [*imports(file)]
        return
    for other in imports(file):
        if other != me:  # figures may import each other
            assert FLOOR[other] < FLOOR[me], f"{me} imports {other}"


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_a_module_can_be_read_in_one_sitting(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 300


def loaded_after(statement):
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=PACKAGE.parent)  # fmt: skip
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing():
    heavy = {"torch", "numpy", "scipy", "matplotlib", "ipywidgets", "tqdm"}
    assert not loaded_after("import gan_lessons") & heavy


@pytest.mark.parametrize("module", ["toy", "curves", "divergences", "theory", "learning_curves"])
def test_calculations_load_no_graphics(module):
    loaded = loaded_after(f"from gan_lessons import {module}")
    assert f"gan_lessons.{module}" in loaded
    assert not loaded & {"matplotlib", "ipywidgets", "IPython"}


MODULES = [
    import_module(m.name) for m in pkgutil.walk_packages(gan_lessons.__path__, "gan_lessons.")
]


def public(module):
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(thing) or inspect.isclass(thing):
            yield name, thing
            if inspect.isclass(thing):
                for key, member in vars(thing).items():
                    if inspect.isfunction(member) and not key.startswith("_"):
                        yield f"{name}.{key}", member


@pytest.mark.parametrize("module", [gan_lessons, *MODULES], ids=lambda m: m.__name__)
def test_everything_public_is_documented(module):
    assert module.__doc__
    for name, thing in public(module):
        doc = vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__
        assert doc, name
        assert not doc.startswith(f"{name}("), f"{name} has only the docstring of a dataclass"


# ---- bad input ----

ONE = [torch.Generator().manual_seed(0)]
NORMAL = densities.gaussian(0, 1)
NAN = float("nan")


def run(target="gaussian"):
    return toy.train(toy.ToySettings(target=target, batch=4), [0], 1, progress=False)


def train(seeds=(0,), steps=1, record_every=None, **settings):
    return toy.train(toy.ToySettings(**settings), seeds, steps, record_every, progress=False)


BAD = [  # what is called, and the argument that the message must name first
    (lambda: densities.gaussian(0, 0), "sd"),
    (lambda: densities.gaussian(0, -1), "sd"),
    (lambda: densities.gaussian(0, NAN), "sd"),
    (lambda: densities.gaussian(0, float("inf")), "sd"),
    (lambda: densities.uniform(1, 1), "low"),
    (lambda: densities.uniform(2, 1), "low"),
    (lambda: densities.uniform(NAN, 1), "low"),
    (lambda: densities.mixture([], []), "means"),
    (lambda: densities.mixture([1, 2], [1]), "means"),
    (lambda: densities.mixture([1, 2], [1, 0]), "sds"),
    (lambda: densities.mixture([1, 2], [1, 1], [1]), "weights"),
    (lambda: densities.mixture([1, 2], [1, 1], [1, -1]), "weights"),
    (lambda: densities.mixture([1, 2], [1, 1], [0, 0]), "weights"),
    (lambda: densities.mixture([1, 2], [1, 1], [NAN, 1]), "weights"),
    (lambda: batches.Batches(NORMAL, 0, ONE), "batch"),
    (lambda: batches.Batches(NORMAL, 1, []), "generators"),
    (lambda: batches.Batches(NORMAL, 1, ONE, 0, 0), "scale"),
    (lambda: densities.nodes([1.0]), "points"),
    (lambda: losses.value(torch.zeros(0), torch.zeros(1)), "real"),
    (lambda: losses.value(torch.zeros(1), torch.zeros(0)), "fake"),
    (lambda: losses.discriminator_loss(torch.tensor(1.0), torch.zeros(1)), "real"),
    (lambda: losses.saturating_loss(torch.zeros(3, 0)), "fake"),
    (lambda: losses.nonsaturating_loss(torch.tensor(0.0)), "fake"),
    (lambda: networks.MLP([1], ONE), "sizes"),
    (lambda: networks.MLP([1, 0, 1], ONE), "sizes"),
    (lambda: networks.MLP([1, 1], []), "generators"),
    (lambda: networks.LogitMLP([1, 4, 2], ONE), "sizes"),
    (lambda: penalties.R1(-1), "gamma"),
    (lambda: penalties.R1(NAN), "gamma"),
    (lambda: training.LoopSettings(k=0), "k"),
    (lambda: training.LoopSettings(half_after=-1), "half_after"),
    (lambda: training.LoopSettings(lr_d=-1), "lr_d"),
    (lambda: training.LoopSettings(lr_g=NAN), "lr_g"),
    (lambda: training.LoopSettings(ema=1), "ema"),
    (lambda: training.LoopSettings(ema=-0.1), "ema"),
    (lambda: training.LoopSettings(betas=(0.5, 1.0)), "betas"),
    (lambda: training.LoopSettings(betas=(0.5,)), "betas"),
    (lambda: toy.make_trainer(toy.ToySettings(), [0]).run(-1), "steps"),
    (lambda: theory.optimal_discriminator(torch.tensor([-1.0]), torch.ones(1)), "p_data"),
    (lambda: theory.optimal_discriminator(torch.ones(1), torch.tensor([-1.0])), "p_g"),
    (lambda: theory.Pushforward(torch.exp, NORMAL, points=2), "points"),
    (lambda: toy.ToySettings(target="three modes"), "target"),
    (lambda: toy.ToySettings(noise="pink"), "noise"),
    (lambda: toy.ToySettings(g_loss="hinge"), "g_loss"),
    (lambda: toy.ToySettings(activation="gelu"), "activation"),
    (lambda: toy.ToySettings(d_activation="gelu"), "d_activation"),
    (lambda: train(batch=0), "batch"),
    (lambda: train(r1=-0.1), "r1"),
    (lambda: train(r1=NAN), "r1"),
    (lambda: train(g_hidden=(0,)), "g_hidden"),
    (lambda: train(d_hidden=(4, -1)), "d_hidden"),
    (lambda: train(seeds=[]), "seeds"),
    (lambda: train(seeds=[-1]), "seeds"),
    (lambda: train(record_every=0), "record_every"),
    (lambda: train(steps=-3), "steps"),
    (lambda: train(steps=-3, record_every=1), "steps"),
    (lambda: curves.compute(run(), x_points=1), "x_points"),
    (lambda: curves.compute(run(), arrows=0), "arrows"),
    (lambda: curves.mode_shares(run()), "run"),
]


@pytest.mark.parametrize(("call", "argument"), BAD, ids=[f"{i}-{b[1]}" for i, b in enumerate(BAD)])
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument}\b.*got"):
        call()


def test_an_unknown_name_is_answered_with_the_choices():
    with pytest.raises(ValueError, match=r"gaussian.*two modes.*three modes"):
        toy.ToySettings(target="three modes")
