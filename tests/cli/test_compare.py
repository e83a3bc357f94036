"""scripts/compare: what it calls agreement, and what it says of tools that lie, fail or are absent."""

import importlib.util
import os
import re
import subprocess
import sys
from importlib.machinery import SourceFileLoader

from sheaf_test import PROGRAM, ROOT, SECONDS, Case

SCRIPT = str(ROOT / "scripts" / "compare")
TOOLS = {"mawk": "mawk", "Miller": "mlr", "datamash": "datamash", "DuckDB": "duckdb"}


def load():
    loader = SourceFileLoader("compare", SCRIPT)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
    loader.exec_module(module)
    return module


class Agreement(Case):
    def test_numbers(self):
        agrees = load().agrees
        for ours, theirs in (("1.5", "1.5"), ("2", "2.000"), ("14.39804", "14.398"),
                             ("0.123456789012345678", "0.123456789012"), ("1234567", "1.23457e+06"),
                             ("-2.5", "-2"), ("370713.21", "370713.2100000011"), ("", ""),
                             ("Murmansk", "Murmansk"), ("NaN", "NaN")):
            self.assertTrue(agrees(ours, theirs), (ours, theirs))
        for ours, theirs in (("1.5", "1.6"), ("14.39804", "14.397"), ("3", "2"), ("3", "-3"),
                             ("1", ""), ("", "0"), ("1", "inf"), ("Murmansk", "Dresden"),
                             ("370713.21", "370713.22"), ("1e-12", "2e-12")):
            self.assertFalse(agrees(ours, theirs), (ours, theirs))

    def test_groups(self):
        differences = load().differences
        ours = {("a",): ["1", "2"], ("b",): ["3", "4"]}
        self.assertEqual(list(differences(ours, dict(reversed(ours.items())))), [])
        self.assertEqual(list(differences(ours, {("b",): ["3", "5"], ("c",): ["0", "0"]})),
                         ["a: missing", "b: 3,5; sheaf: 3,4",
                          "c: not in the answer of sheaf"])
        self.assertEqual(len(list(differences({(): ["1"]}, {(): ["1", "1"]}))), 1)


class Script(Case):
    def compare(self, *args, **environment):
        done = subprocess.run([sys.executable, SCRIPT, *args], capture_output=True, text=True,
                              timeout=SECONDS, check=False,
                              env={**os.environ, "SHEAF": PROGRAM, **environment})
        return done.returncode, done.stdout, done.stderr

    def tool(self, name, script):
        """A directory for PATH with one program in it."""
        directory = self.dir / name
        directory.mkdir()
        path = directory / TOOLS[name]
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(directory)

    def answers(self, out):
        agreed, differed = re.search(r"^(\d+) answers agree with sheaf's, (\d+) do not", out,
                                     re.MULTILINE).groups()
        return int(agreed), int(differed)

    def test_the_tools_that_are_installed(self):
        status, out, err = self.compare("--runs", "1", "2000")
        self.assertEqual((status, err), (0, ""), out)
        agreed, differed = self.answers(out)
        self.assertGreaterEqual(agreed, 5)  # mawk is there, as the tests need it
        self.assertEqual(differed, 0)
        self.assertEqual(out.count(" agrees\n"), agreed)

    def test_no_tool(self):
        status, out, err = self.compare("--runs", "1", "100", PATH=str(self.dir))
        self.assertEqual((status, err), (0, ""), out)
        self.assertEqual(self.answers(out), (0, 0))
        self.assertTrue(out.endswith("; not installed: mawk, Miller, datamash, DuckDB\n"), out)
        self.assertNotIn("agrees", out)

    def test_a_tool_that_lies(self):
        status, out, err = self.compare("--runs", "1", "100",
                                        PATH=self.tool("mawk", 'echo "A town,1,2,3"'))
        self.assertEqual((status, err), (1, ""), out)
        self.assertEqual(self.answers(out), (0, 5))
        self.assertIn("A town: not in the answer of sheaf", out)
        self.assertRegex(out, r"   and \d+ more\n")
        self.assertIn("not installed: Miller, datamash, DuckDB", out)

    def test_a_tool_that_is_nearly_right(self):
        """One number of one job."""
        status, out, _ = self.compare(
            "--runs", "1", "100",
            PATH=self.tool("datamash", 'case $* in "-t ; count 1") echo 99;; *) exit 3;; esac'))
        self.assertEqual(status, 1)
        self.assertIn("   99; sheaf: 100\n", out)

    def test_a_tool_that_fails(self):
        status, out, _ = self.compare("--runs", "1", "100",
                                      PATH=self.tool("Miller", "echo out of order >&2; exit 7"))
        self.assertEqual(status, 1)
        self.assertEqual(self.answers(out), (0, 9))
        self.assertIn("mlr: status 7: out of order", out)

    def test_usage(self):
        for args in (["0"], ["many"], ["--runs", "0"], ["1", "2"]):
            self.assertEqual(self.compare(*args)[0], 2, args)
        status, out, _ = self.compare("--help")
        self.assertEqual((status, "scripts/compare [--runs N] [ROWS]" in out), (0, True))

    def test_no_sheaf(self):
        status, out, err = self.compare("10", SHEAF=str(self.dir / "none"))
        self.assertEqual((status, out), (1, ""))
        self.assertIn("compare: ", err)
