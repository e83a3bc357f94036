"""The same questions to other programs: mawk on ten million rows, SQLite on real files."""

import csv
import io
import subprocess
import unittest

from sheaf_test import Case, double_text

IEEE = "/usr/share/ieee-data/oui.csv"
UNICODE = "/usr/share/unicode/UnicodeData.txt"
ROWS = 10_000_000

# Tenths as integers: exact in a double up to 2^53.
MAWK = r"""
{
    point = index($2, ".")
    tenths = point ? substr($2, 1, point - 1) substr($2, point + 1) : $2 "0"
    t = tenths + 0
    if (!($1 in n)) { least[$1] = t; most[$1] = t }
    n[$1]++
    s[$1] += t
    if (t < least[$1]) least[$1] = t
    if (t > most[$1]) most[$1] = t
}
END { for (k in n) printf "%s;%.0f;%.0f;%.0f;%.0f\n", k, n[k], s[k], least[k], most[k] }
"""


def tenths(value):
    """An integer number of tenths as a decimal text."""
    whole, part = divmod(abs(value), 10)
    return ("-" if value < 0 else "") + str(whole) + (f".{part}" if part else "")


class Mawk(Case):
    def test_ten_million_rows(self):
        path = str(self.dir / "rows")
        self.gives("", "gen", "measurements", "--rows", ROWS, "--seed", "1", "-o", path)
        theirs = subprocess.run(["mawk", "-F;", MAWK, path], capture_output=True, check=True,
                                timeout=300).stdout.decode()
        expected = []
        for line in theirs.splitlines():
            name, *numbers = line.split(";")
            count, total, least, most = map(int, numbers)
            expected.append([name, str(count), tenths(total), tenths(least), tenths(most),
                             double_text(total / (10 * count))])
        expected.sort(key=lambda row: row[0].encode())
        ours = self.table("agg", "-n", "-d", ";", "--sort", "-g", "c1", "count()", "sum(c2)",
                          "min(c2)", "max(c2)", "mean(c2)", path)
        self.assertEqual(sum(int(row[1]) for row in expected), ROWS)
        self.assertEqual(ours[1:], expected)


class SQLite(Case):
    def query(self, separator, table, path, question, *options):
        script = "\n".join([".bail on", ".mode csv",
                            f".separator {separator} \\n", *options, f".import {path} {table}",
                            ".separator , \\n", question])
        done = subprocess.run(["sqlite3", "-batch", ":memory:"], input=script.encode(),
                              capture_output=True, check=True, timeout=120)
        self.assertEqual(done.stderr, b"")
        return list(csv.reader(io.StringIO(done.stdout.decode(), newline="")))

    def test_quoted_file(self):
        theirs = self.query(",", "t", IEEE, """
            select "Organization Name", count(*), min("Organization Address"),
                   max("Organization Address"), count(nullif("Organization Address", ''))
            from t group by 1 order by 1;""")
        # SQLite has '' where sheaf has null, and gives '' as a minimum.
        ours = self.table("agg", "--sort", "-g", "Organization Name", "count()",
                          "min(Organization Address)", "max(Organization Address)",
                          "count(Organization Address)", "--null", "no such text", IEEE)[1:]
        for row in theirs:
            row[4] = row[1]
        self.assertEqual(ours, theirs)
        self.assertGreater(len(ours), 10_000)

    def test_quoted_file_in_order(self):
        theirs = self.query(",", "t", IEEE, """
            select Registry, count(*), (select Assignment from t limit 1),
                   (select Assignment from t order by rowid desc limit 1) from t group by 1;""")
        ours = self.table("agg", "-g", "Registry", "count()", "first(Assignment)",
                          "last(Assignment)", "--chunk-size", "1000", "-j", "3", IEEE)[1:]
        self.assertEqual(ours, theirs)

    def test_semicolons(self):
        columns = ",".join(f"c{i} text" for i in range(1, 16))
        theirs = self.query(";", "t", UNICODE, """
            select c3, count(*), count(nullif(c7, '')), coalesce(sum(nullif(c7, '')), 0),
                   min(c4 + 0), max(c4 + 0), sum(c4 + 0) from t group by 1 order by 1;""",
                            f"create table t ({columns});")
        args = ("agg", "-n", "-d", "semicolon", "--sort", "-g", "c3", "count()", "count(c7)",
                "sum(c7)", "min(c4)", "max(c4)", "sum(c4)", UNICODE)
        self.assertEqual(self.table(*args)[1:], theirs)
        self.assertEqual(self.table(*args, "--quote", "none", "--chunk-size", "777")[1:], theirs)
        self.assertGreater(len(theirs), 20)

    def test_rows(self):
        theirs = self.query(",", "t", IEEE, "select count(*) from t;")
        self.gives(theirs[0][0] + "\n", "count", IEEE)


class Python(Case):
    def test_real_files(self):
        for name in ("iab", "mam", "oui", "oui36"):
            path = f"/usr/share/ieee-data/{name}.csv"
            with open(path, newline="", encoding="utf-8") as stream:
                header, *rows = csv.reader(stream)
            last = {}
            for row in rows:
                last[row[2]] = row
            ours = self.table("agg", "-g", "3", "last(1)", "last(2)", "last(4)", "--null", "none",
                              "--chunk-size", "500", "-j", "3", path)
            self.assertEqual(ours[0][0], header[2])
            self.assertEqual(ours[1:], [[key, row[0], row[1], row[3]] for key, row in last.items()])


if __name__ == "__main__":
    unittest.main()
