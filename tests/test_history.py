"""The record of losses, and the alarm: what it names, when, and what it lets pass."""

from __future__ import annotations

import pytest
import small_gans
import torch

from gan_lessons.history import DivergedError, History
from gan_lessons.training import LoopSettings, Trainer

pytestmark = pytest.mark.usefixtures("one_thread")

NAN, INF = float("nan"), float("inf")


def filled(d, g):
    history = History()
    for pair in zip(d, g, strict=True):
        history.append(*map(torch.tensor, pair))
    return history


@pytest.mark.parametrize(
    ("d", "g", "expected"),
    [
        ([1.0, NAN, NAN], [1.0, NAN, NAN], "loss of D became nan at step 2"),
        ([1.0, 1.0, NAN], [1.0, INF, NAN], "loss of G became inf at step 2"),
        ([-INF, 1.0, NAN], [1.0, INF, NAN], "loss of D became -inf at step 1"),
        ([[1.0, 1.0], [1.0, NAN]], [[1.0, 1.0], [1.0, 1.0]], "loss of D became nan at step 2"),
    ],
)
@pytest.mark.parametrize("look_between", [False, True])
def test_the_alarm_names_the_first_loss_that_is_not_finite(d, g, expected, look_between):
    history = filled(d, g)
    if look_between:  # somebody draws the curve: that must not hide anything from the alarm
        history.losses()
    with pytest.raises(DivergedError, match=f"the {expected}$"):
        history.check({}, len(d))


def test_steps_are_counted_over_several_looks():
    history = filled([1.0, 1.0], [2.0, 2.0])
    history.check({}, 2)
    history.append(torch.tensor(1.0), torch.tensor(NAN))
    with pytest.raises(DivergedError, match="loss of G became nan at step 3"):
        history.check({}, 3)


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize(
    ("network", "tensor"),
    [("generator", "last.weight"), ("discriminator", "first.bias"),
     ("averaged", "norm.running_var")],
)  # fmt: skip
def test_the_alarm_names_a_weight(network, tensor, value):
    trainer = small_gans.make()
    trainer.run(3, progress=False)
    trainer.check()  # all is well
    getattr(trainer, network).state_dict()[tensor].view(-1)[1] = value
    with pytest.raises(DivergedError, match=f"{tensor} of the {network} holds nan or inf after st"):
        trainer.check()
    with pytest.raises(DivergedError, match=tensor):
        trainer.state()


@pytest.mark.parametrize(("every", "stops"), [(1, 4), (3, 6), (5, 5), (100, 8)])
def test_the_alarm_comes_within_so_many_steps(every, stops):
    trainer = small_gans.make(LoopSettings(check_every=every))

    def poison(t):
        if t.steps == 3:
            with torch.no_grad():
                t.discriminator.last.bias.fill_(NAN)

    with pytest.raises(DivergedError, match="loss of D became nan at step 4"):
        trainer.run(8, poison, progress=False)
    assert trainer.steps == stops


def test_without_being_asked_nobody_looks(monkeypatch):
    monkeypatch.setattr(Trainer, "check", lambda self: pytest.fail("looked"))
    trainer = small_gans.make(LoopSettings())
    trainer.run(3, progress=False)
    assert LoopSettings().check_every == 0


def test_large_losses_are_not_an_alarm():
    filled([1e30, -1e30], [1e38, 0.0]).check({}, 2)


def test_the_record_goes_on_from_its_state():
    history, other = filled([1.0, 2.0], [3.0, 4.0]), History()
    other.load_state(history.state())
    for h in (history, other):
        h.append(torch.tensor(5.0), torch.tensor(6.0))
    assert [x.tolist() for x in other.losses()] == [[1.0, 2.0, 5.0], [3.0, 4.0, 6.0]]
    assert all(map(torch.equal, history.losses(), other.losses()))
    empty = History()
    empty.load_state(History().state())
    assert [len(x) for x in empty.losses()] == [0, 0]
