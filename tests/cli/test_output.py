"""What comes out: formats, files, order, limits."""

import csv
import io
import json
import os
import stat
import struct
import unittest

from sheaf_test import Case, run

DATA = ('k,v,"n,m"\n' 'a,1,x\n' '"b,""c",2.50,"y\nz"\n' ',3,\n' '"",nan,""\n' 'é|;\t#,-4,#w\n')
ARGS = ("agg", "-g", "k", "sum(v) as s", "first(3) as t")
TABLE = [["k", "s", "t"], ["a", "1", "x"], ['b,"c', "2.5", "y\nz"], ["", "3", ""],
         ["", "NaN", ""], ["é|;\t#", "-4", "#w"]]


class Formats(Case):
    def output(self, *options):
        return self.ok(*ARGS[:1], *options, *ARGS[1:], self.file(DATA)).decode()

    def test_csv(self):
        self.assertEqual(self.output(), 'k,s,t\na,1,x\n"b,""c",2.5,"y\nz"\n,3,\n"",NaN,""\n'
                                        'é|;\t#,-4,#w\n')
        self.assertEqual(self.output("-f", "csv"), self.output())

    def test_out_delimiter(self):
        for option, byte in ((";", ";"), ("tab", "\t"), ("|", "|")):
            text = self.output("-D", option)
            self.assertEqual(list(csv.reader(io.StringIO(text, newline=""), delimiter=byte)),
                             TABLE)
            self.assertIn(f'"é|;\t#"{byte}-4', text)
            self.assertIn(f'"b,""c"{byte}2.5', text)

    def test_tsv(self):
        text = self.output("-f", "tsv")
        self.assertEqual(list(csv.reader(io.StringIO(text, newline=""), delimiter="\t")), TABLE)
        self.assertIn('"é|;\t#"\t-4\t#w\n', text)

    def test_a_field_like_a_comment_is_quoted(self):
        self.assertIn('-4,"#w"\n', self.output("-C", "#"))

    def test_json(self):
        rows = json.loads(self.output("-f", "json"), parse_float=str, parse_int=str)
        self.assertEqual(rows, [
            {"k": "a", "s": "1", "t": "x"}, {"k": 'b,"c', "s": "2.5", "t": "y\nz"},
            {"k": None, "s": "3", "t": None}, {"k": "", "s": "NaN", "t": ""},
            {"k": "é|;\t#", "s": "-4", "t": "#w"}])
        numbers = json.loads(self.output("-f", "json"))
        self.assertEqual([type(row["s"]) for row in numbers], [int, float, int, str, int])

    def test_jsonl(self):
        lines = self.output("-f", "jsonl").splitlines()
        self.assertEqual([json.loads(line) for line in lines],
                         json.loads(self.output("-f", "json")))

    def test_json_keeps_all_digits(self):
        path = self.file("k,x\n007,12345678901234567890.123\n")
        self.gives('{"k":"007","sum(x)":12345678901234567890.123,'
                   '"first(x)":"12345678901234567890.123"}\n',
                   "agg", "-f", "jsonl", "-g", "k", "sum(x)", "first(x)", path)

    def test_json_of_any_bytes(self):
        path = self.file(b"k\n\"\x00\x1f\x7f\"\n\xff\xfe\n\"\\\"\"/\"\n\xed\xa0\x80\n")
        rows = json.loads(self.ok("agg", "-f", "json", "-g", "k", "count()", path))
        self.assertEqual([row["k"].encode("utf-8", "surrogateescape") for row in rows],
                         [b"\x00\x1f\x7f", b"\xff\xfe", b'\\"/', b"\xed\xa0\x80"])

    def test_json_with_two_columns_of_one_name(self):
        """One would hide the other, so it is refused before any input is read."""
        path = self.file("a,b\n1,2\n")
        for args, name in ((("sum(a)", "sum(a)"), "sum(a)"), (("-g", "b", "sum(a) as b"), "b")):
            for form in ("json", "jsonl"):
                self.fails(2, "agg", *args, path, "-f", form, parts=[f'"{name}"', " as NAME"])
        self.gives("sum(a),sum(a)\n1,1\n", "agg", "sum(a)", "sum(a)", path, "-f", "csv")
        self.gives("b,b\n2,1\n", "agg", "-g", "b", "sum(a) as b", path)
        self.gives('{"sum(a)":1,"s":1}\n', "agg", "sum(a)", "sum(a) as s", path, "-f", "jsonl")

    def test_markdown(self):
        lines = self.output("-f", "md").splitlines()
        self.assertEqual(len(lines), 7)
        self.assertTrue(all(line.startswith("|") and line.endswith("|") for line in lines))
        self.assertTrue(set(lines[1]) <= set("|-: "))
        self.assertIn("é\\|;", lines[6])

    def test_table(self):
        text = self.output("-f", "table")
        self.assertEqual(len(text.splitlines()), 6 + ("---" in text or "───" in text))
        for part in ("k", "s", "t", "a", "2.5", "NaN", "-4", "#w"):
            self.assertIn(part, text)
        self.assertNotIn("\t", text)

    def test_no_terminal_control_in_a_table(self):
        path = self.file(b'k\n"\x1b[2J\r\x07"\n')
        out = self.ok("agg", "-f", "table", "-g", "k", "count()", path)
        self.assertFalse(set(out) & {0x1b, 0x0d, 0x07}, out)

    def test_count(self):
        path = self.file("a\n1\n2\n")
        for form in ("csv", "tsv", "table"):
            self.gives("2\n", "count", "-f", form, path)
        for form in ("json", "jsonl"):
            self.gives('{"count":2}\n', "count", "-f", form, path)

    def test_no_rows(self):
        path = self.file("k,v\n")
        args = ("agg", "-g", "k", "sum(v)", path)
        self.gives("k,sum(v)\n", *args)
        self.assertEqual(json.loads(self.ok(*args, "-f", "json")), [])
        self.gives("", *args, "-f", "jsonl")

    def test_a_row_that_would_be_an_empty_line(self):
        path = self.file("a\n\"\"\n")
        self.gives('first(a)\n""\n', "agg", "first(a)", path)
        self.gives('max(a)\n""\n', "agg", "max(a)", self.file("a\n"))


class Limits(Case):
    def test_limit(self):
        path = self.file("k\nc\na\nb\na\n")
        args = ("agg", "-g", "k", "count()", path)
        self.gives("k,count()\nc,1\na,2\n", *args, "-l", "2")
        self.gives("k,count()\n", *args, "--limit", "0")
        self.gives("k,count()\na,2\n", *args, "-l1", "--sort")
        self.gives("k,count()\nc,1\na,2\nb,1\n", *args, "-l", "99")

    def test_rows_are_checked_beyond_the_limit(self):
        self.fails(1, "agg", "-l", "1", "-g", "k", "count()", self.file("k,v\na,1\nb,2\nc\n"),
                   parts=[":4: "])


class ManyRows(Case):
    """Results that several workers print: 10 000 rows and more."""

    SERIAL = ("--executor", "serial")
    WORKERS = (("-j", "2"), ("-j", "3", "--executor", "openmp"), ("-j", "16"))

    def check(self, path, *args):
        """Gives the output, which is the same from one worker and from several."""
        first = self.ok(*args, *self.SERIAL, path)
        for workers in self.WORKERS:
            self.assertEqual(self.ok(*args, "--chunk-size", "10K", *workers, path), first,
                             (args, workers))
        return first.decode()

    def groups(self, count):
        rows = [f'"k,{i % count}",{i % 977 / 8},{i % 13}' for i in range(2 * count + 1)]
        return self.file("\n".join(["k,x,y", *rows, ""]))

    def test_formats(self):
        count = 3 * 4096 + 1
        path = self.groups(count)
        calls = ("agg", "-g", "k", "count()", "mean(x)", "sd(y)", "median(x)")
        keys = [f"k,{i}" for i in range(count)]
        for name, delimiter in (("csv", ","), ("tsv", "\t")):
            text = self.check(path, *calls, "-f", name)
            rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
            self.assertEqual([row[0] for row in rows], ["k", *keys])
        objects = json.loads(self.check(path, *calls, "-f", "json"))
        self.assertEqual([row["k"] for row in objects], keys)
        lines = self.check(path, *calls, "-f", "jsonl").splitlines()
        self.assertEqual([json.loads(line) for line in lines], objects)
        self.assertEqual(self.check(path, *calls, "-f", "md").count("\n"), count + 2)
        self.assertEqual(self.check(path, *calls, "-f", "table").count("\n"), count + 1)

    def test_commands(self):
        path = self.groups(11000)
        self.assertEqual(self.check(path, "freq", "--top", "0").count("\n"), 1 + 11000 + 977 + 13)
        self.assertEqual(self.check(path, "hist", "-s", "2", "--bins", "12345").count("\n"), 12346)
        limited = self.check(path, "agg", "-g", "k", "max(x)", "-l", "10001")
        self.assertEqual(limited.count("\n"), 10002)

    def test_values_of_a_binary_format(self):
        path = self.dir / "values.raw"
        path.write_bytes(b"".join(struct.pack("<d", i / 8) for i in range(12000)))
        self.check(path, "freq", "--top", "0", "--schema", "v:f64")

    def test_long_rows(self):
        rows = [f"{i:05}" + "x" * 1500 for i in range(11000)]
        text = self.check(self.file("\n".join(["k", *rows, ""])), "agg", "-g", "k", "count()")
        self.assertEqual(text.splitlines()[1:], [row + ",1" for row in rows])

    def test_a_full_disk(self):
        path = self.groups(20000)
        for workers in (self.SERIAL, *self.WORKERS):
            result = run("agg", "-g", "k", "count()", "--chunk-size", "10K", *workers, path, "-o",
                         "/dev/full")
            self.assertEqual(result.status, 1, result)
            self.assertEqual(result.err, b"sheaf: /dev/full: cannot write: "
                             b"No space left on device\n")


class Files(Case):
    def test_written_whole(self):
        path, target = self.file("a\n1\n2\n"), self.dir / "out.csv"
        self.gives("", "agg", "sum(a)", path, "-o", target)
        self.assertEqual(target.read_bytes(), b"sum(a)\n3\n")
        self.assertEqual(sorted(os.listdir(self.dir)), ["input.csv", "out.csv"])
        mask = os.umask(0)
        os.umask(mask)
        self.assertEqual(stat.S_IMODE(target.stat().st_mode), 0o666 & ~mask)

    def test_or_not_at_all(self):
        path, target = self.file("a\n1\nx\n"), self.dir / "out.csv"
        self.fails(1, "agg", "sum(a)", path, "-o", target, parts=[":3: "])
        self.assertEqual(sorted(os.listdir(self.dir)), ["input.csv"])
        target.write_bytes(b"old")
        self.fails(1, "agg", "sum(a)", path, f"--output={target}", parts=[":3: "])
        self.assertEqual(target.read_bytes(), b"old")
        self.assertEqual(sorted(os.listdir(self.dir)), ["input.csv", "out.csv"])

    def test_replaced_with_its_mode(self):
        path, target = self.file("a\n1\n"), self.dir / "out.csv"
        target.write_bytes(b"old, and longer than the new one")
        target.chmod(0o640)
        self.gives("", "count", path, "-o", target)
        self.assertEqual(target.read_bytes(), b"1\n")
        self.assertEqual(stat.S_IMODE(target.stat().st_mode), 0o640)

    def test_through_a_link(self):
        path, target, link = self.file("a\n1\n"), self.dir / "real", self.dir / "link"
        target.write_bytes(b"old")
        link.symlink_to(target)
        self.gives("", "count", path, "-o", link)
        self.assertTrue(link.is_symlink())
        self.assertEqual(target.read_bytes(), b"1\n")

    def test_what_is_no_regular_file_is_written_directly(self):
        path, fifo = self.file("a\n1\n"), self.fifo()
        descriptor = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, descriptor)
        self.gives("", "count", path, "-o", fifo)
        self.assertEqual(os.read(descriptor, 100), b"1\n")
        self.gives("", "count", path, "-o", "/dev/null")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_dash_is_standard_output(self):
        self.gives("1\n", "count", self.file("a\n1\n"), "-o", "-")

    def test_partly_skipped_is_written_too(self):
        path, target = self.file("a\n1\nx\n"), self.dir / "out.csv"
        result = run("agg", "--on-error", "skip", "sum(a)", path, "-o", target)
        self.assertEqual((result.status, target.read_bytes()), (3, b"sum(a)\n1\n"))


if __name__ == "__main__":
    unittest.main()
