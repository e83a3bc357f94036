"""The commands about columns (stats, freq, quantile, hist, schema): their words, their help, their
statuses, and what all commands that read data have in common."""

import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import unittest

from sheaf_test import EXECUTORS, PROGRAM, ROOT, Case, run

COLUMNS = ("stats", "freq", "quantile", "hist", "schema")
USUAL = "column,type,rows,nulls,distinct,min,max,sum,mean,sd,q1,median,q3"
FURTHER = ("count", "range", "variance", "skewness", "kurtosis", "iqr", "mode", "mode_count",
           "min_length", "max_length")
METHODS = ("linear", "lower", "higher", "nearest", "midpoint", *"123456789")
TABLE = "name,n,x\na,1,0.5\nb,2,1.5\na,3,\nc,4,2.5\n"
TABLE_OF_500 = "c1,c2,c3\n" + "".join(f"k{i % 7},{i},{i % 31}.5\n" for i in range(500))


def listed(text, title):
    """The words in the margin of a list of a help text."""
    section = re.search(rf"^{title}:\n(.*?)\n\n", text, re.DOTALL | re.MULTILINE)
    return re.findall(r"^  (\w+)", section.group(1), re.MULTILINE)


class Help(Case):
    def test_the_program_lists_them(self):
        text = self.ok("--help").decode()
        for command in COLUMNS:
            self.assertRegex(text, rf"\n  {command} +\w")
        self.assertIn("binary", text)
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_each_has_a_page(self):
        for command in COLUMNS:
            text = self.ok(command, "--help").decode()
            self.assertTrue(text.startswith(f"Usage: sheaf {command} "), command)
            self.assertEqual(self.ok("help", command).decode(), text)
            for option in ("--select", "--input-format", "--schema", "--round", "--limit",
                           "--verify", "--explain", "--timings"):
                self.assertIn(option, text, command)
            for option in ("--group-by", "--sort", "--seed", "--runs"):
                self.assertNotIn(option, text, command)
            self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_options_of_their_own(self):
        for command, option in (("stats", "fields"), ("stats", "all"), ("freq", "top"),
                                ("quantile", "at"), ("quantile", "method"), ("hist", "bins")):
            for other in (*COLUMNS, "count", "agg"):
                named = rf"\n      --{option}\b"
                check = self.assertRegex if other == command else self.assertNotRegex
                check(self.ok(other, "--help").decode(), named)

    def test_lists(self):
        fields = listed(self.ok("stats", "--help").decode(), "Fields")
        self.assertEqual(set(fields), {*USUAL.split(","), *FURTHER})
        methods = listed(self.ok("quantile", "--help").decode(), "Methods")
        self.assertEqual(methods, list(METHODS))

    def test_input_formats(self):
        self.assertRegex(self.ok("--features").decode(), r"\ninputs: +.*csv")
        for command in ("count", "agg", *COLUMNS):
            text = self.ok(command, "--help").decode()
            for name in ("csv", "raw", "npy", "id:i64,price:f64,name:c16"):
                self.assertIn(name, text, command)

    def test_examples_run(self):
        for command in COLUMNS:
            found = 0
            for line in self.ok(command, "--help").decode().splitlines():
                if not re.match(r"  sheaf ", line) or "data/" not in line:
                    continue
                found += 1
                done = subprocess.run(["sh", "-c", line.replace("sheaf", f"'{PROGRAM}'", 1)],
                                      cwd=ROOT, capture_output=True, check=False, timeout=60)
                self.assertEqual((done.returncode, done.stderr), (0, b""), line)
                self.assertGreater(done.stdout.count(b"\n"), 1, line)
            self.assertGreater(found, 1, command)


class Usage(Case):
    def setUp(self):
        super().setUp()
        self.path = self.file(TABLE)

    def refuses(self, *args, parts=()):
        return self.fails(2, *args, self.path, parts=parts)

    def test_did_you_mean(self):
        for word, command in (("stas", "stats"), ("frq", "freq"), ("quantiles", "quantile"),
                              ("hits", "hist"), ("shcema", "schema")):
            self.refuses(word, parts=[word, f"'{command}'"])
        self.refuses("freq", "--tpo", "3", parts=["--tpo", "--top"])
        self.refuses("hist", "--bin-s", "3", parts=["--bin-s", "--bins"])
        self.refuses("stats", "--selct", "n", parts=["--selct", "--select"])
        self.refuses("count", "--input-fromat", "csv", parts=["--input-format"])
        self.refuses("quantile", "--method", "liner", parts=["liner", "linear"])
        self.refuses("stats", "-i", "cvs", parts=["cvs", "csv"])

    def test_fields(self):
        self.refuses("stats", "--fields", "colum,nuls", parts=["colum", "column"])
        self.refuses("stats", "--fields", "column,nuls", parts=["nuls", "nulls"])
        self.refuses("stats", "--fields", "min,min", parts=["min"])
        self.refuses("stats", "--fields", "", parts=["field"])
        self.refuses("stats", "--fields", "min", "--all", parts=["--fields", "--all"])

    def test_quantiles(self):
        for at in ("1.5", "-0.1", "x", "0.5,2", "1e5", "nan", "50%"):
            self.refuses("quantile", "-s", "n", "--at", at, parts=["quantile", at.split(",")[-1]])
        self.refuses("quantile", "-s", "n", "--at", "")
        for method in ("0", "10", "medium rare", ""):
            self.refuses("quantile", "-s", "n", "--method", method, parts=["--method"])

    def test_numbers(self):
        for command, option, values in (("hist", "--bins", ("0", "-1", "x", "1000001", "", "1.5")),
                                        ("freq", "--top", ("x", "-1", "", "all", "1e3"))):
            for value in values:
                self.refuses(command, "-s", "n", option, value, parts=[option])

    def test_columns(self):
        for command in COLUMNS:
            self.refuses(command, "-s", "nme", parts=["nme", "name"])
            self.refuses(command, "-s", "")
            self.refuses(command, "-s", "4")
            self.refuses(command, "-s", "0")
            self.refuses(command, "-s")

    def test_options_of_others(self):
        for command, *option in (("count", "--select", "n"), ("agg", "--top", "3"),
                                 ("stats", "--bins", "3"), ("freq", "--sort"),
                                 ("hist", "--group-by", "name"), ("schema", "--all"),
                                 ("quantile", "--fields", "min"), ("gen", "--schema", "id:i8")):
            self.refuses(command, *option, parts=[option[0]])

    def test_a_schema_means_records(self):
        self.refuses("count", "-i", "csv", "--schema", "id:i64", parts=["schema"])


class Results(Case):
    def setUp(self):
        super().setUp()
        self.path = self.file(TABLE)

    def test_defaults(self):
        self.assertEqual(self.ok("stats", self.path).decode().splitlines()[0], USUAL)
        self.assertEqual([row[:3] for row in self.table("quantile", "-s", "n", self.path)],
                         [["column", "q", "value"], ["n", "0", "1"], ["n", "0.25", "1.75"],
                          ["n", "0.5", "2.5"], ["n", "0.75", "3.25"], ["n", "1", "4"]])
        self.assertEqual(len(self.table("hist", "-s", "n", self.path)), 1 + 10)
        many = self.file("v\n" + "".join(f"{i}\n" for i in range(30)), "many")
        self.assertEqual(len(self.table("freq", many)), 1 + 10)

    def test_stats(self):
        self.gives("max,column,nulls\n4,n,0\n2.5,x,1\n", "stats", "-s", "n,x", "--fields",
                   "max,column,nulls", self.path)
        header, *rows = self.table("stats", "--all", self.path)
        self.assertEqual(set(header), {*USUAL.split(","), *FURTHER})
        row = dict(zip(header, rows[0]))
        self.assertEqual((row["mode"], row["mode_count"], row["min"], row["sum"]),
                         ("a", "2", "a", ""))
        self.assertEqual([row[0] for row in rows], ["name", "n", "x"])

    def test_freq(self):
        self.gives("column,value,count,percent\nname,a,2,50\nname,b,1,25\n", "freq", "-s", "name",
                   "--top", "2", self.path)
        self.assertEqual([row[:3] for row in self.table("freq", "-s", "x,name", "--top", "0",
                                                        self.path)[1:]],
                         [["x", "0.5", "1"], ["x", "1.5", "1"], ["x", "", "1"], ["x", "2.5", "1"],
                          ["name", "a", "2"], ["name", "b", "1"], ["name", "c", "1"]])
        thirds = self.file("v\na\nb\nb\n", "thirds")
        self.gives("column,value,count,percent\nv,b,2,66.67\nv,a,1,33.33\n", "freq", "--round",
                   "2", thirds)

    def test_quantile(self):
        for method, value in (("linear", "1.5"), ("lower", "1"), ("higher", "2"), ("2", "1.5"),
                              ("nearest", "1"), ("midpoint", "1.5"), ("1", "1"), ("7", "1.5")):
            self.gives(f"column,q,value\nn,0.5,{value}\n", "quantile", "-s", "n", "--at", "0.5",
                       "--method", method, self.file("n\n1\n2\n", "two"))

    def test_hist(self):
        self.gives("column,low,high,count\nn,1,2.5,2\nn,2.5,4,2\nx,0.5,1.5,1\nx,1.5,2.5,2\n",
                   "hist", "-s", "n,x", "--bins", "2", self.path)
        self.gives("column,low,high,count\nn,7,7,3\n", "hist", self.file("n\n7\n7\n7\n", "one"))
        self.assertEqual(len(self.table("hist", "-s", "n", "--bins", "5000", self.path)), 1 + 5000)
        self.ok("hist", "-s", "n", "--bins", "1000000", "--explain", self.path)

    def test_schema(self):
        self.gives("column,type,nullable,example\nname,text,false,a\nn,integer,false,1\n"
                   "x,decimal,true,0.5\n", "schema", self.path)
        self.gives("column,type,nullable,example\nx,decimal,true,0.5\n", "schema", "-s", "3",
                   self.path)

    def test_texts_are_no_numbers(self):
        for command in ("quantile", "hist"):
            self.fails(1, command, self.path, parts=[":2: ", "name", "--on-error"])
            self.assertEqual(run(command, "--on-error", "null", self.path).status, 3)
            self.assertEqual(run(command, "--on-error", "skip", "-q", self.path).status, 3)

    def test_nothing(self):
        empty = self.file("", "empty")
        heading = self.file("a,b\n", "heading")
        for command in COLUMNS:
            first = self.ok(command, heading).decode().splitlines()[0]
            self.assertEqual(self.ok(command, empty).decode(), first + "\n")
            self.fails(2, command, "-s", "a", empty)
        self.assertEqual([row[:4] for row in self.table("stats", heading)[1:]],
                         [["a", "null", "0", "0"], ["b", "null", "0", "0"]])


class Common(Case):
    """What they share with count and agg."""

    # Each with options that fit the columns of `path`.
    JOBS = (("stats", "--all"), ("freq", "--top", "0"), ("quantile", "-s", "c2,c3"),
            ("hist", "-s", "c3"), ("schema",))

    def setUp(self):
        super().setUp()
        self.path = self.file(TABLE_OF_500)

    def test_one_answer(self):
        for job in self.JOBS:
            expected = self.ok(*job, self.path)
            with open(self.path, "rb") as stream:
                self.gives(expected, *job, stdin=stream)
            with open(self.path, "rb") as stream:
                self.gives(expected, *job, data=stream.read())
            for executor in EXECUTORS:
                self.gives(expected, *job, "--executor", executor, "-j", "3", "--chunk-size",
                           "100", self.path)

    def test_verify(self):
        for job in self.JOBS:
            self.gives(self.ok(*job, self.path), *job, "--verify", self.path)
            self.fails(2, *job, "--verify", data=b"c1,c2,c3\n", parts=["--verify"])

    def test_explain(self):
        for job in self.JOBS:
            text = self.ok(*job, "--explain", self.path).decode()
            for part in (job[0], "csv", '"c3"'):
                self.assertIn(part, text)
            self.fails(2, *job, "-s", "nosuch", "--explain", self.path)

    def test_timings(self):
        for job in self.JOBS:
            result = run(*job, "--timings=json", self.path)
            self.assertEqual((result.status, result.out), (0, self.ok(*job, self.path)))
            self.assertEqual(json.loads(result.err)["rows"], 500)

    def test_output(self):
        for job in self.JOBS:
            plain = self.table(*job, self.path)
            target = self.dir / "out"
            self.gives("", *job, "-o", target, self.path)
            self.assertEqual(target.read_bytes(), self.ok(*job, self.path))
            self.fails(2, *job, "-o", self.path, self.path)
            objects = json.loads(self.ok(*job, "-f", "json", self.path))
            self.assertEqual([list(row) for row in objects], [plain[0]] * (len(plain) - 1))
            self.assertEqual(self.table(*job, "--limit", "2", self.path), plain[:3])
            for form in ("tsv", "jsonl", "md", "table"):
                self.assertNotEqual(self.ok(*job, "-f", form, self.path), b"")

    def test_dialect(self):
        rows = TABLE_OF_500.partition("\n")[2]
        other = self.file("# a comment\n" + rows.replace(",", ";"), "other")
        for job in self.JOBS:
            self.gives(self.ok(*job, self.path), *job, "-n", "-d", ";", "-C", "#", other)

    def test_several_files(self):
        parts = [self.file("c1,c2,c3\na,1,1\n", "1"), self.file("c1,c2,c3\nb,2,2\n", "2")]
        whole = self.file("c1,c2,c3\na,1,1\nb,2,2\n", "whole")
        for job in self.JOBS:
            self.gives(self.ok(*job, whole), *job, *parts)
            self.fails(1, *job, whole, self.file("c1,m,c3\n", "3"), parts=["m"])

    def test_bad_rows(self):
        bad = self.file("c1,c2,c3\na,1,1\nb,2\nc,3,3\n", "bad")
        for job in self.JOBS:
            self.fails(1, *job, bad, parts=[":3: "])
            result = run(*job, "--on-error", "skip", bad)
            self.assertEqual(result.status, 3)
            self.assertIn(b"skipped 1 row", result.err)

    def test_memory_limit(self):
        big = self.file("t\n" + "".join(f"{i:0100}x\n" for i in range(20_000)), "big")
        for job in (("stats",), ("freq",)):
            self.fails(4, *job, "--memory-limit", "500K", big)


class Records(Case):
    """How -i and --schema are read; what records hold is tested elsewhere."""

    SCHEMA = "id:i32,price:f64,name:c4"

    def setUp(self):
        super().setUp()
        rows = [(1, 0.5, b"ab"), (2, 1.5, b"cd"), (3, 2.5, b"ab")]
        self.little = b"".join(struct.pack("<id4s", *row) for row in rows)
        self.big = b"".join(struct.pack(">id4s", *row) for row in rows)

    def test_where_the_format_comes_from(self):
        named = self.file(self.little, "rows.raw")
        other = self.file(self.little, "rows.bin")
        for args in (("--schema", self.SCHEMA, named), ("--schema", self.SCHEMA, other),
                     ("-i", "raw", "--schema", self.SCHEMA, other)):
            self.gives("3\n", "count", *args)
        self.gives("3\n", "count", "-i", "raw", "--schema", self.SCHEMA, data=self.little)
        self.gives("1\n", "count", "-n", "-i", "csv", self.file("a\n", "text.raw"))
        for args in ((named,), ("-i", "raw", other)):
            self.fails(2, "count", *args, parts=["schema"])
        self.fails(2, "count", "-i", "npy", "--schema", self.SCHEMA, other, parts=["schema"])

    def test_every_command(self):
        path = self.file(self.little, "rows.raw")
        args = ("--schema", self.SCHEMA, path)
        self.gives("sum(price)\n4.5\n", "agg", "sum(price)", *args)
        self.gives("column,type,nullable,example\nid,integer,false,1\nprice,float,false,0.5\n"
                   "name,text,false,ab\n", "schema", *args)
        self.gives("column,value,count,percent\nname,ab,2,66.67\nname,cd,1,33.33\n", "freq", "-s",
                   "name", "--round", "2", *args)
        self.gives("column,q,value\nid,0.5,2\n", "quantile", "-s", "id", "--at", "0.5", *args)
        self.gives("column,low,high,count\nprice,0.5,1.5,1\nprice,1.5,2.5,2\n", "hist", "-s",
                   "price", "--bins", "2", *args)
        self.gives("column,min,max\nid,1,3\n", "stats", "-s", "id", "--fields", "column,min,max",
                   *args)

    def test_big_endian(self):
        self.gives("sum(id),sum(price)\n6,4.5\n", "agg", "sum(id)", "sum(price)", "--schema",
                   "big," + self.SCHEMA, self.file(self.big, "rows.raw"))

    def test_bad_schemas(self):
        path = self.file(self.little, "rows.raw")
        for schema in ("", "id", "id:", "id:i7", "id:int", "name:c0", "name:c", "id:i32,", "big",
                       "id:i32;price:f64"):
            self.fails(2, "count", "--schema", schema, path)

    def test_a_dialect_is_refused(self):
        """It means nothing to records."""
        path = self.file(self.little, "rows.raw")
        for option in (("-n",), ("-d", ";"), ("-C", "#"), ("--quote", "none"), ("--ragged", "pad"),
                       ("--null", "NA"), ("--null-quoted",), ("--cr-ends",), ("--skip-lines", "1")):
            name = {"-n": "--no-headers", "-d": "--delimiter", "-C": "--comment"}.get(option[0])
            self.fails(2, "count", *option, "--schema", self.SCHEMA, path,
                       parts=[name or option[0], "CSV", "raw"])


class Bars(Case):
    """Bars stand on a terminal, in the table only."""

    def terminal(self, *args, width=200):
        """What the program shows there; width 0: it cannot tell, and is taken as 80."""
        master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, width))
        process = subprocess.Popen([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=slave,
                                   stderr=subprocess.PIPE)
        os.close(slave)
        shown = b""
        while select.select([master], [], [], 60)[0]:
            try:
                piece = os.read(master, 65536)
            except OSError:  # how a terminal ends
                break
            if not piece:
                break
            shown += piece
        os.close(master)
        _, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, err), (0, b""), args)
        return shown.decode().replace("\r\n", "\n")

    @staticmethod
    def bar(count, most):
        whole, part = divmod(max(count * 320 // most, 1 if count else 0), 8)
        return "\u2588" * whole + (chr(0x2590 - part) if part else "")

    def check(self, *args):
        """The bars are those of the counts; the rest of each line is the table without them."""
        plain = self.table(*args)
        counts = [(row[0], int(row[plain[0].index("count")])) for row in plain[1:]]
        shown = self.terminal(*args).splitlines()
        table = self.ok(*args, "-f", "table").decode().splitlines()
        self.assertEqual(len(shown), len(table))
        self.assertEqual(shown[0], table[0])
        for line, bare, (column, count) in zip(shown[1:], table[1:], counts):
            most = max(other for name, other in counts if name == column)
            bar = self.bar(count, most)
            self.assertTrue(line.startswith(bare), line)
            self.assertEqual(line[len(bare):].lstrip(" "), bar, line)
            self.assertEqual(line, line.rstrip(" "))
        return shown

    def test_freq(self):
        values = [value for value, count in enumerate((1, 40, 3, 320, 17), 5)
                  for _ in range(count)]
        shown = self.check("freq", self.file("v\n" + "".join(f"{value}\n" for value in values)))
        self.assertTrue(shown[1].endswith("  " + "\u2588" * 40))
        self.assertTrue(shown[-1].endswith("  \u258f"))

    def test_hist(self):
        path = self.file("a,b\n" + "".join(f"{i * i},{i % 3 * 5}\n" for i in range(1000)))
        shown = self.check("hist", "-s", "a,b", "--bins", "7", path)
        self.assertIn("\u2588" * 40, shown[1])
        self.check("hist", self.file("n\n1\nnan\n2\ninf\n9\n", "special"))

    def test_bars_fit(self):
        path = self.file("v\n" + "some value\n" * 3 + "other\n" * 4)
        for width in (0, *range(30, 120)):
            lines = self.terminal("freq", path, width=width).splitlines()
            bars = [line.count("\u2588") for line in lines]
            table = self.ok("freq", "-f", "table", path).decode().splitlines()
            width = width or 80
            room = width - max(map(len, table)) - 2
            self.assertEqual(max(bars), min(room, 40) if room >= 8 else 0, lines)
            self.assertTrue(room < 8 or max(map(len, lines)) <= width, lines)

    def test_columns_of_one_name(self):
        """Each has a longest bar of its own."""
        path = self.file("a,a\n1,5\n1,6\n1,6\n2,7\n")
        for command in (("freq",), ("hist", "--bins", "2")):
            lines = self.terminal(*command, "-s", "1,2", path).splitlines()
            whole = [line for line in lines if "\u2588" * 40 in line]
            self.assertGreaterEqual(len(whole), 2, lines)

    def test_nothing_to_draw(self):
        self.assertEqual(self.terminal("freq", self.file("a\n")),
                         self.ok("freq", "-f", "table", self.file("a\n")).decode())

    def test_no_bars_elsewhere(self):
        path = self.file("v\na\na\nb\n")
        for form in ("csv", "tsv", "json", "jsonl", "md"):
            self.assertEqual(self.terminal("freq", "-f", form, path),
                             self.ok("freq", "-f", form, path).decode())
        self.assertNotIn("\u2588", self.ok("freq", "-f", "table", path).decode())
        target = str(self.dir / "out")
        self.assertEqual(self.terminal("freq", "-f", "table", "-o", target, path), "")
        with open(target, encoding="utf-8") as file:
            self.assertEqual(file.read(), self.ok("freq", "-f", "table", path).decode())
        self.assertNotIn("\u2588", self.terminal("stats", path))


if __name__ == "__main__":
    unittest.main()
