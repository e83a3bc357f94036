"""What reads the rows, --scanner and --isa, changes no answer; and --escape."""

import csv
import io
import unittest

import test_dialect
from sheaf_test import Case, run, seed

READERS = ("count", "agg", "stats", "freq", "quantile", "hist", "schema")


def available(case):
    """The instruction sets that this machine can run."""
    for line in case.ok("--version", "--features").decode().splitlines():
        if line.startswith("instructions:"):
            return line.removeprefix("instructions:").split()
    raise AssertionError("--features names no instruction sets")


class BothScanners(Case):
    """What every run of a test gives, to the messages' last byte, each scanner gives."""

    compared = 0

    def finished(self, *args, **options):
        result = run(*args, **options)
        if args and args[0] in READERS:
            other = run(args[0], "--scanner", "libcsv", *args[1:], **options)
            self.assertEqual(result, other, args)
            BothScanners.compared += 1
        return result


# Each test of the dialect once more.
for name, case in vars(test_dialect).items():
    if isinstance(case, type) and issubclass(case, Case) and case is not Case:
        globals()[name] = type(name, (BothScanners, case), {"__module__": __name__})


class Twins(BothScanners):
    def test_random_bytes(self):
        random = seed("random_bytes")
        options = ((), ("-C", "#"), ("--cr-ends",), ("--quote", "none"), ("--ragged", "pad,trim"),
                   ("--max-field", "3"), ("-n",))
        before = BothScanners.compared
        outcomes = set()
        for round_ in range(100):
            size = random.randrange(1, 200)
            path = self.file(b"a,b\n" + bytes(random.choices(b'"",,\n\n\rxy#', k=size)))
            setting = (*random.choice(options), "--chunk-size", random.choice((1, 7, 100, 4096)),
                       "--on-error", ("fail", "skip")[round_ % 2], "-j", random.choice((1, 2)))
            for args in (("count",), ("agg", "count()", "-g", "1,2"), ("freq", "-s", "1")):
                outcomes.add(self.finished(*args, *setting, path).status)
        self.assertEqual(BothScanners.compared - before, 300)
        self.assertLessEqual({0, 1, 3}, outcomes)

    def test_instruction_sets(self):
        path = self.file("k,v\n" + "".join(f'"x{i % 7}",{i}.{i % 10}\n' for i in range(5000)))
        args = ("agg", "-g", "k", "sum(v)", "max(v)", "median(v)", "--chunk-size", "1K", path)
        expected = self.ok(*args)
        for isa in ("auto", *available(self)):
            self.gives(expected, *args, "--isa", isa)


class Choosing(Case):
    def test_every_reader_takes_them(self):
        path = self.file("a,b\n1,2\n")
        for command in READERS:
            operands = ("count()", path) if command == "agg" else (path,)
            for options in (("--scanner", "simd"), ("--scanner=libcsv",), ("--isa", "scalar"),
                            ("--escape", "\\")):
                self.assertEqual(self.ok(command, *options, *operands),
                                 self.ok(command, *operands))
        self.fails(2, "gen", "sequence", "--rows", "1", "--scanner", "simd", parts=["--scanner"])

    def test_unknown(self):
        path = self.file("a\n1\n")
        self.fails(2, "count", "--scanner", "smid", path, parts=["--scanner", "smid", "'simd'"])
        self.fails(2, "count", "--scanner", "walker", path, parts=["simd, libcsv"])
        self.fails(2, "count", "--isa", "axv2", path, parts=["--isa", "axv2", "'avx2'"])
        self.fails(2, "count", "--isa", "neon", path, parts=["auto, scalar, sse2, avx2, avx512"])

    def test_what_this_machine_cannot_run(self):
        path = self.file("a\n1\n")
        can = available(self)
        self.assertIn("scalar", can)
        for isa in ("scalar", "sse2", "avx2", "avx512"):
            if isa in can:
                self.gives("1\n", "count", "--isa", isa, path)
            else:
                self.fails(2, "count", "--isa", isa, path,
                           parts=[isa, *(name.rstrip(",") for name in can)])

    def test_explain_names_them(self):
        path = self.file("a\n1\n")
        self.assertIn(b"scanner: simd", self.ok("count", "--explain", path))
        out = self.ok("count", "--explain", "--scanner", "libcsv", "--isa", "scalar", path)
        self.assertIn(b"scanner: libcsv", out)
        self.assertIn(b"instruction set: scalar\n", out)
        best = available(self)[-1]
        self.assertIn(f"instruction set: {best}\n".encode(), self.ok("count", "--explain", path))

    def test_about_csv(self):
        path = self.file(b"12345678", "x.raw")
        self.fails(2, "count", "--schema", "a:i64", "--escape", "x", path, parts=["--escape", "raw"])
        for scanner in ("simd", "libcsv"):
            self.gives("1\n", "count", "--schema", "a:i64", "--scanner", scanner, "--isa", "scalar",
                       path)


class Escapes(Case):
    def escaped(self, data, width, *options, status=0):
        """The rows, which are the same for small chunks."""
        options = ("--escape", "\\", *options)
        found = self.read(data, width, *options, status=status)
        for size in (1, 2, 3, 5):
            self.assertEqual(self.read(data, width, *options, "--chunk-size", size, status=status),
                             found)
        return found

    def test_an_escaped_quote(self):
        self.assertEqual(self.escaped(b'a,b\n"x\\"y","\\""\n', 2), [('x"y', '"')])
        self.assertEqual(self.escaped(b'a,b\n"\\",","\\"\n"\n', 2), [('",', '"\n')])

    def test_an_escape_at_the_end_of_a_field(self):
        """It is escaped itself: what follows closes the field."""
        self.assertEqual(self.escaped(b'a,b\n"x\\\\","\\\\\\""\n', 2), [("x\\", '\\"')])
        self.fails(1, "count", "--escape", "\\", self.file(b'a,b\n1,"x\\"\n'), parts=[":2: "])

    def test_an_escaped_line_end(self):
        self.assertEqual(self.escaped(b'a,b\n"x\\\ny","\\\r\n"\n1,2\n', 2),
                         [("x\ny", "\r\n"), ("1", "2")])
        self.fails(1, "count", "--escape", "\\", self.file(b'a,b\n"\\\n",1\n2\n'), parts=[":4: "])

    def test_other_bytes_stay_what_they_are(self):
        self.assertEqual(self.escaped(b'a,b\n"\\n\\t","\\,\\x"\n', 2), [("nt", ",x")])

    def test_doubled_quotes_still_work(self):
        self.assertEqual(self.escaped(b'a\n"x""\\"y"\n', 1), [('x""y',)])

    def test_outside_quotes_it_is_data(self):
        self.assertEqual(self.escaped(b'a,b\n\\n,x\\\n\\,"\\,"\n', 2),
                         [("\\n", "x\\"), ("\\", ",")])
        self.assertEqual(self.escaped(b'a\nx\\"y\n', 1), [('x\\"y',)])

    def test_after_a_closing_quote_it_is_bad(self):
        self.fails(1, "count", "--escape", "\\", self.file(b'a\n"x"\\\n'), parts=[":2: "])
        data = b'a,b\n"x"\\","\\"\n1\n"\n3,4\n'
        self.assertEqual(self.escaped(data, 2, "--on-error", "skip", "-q", status=3), [("3", "4")])

    def test_without_the_option_it_is_data(self):
        self.assertEqual(self.read(b'a\n"x\\"\n', 1), [("x\\",)])

    def test_in_names(self):
        """A name is the same however it is written."""
        self.assertEqual(self.ok("schema", "--escape", "\\", self.file(b'"a\\"b"\n1\n')),
                         self.ok("schema", self.file(b'"a""b"\n1\n')))

    def test_any_byte(self):
        self.assertEqual(self.read(b"a,b\n'x^'y','^^'\n", 2, "--quote", "'", "--escape", "caret"),
                         [("x'y", "^")])
        self.assertEqual(self.read(b'a\r"x~\r"\r', 1, "--escape", "\\x7e", "--cr-ends"),
                         [("x\r",)])

    def test_the_longest_field_is_of_what_is_left(self):
        path = self.file(b'a\n"' + b'\\"' * 10 + b'"\n')
        self.gives("1\n", "count", "--escape", "\\", "--max-field", "10", path)
        self.fails(1, "count", "--escape", "\\", "--max-field", "9", path, parts=["--max-field"])

    def test_refused(self):
        path = self.file("a\n1\n")
        for args in (("--escape", '"'), ("--escape", ",", "-d", ","), ("--escape", ","),
                     ("--escape", "#", "-C", "#"), ("--escape", "\\", "--quote", "none"),
                     ("--escape", "xy"), ("--escape", "\n"), ("--escape", ""),
                     ("--escape", "none")):
            self.fails(2, "count", *args, path, parts=["escape"])
        self.fails(2, "count", "--escape", "\\", "--scanner", "libcsv", path,
                   parts=["--scanner libcsv", "--escape"])
        self.fails(2, "count", "--escape", "\\", "--verify", path, parts=["--verify", "--escape"])
        self.fails(2, "count", "--escape", "tab", self.file("a\n1\n", "x.tsv"), parts=["escape"])

    def test_against_python(self):
        """Random rows as Python's csv module writes them with an escape."""
        random = seed("against_python")
        for _ in range(40):
            rows = [tuple("".join(random.choices('ab\\",\n ', k=random.randrange(6)))
                          for _ in range(2)) for _ in range(random.randrange(1, 20))]
            text = io.StringIO()
            csv.writer(text, quoting=csv.QUOTE_ALL, doublequote=False, escapechar="\\",
                       lineterminator="\n").writerows([["a", "b"], *rows])
            self.assertEqual(self.escaped(text.getvalue().encode(), 2), list(dict.fromkeys(rows)))


if __name__ == "__main__":
    unittest.main()
