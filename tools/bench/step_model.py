"""How long a training step of many ranks takes, from the cost of a message and of the computation.

A message of m bytes takes alpha + m beta seconds, and adding m bytes to others m gamma. All-reduces
by Thakur, Rabenseifner, Gropp: "Optimization of collective communication operations in MPICH",
International Journal of High Performance Computing Applications 19 (2005), section 4.
"""

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Link:
    """Seconds per message, per byte sent, per byte added. `core` is what of that the core of a rank
    does itself, which cannot compute meanwhile: all of it where there is none given, as between
    ranks of one machine."""
    alpha: float
    beta: float
    gamma: float
    core: "Link | None" = None

    def slowed(self, factor):
        return Link(self.alpha * factor, self.beta * factor, self.gamma * factor,
                    self.core and self.core.slowed(factor))


def rounds(p):
    return math.ceil(math.log2(p))


def ring(p, m, link):
    return 2 * (p - 1) * (link.alpha + m / p * link.beta) + (p - 1) / p * m * link.gamma


def recursive_doubling(p, m, link):
    return rounds(p) * (link.alpha + m * (link.beta + link.gamma))


def rabenseifner(p, m, link):
    return (2 * rounds(p) * link.alpha
            + (p - 1) / p * m * (2 * link.beta + link.gamma))


def tree(p, m, link):
    """To rank 0 and back, each time by a binomial tree."""
    return rounds(p) * (2 * link.alpha + m * (2 * link.beta + link.gamma))


def open_mpi(p, m, link):
    """What Open MPI 4.1 takes in the background (ompi/mca/coll/libnbc/nbc_iallreduce.c). What is to
    be summed in place it always sums by a tree."""
    return (tree if p < 4 or m < 65536 else rabenseifner)(p, m, link)


BEST = (ring, recursive_doubling, rabenseifner)
AS_IT_IS = (open_mpi,)
TREE = (tree,)


def sum_time(p, m, link, algorithms=BEST):
    return min(f(p, m, link) for f in algorithms) if p > 1 else 0.0


def core_time(p, m, link, algorithms=BEST):
    """What of sum_time() is work for the rank's core."""
    if p == 1:
        return 0.0
    best = min(algorithms, key=lambda f: f(p, m, link))
    return best(p, m, link.core or link)


@dataclass(frozen=True)
class Compute:
    """A step of one rank, in seconds. `buckets` are (bytes, when it is ready since the begin of
    backward), in the order in which they are sent; `copying` is taking their sums over."""
    plain: float  # the whole step where there is one rank alone
    forward: float
    backward: float
    copying: float
    optimizer: float
    buckets: tuple

    def with_rows(self, factor):
        """With `factor` times as many rows. Parameters are as many as before."""
        return Compute(self.optimizer + (self.plain - self.optimizer) * factor,
                       self.forward * factor, self.backward * factor, self.copying, self.optimizer,
                       tuple((m, ready * factor) for m, ready in self.buckets))

    def slowed(self, factor):
        return Compute(self.plain * factor, self.forward * factor, self.backward * factor,
                       self.copying * factor, self.optimizer * factor,
                       tuple((m, ready * factor) for m, ready in self.buckets))

    def with_bytes(self, factor):
        """With messages of `factor` times the size."""
        return replace(self, buckets=tuple((m * factor, ready) for m, ready in self.buckets))

    def in_one_bucket(self):
        return replace(self, buckets=((sum(m for m, _ in self.buckets), self.buckets[-1][1]),))

    def accumulated(self, passes):
        """With that many passes forward and backward, of which the last sends."""
        return replace(self, plain=self.optimizer + (self.plain - self.optimizer) * passes,
                       forward=self.forward + (passes - 1) * (self.forward + self.backward))


def step_parts(compute, p, link, algorithms=BEST, overlap=True):
    """{part: seconds}: backward and then wait, in which copying is. What the core does for messages
    that start before the end of backward prolongs it."""
    total = sum(m for m, _ in compute.buckets)
    finish, work = 0.0, 0.0
    for m, ready in compute.buckets:
        start = max(ready + work if overlap else compute.backward, finish)
        finish = start + sum_time(p, m, link, algorithms)
        if overlap and ready < compute.backward:
            work += core_time(p, m, link, algorithms)
    backward = compute.backward + work
    return {"forward": compute.forward, "backward": backward,
            "wait": max(0.0, finish - backward) + compute.copying, "optimizer": compute.optimizer}


def step_time(compute, p, link, algorithms=BEST, overlap=True, small=()):
    """`small`: bytes of the sums that everybody waits for in a step. These are MPI's blocking ones,
    which go by the best algorithm."""
    if p == 1:
        return compute.plain
    return (sum(step_parts(compute, p, link, algorithms, overlap).values())
            + sum(sum_time(p, m, link) for m in small))


def fit(points, messages, sent, added, gamma):
    """A Link by least squares of the relative error over (bytes, seconds), where a sum takes
    `messages` alpha + bytes (`sent` beta + `added` gamma)."""
    rows = [(messages / t, sent * m / t, 1 - added * m * gamma / t) for m, t in points]
    aa, ab, bb, ay, by = (sum(u * v for u, v in pairs) for pairs in (
        [(a, a) for a, b, y in rows], [(a, b) for a, b, y in rows], [(b, b) for a, b, y in rows],
        [(a, y) for a, b, y in rows], [(b, y) for a, b, y in rows]))
    scale = aa * bb - ab * ab
    return Link((ay * bb - by * ab) / scale, (by * aa - ay * ab) / scale, gamma)


def expected_maximum(sample, p):
    """Of p draws from the sample."""
    values, n = sorted(sample), len(sample)
    return sum(x * ((i + 1) / n) ** p - x * (i / n) ** p for i, x in enumerate(values))
