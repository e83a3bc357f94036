"""Where a pipe is copied to that cannot be read in one go."""

import os
import unittest

import numpy

from sheaf_test import Case, run
from test_binary import npy


class Temporary(Case):
    def count(self, data, directory, *options):
        return run("count", *options, data=data, env={**os.environ, "TMPDIR": directory})

    def test_the_directory(self):
        array = numpy.arange(6.0).reshape(3, 2)
        by_row, by_column = npy(array), npy(numpy.asfortranarray(array))
        for directory in (str(self.dir), ""):
            self.assertEqual(self.count(by_column, directory), (0, b"3\n", b""))
        self.assertEqual(os.listdir(self.dir), [])
        missing = str(self.dir / "missing")
        self.assertEqual(self.count(by_row, missing), (0, b"3\n", b""))
        for options in ((), ("--executor", "serial"), ("--chunk-size", "1")):
            result = self.count(by_column, missing, *options)
            self.assertEqual(result.status, 1, result)
            self.assertIn(missing.encode(), result.err)
            self.assertIn(b"standard input", result.err)

    def test_files_need_none(self):
        path = self.file(npy(numpy.asfortranarray(numpy.zeros((3, 2)))), "f.npy")
        result = run("count", path, env={**os.environ, "TMPDIR": str(self.dir / "missing")})
        self.assertEqual(result, (0, b"3\n", b""))


if __name__ == "__main__":
    unittest.main()
