"""scripts/bench: its jobs and the answers it expects, on inputs of a few hundred rows."""

import csv
import os
import subprocess
import sys

from sheaf_test import PROGRAM, ROOT, SECONDS, Case

SCRIPT = str(ROOT / "scripts" / "bench")
BENCH = ROOT / "tests" / "bench"
MAKER = str(BENCH / "make-inputs")
KINDS = ("places", "readings", "remarks", "doubles", "records")


def jobs():
    sys.path.insert(0, str(BENCH))
    try:
        import jobs as module
    finally:
        sys.path.remove(str(BENCH))
    return module


class Inputs(Case):
    def make(self, kind, rows, name):
        path = self.dir / name
        subprocess.run([sys.executable, MAKER, kind, str(rows), str(path)], check=True,
                       timeout=SECONDS)
        return path

    def test_same_bytes(self):
        for kind in KINDS:
            first, again = self.make(kind, 500, "first"), self.make(kind, 500, "again")
            self.assertEqual(first.read_bytes(), again.read_bytes(), kind)

    def test_rows(self):
        for kind in ("readings", "remarks"):
            self.gives("25001\n", "count", self.make(kind, 25001, f"{kind}.csv"))
        for kind in ("doubles", "records"):
            self.gives("count()\n25001\n", "agg", "count()", self.make(kind, 25001, f"{kind}.npy"))
        self.gives("count()\n300\n", "agg", "-n", "-d", ";", "count()",
                   self.make("places", 300, "places.csv"))

    def test_line_ends(self):
        for kind in ("places", "readings", "remarks"):
            text = self.make(kind, 300, kind).read_bytes()
            self.assertEqual(text.count(b"\n"), text.count(b"\r\n"), kind)
        self.assertGreater(text.count(b"\n"), 301)  # some of remarks are in quotes


class Answers(Case):
    def test_difference(self):
        difference = jobs().difference
        ours = {("a",): ["1", "text"], ("b",): ["0.3", ""]}
        self.assertEqual(difference(ours, ours, 0), "")
        self.assertEqual(difference(ours, {("b",): ["0.30000000001", ""], ("a",): ["1.0", "text"]},
                                    0), "")
        for theirs in ({("a",): ["1", "text"]}, {**ours, ("c",): []}, {**ours, ("b",): ["0.3"]},
                       {**ours, ("b",): ["0.300001", ""]}, {**ours, ("b",): ["0.3", "0"]},
                       {**ours, ("a",): ["1", "tent"]}):
            self.assertNotEqual(difference(ours, theirs, 0), "", theirs)
        self.assertEqual(difference({(): ["8.04"]}, {(): ["8.0"]}, 0.0501), "")
        self.assertNotEqual(difference({(): ["8.04"]}, {(): ["8.1"]}, 0.0501), "")

    def test_groups_that_come_twice(self):
        table_of = jobs().table_of
        self.assertEqual(table_of([["a", "1"], ["b", "2"]], 1), {("a",): ["1"], ("b",): ["2"]})
        with self.assertRaises(ValueError):
            table_of([["a", "1"], ["a", "2"]], 1)

    def test_braces(self):
        brace_rows = jobs().brace_rows
        self.assertEqual(brace_rows("{Abu Dhabi=-9.6/28/65.4, St. John's=0.0/1.5/2.0}\n"),
                         [["Abu Dhabi", "-9.6", "28", "65.4"], ["St. John's", "0.0", "1.5", "2.0"]])
        self.assertEqual(brace_rows("Abu Dhabi -9.6 28 65.4\n"), [])


class Script(Case):
    """The inputs are so small that nothing can be said about times."""

    def setUp(self):
        super().setUp()
        self.inputs = {}
        for entry in jobs().INPUTS.values():
            path = self.dir / f"{entry.name}.{entry.suffix}"
            if entry.maker == "gen":
                self.gives("", "gen", entry.name, "--rows", "300", "-o", path)
            else:
                subprocess.run([sys.executable, MAKER, entry.name, "300", str(path)], check=True,
                               timeout=SECONDS)
            self.inputs[f"SHEAF_BENCH_{entry.name.upper()}"] = str(path)

    def bench(self, *args, **environment):
        environment = {"SHEAF": PROGRAM, "BUILD": str(self.dir / "build"), **self.inputs,
                       "SHEAF_BENCH_DIR": str(self.dir / "bench"), "SHEAF_BENCH_SPECIAL": "",
                       "SHEAF_BENCH_DUCKDB": str(self.dir / "none"), **environment}
        done = subprocess.run([sys.executable, SCRIPT, "--rounds", "2", *args], text=True,
                              capture_output=True, timeout=SECONDS, check=False,
                              env={**os.environ, **environment})
        return done.returncode, done.stdout, done.stderr

    def special(self, name, script):
        path = self.dir / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    def test_every_job(self):
        out, figures = self.dir / "tables.md", self.dir / "figures.csv"
        status, text, err = self.bench("--markdown", str(out), "--csv", str(figures))
        self.assertEqual((status, err), (0, ""), text)
        self.assertIn("DuckDB is left out: SHEAF_BENCH_DUCKDB: no file", text)
        self.assertIn("0 answers differ or are missing\n", text)
        with open(figures, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        names = list(dict.fromkeys(row["job"] for row in rows))
        self.assertEqual(len(names), text.count("  contestant  "))
        self.assertEqual([line.split()[0] for line in self.bench("--list")[1].splitlines()], names)
        agreed = {row["job"] for row in rows if row["answer"] == "agrees"}
        self.assertEqual(agreed, {"count/trips", "count/readings", "sum/doubles", "sum/records"})
        self.assertIn("| count of rows | trips, 0 MB | ", out.read_text())

    def test_special_programs(self):
        right = " ".join([f"'{PROGRAM}'", "agg -n -d ';' -g 1 'min(2)' 'mean(2)' 'max(2)' -q -f",
                          "tsv \"$1\" | awk -F '\\t' 'NR > 1 { printf \"%s%s=%.1f/%.1f/%.1f\","
                          " (NR > 2 ? \", \" : \"{\"), $1, $2, $3, $4 } END { print \"}\" }'"])
        programs = [self.special("right", right), self.special("wrong", f"{right} | sed s/=/=1/"),
                    self.special("twice", f"{right} | sed 's/^{{\\([^,]*\\), /{{\\1, \\1, /'"),
                    self.special("strange", "echo 12"),
                    self.special("broken", "echo out of order >&2; exit 7")]
        status, text, err = self.bench("--only", "measurements",
                                       SHEAF_BENCH_SPECIAL=":".join(programs))
        self.assertEqual((status, err), (1, ""), text)
        said = {line.split()[1]: " ".join(line.split()[2:])
                for line in text.splitlines() if line.startswith("  special, ")}
        self.assertRegex(said["right"], " agrees$")
        self.assertRegex(said["wrong"], " differs: .*; sheaf: ")
        self.assertRegex(said["twice"], r" differs: \d+ rows for \d+ groups$")
        self.assertRegex(said["strange"], " not compared: its form is unknown$")
        self.assertEqual(said["broken"], "failed: status 7: out of order")
        self.assertIn("; 3 answers differ or are missing\n", text)

    def test_other_bytes(self):
        """A sheaf whose answer depends on its threads."""
        liar = self.special("liar", f"'{PROGRAM}' \"$@\" || exit; case \" $* \" in *' -j 1 '*)"
                            " echo;; esac")
        if len(os.sched_getaffinity(0)) == 1:
            return
        status, text, _ = self.bench("--only", "count/trips", SHEAF=liar)
        self.assertEqual(status, 1, text)
        self.assertRegex(text, r"(?m)^  sheaf -j 1 .* differs$")

    def test_usage(self):
        for args in (["--only", "none at all"], ["--only", "("], ["--rounds", "1"], ["more"]):
            self.assertEqual(self.bench(*args)[0], 2, args)
        status, out, err = self.bench(SHEAF_BENCH_TRIPS="none", *["--only", "count/trips"])
        self.assertEqual((status, err), (1, "bench: SHEAF_BENCH_TRIPS: no file none\n"), out)
