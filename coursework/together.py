"""Several processes at one job, as torchrun starts them; one process alone is a team of one.

    torchrun --nproc-per-node 2 -m coursework prepare ...

Rank 0 leads: it writes the files and has the last word. The processes trust each other: what they send is
pickled on one side and unpickled on the other, and never touches a disk.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from coursework.errors import Elsewhere, InputError, reason

VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # what torchrun sets
# What the libraries say, on one system or another, when a process at the other end is gone.
LOST = (
    "onnection",
    "closed",
    "closure",
    "Broken pipe",
    "Socket",
    "imed out",
    "remote process exited",
)
MEETING = timedelta(minutes=10)  # until all have started
PATIENCE = timedelta(days=2)  # rank 0 may download for hours; one that dies is noticed at once


@dataclass(frozen=True)
class Team:
    """The processes that work together, seen from one of them: rank 0..size-1, local_rank on this machine."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def gather(self, obj: Any) -> list | None:
        """What every rank gives, in order of ranks, on rank 0; None on the others. All must call it."""
        if self.size == 1:
            return [obj]
        everything = [None] * self.size if self.leads else None
        with in_step():
            dist.gather_object(obj, everything)
        return everything

    def share(self, obj: Any = None) -> Any:
        """What rank 0 gives, on all ranks. All must call it."""
        if self.size == 1:
            return obj
        box = [obj]
        with in_step():
            dist.broadcast_object_list(box)
        return box[0]

    def sum_(self, tensor: Tensor) -> Tensor:
        """`tensor`, now the sum over all ranks, in place. All must call it, with one shape and dtype."""
        if self.size > 1:
            with in_step():
                dist.all_reduce(tensor)
        return tensor

    @contextmanager
    def first(self) -> Iterator[None]:
        """The body is done by rank 0, then by the first process of every other machine, then by the rest.

        For what is downloaded or written once and found there by those who come later.
        """
        turn = 0 if self.leads else 1 if self.local_rank == 0 else 2
        for _ in range(turn):
            self.wait()
        yield  # an error here ends this process, and that ends those who wait
        for _ in range(turn, 2):
            self.wait()

    def wait(self) -> None:
        """Go on when all ranks have come here."""
        self.sum_(torch.zeros(1))

    def leave(self) -> None:
        """End the team, when all went well; after an error it is enough to exit."""
        if self.size > 1:
            with suppress(Elsewhere):
                self.wait()
            dist.destroy_process_group()


@contextmanager
def in_step() -> Iterator[None]:
    """Around what all ranks do together: raises Elsewhere where one of them is gone."""
    try:
        yield
    except RuntimeError as error:
        if not any(word in str(error) for word in LOST):
            raise
        raise Elsewhere("another of the processes that work together has stopped") from error


def team() -> Team:
    """The team that torchrun started this process for; without torchrun, a team of one.

    Call it once at the start; every process then runs the same lines:

        together = team()
        bundle = build(source, encoder, out, team=together)
        together.leave()

    On a machine with GPUs each process gets one of its own, as the device "cuda". Raises InputError where
    the processes cannot reach each other.
    """
    if any(name not in os.environ for name in VARIABLES) or os.environ["WORLD_SIZE"] == "1":
        return Team()
    numbers = {"RANK": 0, "WORLD_SIZE": 1, "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 1}
    try:
        us = Team(*(int(os.environ.get(name, usual)) for name, usual in numbers.items()))
    except ValueError as error:
        raise InputError(f"{' '.join(numbers)} in the environment: {reason(error)}") from error
    if not dist.is_available():
        raise InputError(f"torch {torch.__version__} comes without torch.distributed here")
    if not dist.is_initialized():
        _join(us)
    return us


def _join(us: Team) -> None:
    """Meet the others: tensors on the CPU go through gloo, those on GPUs through nccl where each has one."""
    backend, gpus = "gloo", torch.cuda.device_count()
    if gpus:
        torch.cuda.set_device(us.local_rank % gpus)
    if gpus >= us.local_size and dist.is_nccl_available():
        backend = "cpu:gloo,cuda:nccl"
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    try:
        store, rank, size = next(dist.rendezvous("env://", us.rank, us.size, timeout=MEETING))
        store = dist.PrefixStore(attempt, store)  # it keeps the addresses of an earlier attempt
        dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"process {us.rank} of {us.size} cannot reach the others ({reason(error)}): start them"
            " with torchrun --nproc-per-node N -m coursework ..."
        ) from error
    us.wait()  # nobody leaves, be it with an error, before all have come
