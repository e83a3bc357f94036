"""Binary input that is wrong: file, byte and what was expected are named. And huge files."""

import os
import re
import struct
import unittest

import numpy

from sheaf_test import PROGRAM, run, seed
from test_binary import Binary, forged, npy


def describe(descr, shape, fortran=False, data=b""):
    """A .npy file of these words."""
    return forged(f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n", data)


class Broken(Binary):
    """What a header can get wrong."""

    def both(self, data, *parts):
        """Fails alike from file and pipe, however it is cut."""
        path = self.file(data, "bad.npy")
        text = self.fails(1, "stats", path, parts=[path, *parts])
        for size, threads in (("1", "3"), ("7", "1"), ("64", "8"), ("1M", "2")):
            options = ("--chunk-size", size, "-j", threads)
            self.assertEqual(self.fails(1, "stats", *options, path), text)
        streamed = {self.fails(1, "stats", "-i", "npy", *options, data=data, parts=["byte "])
                    for options in ((), ("--chunk-size", "1", "-j", "3"),
                                    ("--chunk-size", "9", "-j", "8"), ("--executor", "serial"))}
        self.assertEqual(len(streamed), 1, streamed)
        return text

    def test_types_that_are_not_read(self):
        cases = (
            (numpy.array([None, 1], object), "O", "pickle"),
            (numpy.zeros(2, "c8"), "c8", "complex"),
            (numpy.zeros(2, "c16"), "c16", "complex"), (numpy.zeros(2, "m8[s]"), "m8", "timedelta"),
            (numpy.zeros(2, "V3"), "V3", "void"), (numpy.zeros(2, "M8"), "M8", "unit"),
            (numpy.zeros(2, "longdouble"), "f16", "float"),
            (numpy.zeros(2, [("ok", "i4"), ("sub", "f8", (3,))]), "sub", "subarray"),
            (numpy.zeros(2, [("ok", "i4"), ("in", [("obj", "O")])]), "obj", "pickle"))
        for array, *parts in cases:
            path = self.file(npy(array), "t.npy")
            for command in ("count", "stats", "schema"):
                self.fails(1, command, path, parts=[path, "byte ", *parts])
            self.fails(1, "count", data=npy(array), parts=["byte ", *parts])

    def test_shapes_that_are_not_read(self):
        for array in (numpy.array(5.0), numpy.zeros((2, 3, 4)), numpy.zeros((1,) * 32),
                      numpy.zeros((5, 0)), numpy.zeros((2, 2), [("a", "i4")])):
            path = self.file(npy(array), "t.npy")
            self.fails(1, "count", path, parts=[path, "byte "])
        self.fails(1, "count", self.file(npy(numpy.zeros((1, 65536), "i1")), "w.npy"),
                   parts=["65535"])
        self.gives("1\n", "count", self.file(npy(numpy.zeros((1, 65535), "i1")), "w.npy"))

    def test_shapes_larger_than_the_file(self):
        data = struct.pack("<9d", *range(9))
        self.both(describe("'<f8'", "(10,)", data=data), "80", "72")
        self.both(describe("'<f8'", "(9, 9)", data=data), str(9 * 9 * 8), "72")
        self.both(describe("'<f8'", "(9, 9)", True, data), str(9 * 9 * 8), "72")
        self.both(describe("[('a', '<i4'), ('b', 'S5')]", "(9,)", data=data), "81", "72")
        for shape in ("(9223372036854775807,)", "(1152921504606846976,)",
                      "(4294967296, 4294967296)", "(18446744073709551615,)",
                      "(99999999999999999999999,)", "(1152921504606846975,)", "(2, 65535)"):
            for fortran in (False, True):
                self.both(describe("'<f8'", shape, fortran, data))
        self.both(describe("'<S2147483647'", "(9223372036854775807, 3)", data=data))
        self.both(describe("'<U536870911'", "(99,)", data=data))

    def test_trailing_bytes(self):
        data = npy(numpy.arange(5.0))
        self.both(data + b"x", "40", "41")
        self.both(data + npy(numpy.arange(5.0)), "40")
        self.both(npy(numpy.zeros(0)) + b"12345678", "0", "8")
        self.both(npy(numpy.asfortranarray(numpy.zeros((3, 2)))) + b"\0", "48", "49")

    def test_cut_files(self):
        """At every byte, from a file and from a pipe."""
        array = numpy.array([(1, 2.5), (3, 4.5)], [("a", "<i4"), ("b", "<f8")])
        data = npy(array)
        begin = len(data) - 24
        places = [*range(1, 12), 30, 64, begin - 1, *range(begin, len(data))]
        for cut in places:
            path = self.file(data[:cut], "cut.npy")
            self.fails(1, "count", path, parts=[path, "byte "])
            text = self.fails(1, "agg", "sum(a)", "-i", "npy", data=data[:cut],
                              parts=[f"byte {cut}"] if cut > begin else ["byte "])
            for size in ("1", "13"):
                self.assertEqual(self.fails(1, "agg", "sum(a)", "-i", "npy", "--chunk-size", size,
                                            "-j", "3", data=data[:cut]), text)

    def test_lying_headers(self):
        good = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n"
        data = struct.pack("<2d", 1, 2)
        self.both(forged(good, data, length=1000), "byte 8", "1000")
        self.both(forged(good, data, 2, length=2**32 - 1), "byte 8", str(2**32 - 1))
        self.both(forged(good, data, 3, length=2**20 + 1), "byte 8", str(2**20 + 1))
        self.both(forged(good, data, length=5), "byte ")
        self.both(forged(good, data, length=0), "byte ")
        self.both(forged(good, data, length=len(good) - 3), "byte ")
        for version in (0, 4, 255):
            self.both(forged(good, data, version), "byte 6", str(version))
        self.both(b"\x93NUMPX" + forged(good, data)[6:], "byte 0", "NUMPY")

    def test_headers_that_are_none(self):
        whole = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }"
        data = struct.pack("<d", 1)
        for old, new in (("'descr': '<f8', ", ""), ("'fortran_order': False, ", ""),
                         ("'shape': (1,), ", ""), ("False", "0"), ("False", "None"),
                         ("False", "'False'"), ("(1,)", "1"), ("(1,)", "[1]"), ("(1,)", "(-1,)"),
                         ("(1,)", "(1.0,)"), ("(1,)", "(True,)"), ("(1,)", "(1"), ("(1,)", "(,)"),
                         ("(1,)", "('1',)"), ("(1,)", "(0x1,)"), ("(1,)", "(1,,)"),
                         ("'<f8'", "'<f9'"), ("'<f8'", "'f'"), ("'<f8'", "''"), ("'<f8'", "'<'"),
                         ("'<f8'", "'<x8'"), ("'<f8'", "'<f8 '"), ("'<f8'", "<f8"),
                         ("'<f8'", "'float64'"), ("'<f8'", "None"), ("'<f8'", "[]"),
                         ("'<f8'", "[('a',)]"), ("'<f8'", "[('a', '<f8'"),
                         ("'<f8'", "[('a', '<f8', 2)]"), ("'<f8'", "{'names': []}"),
                         ("'<f8'", "'<f8"), ("'<f8'", "'<M8[x]'"), ("'<f8'", "'<M8[0s]'"),
                         ("'<f8'", "'<M8[s'"), ("'<f8'", "'<M8[]'"), ("'<f8'", "[" * 500),
                         ("'<f8'", "'S99999999999999999999'"), ("'<f8'", "'<f8\\x00'"),
                         ("{", ""), ("}", ""), ("}", "} x"), ("{", "{'extra': 1, "),
                         ("{", "{'shape': (1,), "), ("{", "{{"), (whole, "None"), (whole, "[]"),
                         (whole, "__import__('os').system('true')"), (whole, "\0" * 40),
                         ("'shape'", "shape"), (":", "="), (", '", " '")):
            with self.subTest(old=old, new=new[:40]):
                self.assertIn(old, whole)
                header = whole.replace(old, new, 1)
                path = self.file(forged(header + "\n", data), "h.npy")
                text = self.fails(1, "count", path, parts=[path, "byte "])
                self.assertLess(len(text), 1000)
                self.assertFalse(set(text[:-1]) & set("\0\n\x1b"), text)

    def test_random_changes(self):
        """Changed headers end with 0 or 1 and never by a signal."""
        random = seed("random_changes")
        array = numpy.zeros(3, [("a", "<i4"), ("b c", [("x", ">f8"), ("y", "S3")]), ("t", "M8[s]")])
        good = (npy(array), npy(numpy.zeros((3, 2))), npy(numpy.zeros(4, "U2"), (3, 0)))
        for _ in range(150):
            data = bytearray(random.choice(good))
            end = data.index(b"}") + 2
            for _ in range(random.randrange(1, 4)):
                at = random.randrange(end)
                kind = random.randrange(4)
                if kind == 0:
                    data[at] = random.randrange(256)
                elif kind == 1:
                    data[at:at + 1] = b""
                elif kind == 2:
                    data[at:at] = bytes([random.choice(b"()[]{},'\"0123456789<>|\\L ")])
                else:
                    data[at:at] = data[at:at + random.randrange(20)]
            path = self.file(bytes(data), "r.npy")
            result = run("stats", "-i", "npy", path)
            self.assertIn(result.status, (0, 1), (bytes(data), result))
            if result.status:
                self.assertEqual(result.out, b"")
                self.assertIn(b"byte ", result.err)


class Large(Binary):
    def bytes_read(self, *args, out):
        """How many bytes the program reads to print that: counting an array needs its header."""
        log = str(self.dir / "strace")
        result = run(*args, program=["strace", "-f", "-qq", "-o", log, "-e",
                                     "trace=read,pread64,readv,preadv", PROGRAM])
        self.assertEqual((result.status, result.out), (0, out), result.err)
        with open(log, encoding="utf-8", errors="replace") as file:
            calls = re.findall(r" (p?readv?\w*)\(.* = (\d+)$", file.read(), re.MULTILINE)
        self.assertTrue(calls)
        return sum(int(count) for _, count in calls)

    def test_two_to_the_33_bytes(self):
        """A file with a hole: few of its bytes are there, and few are needed."""
        for text, rows in ((2**20 - 8, 2**13), (2**16 - 8, 2**17)):
            path = str(self.dir / "huge.npy")
            size = 8 + text
            header = npy(numpy.zeros(0, [("v", "<f8"), ("s", f"S{text}")]))
            header = header.replace(b"(0,)", b"(%d,)" % rows)
            while len(header) % 64:  # the longer number takes of the padding
                header = header.replace(b" \n", b"\n", 1)
            begin = len(header)
            planted = {0: 1.0, rows // 2 + 1: 0.5, 2**32 // size + 3: -7.25, rows - 1: 1000.0}
            with open(path, "wb") as stream:
                stream.write(header)
                stream.truncate(begin + rows * size)
                for row, value in planted.items():
                    stream.seek(begin + row * size)
                    stream.write(struct.pack("<d3s", value, b"end"))
            self.assertGreaterEqual(os.path.getsize(path), 2**33)
            self.assertLess(self.bytes_read("count", path, out=f"{rows}\n".encode()), 2**20)
            got = self.row("agg", "count()", "sum(v)", "min(v)", "max(v)", "last(v)", path)
            self.assertEqual(got, [str(rows), "994.25", "-7.25", "1000", "1000"])
            os.truncate(path, begin + rows * size - 1)
            self.fails(1, "count", path, parts=[path, str(rows * size), str(rows * size - 1)])
            os.unlink(path)

    def test_fortran_order(self):
        rows = 2**29
        path = str(self.dir / "tall.npy")
        header = f"{{'descr': '<f8', 'fortran_order': True, 'shape': ({rows}, 2), }}"
        data = forged(header.ljust(117) + "\n")
        with open(path, "wb") as stream:
            stream.write(data)
            stream.truncate(len(data) + 16 * rows)
        self.gives(f"{rows}\n", "count", path)


if __name__ == "__main__":
    unittest.main()
