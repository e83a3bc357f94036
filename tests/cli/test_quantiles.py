"""quantile, and the quantiles of agg, against R's formulas in fractions and numpy."""

import json
import unittest
from fractions import Fraction

import numpy

import oracle
from sheaf_test import ROOT, Case, double_text, run, seed

WEATHER = str(ROOT / "data" / "seattle-weather.csv")
# numpy's names for the methods.
NUMPY = {
    "1": "inverted_cdf", "2": "averaged_inverted_cdf", "3": "closest_observation",
    "4": "interpolated_inverted_cdf", "5": "hazen", "6": "weibull", "7": "linear",
    "8": "median_unbiased", "9": "normal_unbiased", "linear": "linear", "lower": "lower",
    "higher": "higher", "nearest": "nearest", "midpoint": "midpoint"}
# Of 1, 2, 4, 8, 16 at 0, 0.1, 0.3, 0.5, 0.9: by hand from R's help page, quantile().
BY_HAND = {
    "1": "1 1 2 4 16", "2": "1 1 2 4 16", "3": "1 1 2 2 8", "4": "1 1 1.5 3 12",
    "5": "1 1 2 4 16", "6": "1 1 1.8 4 16", "7": "1 1.4 2.4 4 12.8",
    "8": "1 1 1.9333333333333333 4 16", "9": "1 1 1.95 4 16", "linear": "1 1.4 2.4 4 12.8",
    "lower": "1 1 2 4 8", "higher": "1 2 4 4 16", "nearest": "1 1 2 4 16",
    "midpoint": "1 1.5 3 4 12"}


class Quantiles(Case):
    def quantiles(self, texts, at, *options):
        """The values at each of the quantiles."""
        path = self.file("x,pad\n" + "".join(f"{text},\n" for text in texts))
        rows = self.table("quantile", "-s", "x", "--at", ",".join(at), *options, path)
        self.assertEqual(rows[0], ["column", "q", "value"])
        self.assertEqual([row[:2] for row in rows[1:]], [["x", q] for q in at])
        return [row[2] for row in rows[1:]]


class Methods(Quantiles):
    def test_by_hand(self):
        self.assertEqual(set(BY_HAND), set(oracle.METHODS))
        for method, values in BY_HAND.items():
            got = self.quantiles(["8", "1", "16", "2", "4"], ["0", "0.1", "0.3", "0.5", "0.9"],
                                 "--method", method)
            self.assertEqual(got, values.split(), method)

    def test_against_formulas(self):
        random = seed("against_formulas")
        for count in (1, 2, 3, 4, 5, 7, 10, 20, 99):
            texts = [f"{random.randrange(-50, 50)}.{random.randrange(10)}" for _ in range(count)]
            ordered = oracle.in_order([oracle.number(text) for text in texts])
            at = ["0", "1", "0.5", "0.25", "0.3333333333333333", "0.99",
                  *(oracle.decimal_text(Fraction(random.randrange(1001), 1000)) for _ in range(9)),
                  # Where positions are whole in exact arithmetic, and doubles may miss them.
                  *(oracle.decimal_text(Fraction(random.randrange(count + 1) * 10**6 // count,
                                                 10**6)) for _ in range(3))]
            for method in oracle.METHODS:
                got = self.quantiles(texts, at, "--method", method, "--chunk-size", "40")
                expected = [oracle.quantile(ordered, q, method) for q in at]
                self.assertEqual(got, expected, (method, texts, at))

    def test_positions_that_doubles_miss(self):
        """n q is whole here, but not in doubles: 0.07 * 100 is 7.000000000000001."""
        texts = [str(i) for i in range(1, 101)]
        at = [oracle.decimal_text(Fraction(i, 100)) for i in range(101)]
        for method in oracle.METHODS:
            ordered = [oracle.number(text) for text in texts]
            self.assertEqual(self.quantiles(texts, at, "--method", method),
                             [oracle.quantile(ordered, q, method) for q in at], method)
        self.assertEqual(self.quantiles(texts, ["0.07"], "--method", "1"), ["7"])

    def test_against_numpy(self):
        random = seed("against_numpy")
        # 2^k values and eighths: numpy's arithmetic in doubles is exact, its methods 8, 9 aside.
        for count in (1, 2, 8, 16, 33, 65):
            values = [random.randrange(-2**20, 2**20) / 16 for _ in range(count)]
            at = [i / 8 for i in range(9)]
            for method, name in NUMPY.items():
                if method in "3":  # numpy rounds halves to the even index from 0; R's is from 1
                    continue
                got = self.quantiles(map(repr, values), [double_text(q) for q in at], "--method",
                                     method)
                theirs = numpy.quantile(values, at, method=name)
                near = 1e-9 * max(map(abs, values))
                for ours, other in zip(got, theirs):
                    if method in "89":
                        self.assertAlmostEqual(float(ours), other, delta=near)
                    else:
                        self.assertEqual(ours, double_text(other), (method, values))


class Values(Quantiles):
    def test_values_of_the_input_print_exactly(self):
        texts = ["1", "12345678901234567890.123456789", "1.10", "9007199254740993", "-0.0"]
        self.assertEqual(self.quantiles(texts, ["0", "0.25", "0.5", "0.75", "1"]),
                         ["0", "1", "1.1", "9007199254740993", "12345678901234567890.123456789"])
        self.assertEqual(self.quantiles(["9007199254740993"] * 2, ["0.3"]), ["9007199254740993"])
        self.assertEqual(self.quantiles(["9007199254740993", "9007199254740994"], ["0.5"]),
                         ["9007199254740994"])

    def test_one_rounding(self):
        random = seed("one_rounding")
        for _ in range(10):
            texts = [random.choice([
                f"{random.randrange(-10**15, 10**15)}.{random.randrange(10**20):020}",
                f"{random.random():.17f}e{random.randrange(-60, 60)}"])
                     for _ in range(random.randrange(1, 30))]
            at = [f"0.{random.randrange(10**18):018}1" for _ in range(6)]
            ordered = oracle.in_order([oracle.number(text) for text in texts])
            for method in ("7", "8", "midpoint", "5"):
                self.assertEqual(self.quantiles(texts, at, "--method", method),
                                 [oracle.quantile(ordered, q, method) for q in at], (texts, method))

    def test_special_values(self):
        cases = {("nan", "1", "2"): ["1", "1.5", "2", "NaN", "NaN"],
                 ("inf", "1", "2"): ["1", "1.5", "2", "inf", "inf"],
                 ("-inf", "inf", "0"): ["-inf", "-inf", "0", "inf", "inf"],
                 ("inf", "inf", "inf"): ["inf"] * 5,
                 ("-inf", "inf"): ["-inf", "NaN", "NaN", "NaN", "inf"],
                 ("nan",): ["NaN"] * 5,
                 ("-0", "0"): ["0"] * 5}
        for texts, expected in cases.items():
            for order in (texts, texts[::-1]):
                got = self.quantiles(order, ["0", "0.25", "0.5", "0.75", "1"])
                self.assertEqual(got, expected, order)

    def test_nulls_and_nothing(self):
        self.assertEqual(self.quantiles(["", "3", "", "1"], ["0.5"]), ["2"])
        for method in oracle.METHODS:
            self.assertEqual(self.quantiles(["", ""], ["0", "0.5"], "--method", method), ["", ""])

    def test_many_equal_values(self):
        texts = ["1"] * 1000 + ["2.5"] * 2000 + ["3"]
        ordered = [oracle.number(text) for text in texts]
        at = ["0", "0.333", "0.3332", "0.3334", "0.9996", "0.9999", "1"]
        for method in oracle.METHODS:
            self.assertEqual(self.quantiles(texts[::-1], at, "--method", method, "-j", "4",
                                            "--chunk-size", "100"),
                             [oracle.quantile(ordered, q, method) for q in at], method)

    def test_many_distinct_values(self):
        """More than one buffer holds, of integers, decimals, doubles, and all together."""
        random = seed("many_distinct_values")
        makers = (lambda: str(random.randrange(10**9)),
                  lambda: f"{random.randrange(-10**6, 10**6)}.{random.randrange(10**4):04}",
                  lambda: f"{random.random():.17f}e{random.randrange(-200, 200)}")
        for chosen in ((0,), (1,), (2,), (0, 1, 2)):
            texts = [makers[random.choice(chosen)]() for _ in range(30_000)]
            ordered = oracle.in_order([oracle.number(text) for text in texts])
            at = ["0", "0.001", "0.25", "0.5", "0.777", "0.99999", "1"]
            for threads in ("1", "4"):
                self.assertEqual(self.quantiles(texts, at, "-j", threads, "--chunk-size", "16K"),
                                 [oracle.quantile(ordered, q) for q in at])

    def test_a_late_value_that_changes_the_form(self):
        """Integers of one scale, until one has more digits, or is a double."""
        for late in ("0.5", "1e-38", "1e300", "12345678901234567890123", "nan", "-1e25"):
            texts = [str(i) for i in range(3000)] + [late] + [str(i) for i in range(3000)]
            ordered = oracle.in_order([oracle.number(text) for text in texts])
            at = ["0", "0.0001", "0.5", "0.9999", "1"]
            self.assertEqual(self.quantiles(texts, at), [oracle.quantile(ordered, q) for q in at],
                             late)


class Options(Quantiles):
    def test_defaults(self):
        path = self.file("a,b\n1,10\n2,20\n3,40\n")
        self.gives("column,q,value\na,0,1\na,0.25,1.5\na,0.5,2\na,0.75,2.5\na,1,3\n"
                   "b,0,10\nb,0.25,15\nb,0.5,20\nb,0.75,30\nb,1,40\n", "quantile", path)
        rows = json.loads(self.ok("quantile", "-f", "json", "--at", "0.5", "-s", "b", path))
        self.assertEqual(rows, [{"column": "b", "q": 0.5, "value": 20}])

    def test_round(self):
        self.assertEqual(self.quantiles(["1", "2", "4"], ["0.3", "0.8"], "--round", "1"),
                         ["1.6", "3.2"])
        self.assertEqual(self.quantiles(["1", "1.5"], ["0.5"], "--round", "1"), ["1.2"])
        self.assertEqual(self.quantiles(["1.25"], ["0.5"], "--round", "1"), ["1.2"])

    def test_wrong_quantiles(self):
        path = self.file("a\n1\n")
        for at in ("-0.1", "1.1", "x", "", "0.5,,1", "0.5x", "nan", "50%", "1e400"):
            text = self.fails(2, "quantile", "--at", at, path)
            self.assertIn("quantile", text, at)
        self.fails(2, "quantile", "--method", "linaer", path, parts=["linaer", "linear"])
        for method in ("0", "10", "", "hazen"):
            self.fails(2, "quantile", "--method", method, path)

    def test_texts_are_bad_values(self):
        path = self.file("a,b\n1,x\n2,y\n4,9\n")
        self.fails(1, "quantile", path, parts=[path + ":2: ", '"b"', "x"])
        self.ok("quantile", "-s", "a", path)
        result = run("quantile", "--at", "0.5", "--on-error", "null", path)
        self.assertEqual((result.status, result.out),
                         (3, b"column,q,value\na,0.5,2\nb,0.5,9\n"))
        result = run("quantile", "--at", "0.5", "--on-error", "skip", path)
        self.assertEqual((result.status, result.out),
                         (3, b"column,q,value\na,0.5,4\nb,0.5,9\n"))

    def test_columns(self):
        path = self.file("a,b,a\n1,2,3\n")
        rows = self.table("quantile", "--at", "1", "-s", "3,b", path)
        self.assertEqual(rows[1:], [["a", "1", "3"], ["b", "1", "2"]])
        self.fails(2, "quantile", "-s", "c", path, parts=["c"])
        self.fails(2, "quantile", "-s", "a", data=b"", parts=["a"])

    def test_memory_limit(self):
        random = seed("memory_limit")
        path = self.file('"my x",y\n' + "".join(f"{random.random()},1\n" for _ in range(900_000)))
        for command in (("quantile", "-s", "my x"), ("hist", "-s", "1"), ("agg", "median(my x)")):
            self.fails(4, *command, "--memory-limit", "5M", "-j", "1", path,
                       parts=['"my x"', "--memory-limit"])
            self.fails(4, *command, "--memory-limit", "5M", "-j", "4", path,
                       parts=["--memory-limit"])
            self.assertEqual(run(*command, "--memory-limit", "1G", path).status, 0)
        # Few distinct values take little, however many rows.
        self.ok("quantile", "-s", "y", "--memory-limit", "5M", path)


class Aggregates(Case):
    def test_against_formulas_and_groups(self):
        random = seed("against_formulas_and_groups")
        rows = [(random.choice("abcd"), random.choice(["", f"{random.randrange(-99, 99)}.5",
                                                       str(random.randrange(10)), "1.0", "1"]))
                for _ in range(300)]
        path = self.file("k,v\n" + "".join(f"{k},{v}\n" for k, v in rows))
        names = ("median(v)", "p1(v)", "p25(v)", "p50(v)", "p90(v)", "p99(v)", "q(v, 0.999)",
                 "q(v,0)", "q(v, 1)", "iqr(v)", "distinct(v)", "count(v)")
        at = ("0.5", "0.01", "0.25", "0.5", "0.9", "0.99", "0.999", "0", "1")

        def expected(key):
            texts = [v for k, v in rows if key in (k, None) and v]
            ordered = oracle.in_order([oracle.number(text) for text in texts])
            return [*(oracle.quantile(ordered, q) for q in at),
                    oracle.difference(ordered, "0.25", "0.75"), str(len(set(texts))),
                    str(len(texts))]

        for size in ("1", "50", "1M"):
            options = ("--chunk-size", size, "-j", "3")
            self.assertEqual(self.row("agg", *options, *names, path), expected(None))
            table = self.table("agg", "-g", "k", *options, *names, path)
            self.assertEqual(table[0], ["k", *names])
            for row in table[1:]:
                self.assertEqual(row[1:], expected(row[0]), row[0])
            self.assertEqual([row[0] for row in table[1:]], list(dict.fromkeys(k for k, _ in rows)))

    def test_every_percentile(self):
        texts = [str(i * i) for i in range(37)]
        ordered = [oracle.number(text) for text in texts]
        percentiles = [f"p{i}(x)" for i in range(1, 100)]
        got = self.row("agg", *percentiles, self.file("x\n" + "\n".join(texts)))
        self.assertEqual(got, [oracle.quantile(ordered, Fraction(i, 100)) for i in range(1, 100)])
        for name in ("p0", "p100", "p01", "p1.5", "p", "p-1"):
            self.fails(2, "agg", "--", f"{name}(x)", self.file("x\n1\n"))

    def test_of_none_and_one(self):
        for texts, row in (([], ["", "", "", "", "0"]), (["5.0"], ["5", "5", "5", "0", "1"])):
            path = self.file("x,pad\n,\n" + "".join(f"{text},\n" for text in texts))
            self.assertEqual(self.row("agg", "median(x)", "p99(x)", "q(x,0.1)", "iqr(x)",
                                      "distinct(x)", path), row)

    def test_distinct(self):
        """By bytes after unquoting; a quoted nothing is a text."""
        path = self.file('x,y\n1,\n1.0,\n01,\n"1",\n"",\n,\n,\na,\n"a",\nA,\n')
        self.assertEqual(self.row("agg", "distinct(x)", "distinct(y)", path), ["6", "0"])
        self.assertEqual(self.row("agg", "distinct(x)", "--null-quoted", path), ["5"])

    def test_wrong_calls(self):
        path = self.file("x\n1\n")
        for expression in ("q(x)", "q(x, 2)", "q(x, -1)", "q(x, x)", "q(x, )", "median()",
                           "median(x, 1)", "distinct()", "iqr(x,0.5)", "q(, 0.5)"):
            with self.subTest(expression=expression):
                self.fails(2, "agg", expression, path)
        path = self.file("x\n1\ntwo\n")
        for name in ("median", "p5", "iqr"):
            self.fails(1, "agg", f"{name}(x)", path, parts=[path + ":3: ", "two"])
        self.fails(1, "agg", "q(x,0.5)", path, parts=[path + ":3: ", "two"])

    def test_real_file(self):
        values = numpy.genfromtxt(WEATHER, delimiter=",", skip_header=1, usecols=(1, 2, 3, 4))
        names = ("precipitation", "temp_max", "temp_min", "wind")
        rows = self.table("quantile", "--at", "0,0.25,0.5,1", "--method", "lower", "-s",
                          ",".join(names), WEATHER)[1:]
        theirs = numpy.quantile(values, [0, 0.25, 0.5, 1], axis=0, method="lower").T.reshape(-1)
        self.assertEqual([float(row[2]) for row in rows], list(theirs))


if __name__ == "__main__":
    unittest.main()
