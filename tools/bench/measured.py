"""What mpi_cost has measured, from its files."""

import json
import statistics

from step_model import Compute, fit


class Measured:
    """The files of some runs of mpi_cost; each figure is the median of theirs."""

    def __init__(self, paths, statistic):
        self.runs = []
        for path in paths:
            with open(path, encoding="utf-8") as file:
                self.runs.append(json.load(file))
        self.statistic = statistic
        self.ranks, self.cores = self.runs[0]["ranks"], self.runs[0]["cores"]
        self.addition = statistics.median(run["addition"] for run in self.runs)
        self.rows = {}  # those of all runs
        for run in self.runs:
            for row in run["networks"]:
                self.rows.setdefault((row["network"], row["batch"]), []).append(row)

    def points(self, how):
        return [(rows[0]["bytes"], statistics.median(row[how][self.statistic] for row in rows))
                for rows in zip(*(run["messages"] for run in self.runs), strict=True)]

    def part(self, key, part, kind="steps"):
        return statistics.median(row[kind][part][self.statistic] for row in self.rows[key])

    def buckets(self, key, kind):
        """(bytes, when it is ready) of each."""
        rounds = (row[kind]["buckets"] for row in self.rows[key])
        return tuple((same[0]["bytes"], statistics.median(bucket["ready"] for bucket in same))
                     for same in zip(*rounds, strict=True))

    def times(self, key):
        """Of all steps, each over the median of its run."""
        return [time / row["steps"]["step"]["median"]
                for row in self.rows[key] for time in row["steps"]["times"]]

    def link(self, how):
        """Between two ranks. Open MPI's blocking sum exchanges (one message each way at once), that
        in the background sends there and back."""
        times = 1 if how == "sum" else 2
        return fit(self.points(how), times, times, 1, self.addition)

    def compute(self, network, rows):
        """Of one rank; beyond the largest batch measured, in proportion to the rows."""
        known = max(b for n, b in self.rows if n == network and b <= rows)
        key = network, known
        kind = "bucketed"
        at_one = Compute(self.part(key, "step"), *(self.part(key, p, kind) for p in (
            "forward", "backward", "wait", "optimizer")), self.buckets(key, kind))
        return at_one.with_rows(rows / known)
