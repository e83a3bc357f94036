"""What a row may cost: allocations and calls."""

import os
import re
import subprocess
import unittest
from collections import defaultdict
from pathlib import Path

from sheaf_test import EXECUTORS, PROGRAM, Case, run

MILLION = 1_000_000


class Allocations(Case):
    def setUp(self):
        super().setUp()
        self.shim = str(self.dir / "counter.so")
        compiler = os.environ.get("CC", "cc")
        source = str(Path(__file__).with_name("counter.c"))
        subprocess.run([compiler, "-O2", "-fPIC", "-shared", "-o", self.shim, source], check=True)

    def allocations(self, *args, **options):
        count = self.dir / "count"
        environment = {**os.environ, "LD_PRELOAD": self.shim, "ALLOCATIONS_FILE": str(count)}
        result = run(*args, env=environment, **options)
        self.assertEqual(result.status, 0, result.err)
        return int(count.read_text())

    def check(self, *args, source="measurements"):
        """A second million rows costs at most 100 allocations more."""
        paths = []
        for rows in (MILLION, 2 * MILLION):
            path = str(self.dir / str(rows))
            if not os.path.exists(path):
                self.ok("gen", source, "--rows", rows, "--seed", "1", "-o", path)
            paths.append(path)
        for executor in EXECUTORS:
            setting = ("--executor", executor, "-j", "2", "--chunk-size", "256K", "-n", "-d", ";")
            once, twice = (self.allocations("agg", *setting, *args, path) for path in paths)
            self.assertLessEqual(twice - once, 100, (executor, once, twice))
        return once

    def test_without_groups(self):
        self.check("count()", "sum(c2)", "mean(c2)", "min(c2)", "max(c2)", "var(c2)", "first(c1)",
                   "last(c1)", "min(c1)", "max(c1)")

    def test_with_groups(self):
        self.check("-g", "c1", "count()", "sum(c2)", "min(c2)", "max(c2)", "sd(c2)", "first(c2)",
                   "last(c2)")

    def test_falling_texts(self):
        """Each row brings a new minimum and a new last text."""
        costs = []
        for rows in (200_000, 400_000):
            path = self.file("x\n" + "".join(f"t{i:08}\n" for i in range(rows, 0, -1)))
            costs.append(self.allocations("agg", "min(x)", "last(x)", "-j", "2", "--chunk-size",
                                          "64K", path))
        self.assertLessEqual(costs[1] - costs[0], 20, costs)


class Calls(Case):
    """Function calls, counted by callgrind."""

    def calls(self, scanner, path):
        """Calls by (caller's object, caller, callee's object, callee)."""
        out = str(self.dir / "callgrind")
        result = run("agg", "sum(x)", "--executor", "serial", "--scanner", scanner, path,
                     timeout=300,
                     program=["valgrind", "-q", "--tool=callgrind",
                              f"--callgrind-out-file={out}", PROGRAM])
        self.assertEqual(result.status, 0, result.err)
        names, counts = {}, defaultdict(int)
        at = {"ob": "", "fn": "", "cob": None, "cfn": ""}
        with open(out, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                found = re.match(r"(c?ob|c?fn)=\((\d+)\)(?: (.*))?$", line)
                if found:
                    kind, number, name = found.groups()
                    key = (kind[-2:], number)
                    names.setdefault(key, name)
                    at[kind] = names[key]
                elif line.startswith("calls="):
                    callee = at["cob"] if at["cob"] is not None else at["ob"]
                    counts[at["ob"], at["fn"], callee, at["cfn"]] += int(line[6:].split()[0])
                    at["cob"] = None
        return counts

    def extra_calls(self, scanner):
        """The calls that 40 000 more rows cost."""
        counts = []
        for rows in (self.FEW, self.MANY):
            path = self.file("x,y\n" + "".join(f"{i}.{i % 10},z\n" for i in range(rows)))
            counts.append(self.calls(scanner, path))
        extra = {edge: count - counts[0].get(edge, 0) for edge, count in counts[1].items()}
        return {edge: count for edge, count in extra.items() if count != 0}

    FEW, MANY = 20_000, 60_000

    def check(self, extra):
        worst = sorted(extra.items(), key=lambda item: -item[1])[:8]
        self.assertLess(sum(extra.values()), 0.1 * (self.MANY - self.FEW), worst)

    def test_calls_per_row(self):
        self.check(self.extra_calls("simd"))

    def test_calls_per_row_besides_those_of_libcsv(self):
        extra = self.extra_calls("libcsv")
        callbacks = {edge[2:] for edge in extra if "libcsv" in edge[0]}
        self.assertTrue(callbacks)
        self.check({edge: count for edge, count in extra.items() if not
                    ("libcsv" in edge[0] or "libcsv" in edge[2] or edge[:2] in callbacks)})


class LinearTime(Case):
    """Inputs on which a scan could be quadratic. Then each would take minutes."""

    SECONDS = 10

    def test_comments_that_end_in_cr(self):
        path = self.file(b"#xxx\r" * 2_000_000 + b"a\r1\r")
        self.gives("1\n", "count", "--cr-ends", "-C", "#", path, timeout=self.SECONDS)

    def test_a_quoted_field_of_cr(self):
        path = self.file(b'a\r"' + b"xxx\r" * 5_000_000 + b'"\r1\r')
        for size in ("256K", "1G"):
            self.gives("2\n", "count", "--cr-ends", "--chunk-size", size, path,
                       timeout=self.SECONDS)

    def test_short_rows_below_a_wide_header(self):
        header = ",".join(str(i) for i in range(65535)).encode()
        path = self.file(header + b"\n" + b"1\n" * 500_000)
        self.gives("500000\n", "count", "--ragged", "pad", path, timeout=self.SECONDS)


if __name__ == "__main__":
    unittest.main()
