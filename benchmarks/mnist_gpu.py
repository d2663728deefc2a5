"""What a GPU does with the recipe for digits: images per second, and seconds to good digits.

    GAN_LESSONS_DATA=../shared/mnist python benchmarks/mnist_gpu.py [--quick] [--device cuda]

Speed.  One step of `default("cuda")` in its batches of 64, in full and in mixed precision: eager,
compiled (torch.compile), as one CUDA graph, and both.  Then the fastest with larger batches.
Beside each step stands its floor, the larger of two times measured in the same run:

- arithmetic: the operations of a step (counted by torch) over those per second of a large matrix
  product in the same precision;
- launches: the kernels of a step times the time of an empty one, launched from Python, or
  from a graph for the row of the graph.

Quality.  The same settings, the fastest way, three fresh seeds: 10,000 samples against the
10,000 test pictures after 2 to 120 seconds of training.  The clock stands still for the judge,
and runs while networks are made, code is compiled and the graph is recorded.  The judge is trained
on the GPU, so distances are divided by its own floor, and so is the best of two CPU cores
(``minutes.json``, with labels, after 300 s) with which they are compared.

The result is added to ``gan_lessons/mnist/gpus.json``, under the name of the GPU.  Its two parts
may run at different times (--only speed, then --only quality).  --quick, which also runs on a CPU,
only shows that the script works, and records nothing.
"""

from __future__ import annotations

import argparse
import datetime
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from mnist import Bench
from mnist_ablation import write
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from gan_lessons import devices
from gan_lessons.mnist import experiment, gpus, minutes
from gan_lessons.mnist.data import Digits, load_mnist
from gan_lessons.training import Trainer

SEEDS = range(9300, 9303)  # none of them took part in tuning
SECONDS = (2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0)
BATCHES = (256, 1024, 4096)
HOW: dict[str, dict[str, bool]] = {
    "eager": {},
    "compiled": {"compile": True},
    "graph": {"graph": True},
    "compiled graph": {"compile": True, "graph": True},
}


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(work: Callable[[], object], device: torch.device, least: float = 0.3) -> float:
    """Median time of a call, over five rounds that last at least so long each."""
    for _ in range(10):  # compiles, and records the graph
        work()
    wait(device)
    count, rounds = 1, []
    while len(rounds) < 5:
        start = time.perf_counter()
        for _ in range(count):
            work()
        wait(device)
        taken = time.perf_counter() - start
        if taken < least and not rounds:
            count = int(count * max(2.0, 1.2 * least / max(taken, 1e-9)))
        else:
            rounds.append(taken / count)
    return statistics.median(rounds)


def product_rate(precision: str, device: torch.device, size: int) -> float:
    """Operations per second of a large matrix product: two for each product and sum.

    In full precision with TF32, which convolutions use by default: else they could beat the floor.
    """
    dtype = devices.half(precision, device) or torch.float32
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        return 2 * size**3 / seconds_of(lambda: a @ b, device)
    finally:
        torch.set_float32_matmul_precision(before)


def launch_seconds(device: torch.device) -> dict[str, float]:
    """Time of a kernel that does nothing worth mentioning: from Python, and in a graph."""
    x = torch.zeros(1, device=device)

    def many() -> None:
        for _ in range(1000):
            x.add_(1)

    found = {"eager": seconds_of(many, device) / 1000}
    found["graph"] = found["eager"]
    if device.type == "cuda":
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            many()
        found["graph"] = seconds_of(graph.replay, device) / 1000
    return found


def kernels(trainer: Trainer, device: torch.device) -> int:
    """How many kernels one eager step launches; on a CPU the operations of torch."""
    kinds = [ProfilerActivity.CPU]
    if device.type == "cuda":
        kinds.append(ProfilerActivity.CUDA)
    with profile(activities=kinds) as seen:
        trainer.run(1, progress=False)
        wait(device)
    if device.type == "cuda":
        return sum(e.device_type == torch.autograd.DeviceType.CUDA for e in seen.events())
    return sum(e.name.startswith("aten::") for e in seen.events())


def speed(data: Digits, device: torch.device, quick: bool) -> list[dict[str, Any]]:
    """Time a step in all ways."""
    base = experiment.default("cuda")
    launches = launch_seconds(device)
    peak = {p: product_rate(p, device, 512 if quick else 8192) for p in ("full", "mixed")}
    ways = [how for how in HOW if device.type == "cuda" or how == "eager"]
    rows: list[dict[str, Any]] = []

    def measure(how: str, precision: str, batch: int) -> None:
        loop = replace(base.loop, precision=precision, check_every=0)
        asked = replace(base, loop=replace(loop, **HOW[how]), batch=batch)
        try:
            eager = experiment.make_trainer(replace(base, loop=loop, batch=batch), 0, data, device)
            eager.run(3, progress=False)
            with FlopCounterMode(display=False) as counter:
                eager.run(1, progress=False)
            trainer = experiment.make_trainer(asked, 0, data, device)
            taken = seconds_of(trainer.step, device)
        except RuntimeError as error:  # too little memory, or no compiler
            print(f"{how} {precision} {batch}: {error}", flush=True)
            return
        arithmetic = counter.get_total_flops() / peak[precision]
        count = kernels(eager, device)
        launching = count * launches["graph" if "graph" in how else "eager"]
        row = {
            "how": how, "precision": precision, "batch": batch, "ms": taken * 1e3,
            "arithmetic_ms": arithmetic * 1e3, "launch_ms": launching * 1e3, "kernels": count,
            "floor_ms": max(arithmetic, launching) * 1e3,
        }  # fmt: skip
        rows.append({k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in row.items()})
        print(rows[-1], flush=True)

    for precision in ("full", "mixed"):
        for how in ways:
            measure(how, precision, base.batch)
    best = min(rows, key=lambda row: row["ms"])
    for batch in () if quick else BATCHES:
        measure(best["how"], best["precision"], batch)
    return rows


def quality(
    train: Digits, test: Digits, device: torch.device, best: dict[str, Any], quick: bool
) -> dict[str, Any]:
    """Train from each seed and judge at each moment."""
    samples, stops = (1000, SECONDS[:1]) if quick else (10_000, SECONDS)
    bench = Bench(train, test, min(samples, len(test)))
    base = experiment.default("cuda")
    loop = replace(base.loop, precision=best["precision"], **HOW[best["how"]])
    runs = []
    for seed in SEEDS[:1] if quick else SEEDS:
        start = time.perf_counter()
        settings = replace(base, loop=loop, batch=best["batch"])
        trainer = experiment.make_trainer(settings, seed, train, device)
        used, moments = time.perf_counter() - start, []
        for stop in stops:
            start = time.perf_counter()
            trainer.run(seconds=max(0.0, stop - used), progress=False)
            wait(device)
            used += time.perf_counter() - start
            draw = torch.Generator(device).manual_seed(seed)
            found = bench.score(experiment.sample(trainer, bench.samples, draw))
            moments.append({"used": used, "steps": trainer.steps, **found})
            print(seed, *(f"{k} {v:.4g}" for k, v in moments[-1].items()), flush=True)
        runs.append(moments)
    cpu = minutes.recorded()
    last = cpu["rows"]["labels"]["distance"][str(minutes.SECONDS[-1])]
    keys = ("steps", "distance", "sure", "kl", "precision", "recall")
    return {
        "floor": bench.floor["distance"], "judge": bench.accuracy, "samples": bench.samples,
        "how": best["how"], "seeds": [*SEEDS], "seconds": [*stops],
        "bar": round(statistics.median(last) / cpu["floor"]["distance"], 3),
        **{k: [[float(f"{m[k]:.4g}") for m in moments] for moments in runs] for k in keys},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="only see whether it works")
    parser.add_argument("--only", choices=("speed", "quality"))
    options = parser.parse_args()
    device = torch.device(options.device)
    if device.type != "cuda" and not options.quick:
        parser.error(f"device must be a CUDA device without --quick, got {device}")
    if device.type == "cuda" and not torch.cuda.is_available():
        print("there is no CUDA device: nothing was measured")
        return
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    train, test = load_mnist("train"), load_mnist("test")
    if options.quick:
        train, test = train[:4000], test[:1000]
    train, test = train.to(device), test.to(device)
    record = gpus.recorded()
    found: dict[str, Any] = {} if options.quick else record.get(name, {})
    found["about"] = {
        "date": datetime.date.today().isoformat(), "torch": torch.__version__,
        "cuda": torch.version.cuda, "data": f"{len(train)} of {train.source.split(',')[0]}",
    }  # fmt: skip
    if options.only == "quality" and "speed" not in found:
        parser.error("only must be speed first: quality takes the fastest way, got none measured")
    if options.only != "quality":
        found["speed"] = speed(train, device, options.quick)
        if not options.quick:  # what follows may be interrupted
            write(gpus.RECORD, {**record, name: found})
    if options.only != "speed":
        fastest = [row for row in found["speed"] if row["batch"] == 64]
        best = min(fastest, key=lambda row: float(row["ms"]))
        found["quality"] = quality(train, test, device, best, options.quick)
    print(gpus.table({name: found}))
    if not options.quick:
        write(gpus.RECORD, {**record, name: found})


if __name__ == "__main__":
    main()
