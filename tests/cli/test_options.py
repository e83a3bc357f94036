"""The command line: help, wrong usage, and options that change how a job runs, not its result."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
import unittest

from sheaf_test import (EXECUTORS, PROGRAM, Case, default_signals, feed, finish, run,
                        set_pipe_size, start, wait_for)


class Help(Case):
    def test_help(self):
        out = self.ok("--help").decode()
        for part in ("count", "agg", "gen", "--help", "--version"):
            self.assertIn(part, out)
        for command in ("count", "agg", "gen"):
            text = self.ok(command, "--help").decode()
            self.assertIn(f"sheaf {command}", text)
            self.assertIn("xample", text)
            self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_help_names_every_option(self):
        text = self.ok("agg", "--help").decode()
        for option in ("--delimiter", "--quote", "--no-headers", "--comment", "--skip-lines",
                       "--null", "--null-quoted", "--ragged", "--on-error", "--max-field",
                       "--cr-ends", "--escape", "--scanner", "--isa", "--limit", "--round",
                       "--output", "--format", "--out-delimiter", "--jobs", "--chunk-size", "--executor", "--progress",
                       "--timings", "--memory-limit", "--verify", "--explain", "--quiet",
                       "--group-by", "--sort"):
            self.assertIn(option, text)

    def test_help_names_every_aggregate(self):
        text = self.ok("agg", "--help").decode()
        for name in ("count", "nulls", "sum", "mean", "min", "max", "range", "var", "varp", "sd",
                     "sdp", "first", "last", "any"):
            self.assertRegex(text, rf"\b{name}\(")

    def test_examples_of_the_help_run(self):
        """Each example on a file of the repository works as printed."""
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        found = 0
        for command in ("count", "agg"):
            for line in self.ok(command, "--help").decode().splitlines():
                if not re.match(r"\s+(\$ )?sheaf ", line) or "data/" not in line:
                    continue
                found += 1
                text = line.strip().removeprefix("$ ").replace("sheaf", f"'{PROGRAM}'", 1)
                result = subprocess.run(["sh", "-c", text], cwd=root, capture_output=True,
                                        check=False, timeout=60)
                self.assertEqual(result.returncode, 0, (line, result.stderr))
        self.assertGreater(found, 0)

    def test_version(self):
        self.assertRegex(self.ok("--version").decode(), r"^sheaf \d+\.\d+\.\d+\n")
        self.ok("--version", "--features")


class Usage(Case):
    def test_commands(self):
        self.fails(2)
        self.fails(2, "cuont", parts=["cuont", "count"])
        self.fails(2, "filter", self.file("a\n"), parts=["filter"])

    def test_unknown_option(self):
        path = self.file("a\n1\n")
        self.fails(2, "count", "--delimeter", ",", path, parts=["--delimeter", "--delimiter"])
        self.fails(2, "count", "-Z", path, parts=["Z"])
        self.fails(2, "count", "--sort", path, parts=["--sort"])
        self.fails(2, "count", "-H", path, parts=["H"])

    def test_options_of_later_releases_do_not_exist(self):
        path = self.file("a\n1\n")
        for option in ("--where=a", "--reject=x", "--max-errors=1", "--approx", "--checkpoint=x",
                       "--resume", "--partial=x", "--decimal=,"):
            self.fails(2, "agg", option, "count()", path, parts=[option.split("=")[0]])

    def test_bad_values(self):
        path = self.file("a\n1\n")
        for option, value in (("--jobs", "-1"), ("--jobs", "x"), ("-j", "1e3"),
                              ("--chunk-size", "0"), ("--chunk-size", "4Q"),
                              ("--chunk-size", "-5"), ("--chunk-size", "99999999999999G"),
                              ("--executor", "pol"), ("--format", "cvs"), ("--round", "-1"),
                              ("--round", "x"), ("--limit", "x"), ("--skip-lines", "-1"),
                              ("--ragged", "padd"), ("--on-error", "skp"), ("--progress", "yes"),
                              ("--timings=xml", None), ("--quote", "ab"), ("--quote", "\n"),
                              ("--comment", "ab"), ("--comment", "\r"), ("--max-field", "x"),
                              ("--memory-limit", "lots"), ("--out-delimiter", "\n"),
                              ("--jobs", ""), ("--chunk-size", ""), ("--out-delimiter", '"'),
                              ("--jobs", "4294967297"), ("--null", '"x')):
            with self.subTest(option=option, value=value):
                args = [option] if value is None else [option, value]
                self.fails(2, "count", *args, path)

    def test_did_you_mean(self):
        path = self.file("a\n1\n")
        for args, wanted in ((("--executor", "pol"), "pool"), (("-f", "jsno"), "json"),
                             (("--exectuor", "pool"), "--executor"),
                             (("--on-error", "skpi"), "skip")):
            self.fails(2, "count", *args, path, parts=[wanted])
        self.fails(2, "agg", "maen(a)", path, parts=["maen", "mean"])

    def test_same_byte_for_two_things(self):
        path = self.file("a\n1\n")
        self.fails(2, "count", "-d", ";", "--quote", ";", path)
        self.fails(2, "count", "-d", "#", "-C", "#", path)
        self.fails(2, "count", "--quote", "#", "-C", "#", path)

    def test_expressions(self):
        path = self.file("a\n1\n")
        self.fails(2, "agg", path)
        self.fails(2, "agg", "--", path)
        self.fails(2, "agg", "sum(a", path)
        self.fails(2, "agg", "sum()", path, parts=["sum"])
        self.fails(2, "agg", "nosuch(a)", path, parts=["nosuch"])
        self.fails(2, "agg", "sum(a) as ", path)
        self.fails(2, "agg", "sum(a,a)", path)

    def test_missing_value(self):
        self.fails(2, "count", "--delimiter", parts=["delimiter"])
        self.fails(2, "count", "--quiet=yes", self.file("a\n"), parts=["quiet"])

    def test_options_anywhere_before_the_dashes(self):
        path = self.file("a;b\n1;2\n")
        self.gives("sum(b)\n2\n", "agg", "sum(b)", path, "-d", ";")
        self.gives("sum(b)\n2\n", "agg", "-d;", "sum(b)", "--", path)
        self.gives("1\n", "count", "-qd;", path)
        os.symlink(path, self.dir / "-d")
        os.symlink(path, self.dir / "sum(a)")
        self.gives("1\n", "count", "--", "-d", cwd=self.dir)
        self.gives("count()\n1\n", "agg", "count()", "--", "sum(a)", cwd=self.dir)

    def test_a_file_that_looks_like_an_expression(self):
        os.symlink(self.file("a\n1\n"), self.dir / "f(x).csv")
        self.gives("count()\n1\n", "agg", "count()", "f(x).csv", cwd=self.dir)

    def test_sizes(self):
        path = self.file("a\n" + "1\n" * 5000)
        for size in ("1K", "4k", "1M", "1G", "1000"):
            self.gives("5000\n", "count", "--chunk-size", size, path)

    def test_jobs_0_and_threads(self):
        path = self.file("a\n1\n")
        self.gives("1\n", "count", "-j", "0", path)
        self.gives("1\n", "count", "--threads", "2", path)
        self.gives("1\n", "count", "-j64", path)


def numbers_under(tree, word):
    """All integers under keys that hold the word, anywhere in a JSON tree."""
    found = []
    items = tree.items() if isinstance(tree, dict) else enumerate(
        tree) if isinstance(tree, list) else ()
    for key, value in items:
        if isinstance(key, str) and word in key:
            found += [value] if isinstance(value, int) else list(
                value) if isinstance(value, list) else []
        found += numbers_under(value, word)
    return [value for value in found if isinstance(value, int)]


class Running(Case):
    def rows(self, count=400_000):
        return self.file("k,v\n" + "a,1\nb,2\n" * (count // 2))

    def timings(self, *args, **options):
        result = run(*args, **options)
        self.assertEqual(result.status, 0, result.err)
        return result.out, json.loads(result.err)

    def test_timings_name_the_threads(self):
        path = self.rows()
        for executor, least in (("pool", 2), ("openmp", 2), ("serial", 1)):
            out, tree = self.timings("agg", "-g", "k", "sum(v)", "-j", "2", "--executor", executor,
                                     "--chunk-size", "4K", "--timings=json", path)
            self.assertEqual(out, b"k,sum(v)\na,200000\nb,400000\n")
            threads = set(numbers_under(tree, "thread"))
            self.assertGreaterEqual(len(threads), least, (executor, tree))

    def test_timings_for_people(self):
        result = run("count", "--timings", self.rows(100))
        self.assertEqual((result.status, result.out), (0, b"100\n"))
        self.assertTrue(result.err)

    def test_timings_of_a_run_that_failed(self):
        path = self.file("a\n1\nx\n")
        result = run("agg", "sum(a)", "--timings=json", path)
        self.assertEqual(result.status, 1)
        lines = result.err.decode().splitlines()
        messages = [line for line in lines if line.startswith("sheaf: ")]
        self.assertEqual(len(messages), 1)
        json.loads("\n".join(line for line in lines if not line.startswith("sheaf: ")))

    def clones(self, *args, data=b""):
        """How many threads a run created."""
        log = str(self.dir / "strace")
        result = run(*args, program=["strace", "-f", "-qq", "-o", log, "-e",
                                     "trace=clone,clone3,fork,vfork", PROGRAM], data=data)
        self.assertEqual(result.status, 0, result.err)
        with open(log, encoding="utf-8") as lines:
            return sum(" clone" in line or "fork" in line for line in lines
                       if "resumed" not in line)

    def test_serial_creates_no_thread(self):
        path = self.rows(20_000)
        args = ("agg", "-g", "k", "sum(v)", "--executor", "serial", "--chunk-size", "4K")
        self.assertEqual(self.clones(*args, path), 0)
        self.assertEqual(self.clones(*args, "-j", "8", path), 0)
        with open(path, "rb") as stream:
            self.assertEqual(self.clones(*args, data=stream.read()), 0)

    def test_explicit_jobs_start_that_many(self):
        path = self.rows(20_000)
        for threads in (2, 3):
            for executor in ("pool", "openmp"):
                made = self.clones("count", "-j", threads, "--chunk-size", "4K", "--executor",
                                   executor, path)
                self.assertIn(made, (threads - 1, threads, threads + 1), executor)

    def test_no_more_threads_than_chunks(self):
        path = self.file("a\n1\n")
        self.assertLessEqual(self.clones("count", "-j", "8", path), 1)

    def test_small_jobs_start_none(self):
        self.assertEqual(self.clones("count", self.file("a\n1\n")), 0)

    def test_explain(self):
        path = self.file("name,fare\n" + "x,1\n" * 100)
        for executor in EXECUTORS:
            out = self.ok("agg", "-g", "name", "sum(fare)", "--explain", "--executor", executor,
                          "-j", "2", "--chunk-size", "100", path).decode()
            for part in ("name", "fare", executor):
                self.assertIn(part, out)
        bad = self.file("a\n1\nx\n", "bad")
        self.assertIn(b"a", self.ok("agg", "sum(a)", "--explain", bad))
        self.fails(2, "agg", "sum(b)", "--explain", bad)
        target = self.dir / "out"
        run("count", "--explain", path, "-o", target)
        self.assertFalse(target.exists())

    def test_verify(self):
        path = self.rows(1000)
        self.gives("k,sum(v)\na,500\nb,1000\n", "agg", "--verify", "-g", "k", "sum(v)", path)
        self.gives("1000\n", "count", "--verify", path)
        with open(path, "rb") as stream:
            self.gives("1000\n", "count", "--verify", stdin=stream)
        self.fails(2, "count", "--verify", data=b"a\n1\n", parts=["--verify"])
        fifo = self.fifo()
        feed(fifo, b"a\n1\n")
        self.assertEqual(run("count", "--verify", fifo).status, 2)
        self.fails(1, "agg", "--verify", "sum(a)", self.file("a\nx\n"), parts=[":2: "])

    def test_quiet(self):
        path = self.file("a\n1\nx\n")
        result = run("agg", "-q", "--on-error", "skip", "sum(a)", path)
        self.assertEqual(result, (3, b"sum(a)\n1\n", b""))


class Generator(Case):
    def test_the_same_bytes(self):
        args = ("gen", "measurements", "--rows", "30000", "--seed", "7")
        first = self.ok(*args)
        self.assertEqual(first.count(b"\n"), 30000)
        for setting in (("-j", "1"), ("-j", "2"), ("-j", "8", "--chunk-size", "1K"),
                        ("--executor", "serial"), ("--executor", "openmp", "-j", "3")):
            self.assertEqual(self.ok(*args, *setting), first, setting)
        self.assertNotEqual(self.ok(*args[:-1], "8"), first)
        self.assertTrue(first.startswith(self.ok("gen", "measurements", "--rows", "10", "--seed",
                                                 "7")))

    def test_rows(self):
        lines = self.ok("gen", "measurements", "--rows", "50000", "--seed", "1").decode()
        names = set()
        for line in lines.splitlines():
            name, text = line.split(";")
            self.assertRegex(text, r"^(-?[1-9]\d?|-?0|0)\.\d$")
            self.assertNotEqual(text, "-0.0")
            names.add(name)
        self.assertTrue(350 <= len(names) <= 450, len(names))
        self.assertTrue(all(3 <= len(name.encode()) <= 30 for name in names))

    def test_options(self):
        target = self.dir / "out"
        self.gives("", "gen", "measurements", "--rows", "3", "-D", ",", "-o", target, "-q")
        self.assertEqual([line.count(",") for line in target.read_text().splitlines()], [1, 1, 1])
        self.gives("", "gen", "measurements", "--rows", "0", "--seed", "1")
        self.fails(2, "gen", "mesurements", "--rows", "1", parts=["measurements"])
        self.fails(2, "gen", "measurements", "--rows", "x")
        self.fails(2, "gen")
        with open("/dev/full", "wb") as full:
            self.assertEqual(run("gen", "measurements", "--rows", "100", stdout=full).status, 1)

    def test_stopped(self):
        reader, writer = os.pipe()
        os.close(reader)
        result = finish(start("gen", "measurements", "--rows", "1000000", stdout=writer))
        os.close(writer)
        self.assertEqual((result.status, result.err), (-signal.SIGPIPE, b""))
        for executor in EXECUTORS:
            target = self.dir / "out"
            process = start("gen", "measurements", "--rows", "1000000000", "-o", target,
                            "--executor", executor, "-j", "2")
            wait_for(lambda: any(os.path.dirname(os.path.realpath(entry.path)) == str(self.dir)
                                 for entry in os.scandir(f"/proc/{process.pid}/fd")),
                     "the output to be opened")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(finish(process, timeout=30).status, -signal.SIGTERM, executor)
            self.assertEqual(os.listdir(self.dir), [])


class Progress(Case):
    """A run that lasts longer than a second, as its input does not end before."""

    def slow_run(self, *options, terminal):
        fifo = self.fifo()
        holder = os.open(fifo, os.O_RDWR)
        master, slave = pty.openpty()
        log = open(self.dir / "err", "w+b")
        process = subprocess.Popen([PROGRAM, "count", *options, fifo], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=slave if terminal else log,
                                   preexec_fn=default_signals)
        os.close(slave)
        set_pipe_size(holder, 1 << 20)
        os.write(holder, b"a\n" + b"1\n" * 100_000)
        shown = b""
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            if select.select([master], [], [], 0.1)[0] and terminal:
                shown += self.drain(master)
        writer = os.open(fifo, os.O_WRONLY)
        os.close(holder)
        os.close(writer)
        out, _ = process.communicate(timeout=30)
        shown += self.drain(master) if terminal else b""
        os.close(master)
        log.seek(0)
        shown += log.read()
        log.close()
        os.unlink(fifo)
        self.assertEqual((process.returncode, out), (0, b"100000\n"))
        return shown

    @staticmethod
    def drain(master):
        shown = b""
        while select.select([master], [], [], 0)[0]:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        return shown

    def test_on_a_terminal(self):
        self.assertNotEqual(self.slow_run(terminal=True), b"")

    def test_never_in_a_pipe(self):
        self.assertEqual(self.slow_run(terminal=False), b"")

    def test_none_when_quiet_or_told_so(self):
        self.assertEqual(self.slow_run("-q", terminal=True), b"")
        self.assertEqual(self.slow_run("--progress", "never", terminal=True), b"")

    def test_always_and_json(self):
        self.assertNotEqual(self.slow_run("--progress=always", terminal=False), b"")
        lines = self.slow_run("--progress=json", terminal=False).decode().splitlines()
        self.assertGreaterEqual(len(lines), 1)
        for line in lines:
            self.assertIsInstance(json.loads(line), dict)

    def test_a_short_run_shows_none(self):
        master, slave = pty.openpty()
        process = subprocess.run([PROGRAM, "count", self.file("a\n1\n")], stdout=subprocess.PIPE,
                                 stderr=slave, check=False)
        os.close(slave)
        self.assertEqual((process.stdout, self.drain(master)), (b"1\n", b""))
        os.close(master)


if __name__ == "__main__":
    unittest.main()
