"""One training shared out over several processes: each has a copy of the model and a part of every batch.

Gradients are averaged as the parts weigh, so that every copy takes the step that one process would take on
the whole batch. It counts on a loss that is a mean over the rows of a batch, as the module's is.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from coursework.files import InputError
from coursework.together import Elsewhere, Team

ALONE = Team()


def copied(model: nn.Module, team: Team) -> nn.Module:
    """The model as `team` trains it: rank 0's weights on all ranks, gradients averaged in every backward.

    Parameters that forward does not use are allowed, as they are in one process.
    """
    if team.size == 1:
        return model
    apart = dist.new_group()  # gradients may be sent while others still agree on how forward went
    return DistributedDataParallel(_Copy(model), process_group=apart, find_unused_parameters=True)


class _Copy(nn.Module):
    """The model with two numbers that DDP wants: a loss that leads to none of a rank's parameters would leave
    the others waiting, and where all parameters are used, torch grumbles at the search for others.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        device = next(model.parameters()).device
        self.model = model
        self.always_used = nn.Parameter(torch.zeros((), device=device))
        self.never_used = nn.Parameter(torch.zeros((), device=device))

    def forward(self, *args: Tensor) -> object:
        loss = self.model(*args)
        if isinstance(loss, Tensor) and loss.requires_grad:  # else it is refused, as it should be
            return loss + 0 * self.always_used
        return loss


def part(count: int, team: Team) -> tuple[slice, float]:
    """Which of a batch's `count` rows are this process's, and how much of the batch they are, 0..1.

    Where there are more processes than rows, some take the first row, and it counts for nothing.
    """
    rows = slice(team.rank if team.rank < count else 0, None, team.size)
    return rows, len(range(team.rank, count, team.size)) / count


@contextmanager
def agreed(team: Team) -> Iterator[None]:
    """Where the body raises an InputError on one rank or more, all ranks raise: the first of those its own,
    the others `Elsewhere`. So nobody waits for somebody who is gone, and the error is said once.
    """
    mine = None
    try:
        yield
    except InputError as error:
        mine = error
    if any_of(team, mine is not None) and team.size > 1:
        failed = team.share(team.gather(mine is not None))
        if failed.index(True) != team.rank:
            mine = Elsewhere(f"process {failed.index(True)} of {team.size} has stopped")
    if mine:
        raise mine


def any_of(team: Team, flag: bool) -> bool:
    """Whether the flag is set on any rank."""
    return team.sum_(torch.tensor(float(flag))).item() > 0


def backward(loss: Tensor, team: Team) -> None:
    """The gradient of the loss. Raises Elsewhere where another process was lost while it was averaged."""
    try:
        loss.backward()
    except RuntimeError as error:
        if team.size == 1 or not (isinstance(error, dist.DistError) or "onnection" in str(error)):
            raise
        raise Elsewhere(f"another process of the {team.size} has stopped") from error
