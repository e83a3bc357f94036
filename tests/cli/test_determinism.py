"""One answer: output, messages and status are the same however a job is carried out."""

import itertools
import unittest

from sheaf_test import EXECUTORS, Case, every_engine, run, seed

THREADS = (1, 2, 3, 8)
SIZES = ("1", "2", "3", "7", "64", "4K", "1M")
EVERYTHING = ("count()", "count(v)", "nulls(v)", "sum(v)", "mean(v)", "min(v)", "max(v)",
              "range(v)", "var(v)", "varp(v)", "sd(v)", "sdp(v)", "first(v)", "last(v)", "any(v)",
              "min(t)", "max(t)", "first(t)", "last(t)")


class Determinism(Case):
    def settings(self, sizes):
        every = itertools.product(EXECUTORS, THREADS, sizes)
        for (executor, threads, size), engine in zip(every, every_engine()):
            yield ("--executor", executor, "-j", str(threads), "--chunk-size", size, *engine)

    def same(self, status, *args, sizes=SIZES, **options):
        """Runs with every setting, and expects one result with this status."""
        first = None
        for setting in self.settings(sizes):
            result = run(*args[:1], *setting, *args[1:], **options)
            first = first or result
            self.assertEqual(result, first, (args, setting))
        self.assertEqual(first.status, status, first.err)
        return first

    def rows(self, count, name):
        """Rows of groups, numbers of many sizes, and texts that hold quotes and line ends."""
        random = seed(name)
        texts = ["x", '"a,b"', '"c\nd"', '"e\r\n"', "", '""', 'f"g', '"h""i"', '"\n\n"', "\r"]
        lines = ["k,v,t"]
        for _ in range(count):
            value = random.choice(["", f"{random.randrange(-999, 999)}.{random.randrange(100):02}",
                                   str(random.randrange(10**20)), f"{random.random():.15f}"])
            lines.append(f"{random.choice('abcde')},{value},{random.choice(texts)}")
        return "\n".join(lines).encode()

    def test_good(self):
        path = self.file(self.rows(60, "good"))
        self.same(0, "agg", *EVERYTHING, path)
        self.same(0, "agg", "-g", "k", *EVERYTHING, path)
        self.same(0, "agg", "-g", "t,k", "--sort", "-f", "json", "count()", "first(v)", path)
        self.same(0, "count", path)

    def test_larger(self):
        path = self.file(self.rows(3000, "larger"))
        self.same(0, "agg", "-g", "t", *EVERYTHING, path, sizes=("7", "64", "4K", "1M"))

    def test_mebibytes(self):
        path = self.file(self.rows(90_000, "mebibytes"))
        self.same(0, "agg", "-g", "t", *EVERYTHING, path, sizes=("4K", "1M"))

    def test_several_files(self):
        rows = self.rows(40, "several_files")
        header, *_ = rows.split(b"\n", 1)
        files = [self.file(data, str(i)) for i, data in enumerate(
            (rows, b"", header + b"\n", b"\xef\xbb\xbf" + rows.replace(b"\nb,", b"\nz,")))]
        self.same(0, "agg", "-g", "k", "count()", "sum(v)", "first(t)", "last(t)", *files)

    def test_standard_input(self):
        rows = self.rows(60, "standard_input")
        self.same(0, "agg", "-g", "k", *EVERYTHING, data=rows)
        self.same(0, "count", "-", data=rows)

    def test_bad_rows(self):
        rows = self.rows(40, "bad_rows") + b"\n"
        for data in (rows + b"a,1\n" + rows, rows + b'a,"1"x,\n"' + rows, rows + b'a,1,"\n',
                     b'k,v,"t\n' + rows, rows + b"a,no,\n" + rows + b"b,no,\n",
                     rows + b'a,1,"x\n"\r\rz,,,\n' + rows):
            path = self.file(data)
            self.same(1, "agg", "-g", "k", "sum(v)", path)
        self.same(1, "agg", "sum(v)", data=rows + b"a,no,\n" + rows + b"c,no,\n")
        self.same(1, "count", "--max-field", "30", self.file(rows + b"a," + b"1" * 31 + b",\n"))

    def test_skipped_rows(self):
        rows = self.rows(20, "skipped_rows") + b"\n"
        path = self.file(rows + b'a,1\n"b"c,2,\n' + rows + b"d,x,\ne,1,2,3\n" + rows)
        for policy in ("skip", "null"):
            result = self.same(3, "agg", "--on-error", policy, "-g", "k", "count()", "sum(v)",
                               path)
            self.assertIn(b":", result.err)
        self.same(3, "count", "--on-error", "skip", path)

    def test_bad_in_a_later_file(self):
        rows = self.rows(20, "bad_in_a_later_file") + b"\n"
        good, short = self.file(rows, "1"), self.file(rows + b"a\n" + rows + b"b\n", "2")
        text = self.file(rows + b"a,no,\n", "3")
        result = self.same(1, "agg", "sum(v)", good, short, text)
        self.assertIn(short.encode(), result.err)
        result = self.same(1, "agg", "sum(v)", good, text, short)
        self.assertIn(text.encode(), result.err)

    def test_wrong_usage(self):
        self.same(2, "agg", "sum(w)", self.file(self.rows(10, "wrong_usage")))

    def test_dialects(self):
        rows = self.rows(40, "dialects")
        path = self.file(b"junk\n#\"\n" + rows.replace(b"\n", b"\r").replace(b",", b";"))
        self.same(0, "agg", "--cr-ends", "-d", ";", "-C", "#", "--skip-lines", "1", "-g", "k",
                  "--ragged", "pad,trim", "count()", "last(t)", path)
        path = self.file(rows)
        self.same(3, "agg", "--quote", "none", "-n", "--on-error", "null", "-g", "c1", "-q",
                  "--ragged", "pad,trim", "sum(c2)", "count()", path)

    def test_everything_in_one_row(self):
        field = b'"' + b'x""\n,\r' * 300 + b'"'
        self.same(0, "agg", "first(b)", "count()", self.file(b"a,b\n1," + field))
        self.same(0, "agg", "first(b)", "count()", data=b"a,b\n1," + field)


if __name__ == "__main__":
    unittest.main()
