"""A GPU that is not there: tensors that say they are on it, and are computed on the CPU.

It shows mistakes that only a GPU shows: tensors of two devices in one operation, a generator of
the wrong device or the state of one, numpy asked for a tensor on the GPU, float64 on a Mac (MPS),
and, while a CUDA graph is recorded, whatever waits for the GPU or moves data to it.  A graph is
replayed as CUDA does it, from and into the memory it was recorded with.  Products in float16 are
added up in float32 and rounded once, as the units of a GPU do.  It says nothing of speed, and
nothing of the rounding, the errors or the limits of a GPU's own kernels.
"""

from __future__ import annotations

import contextlib

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map

CPU, CUDA, MPS = torch.device("cpu"), torch.device("cuda", 0), torch.device("mps", 0)
aten = torch.ops.aten
MOVES = {aten._to_copy.default, aten.copy_.default}  # may have tensors of both devices
# Their results decide what happens next on the host, which has to wait for them.
WAITS = {
    aten._local_scalar_dense.default, aten.nonzero.default, aten.equal.default,
    aten.masked_select.default, aten._unique2.default, aten.unique_dim.default,
}  # fmt: skip
INDEXED = {aten.index.Tensor, aten.index_put_.default, aten.index_put.default}
PRODUCTS = {
    aten.convolution.default, aten.convolution_backward.default, aten.mm.default,
    aten.addmm.default, aten.bmm.default, aten.baddbmm.default,
}  # fmt: skip
NOT_WHILE_RECORDING = "operation not permitted when stream is capturing: "


class Generator(torch.Generator):
    """A generator of the CPU that says that it is the GPU's, if it was made for the GPU."""

    extra = 16  # its state is of another size

    def __new__(cls, device="cpu"):
        return super().__new__(cls)

    def __init__(self, device="cpu"):
        self.where = CPU if torch.device(device).type == "cpu" else OnGpu.where

    device = property(lambda self: self.where)

    def get_state(self):
        state = super().get_state()
        return state if self.where == CPU else torch.cat([state, state[: self.extra]])

    def set_state(self, state):
        if state.device.type != "cpu":
            raise TypeError("expected a torch.ByteTensor")
        if len(state) != len(self.get_state()):
            raise RuntimeError("RNG state is wrong size")
        return super().set_state(state if self.where == CPU else state[: -self.extra])


class OnGpu(torch.Tensor):
    """A tensor that says that it is on the GPU; its numbers are in `inner`.

    torch's own code takes it for one of the CPU: without CUDA it could do nothing with another.
    """

    where = CUDA  # or MPS: which of them there is

    @staticmethod
    def __new__(cls, inner):
        if cls.where == MPS and inner.dtype == torch.float64:
            raise TypeError("the MPS framework doesn't support float64")
        return torch.Tensor._make_wrapper_subclass(
            cls, inner.shape, strides=inner.stride(), storage_offset=inner.storage_offset(),
            dtype=inner.dtype, device=CPU,
        )  # fmt: skip

    def __init__(self, inner):
        self.inner = inner

    device = property(lambda self: OnGpu.where)
    is_cuda = property(lambda self: OnGpu.where == CUDA)

    def __repr__(self):
        return f"OnGpu({self.inner})"

    def __format__(self, form):
        return format(self.item() if self.ndim == 0 else str(self), form)

    def __reduce_ex__(self, protocol):
        return self.detach().cpu().__reduce_ex__(protocol)

    def numpy(self, **_):
        raise TypeError("can't convert a GPU's tensor to numpy")

    def __array__(self, *_, **__):
        return self.numpy()

    def tolist(self):
        return self.cpu().tolist()

    def cpu(self):
        return Download.apply(self)

    def cuda(self, *_):
        return self

    def to(self, *args, copy=False, **kwargs):
        device, dtype, _, layout = torch._C._nn._parse_to(*args, **kwargs)
        out = self
        if copy or dtype not in (None, self.dtype) or layout is not None:
            form = layout or torch.preserve_format
            out = super().to(dtype=dtype or self.dtype, memory_format=form, copy=copy)
        return out.cpu() if device is not None and device.type == "cpu" else out

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func is torch.nn.functional.one_hot:  # looks at its input, but not on a GPU
            x, count = args
            return x.unsqueeze(-1).eq(torch.arange(count, device=x.device)).to(torch.int64)
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **(kwargs or {}))

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return compute(func, args, kwargs or {})


class Download(torch.autograd.Function):
    """From the GPU to the CPU; the gradient goes the other way."""

    @staticmethod
    def forward(ctx, x):
        if Graph.recording is not None:
            raise RuntimeError(NOT_WHILE_RECORDING + "a download")
        return x.inner.clone()

    @staticmethod
    def backward(ctx, grad):
        return grad.to(OnGpu.where)


class Graph:
    """Stands for torch.cuda.CUDAGraph."""

    recording = None  # the one that is being recorded

    def __init__(self):
        self.calls, self.before = [], {}

    def keep(self, tensors):
        """Note what is in memory before it is overwritten, so that nothing has been computed."""
        for t in tensors:
            storage = t.untyped_storage()
            self.before.setdefault(storage.data_ptr(), (storage, storage.clone()))

    def replay(self):
        for func, inside, outs in self.calls:
            for result, out in zip(_tensors(run(func, *inside)), outs, strict=True):
                if result.data_ptr() != out.data_ptr():  # neither a view nor changed in place
                    out.copy_(result)


@contextlib.contextmanager
def recorded(graph):
    """Stands for torch.cuda.graph: nothing has been computed after it."""
    assert Graph.recording is None
    Graph.recording = graph
    try:
        yield
    finally:
        Graph.recording = None
        for storage, before in graph.before.values():
            storage.copy_(before)
        graph.before.clear()


def compute(func, args, kwargs):
    """Do one operation of torch, as the device would."""
    flat = tree_flatten((args, kwargs))[0]
    ours = [t for t in flat if isinstance(t, OnGpu)]
    # torch's own code names the place where something was, which it takes for the CPU: so what
    # is on the GPU stays there; only `cpu` and `to` lead away.
    asked = kwargs.get("device")
    target = None if ours or asked is None else torch.device(asked).type
    to_cpu = func is aten.copy_.default and not isinstance(args[0], OnGpu)
    check(func, args, flat, ours, to_cpu)
    inside = tree_map(lambda t: t.inner if isinstance(t, OnGpu) else t, (args, kwargs))
    if asked is not None:
        inside[1]["device"] = CPU
    if Graph.recording is not None:
        Graph.recording.keep(_tensors(inside))
    out = run(func, *inside)
    if to_cpu:
        return args[0]
    if not ours and target in (None, "cpu"):
        return out
    if Graph.recording is not None:
        Graph.recording.calls.append((func, inside, _tensors(out)))
    return return_and_correct_aliasing(func, args, kwargs, tree_map(_wrapped, out))


def run(func, args, kwargs):
    """Compute on the CPU; products of float16 in float32, rounded at the end."""
    if func not in PRODUCTS or all(t.dtype != torch.float16 for t in _tensors((args, kwargs))):
        return func(*args, **kwargs)
    args, kwargs = tree_map(lambda t: t.float() if _is_tensor(t) else t, (args, kwargs))
    return tree_map(lambda t: t.half() if _is_tensor(t) else t, func(*args, **kwargs))


def check(func, args, flat, ours, to_cpu):
    """Refuse what the device refuses."""
    theirs = [t for t in flat if _is_tensor(t) and not isinstance(t, OnGpu)]
    if func in INDEXED and isinstance(args[0], OnGpu):  # its indices may be on the CPU
        theirs = [t for t in theirs if t.dtype.is_floating_point]
    # A single number may be anywhere.
    if ours and func not in MOVES and any(t.ndim for t in theirs):
        raise RuntimeError(f"Expected all tensors to be on the same device, in {func}")
    if Graph.recording is not None and (func in WAITS or to_cpu or (func in MOVES and theirs)):
        raise RuntimeError(NOT_WHILE_RECORDING + str(func))


def _is_tensor(value):
    return isinstance(value, torch.Tensor)


def _tensors(tree):
    return [t for t in tree_flatten(tree)[0] if _is_tensor(t)]


def _wrapped(value):
    return OnGpu(value) if _is_tensor(value) else value


class _Everything(TorchDispatchMode):
    """Sees also what makes tensors from nothing, or from those of the CPU."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return compute(func, args, kwargs or {})


class _Draws(TorchFunctionMode):
    """Sees the generators, which reach operations as another object."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        draw = kwargs.get("generator")
        if draw is not None:
            asked = kwargs.get("device")
            if asked is None:
                asked = args[0].device if args and _is_tensor(args[0]) else CPU
            expected, got = torch.device(asked).type, draw.device.type
            if got != expected:
                raise RuntimeError(f"Expected a {expected!r} generator, got {got!r}, in {func}")
            if Graph.recording is not None:
                raise RuntimeError(NOT_WHILE_RECORDING + "a generator the graph does not know")
        return func(*args, **kwargs)


def _by_place(tensors, with_indices=False):
    """Stands for what fused optimisers ask: the tensors of each device and type, here of one."""
    first = tensors[0][0]
    return {(first.device, first.dtype): (tensors, [*range(len(tensors[0]))])}


def _to(self, *args, **kwargs):
    """Tensor.to, to which "cuda" is this GPU: torch would ask the driver which one it is."""
    name = OnGpu.where.type
    args = [
        OnGpu.where if isinstance(a, str | torch.device) and str(a) == name else a for a in args
    ]
    if str(kwargs.get("device")) == name:
        kwargs["device"] = OnGpu.where
    return torch._C.TensorBase.to(self, *args, **kwargs)


class _Stream:
    def wait_stream(self, other):
        pass


@contextlib.contextmanager
def simulated_gpu(monkeypatch, capability=(8, 0), device=CUDA):
    """Let there be a GPU; if it is CUDA's, of a compute capability: that of a T4 is (7, 5)."""
    cuda, autocast = torch.cuda, torch.autocast
    future = torch.__future__
    with monkeypatch.context() as patch, _Everything(), _Draws():
        put = patch.setattr
        put(torch, "Generator", Generator)
        put(torch.Tensor, "to", _to)
        put(torch.Tensor, "cuda", lambda self, *_, **__: self.to(CUDA))
        put(torch, "autocast", lambda kind, dtype: autocast("cpu", dtype))
        put(torch.optim.Optimizer, "_group_tensors_by_device_and_dtype", staticmethod(_by_place))
        put(OnGpu, "where", device)
        put(torch.backends.mps, "is_available", lambda: device == MPS)
        put(torch.backends.mps, "is_macos_or_newer", lambda *version: True)
        put(cuda, "is_available", lambda: device == CUDA)
        put(cuda, "_lazy_init", lambda: None)
        put(cuda, "current_device", lambda: 0)
        put(cuda, "device_count", lambda: 1)
        put(cuda, "is_current_stream_capturing", lambda: Graph.recording is not None)
        put(cuda, "synchronize", lambda device=None: None)
        put(cuda, "get_device_capability", lambda device=None: capability)
        put(cuda, "get_device_name", lambda device=None: "a simulated GPU")
        put(cuda, "Stream", _Stream)
        put(cuda, "current_stream", lambda device=None: _Stream())
        put(cuda, "stream", lambda stream: contextlib.nullcontext())
        put(cuda, "CUDAGraph", Graph)
        put(cuda, "graph", recorded)
        # So that a network that is moved gets new parameters, which may be of another class.
        before = future.get_overwrite_module_params_on_conversion()
        future.set_overwrite_module_params_on_conversion(True)
        torch._C._set_only_lift_cpu_tensors(True)  # torch.tensor: first on the CPU, then moved
        try:
            yield device
        finally:
            torch._C._set_only_lift_cpu_tensors(False)
            future.set_overwrite_module_params_on_conversion(before)
