"""--io: files are read in any way with one answer, and one message when they change meanwhile."""

import itertools
import os
import signal
import time
import unittest

from sheaf_test import Case, finish, run, seed, start

MODES = ("auto", "pread", "mmap")


class Io(Case):
    def rows(self, count):
        random = seed("io rows")
        lines = ["a,b,c"]
        for i in range(count):
            text = random.choice(["x", '"a,b"', '"c\nd"', '""', "", "longer text"])
            lines.append(f"{i},{random.randrange(-999, 999) / 8},{text}")
        return ("\n".join(lines) + "\n").encode()

    def same(self, settings, *args, **options):
        first = None
        for setting in settings:
            result = run(*args[:1], *setting, *args[1:], **options)
            first = first or result
            self.assertEqual(result, first, (args, setting))
        self.assertEqual(first.status, 0, first.err)

    def test_one_answer(self):
        text = self.file(self.rows(1500), "rows.csv")
        numbers = self.file(b"", "rows.npy")
        self.ok("gen", "trips", "--rows", "700", "-o", numbers)
        settings = [("--io", io, "-j", jobs, *(("--chunk-size", size) if size else ()))
                    for io, jobs, size in itertools.product(
                        MODES, ("1", "2", "7"), ("", "1", "61", "4K", "1M"))]
        for path in (text, numbers):
            self.same(settings, "stats", path)
            self.same(settings[1::4], "agg", "-g", "1", "sum(2)", "first(3)", "mean(2)", path, path)
            self.same(settings[::7], "agg", "sum(2)", "mean(2)", "max(2)", path)
        self.same(settings[::2], "count", text, "-", data=b"a,b,c\n1,2,3\n")
        self.same(settings[::5], "stats", data=self.rows(500))

    def test_large_files_end_with_small_chunks(self):
        path = self.file(b"", "large.csv")
        self.ok("gen", "measurements", "--rows", "600000", "-o", path)
        settings = [("--io", io, "-j", jobs) for io, jobs in itertools.product(MODES, "123")]
        self.same([*settings, ("--chunk-size", "1000")], "agg", "-n", "-d", ";", "-g", "1",
                  "count()", "sum(2)", "first(2)", path)
        said = run("agg", "-n", "-d", ";", "sum(2)", "-j", "2", "--explain", path).out
        self.assertIn(b"smaller ones in the last ", said)
        said = run("agg", "-n", "-d", ";", "sum(2)", "-j", "2", "--explain", "--chunk-size",
                   "256K", "--io", "pread", path).out
        self.assertNotIn(b"smaller ones", said)
        self.assertIn(b"\nio: pread\n", said)

    def test_unknown_words(self):
        for word, near in (("map", b"'mmap'"), ("preed", b"'pread'"), ("zzz", b"known: auto")):
            result = run("count", "--io", word, os.devnull)
            self.assertEqual((result.status, result.out), (2, b""))
            self.assertIn(near, result.err)
        self.assertIn(b"--io", run("count", "--help").out)
        self.assertIn(b"pread", run("--features").out)

    def test_a_file_cut_short(self):
        """The program is stopped in the middle of a file, and finds it shorter when it goes on."""
        for name, args in (("cut.csv", ("-n", "-d", ";", "-g", "1", "sum(2)")),
                           ("cut.npy", ("-g", "1", "sum(2)", "last(2)"))):
            for io, jobs in itertools.product(MODES, ("1", "2")):
                path = self.file(b"", name)
                self.ok("gen", "measurements", "--rows", "2000000", "-o", path)
                # Small chunks keep it busy for long enough.
                process = start("agg", *args, "--io", io, "-j", jobs, "--chunk-size", "100", path)
                self.stop_inside(process)
                os.truncate(path, 1000)
                process.send_signal(signal.SIGCONT)
                result = finish(process)
                self.assertEqual((result.status, result.out), (1, b""), (name, io, result.err))
                self.assertIn(b"changed while it was read", result.err, (name, io, jobs))

    def stop_inside(self, process):
        """Stops it once it has worked a little."""
        ticks = 0
        while ticks < 3 and process.poll() is None:
            time.sleep(0.005)
            with open(f"/proc/{process.pid}/stat", encoding="ascii", errors="replace") as stat:
                ticks = int(stat.read().rpartition(")")[2].split()[11])
        process.send_signal(signal.SIGSTOP)
        self.assertIsNone(process.poll(), "ended before it could be stopped")


if __name__ == "__main__":
    unittest.main()
