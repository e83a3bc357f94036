"""Binary input: .npy files that numpy itself has made, and raw records."""

import io
import itertools
import json
import math
import struct
import unittest
from fractions import Fraction

import numpy

from sheaf_test import Case, double_text, root, run, seed

VERSIONS = ((1, 0), (2, 0), (3, 0))
UNITS = ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as")
SIZES = ("1", "7", "100", "1M")


def npy(array, version=(1, 0)):
    """The bytes of a .npy file, as numpy writes it."""
    out = io.BytesIO()
    numpy.lib.format.write_array(out, array, version, allow_pickle=True)
    return out.getvalue()


def forged(header, data=b"", version=1, length=None):
    """A .npy file with any header, whose length may be a lie."""
    header = header.encode() if isinstance(header, str) else header
    width = "<H" if version == 1 else "<I"
    size = struct.pack(width, len(header) if length is None else length)
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + data


def single_text(value):
    """A single as it prints: the fewest digits that read back as it."""
    if not numpy.isfinite(value) or value == 0:
        return double_text(float(value))
    return double_text(float(numpy.format_float_scientific(numpy.float32(value), unique=True)))


def time_text(value):
    """A datetime64 as it prints: the day, or the second with what is behind its point."""
    if numpy.isnat(value):
        return None
    unit = numpy.datetime_data(value.dtype)[0]
    if unit in ("Y", "M", "W", "D"):
        return str(value.astype("M8[D]"))
    if unit in ("h", "m"):
        return str(value.astype("M8[s]"))
    text = str(value.astype(f"M8[{unit}]"))
    return text.rstrip("0").rstrip(".") if "." in text else text


def text_of(value):
    """A value of an array as it prints; None for a null."""
    if isinstance(value, numpy.bool_):
        return "true" if value else "false"
    if isinstance(value, numpy.datetime64):
        return time_text(value)
    if isinstance(value, (numpy.float16, numpy.float32)):
        return single_text(value)
    if isinstance(value, numpy.floating):
        return double_text(float(value))
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    return str(value)


class Binary(Case):
    def values(self, data, *options, piped=False):
        """The distinct rows in order, as texts and None."""
        if piped:
            out = self.ok("agg", "-f", "jsonl", *options, "count()", data=data)
        else:
            out = self.ok("agg", "-f", "jsonl", *options, "count()", self.file(data, "x.npy"))
        rows = [list(json.loads(line).values())
                for line in out.decode(errors="surrogateescape").splitlines()]
        return [tuple(None if cell is None else str(cell) for cell in row[:-1]) for row in rows]

    def check_array(self, array, data, *options, piped=False):
        """Every value, read as the keys of groups."""
        got = self.values(data, "-g", "c1", *options, piped=piped)
        self.assertEqual(got, list(dict.fromkeys((text_of(value),) for value in array)),
                         (array.dtype, options, piped))


class Npy(Binary):
    def samples(self):
        """Arrays of every type that is read."""
        for size in (1, 2, 4, 8):
            bits = 8 * size
            yield numpy.array([0, 1, -1, 2**(bits - 1) - 1, -2**(bits - 1), 100, 1], f"i{size}")
            yield numpy.array([0, 1, 2**bits - 1, 2**(bits - 1), 100, 1], f"u{size}")
        yield numpy.array([0.0, -0.0, 1, -1.5, 0.1, 65504, 6e-8, 1e-4, math.inf, -math.inf,
                           math.nan], "f2")
        yield numpy.array([0.0, -0.0, 1, 0.1, 16777217, 1e-7, 1e-8, 1e20, 1e21, 3.4e38, 1e-45,
                           -2.5, math.inf, -math.inf, math.nan, -math.nan], "f4")
        yield numpy.array([0.0, -0.0, 1, 0.1, 2**53 + 1, 1e-7, 1e-8, 123456789012345680000.0, 1e21,
                           1.7e308, 5e-324, -2.5, math.inf, -math.inf, math.nan], "f8")
        yield numpy.array([True, False, True])
        yield numpy.array([b"a", b"", b"abc", b"\xff\xfe", b" x ", b"a\x00b", b'q"', b",", b"\n"])
        yield numpy.array(["a", "", "\u00e9", "\u20ac", "\U0001f600x", "a\x00b", '"', "\n"])

    def test_every_type(self):
        for array in self.samples():
            for order, version in itertools.product("<>", VERSIONS):
                swapped = array.astype(array.dtype.newbyteorder(order))
                data = npy(swapped, version)
                self.check_array(array, data)
                self.check_array(array, data, "--chunk-size", "1", "-j", "3", piped=True)

    def test_times_of_every_unit(self):
        for unit, order in itertools.product(UNITS, "<>"):
            for factor in ("", "25"):
                dtype = numpy.dtype(f"{order}M8[{factor}{unit}]")
                counts = [0, 1, -1, 7, -1000, 1234567, 999999999, -86400, 86399, 3600, 315]
                if unit in "YMWDhm":
                    counts = [count % 250 - 30 for count in counts]
                counts = numpy.array([*counts, -2**63], "i8")  # the last is no time
                array = counts.view("M8[" + factor + unit + "]")
                self.check_array(array, npy(array.astype(dtype)))

    def test_first_and_last_years(self):
        times = ["0000-01-01T00:00:00", "9999-12-31T23:59:59", "0000-02-29T12:00:00",
                 "1900-02-28T23:59:59", "1900-03-01T00:00:00", "1969-12-31T23:59:59"]
        array = numpy.array(times, "M8[s]")
        self.check_array(array, npy(array))
        for late in ("10000-01-01", "-0001-12-31"):
            array = numpy.array(["2000-01-01", late], "M8[s]")
            path = self.file(npy(array), "late.npy")
            begin = len(npy(array)) - 16
            self.fails(1, "agg", "-g", "c1", "count()", path, parts=[path, f"byte {begin + 8}"])
            self.gives("2\n", "count", path)

    def test_texts_that_are_none(self):
        """Surrogates and code points past the last one."""
        for code in (0xd800, 0xdfff, 0x110000, 0xffffffff):
            array = numpy.array(["abcd", "xy"])
            data = bytearray(npy(array))
            data[-12:-8] = struct.pack("<I", code)
            path = self.file(bytes(data), "u.npy")
            self.fails(1, "agg", "-g", "c1", "count()", path,
                       parts=[path, f"byte {len(data) - 12}"])

    def test_booleans_that_are_none(self):
        data = bytearray(npy(numpy.array([True, False, True])))
        data[-2] = 2
        path = self.file(bytes(data), "b.npy")
        self.fails(1, "agg", "-g", "c1", "count()", path, parts=[path, f"byte {len(data) - 2}"])
        self.gives("3\n", "count", path)

    def test_two_dimensions(self):
        random = seed("two_dimensions")
        for rows, columns in ((1, 1), (1, 5), (5, 1), (40, 3), (3, 40), (700, 7)):
            array = numpy.array([[random.randrange(-10**6, 10**6) / 4 for _ in range(columns)]
                                 for _ in range(rows)])
            for dtype in ("<f8", ">f4"):
                typed = array.astype(dtype)
                expected = [tuple(text_of(value) for value in row) for row in typed]
                expected = list(dict.fromkeys(expected))
                keys = ("-g", ",".join(map(str, range(1, columns + 1))))
                for layout in (numpy.ascontiguousarray, numpy.asfortranarray):
                    data = npy(layout(typed))
                    for size in SIZES:
                        options = (*keys, "--chunk-size", size, "-j", "2")
                        self.assertEqual(self.values(data, *options), expected)
                    self.assertEqual(self.values(data, *keys, piped=True), expected)
        path = self.file(npy(numpy.zeros((2, 3))), "z.npy")
        self.assertEqual([row[0] for row in self.table("schema", path)[1:]], ["c1", "c2", "c3"])

    def test_structures(self):
        inner = numpy.dtype([("y", "<i2"), ("z", [("w", ">f4"), ("v", "S3")])])
        for aligned in (False, True):
            dtype = numpy.dtype([("a", "?"), ("pos", inner), ("b c", ">i8"), ("\u00e9", "U2"),
                                 ("t", "M8[ms]"), ("last", "u1")], align=aligned)
            array = numpy.zeros(3, dtype)
            array["a"] = [True, False, True]
            array["pos"]["y"] = [-1, 2, 3]
            array["pos"]["z"]["w"] = [0.1, 2.5, -7]
            array["pos"]["z"]["v"] = [b"abc", b"", b"d"]
            array["b c"] = [2**40, -5, 0]
            array["\u00e9"] = ["\u00fc", "", "xy"]
            array["t"] = ["2024-01-01T12:30:00.250", "NaT", "1969-01-01"]
            array["last"] = [255, 0, 7]
            expected = [
                ("true", "-1", "0.1", "abc", str(2**40), "\u00fc", "2024-01-01T12:30:00.25", "255"),
                ("false", "2", "2.5", "", "-5", "", None, "0"),
                ("true", "3", "-7", "d", "0", "xy", "1969-01-01T00:00:00", "7")]
            data = npy(array, (3, 0))  # for a name that is not Latin-1
            for size in SIZES:
                self.assertEqual(self.values(data, "-g", "1-8", "--chunk-size", size), expected)
            self.assertEqual(self.values(data, "-g", "1-8", piped=True), expected)
            names = [row[:2] for row in self.table("schema", self.file(data, "s.npy"))[1:]]
            self.assertEqual(names, [
                ["a", "boolean"], ["pos.y", "integer"], ["pos.z.w", "float"], ["pos.z.v", "text"],
                ["b c", "integer"], ["\u00e9", "text"], ["t", "timestamp"], ["last", "integer"]])

    def test_random_structures(self):
        random = seed("random_structures")
        kinds = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "?", "S1", "S5",
                 "U1", "U3", "M8[s]", "M8[D]", "M8[us]"]
        for _ in range(25):
            fields = [(f"f{i}", random.choice("<>") + random.choice(kinds))
                      for i in range(random.randrange(1, 9))]
            dtype = numpy.dtype([("id", "u4"), *fields], align=random.random() < 0.5)
            array = numpy.zeros(random.randrange(1, 60), dtype)
            array["id"] = range(len(array))
            for name, kind in fields:
                array[name] = [self.random_value(random, kind[1:]) for _ in range(len(array))]
            expected = [tuple(text_of(array[name][i]) for name in dtype.names)
                        for i in range(len(array))]
            data = npy(array)
            options = ("-g", f"1-{len(dtype.names)}", "--chunk-size",
                       str(random.choice([1, 13, dtype.itemsize, 500, 10**6])), "-j",
                       str(random.randrange(1, 4)))
            for piped in (False, True):
                self.assertEqual(self.values(data, *options, piped=piped), expected, dtype)

    @staticmethod
    def random_value(random, kind):
        if kind[0] in "iu":
            bits = 8 * int(kind[1])
            low = -2**(bits - 1) if kind[0] == "i" else 0
            return random.randrange(low, low + 2**bits)
        if kind[0] == "f":
            return random.choice([0.0, random.random(), random.randrange(-999, 999), math.nan])
        if kind[0] == "M":
            return numpy.datetime64(random.randrange(-10**4, 10**5), kind[3:-1])
        if kind[0] == "?":
            return random.random() < 0.5
        text = "".join(random.choices("ab \u00e9" if kind[0] == "U" else "ab ", k=int(kind[1])))
        return text.rstrip("\0")

    def test_no_rows(self):
        for array in (numpy.zeros(0), numpy.zeros((0, 3), "i2"), numpy.zeros(0, "U5"),
                      numpy.zeros((0, 4), order="F"), numpy.zeros(0, [("a", "i4"), ("b", "S2")])):
            data = npy(array)
            path = self.file(data, "empty.npy")
            for options in ({}, {"data": data}):
                files = () if options else (path,)
                self.gives("0\n", "count", *files, **options)
                rows = self.table("stats", "--fields", "rows,nulls,distinct,sum,min", *files,
                                  **options)
                for row in rows[1:]:
                    self.assertEqual((row[:3], row[4]), (["0", "0", "0"], ""))

    def test_texts_of_no_width(self):
        array = numpy.zeros(3, [("a", "S0"), ("b", "i4"), ("c", "U0")])
        if array.dtype.itemsize == 4:
            self.assertEqual(self.values(npy(array), "-g", "1-3"), [("", "0", "")])

    def test_several_files(self):
        first = numpy.array([1, 2, 3], "<i4")
        paths = [self.file(npy(array), f"{i}.npy") for i, array in enumerate(
            (first, numpy.zeros(0, "i8"), numpy.array([-4, 2**40], ">i8"), first.astype("u1")))]
        self.gives("8\n", "count", *paths)
        for size in SIZES:
            self.assertEqual(
                self.row("agg", "sum(c1)", "max(c1)", "last(c1)", "--chunk-size", size, *paths),
                [str(2 * 6 + 2**40 - 4), str(2**40), "3"])
        square = numpy.arange(12.0).reshape(4, 3)
        paths = [self.file(npy(array), f"{i}.npy")
                 for i, array in enumerate((square, numpy.asfortranarray(square)))]
        self.assertEqual(self.row("agg", "sum(c2)", "last(c3)", "distinct(c1)", *paths),
                         ["44", "11", "4"])
        self.gives("8\n", "count", paths[0], "-", data=npy(square))

    def test_files_of_halves_and_singles(self):
        """One value is one value, however wide it is stored; doubles print otherwise."""
        single, half, double = (
            self.file(npy(numpy.array([0.5, 2, math.nan, -0.0], kind)), f"{kind[1:]}.npy")
            for kind in ("<f4", ">f2", "<f8"))
        rows = self.table("freq", single, half, single)
        self.assertEqual([row[1:3] for row in rows[1:]],
                         [["0.5", "3"], ["2", "3"], ["NaN", "3"], ["0", "3"]])
        self.fails(1, "freq", single, double, parts=[double, "c1", "single"])

    def test_files_that_differ(self):
        square = self.file(npy(numpy.zeros((2, 2))), "square.npy")
        for other in (numpy.zeros(2), numpy.zeros((2, 3)), numpy.zeros((2, 2), "i4"),
                      numpy.zeros(2, [("c1", "f8"), ("d", "f8")])):
            path = self.file(npy(other), "other.npy")
            self.fails(1, "count", square, path, parts=[path, square])
        self.fails(1, "count", square, self.file("c1,c2\n1,2\n"), parts=["input.csv"])

    def test_recognised_by_its_first_bytes(self):
        data = npy(numpy.array([1, 2]))
        self.gives("2\n", "count", self.file(data, "x.csv"))
        self.gives("2\n", "count", data=data)
        self.gives("2\n", "count", "-i", "npy", self.file(data, "x"))
        self.fails(1, "count", self.file("a\n1\n", "x.npy"), parts=["x.npy", "NUMPY"])
        self.gives("1\n", "count", "-i", "csv", self.file("a\n1\n", "x.npy"))
        self.fails(1, "count", "-i", "npy", self.file("a\n1\n"), parts=["byte 0", "NUMPY"])

    def test_unknown_column(self):
        path = self.file(npy(numpy.zeros(2, [("fare", "f8"), ("tip", "f8")])), "t.npy")
        self.fails(2, "agg", "sum(fair)", path, parts=["fair", "fare"])
        self.fails(2, "stats", "-s", "c1", path, parts=["c1"])
        self.fails(2, "quantile", "-s", "3", path, parts=["3"])

    def test_what_numpy_pads(self):
        """Headers that are padded, long, or written otherwise than numpy does."""
        data = struct.pack("<3d", 1, 2, 3)
        for header in ("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }" + " " * 5000
                       + "\n",
                       '{"shape":(3,),"fortran_order":False,"descr":"<f8"}',
                       "{ 'fortran_order' :\tTrue , 'descr' : '<f8' , 'shape' : ( 3 , ) }\n\n",
                       "{'descr': [('a', '<f8', ())], 'fortran_order': False, 'shape': (3,)}",
                       "{'descr': [(('title', 'a'), '<f8')], 'fortran_order': False, "
                       "'shape': (3,), }",
                       "{'descr': [('', '|V0'), ('a', '<f8')], 'fortran_order': False, "
                       "'shape': (3L,), }"):
            for version in (1, 2, 3):
                result = run("agg", "sum(1)", self.file(forged(header, data, version), "h.npy"))
                if "3L" in header or "()" in header:  # of Python 2, and never written
                    self.assertIn(result.status, (0, 1))
                else:
                    self.assertEqual((result.status, result.err), (0, b""), header)
                    self.assertEqual(result.out.split()[-1], b"6")


class Numbers(Binary):
    """Results over arrays, by numpy, fsum and fractions."""

    def check(self, array, *options):
        values = array.astype("f8") if array.dtype.kind == "f" else array.astype(object)
        exact = [Fraction(float(value)) if array.dtype.kind == "f" else Fraction(int(value))
                 for value in values]
        names = ("count(c1)", "sum(c1)", "mean(c1)", "var(c1)", "sd(c1)", "min(c1)", "max(c1)",
                 "median(c1)", "q(c1,0.25)", "distinct(c1)")
        got = self.row("agg", *options, *names, self.file(npy(array), "n.npy"))
        count, total = len(exact), sum(exact)
        if array.dtype.kind == "f":
            sum_text = double_text(math.fsum(values))
        else:
            sum_text = str(total)
        middle = Fraction(total, count)
        spread = sum((value - middle)**2 for value in exact) / (count - 1)
        expected = [str(count), sum_text, double_text(float(middle)), double_text(float(spread)),
                    double_text(root(spread)), text_of(array.min()), text_of(array.max())]
        self.assertEqual(got[:7], expected, (array.dtype, options))
        if array.dtype.itemsize <= 4 or array.dtype.kind == "f":
            self.assertEqual(float(got[7]), numpy.quantile(array.astype("f8"), 0.5))
            self.assertEqual(float(got[8]), float(numpy.quantile(array.astype("f8"), 0.25)))
        self.assertEqual(got[9], str(len(numpy.unique(array))))

    def test_against_numpy(self):
        random = seed("numbers_against_numpy")
        generator = numpy.random.Generator(numpy.random.PCG64(random.randrange(2**32)))
        for count in (2, 5, 257, 1025):
            for dtype in ("i1", "u2", "i4", ">i8", "u8"):
                info = numpy.iinfo(numpy.dtype(dtype).newbyteorder("="))
                array = generator.integers(info.min, info.max, count, dtype=info.dtype,
                                           endpoint=True)
                self.check(array.astype(dtype), "--chunk-size", "100", "-j", "2")
            # Of 4k + 1 values the quartiles are values, which numpy does not round either.
            self.check(generator.standard_normal(max(count, 5)).round(3), "--chunk-size", "64")
            self.check((generator.standard_normal(count) * 64).round(0).astype("f4") / 64)
            self.check((generator.standard_normal(count) * 64).round(0).astype(">f2"))

    def test_sums_that_doubles_lose(self):
        random = seed("sums_that_doubles_lose")
        for _ in range(10):
            values = [random.random() * 2.0**random.randrange(-900, 900) * random.choice([1, -1])
                      for _ in range(200)]
            values += [-value for value in values[::2]]
            path = self.file(npy(numpy.array(values)), "s.npy")
            for size in ("8", "100", "1M"):
                self.assertEqual(self.row("agg", "sum(c1)", "--chunk-size", size, "-j", "3", path),
                                 [double_text(math.fsum(values))])
        path = self.file(npy(numpy.array([0.1] * 10)), "t.npy")
        self.assertEqual(self.row("agg", "sum(c1)", "mean(c1)", path), ["1", "0.1"])

    def test_extremes_of_singles(self):
        """Singles print as such; sums of them are sums of what they are."""
        array = numpy.array([0.1, 0.7, 16777216, 0.1], "f4")
        path = self.file(npy(array), "f.npy")
        total = math.fsum(map(float, array))
        self.assertEqual(
            self.row("agg", "min(c1)", "first(c1)", "last(c1)", "max(c1)", "sum(c1)", path),
            ["0.1", "0.1", "0.1", "16777216", double_text(total)])
        self.gives("column,q,value\nc1,0,0.1\n", "quantile", "--at", "0", path)
        row, = self.table("stats", "--fields", "min,mode,mode_count,min_length,distinct", path)[1:]
        self.assertEqual(row, ["0.1", "0.1", "2", "3", "3"])

    def test_integers_past_doubles(self):
        array = numpy.array([2**63 - 1, -2**63, 2**53 + 1, 2**53 + 3], "i8")
        path = self.file(npy(array), "i.npy")
        self.assertEqual(self.row("agg", "sum(c1)", "min(c1)", "max(c1)", "median(c1)", path),
                         [str(2**54 + 3), str(-2**63), str(2**63 - 1), str(2**53 + 2)])
        array = numpy.full(1000, 2**64 - 1, "u8")
        self.assertEqual(self.row("agg", "sum(c1)", "mean(c1)", self.file(npy(array), "u.npy")),
                         [str(1000 * (2**64 - 1)), "18446744073709552000"])

    def test_special_values(self):
        array = numpy.array([math.nan, 1, math.inf, -math.inf, -0.0])
        path = self.file(npy(array), "x.npy")
        self.assertEqual(self.row("agg", "min(c1)", "max(c1)", "sum(c1)", "count(c1)",
                                  "distinct(c1)", "median(c1)", path),
                         ["-inf", "NaN", "NaN", "5", "5", "1"])
        # Two NaNs of different bits are one value, and so are 0 and -0.
        bits = numpy.array([0x7ff8000000000001, 0xfff8000000000000, 0x8000000000000000, 0], "u8")
        self.assertEqual(self.values(npy(bits.view("f8")), "-g", "c1"), [("NaN",), ("0",)])

    def test_columns_that_are_no_numbers(self):
        array = numpy.array([("a", True, "2024-01-01")],
                            [("s", "S1"), ("b", "?"), ("t", "M8[D]")])
        path = self.file(npy(array), "x.npy")
        for name in ("s", "t"):
            for function in ("sum", "median"):
                result = run("agg", f"{function}({name})", path)
                self.assertIn(result.status, (1, 2), result)
                self.assertIn(name.encode(), result.err)
        self.assertEqual(self.row("agg", "min(s)", "max(b)", "min(t)", path),
                         ["a", "true", "2024-01-01"])

    def test_sort_by_value(self):
        array = numpy.array([10, 9, -1, 100, 9], "i2")
        rows = self.table("agg", "--sort", "-g", "c1", "count()", self.file(npy(array), "x.npy"))
        self.assertEqual(rows[1:], [["-1", "1"], ["9", "2"], ["10", "1"], ["100", "1"]])
        array = numpy.array([1.5, -2, math.nan, math.inf, -math.inf, 0.25])
        rows = self.table("agg", "--sort", "-g", "c1", "count()", self.file(npy(array), "y.npy"))
        self.assertEqual([row[0] for row in rows[1:]], ["-inf", "-2", "0.25", "1.5", "inf", "NaN"])
        array = numpy.array(["1990-01-01", "NaT", "0001-01-01", "1970-01-01"], "M8[D]")
        rows = self.table("agg", "--sort", "-g", "c1", "count()", self.file(npy(array), "z.npy"))
        self.assertEqual([row[0] for row in rows[1:]],
                         ["", "0001-01-01", "1970-01-01", "1990-01-01"])


class Raw(Binary):
    SCHEMA = "a:i8,b:i16,c:i32,d:i64,e:u8,f:u16,g:u32,h:u64,i:f32,j:f64,k:bool,l:c5"
    LAYOUT = "bhiqBHIQfd?5s"
    ROWS = [(-1, 2, -3, 4, 5, 6, 7, 8, 0.5, -0.25, True, b"abc"),
            (-128, -2**15, -2**31, -2**63, 255, 2**16 - 1, 2**32 - 1, 2**64 - 1, math.inf,
             math.nan, False, b"")]
    TEXTS = [("-1", "2", "-3", "4", "5", "6", "7", "8", "0.5", "-0.25", "true", "abc"),
             ("-128", str(-2**15), str(-2**31), str(-2**63), "255", str(2**16 - 1),
              str(2**32 - 1), str(2**64 - 1), "inf", "NaN", "false", "")]

    def raw(self, order="<"):
        return b"".join(struct.pack(order + self.LAYOUT, *row) for row in self.ROWS)

    def test_every_type_and_both_orders(self):
        for order, prefix in (("<", ""), (">", "big,")):
            data = self.raw(order)
            for size in SIZES:
                for piped in (False, True):
                    options = ("-i", "raw", "--schema", prefix + self.SCHEMA, "--chunk-size", size,
                               "-j", "2", "-g", "1-12")
                    self.assertEqual(self.values(data, *options, piped=piped), self.TEXTS)
        path = self.file(self.raw(), "x.raw")
        rows = self.table("schema", "--schema", self.SCHEMA, path)
        self.assertEqual([row[:2] for row in rows[1:]],
                         list(map(list, zip("abcdefghijkl", [
                             *["integer"] * 8, "float", "float", "boolean", "text"]))))

    def test_several_files_and_none(self):
        path, empty = self.file(self.raw(), "x.raw"), self.file(b"", "y.raw")
        self.gives("6\n", "count", "--schema", self.SCHEMA, path, empty, path, path)
        self.gives("0\n", "count", "--schema", self.SCHEMA, empty)
        self.gives("0\n", "count", "-i", "raw", "--schema", self.SCHEMA, data=b"")
        self.assertEqual(self.row("agg", "sum(d)", "--schema", self.SCHEMA, empty), ["0"])

    def test_torn_records(self):
        width = struct.calcsize("<" + self.LAYOUT)
        for cut, rows in ((1, 2), (width, 0), (width + 1, 0), (width - 1, 1), (2 * width - 1, 0)):
            data = self.raw()[:-cut] if cut % width else self.raw()[:-cut] + b"x"
            begin = len(data) // width * width
            path = self.file(data, "torn.raw")
            for command in (("count",), ("stats",), ("agg", "sum(a)")):
                options = ("-i", "raw", "--schema", self.SCHEMA)
                text = self.fails(1, *command, *options, path,
                                  parts=[path, f"byte {begin}", str(width)])
                self.assertIn(f"{len(data) - begin} of {width}", text)
                messages = set()
                for size, threads in itertools.product(SIZES, ("1", "3")):
                    setting = ("--chunk-size", size, "-j", threads)
                    self.assertEqual(self.fails(1, *command, *options, *setting, path), text)
                    messages.add(self.fails(1, *command, *options, *setting, data=data,
                                            parts=[f"byte {begin}"]))
                self.assertEqual(len(messages), 1, messages)

    def test_bad_booleans(self):
        data = b"".join(struct.pack("<i?", i, True) for i in range(100))
        data = data[:5 * 60 + 4] + b"\x07" + data[5 * 60 + 5:]
        path = self.file(data, "b.raw")
        for command in (("agg", "-g", "b", "count()"), ("stats",), ("freq", "-s", "b")):
            for size in ("1", "7", "1M"):
                self.fails(1, *command, "--schema", "a:i32,b:bool", "--chunk-size", size, path,
                           parts=[path, "byte 304", '"b"'])
        self.assertEqual(self.row("agg", "sum(a)", "--schema", "a:i32,b:bool", path), ["4950"])

    def test_schemas(self):
        data = struct.pack("<iq", 7, 9)
        for schema, columns in (("a:i32,b:i64", "ab"), (" a : i32 , b : i64 ", "ab"),
                                ('"x:y":i32,"p,q":i64', ["x:y", "p,q"]),
                                ('"say ""hi""":i32,b:i64', ['say "hi"', "b"]),
                                ("a:i32,a:i64", "aa"), ("big:i32,b:i64", ["big", "b"]),
                                ("\u00e9:i32,b:i64", ["\u00e9", "b"])):
            with self.subTest(schema=schema):
                path = self.file(data, "s.raw")
                rows = self.table("stats", "--fields", "column,sum", "--schema", schema, path)
                self.assertEqual(rows[1:], [[columns[0], "7"], [columns[1], "9"]])

    def test_bad_schemas(self):
        path = self.file(b"12345678", "x.raw")
        for schema, item in (("a:i9", "i9"), ("a", "a"), ("a:", "a"), (":i8", "i8"), ("", ""),
                             ("a:i8,,b:i8", ""), ("a:i8,", ""), ("a:c0", "c0"), ("a:c", "c"),
                             ("a:f16", "f16"), ("a:i64 x", "i64 x"), ("a:I64", "I64"), ("big,", ""),
                             ("big", "big"), ("a:c99999999999999999999", "c9999"),
                             ("little,a:i8", "little"), ("a:i8,b:int", "int"), ('"a:i8', "a"),
                             ("a:i8;b:i8", "i8;b"), ("a:c-1", "c-1"), ("a:u128", "u128")):
            with self.subTest(schema=schema):
                self.fails(2, "count", "--schema", schema, path, parts=[item])
        self.fails(2, "count", path, parts=["--schema"])
        self.fails(2, "count", "-i", "raw", data=b"12", parts=["--schema"])
        self.gives("4\n", "count", "--schema", "a:i8", self.file("a\n1\n"))  # says raw
        self.fails(2, "count", "-i", "csv", "--schema", "a:i8", self.file("a\n1\n"),
                   parts=["schema"])
        self.fails(2, "count", "-i", "npy", "--schema", "a:i8",
                   self.file(npy(numpy.zeros(2)), "y.npy"), parts=["schema"])
        self.fails(2, "agg", "sum(b)", "--schema", "a:i64", path, parts=["b"])


if __name__ == "__main__":
    unittest.main()
