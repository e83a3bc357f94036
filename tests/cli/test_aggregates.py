"""Values and aggregate functions, against Python's fractions and datetime."""

import itertools
import statistics
import unittest
from datetime import datetime, timedelta, timezone
from fractions import Fraction

from sheaf_test import Case, decimal_text, double_text, root, rounded_text, seed

NUMERIC = ("sum", "mean", "min", "max", "range", "var", "varp", "sd", "sdp")


def variance(values, divisor):
    """(n Sxx - Sx^2) / (n d) as a fraction."""
    count, total = len(values), sum(values)
    return (count * sum(value * value for value in values) - total * total) / Fraction(
        count * divisor)


def expected(values):
    """What each function of NUMERIC gives for fractions, as text."""
    count = len(values)
    if count == 0:
        return ["0"] + [""] * 8
    many = count > 1
    sample = variance(values, count - 1) if many else None
    population = variance(values, count)
    return [decimal_text(sum(values)), double_text(float(sum(values) / count)),
            decimal_text(min(values)), decimal_text(max(values)),
            decimal_text(max(values) - min(values)),
            double_text(float(sample)) if many else "", double_text(float(population)),
            double_text(root(sample)) if many else "", double_text(root(population))]


class Numbers(Case):
    GOOD = {
        "1": "1", "+1": "1", "-1": "-1", "007": "7", "1.": "1", ".5": "0.5", "-.5e1": "-5",
        "1e3": "1000", "1E+03": "1000", "12e-1": "1.2", "  2\t": "2", "-0": "0", "0.0": "0",
        "0e999": "0", "1.50": "1.5", "100": "100", "1e-38": "0." + "0" * 37 + "1",
        "9" * 38: "9" * 38, "1e38": "1" + "0" * 38, "0.10": "0.1",
        "0" * 50 + "12." + "3" + "0" * 60: "12.3",
        "inf": "inf", "-Infinity": "-inf", "+INF": "inf", "nan": "NaN", "NaN": "NaN",
    }
    BAD = ["x", "1x", "1 2", "0x10", "1,5", "1_000", "e5", ".", "+", "-", "1e", "1e+", "--1", "+-1",
           "1.2.3", "in", "infin", "nanx", "-nan", "+nan", "\u0661", "1e5.0", "\u00a01", "1\n",
           "1\r", "$1", "1%", "1d", "1f",
           "True", " ", "\t"]

    def test_numbers(self):
        for text, value in self.GOOD.items():
            with self.subTest(text=text):
                self.assertEqual(self.value("sum(x)", [text]), value)
                self.assertEqual(self.value("max(x)", [text]), value)

    def test_no_numbers(self):
        for text in self.BAD:
            with self.subTest(text=text):
                path = self.file('x\n1\n"' + text + '"\n')
                self.fails(1, "agg", "sum(x)", path, parts=[path + ":3: ", "x"])

    def test_exact_or_nearest_double(self):
        exact = "1." + "0" * 36 + "1"  # 38 digits
        longer = "1." + "0" * 37 + "1"  # 39: its double is 1
        self.assertEqual(self.value("sum(x)", [exact, "-1"]), "0." + "0" * 36 + "1")
        self.assertEqual(self.value("sum(x)", [longer, "-1"]), "0")
        self.assertEqual(self.value("sum(x)", ["1e-39"]), "1e-39")
        self.assertEqual(self.value("sum(x)", ["1e38", "1", "-1e38"]), "1")
        self.assertEqual(self.value("sum(x)", ["123e40"]), "1.23e42")
        self.assertEqual(self.value("max(x)", ["1e400"]), "inf")
        self.assertEqual(self.value("sum(x)", ["1e-400"]), "0")
        self.assertEqual(self.value("max(x)", ["0.1" + "0" * 50]), "0.1")

    def test_doubles_are_nearest(self):
        random = seed("doubles_are_nearest")
        for _ in range(150):
            digits = str(random.randrange(1, 10**random.randrange(39, 60))).rjust(45, "7")
            text = f"{digits.rstrip('0')}1e{random.randrange(-330, 260)}"
            self.assertEqual(self.value("max(x)", [text]), double_text(float(text)), text)

    def test_halfway_doubles(self):
        for text, value in (("9007199254740993" + "." + "0" * 40, "9007199254740993"),
                            ("9007199254740993." + "0" * 40 + "1", "9007199254740994"),
                            ("90071992547409930000000000000000000000.01", None)):
            self.assertEqual(self.value("max(x)", [text]), value or double_text(float(text)))

    def test_sum_past_38_digits(self):
        values = ["9" * 38, "0." + "9" * 38]
        total = sum(map(Fraction, values))
        self.assertEqual(self.value("sum(x)", values), double_text(float(total)))
        self.assertEqual(self.value("sum(x)", [*values, "-" + values[0]]), values[1])

    def test_special(self):
        self.assertEqual(self.value("sum(x)", ["inf", "1"]), "inf")
        self.assertEqual(self.value("sum(x)", ["inf", "-inf"]), "NaN")
        self.assertEqual(self.value("max(x)", ["1", "nan", "inf"]), "NaN")
        self.assertEqual(self.value("min(x)", ["nan", "inf"]), "inf")
        self.assertEqual(self.value("min(x)", ["nan", "1", "-inf"]), "-inf")
        for name in ("sum", "mean", "var", "varp", "sd", "sdp"):
            self.assertEqual(self.value(f"{name}(x)", ["1", "nan", "2"]), "NaN")
        self.assertEqual(self.value("mean(x)", ["-inf", "5"]), "-inf")
        out = self.ok("agg", "-f", "json", "sum(x)", self.file("x\ninf\n"))
        self.assertIn(b'"inf"', out)


class Functions(Case):
    def check(self, texts, *options):
        path = self.file("x,pad\n" + "".join(f"{text},\n" for text in texts))
        row = self.row("agg", *options, *(f"{name}(x)" for name in NUMERIC), path)
        self.assertEqual(row, expected([Fraction(text.strip()) for text in texts if text]), texts)

    def test_of_none_one_and_two(self):
        for texts in ([], ["", ""], ["5"], ["5", ""], ["1.5", "2.5"], ["7", "7"], ["0", "0"],
                      ["-1", "1"]):
            self.check(texts)

    def test_small_decimals(self):
        random = seed("small_decimals")
        for _ in range(40):
            count = random.randrange(1, 60)
            self.check([decimal_text(Fraction(random.randrange(-10**6, 10**6),
                                              10**random.randrange(0, 4))) for _ in range(count)],
                       "--chunk-size", random.choice(["1", "7", "100"]), "-j", "2")

    def test_wide_decimals(self):
        random = seed("wide_decimals")
        for _ in range(40):
            texts = []
            for _ in range(random.randrange(2, 30)):
                digits = random.randrange(-10**17, 10**17)
                texts.append(decimal_text(Fraction(digits) / 10**random.randrange(0, 18)))
            self.check(texts)

    def test_close_together_and_far_from_zero(self):
        self.check([f"{10**15}.{i}" for i in range(1, 9)])
        self.check([f"-{10**17 + i}" for i in (4, 7, 13, 16)])
        self.check(["1" + "0" * 30 + ".1", "1" + "0" * 30 + ".2", "1" + "0" * 30 + ".4"])

    def test_as_the_standard_library(self):
        values = [Fraction(i * i, 4) for i in range(1, 40)]
        texts = [decimal_text(value) for value in values]
        self.assertEqual(float(self.value("var(x)", texts)), float(statistics.variance(values)))
        self.assertEqual(float(self.value("sdp(x)", texts)), root(statistics.pvariance(values)))

    def test_counts(self):
        path = self.file('x,y\n1,\n,"a"\nz,""\n')
        self.assertEqual(self.row("agg", "count()", "count(x)", "count(y)", "nulls(x)", "nulls(y)",
                                  path), ["3", "2", "2", "1", "1"])

    def test_first_last_any(self):
        path = self.file('x\n\n""\n 007 \n1.50\n')
        self.assertEqual(self.row("agg", "first(x)", "last(x)", "any(x)", path), ["", "1.50", ""])
        path = self.file("x,y\n,1\n 007 ,2\n1.50,3\n,4\n")
        self.assertEqual(self.row("agg", "first(x)", "last(x)", "any(x)", path),
                         [" 007 ", "1.50", " 007 "])
        path = self.file("x,y\n,1\n,2\n")
        self.assertEqual(self.row("agg", "first(x)", "last(x)", "any(x)", path), ["", "", ""])

    def test_round(self):
        for texts, name, places, value in (
                (["0.125"], "sum", 2, "0.12"), (["0.375"], "sum", 2, "0.38"),
                (["2.675"], "sum", 2, "2.68"), (["1.5"], "sum", 0, "2"), (["2.5"], "sum", 0, "2"),
                (["5.35", "0"], "mean", 2, "2.68"), (["1", "2", "2"], "mean", 3, "1.667"),
                (["-0.004"], "sum", 2, "0"), (["1", "2"], "var", 0, "0"),
                (["1", "2"], "sd", 4, "0.7071"), (["1.239", "0"], "range", 1, "1.2"),
                (["1.25"], "min", 1, "1.2"), (["1.20"], "max", 5, "1.2")):
            self.assertEqual(self.value(f"{name}(x)", texts, "--round", str(places)), value)

    def test_round_at_random(self):
        random = seed("round_at_random")
        for _ in range(60):
            values = [Fraction(random.randrange(-10**7, 10**7), 1000)
                      for _ in range(random.choice([2, 4, 5, 8, 7]))]
            places = random.randrange(0, 5)
            texts = [decimal_text(value) for value in values]
            for name, exact in (("mean", sum(values) / len(values)),
                                ("varp", variance(values, len(values)))):
                self.assertEqual(self.value(f"{name}(x)", texts, "--round", str(places)),
                                 rounded_text(exact, places))

    def test_round_leaves_keys_and_texts(self):
        path = self.file("k,x\n1.25,1.25\n")
        self.gives("k,first(x),sum(x)\n1.25,1.25,1.2\n",
                   "agg", "--round", "1", "-g", "k", "first(x)", "sum(x)", path)


class Extremes(Case):
    def both(self, values, *options):
        return [self.value(f"{name}(x)", values, *options) for name in ("min", "max")]

    def test_numbers(self):
        self.assertEqual(self.both(["10", "9", "1e1", " 8.50 "]), ["8.5", "10"])
        self.assertEqual(self.both(["0.1" + "0" * 36 + "1", "0.1"])[0], "0.1")

    def test_decimals_against_doubles(self):
        # 39 digits: the double 0.1, which lies above the decimal 0.1.
        double = "0.1" + "0" * 38 + "1"
        self.assertEqual(self.both([double, "0.1"]), ["0.1", "0.1"])
        self.assertEqual(self.value("range(x)", ["1e300", "1"]), double_text(1e300))

    def test_texts(self):
        self.assertEqual(self.both(["b", "a", "B", "é", "aa"]), ["B", "é"])
        self.assertEqual(self.both(["x", "true"]), ["true", "x"])

    def test_dates(self):
        self.assertEqual(self.both(["2024-02-29", "1999-12-31", "2023-03-01"]),
                         ["1999-12-31", "2024-02-29"])
        self.assertEqual(self.both(["2024-01-02", "2024-01-02T00:00:01", "2024-01-02 00:00:00.5"]),
                         ["2024-01-02", "2024-01-02T00:00:01"])

    def test_zones(self):
        self.assertEqual(self.both(["2024-01-01T12:00:00+02:00", "2024-01-01T11:00:00Z",
                                    "2024-01-01T09:30:00-01:00"]),
                         ["2024-01-01T12:00:00+02:00", "2024-01-01T11:00:00Z"])

    def test_zones_beside_none_make_texts(self):
        self.assertEqual(self.both(["2024-01-02T00:00:00Z", "2024-01-02T00:00:00",
                                    "2024-01-01T23:00:00-09:00"]),
                         ["2024-01-01T23:00:00-09:00", "2024-01-02T00:00:00Z"])
        self.assertEqual(self.both(["2024-01-02", "2024-01-01T23:00:00-09:00"]),
                         ["2024-01-02", "2024-01-01T23:00:00-09:00"])

    def test_ties_by_first_appearance(self):
        texts = ["2024-01-01T12:00:00Z", "2024-01-01T13:00:00+01:00", "2024-01-01T12:00:00.0Z"]
        for order in itertools.permutations(texts):
            self.assertEqual(self.both(list(order), "--chunk-size", "3", "-j", "3"),
                             [order[0], order[0]])

    def test_instants_at_random(self):
        random = seed("instants_at_random")
        for _ in range(25):
            texts = {}
            for _ in range(random.randrange(2, 20)):
                zone = timezone(timedelta(minutes=random.randrange(-720, 721, 15)))
                moment = datetime(random.randrange(1900, 2100), random.randrange(1, 13),
                                  random.randrange(1, 29), random.randrange(24),
                                  random.randrange(60), random.randrange(60),
                                  random.choice([0, 1, 500000, 999999]), zone)
                texts[moment.isoformat(sep=random.choice("T "))] = moment
            order = sorted(texts, key=texts.get)
            self.assertEqual(self.both(list(texts)), [order[0], order[-1]])

    def test_a_day_that_is_none_makes_texts(self):
        self.assertEqual(self.both(["2024-01-01", "2023-02-29"]), ["2023-02-29", "2024-01-01"])

    def test_kind_is_number_if_any_is(self):
        path = self.file("x\na\nb\n7\n")
        self.fails(1, "agg", "min(x)", path, parts=[path + ":2: ", "a"])
        path = self.file("x\n2024-01-01\n7\n")
        self.fails(1, "agg", "max(x)", path, parts=[path + ":2: "])

    def test_kind_is_found_in_a_thousand_rows(self):
        texts = "x\n" + "a\n" * 1000
        self.assertEqual(self.row("agg", "min(x)", self.file(texts + "7\n")), ["7"])
        path = self.file("x\n" + "a\n" * 999 + "7\n")
        self.fails(1, "agg", "min(x)", path, parts=[path + ":2: "])
        path = self.file("x\n" + "1\n" * 1000 + "a\n")
        self.fails(1, "agg", "max(x)", path, parts=[path + ":1002: ", "a"])

    def test_bad_rows_are_no_part_of_the_thousand(self):
        data = 'x,y\n"a"b,1\n' + "a,1\n" * 1000 + "7,1\n"
        self.assertEqual(self.ok("agg", "--on-error", "skip", "-q", "min(x)", self.file(data),
                                 status=3), b"min(x)\n7\n")
        data = 'x,y\n"a"b,1\n' + "a,1\n" * 999 + "7,1\n"
        self.assertEqual(self.ok("agg", "--on-error", "skip", "-q", "min(x)", self.file(data),
                                 status=3), b"min(x)\n7\n")

    def test_kind_is_found_in_a_mebibyte(self):
        wide = "a" * 2047 + "\n"
        texts = "x\n" + wide * 512  # the 512th row starts within the first MiB
        self.assertEqual(self.row("agg", "min(x)", self.file(texts + "7\n")), ["7"])
        path = self.file("x\n" + wide * 300 + "7\n")
        self.fails(1, "agg", "min(x)", path, parts=[path + ":2: "])

    def test_kind_over_several_files(self):
        first, second = self.file("x\na\n", "1"), self.file("x\n7\n", "2")
        self.fails(1, "agg", "min(x)", first, second, parts=[first + ":2: "])

    def test_kind_does_not_depend_on_the_chunks(self):
        path = self.file("x\n" + "a\n" * 999 + "7\n")
        for size in (1, 64, 1 << 20):
            self.fails(1, "agg", "--chunk-size", size, "min(x)", path, parts=[path + ":2: "])


class Groups(Case):
    def test_equality_is_by_bytes(self):
        path = self.file('k\n1\n1.0\n01\n"1"\n 1\n')
        self.gives("k,count()\n1,2\n1.0,1\n01,1\n 1,1\n", "agg", "-g", "k", "count()", path)

    def test_null_and_empty_keys(self):
        path = self.file('k,l\n,1\n"",2\n,3\n')
        self.gives('k,sum(l)\n,4\n"",2\n', "agg", "-g", "k", "sum(l)", path)

    def test_order_of_appearance(self):
        rows = ["q", "a", "m", "a", "z", "q", "b"]
        path = self.file("k\n" + "\n".join(rows) + "\n")
        for size in ("1", "2", "5", "1K"):
            self.gives("k,count()\nq,2\na,2\nm,1\nz,1\nb,1\n",
                       "agg", "-j", "3", "--chunk-size", size, "-g", "k", "count()", path)

    def test_sort(self):
        path = self.file('k,l\nb,2\n"",1\n,9\na,10\nb,\nab,1\nB,3\n')
        self.gives('k,l,count()\n,9,1\n"",1,1\nB,3,1\na,10,1\nab,1,1\nb,,1\nb,2,1\n',
                   "agg", "--sort", "-g", "k,l", "count()", path)

    def test_keys_that_run_together(self):
        path = self.file("k,l\na,bc\nab,c\nabc,\n,abc\n")
        self.gives("k,l,count()\na,bc,1\nab,c,1\nabc,,1\n,abc,1\n",
                   "agg", "-g", "k,l", "count()", path)

    def test_against_a_dictionary(self):
        random = seed("against_a_dictionary")
        rows = [(random.choice("abcdefgh") * random.randrange(1, 40),
                 Fraction(random.randrange(-999, 999), 10)) for _ in range(5000)]
        groups = {}
        for key, value in rows:
            groups.setdefault(key, []).append(value)
        path = self.file("k,v\n" + "".join(f"{k},{decimal_text(v)}\n" for k, v in rows))
        table = self.table("agg", "-g", "k", *(f"{name}(v)" for name in NUMERIC), "first(v)",
                           "last(v)", "-j", "2", "--chunk-size", "333", path)
        self.assertEqual(table[1:], [
            [key, *expected(values), decimal_text(values[0]), decimal_text(values[-1])]
            for key, values in groups.items()])

    def test_many_groups(self):
        count = 200_000
        path = self.file("k\n" + "".join(f"key{i * 7919 % count}\n" for i in range(count)) * 2)
        lines = self.ok("agg", "-g", "k", "count()", "-j", "2", "--chunk-size", "64K",
                        path).split(b"\n")
        self.assertEqual(len(lines), count + 2)
        self.assertEqual(lines[2], b"key7919,2")
        self.assertTrue(all(line.endswith(b",2") for line in lines[1:-1]))


class Columns(Case):
    def test_by_name_and_number(self):
        path = self.file("a,2,trip id,a-c,(x)\n1,2,3,4,5\n")
        for expression, value in (("sum(a)", "1"), ("sum(1)", "1"), ("sum(2)", "2"),
                                  ("sum(3)", "3"), ('sum("trip id")', "3"), ("sum(trip id)", "3"),
                                  ('sum("2")', "2"), ("sum(a-c)", "4"), ('sum("(x)")', "5")):
            self.assertEqual(self.row("agg", expression, path), [value], expression)

    def test_key_lists(self):
        path = self.file("a,b,c,d\n1,2,3,4\n")
        for keys, header in (("a,c", "a,c"), ("1,3", "a,c"), ("a-c", "a,b,c"), ("!b", "a,c,d"),
                             ("/[bd]/", "b,d"), ("d,a", "d,a"), ("2-3", "b,c"), ('"b"', "b")):
            out = self.ok("agg", "-g", keys, "count()", path)
            self.assertEqual(out.split(b"\n")[0].decode(), header + ",count()", keys)

    def test_quoted_digits_are_a_name(self):
        path = self.file("2,1\nx,y\n")
        self.gives("2,count()\nx,1\n", "agg", "-g", '"2"', "count()", path)
        self.gives("1,count()\ny,1\n", "agg", "-g", "2", "count()", path)

    def test_unknown(self):
        path = self.file("temperature,station\n1,2\n")
        self.fails(2, "agg", "sum(temprature)", path, parts=["temprature", "temperature"])
        self.fails(2, "agg", "-g", "staton", "count()", path, parts=["staton", "station"])
        self.fails(2, "agg", "sum(3)", path, parts=["3"])
        self.fails(2, "agg", "sum(0)", path, parts=["0"])

    def test_ambiguous(self):
        path = self.file("a,b,a\n1,2,3\n")
        self.fails(2, "agg", "sum(a)", path, parts=["a"])
        self.assertEqual(self.row("agg", "sum(1)", "sum(3)", "sum(b)", path), ["1", "3", "2"])

    def test_names_of_results(self):
        path = self.file("a b,c\n1,2\n")
        self.gives('sum(c),"sum(""a b"")",z,"x, ""y"""\n2,1,1,1\n', "agg", "sum(c)",
                   'sum("a b")', "sum(1) as z", 'count() as x, "y"', path)


if __name__ == "__main__":
    unittest.main()
