"""Exact sums and what is computed from them, on a million values, against big integers."""

import itertools
import unittest
from fractions import Fraction

from sheaf_test import Case, decimal_text, double_text, root, seed


class Exactness(Case):
    def test_a_tenth_a_million_times(self):
        path = self.file("x\n" + "0.1\n" * 1_000_000)
        self.assertEqual(self.row("agg", "sum(x)", "mean(x)", "varp(x)", "sd(x)", path),
                         ["100000", "0.1", "0", "0"])

    def test_one_between_giants(self):
        for order in itertools.permutations(["1e16", "1", "-1e16"]):
            self.assertEqual(self.value("sum(x)", order, "--chunk-size", "2", "-j", "3"), "1")
        for order in itertools.permutations(["1e300", "1", "-1e300"]):
            self.assertEqual(self.value("sum(x)", order, "--chunk-size", "2", "-j", "3"), "1")
        for order in itertools.permutations(["1.5e308", "1.5e308", "-1.5e308"]):
            self.assertEqual(self.value("sum(x)", order), "1.5e308")
        self.assertEqual(self.value("sum(x)", ["1.5e308", "1.5e308"]), "inf")

    def test_doubles_and_decimals(self):
        random = seed("doubles_and_decimals")
        for _ in range(40):
            texts = []
            for _ in range(random.randrange(1, 12)):
                digits = random.randrange(-10**17, 10**17)
                texts.append(f"{digits}e{random.randrange(-340, 290)}")
            texts += [f"{random.randrange(10**9)}.{random.randrange(10**9):09}"
                      for _ in range(random.randrange(5))]
            random.shuffle(texts)
            total = sum(self.meaning(text) for text in texts)
            got = self.value("sum(x)", texts, "--chunk-size", "9", "-j", "2")
            self.assertEqual(Fraction(got) if self.exact(texts) else got,
                             total if self.exact(texts) else double_text(float(total)), texts)

    @staticmethod
    def is_exact(text):
        """At most 38 significant digits, the last between 10^-38 and 10^38."""
        mantissa, _, exponent = text.lstrip("+-").partition("e")
        whole, _, part = mantissa.partition(".")
        digits = (whole + part).lstrip("0")
        last = int(exponent or 0) - len(part) + len(digits) - len(digits.rstrip("0"))
        digits = digits.rstrip("0")
        return not digits or (len(digits) <= 38 and -38 <= last <= 38)

    def exact(self, texts):
        if not all(self.is_exact(text) for text in texts):
            return False
        total = sum(map(Fraction, texts))
        return total == 0 or self.is_exact(decimal_text(total))

    def meaning(self, text):
        return Fraction(text) if self.is_exact(text) else Fraction(float(text))

    def test_a_million_decimals(self):
        """Up to 38 digits each, with the point anywhere among them."""
        random = seed("a_million_decimals")
        unit = 10**38
        texts, total, squares = [], 0, 0
        for _ in range(1_000_000):
            digits = random.getrandbits(random.choice((7, 20, 60, 126))) % unit
            places = random.randrange(0, 39)
            scaled = digits * 10**(38 - places)
            text = str(digits).rjust(places + 1, "0")
            text = f"{text[:-places]}.{text[-places:]}" if places else text
            negative = random.random() < 0.5
            texts.append("-" + text if negative else text)
            total += -scaled if negative else scaled
            squares += scaled * scaled
        path = self.file("x\n" + "\n".join(texts) + "\n")
        count = len(texts)
        spread = Fraction(count * squares - total * total, unit * unit)
        row = self.row("agg", "sum(x)", "mean(x)", "var(x)", "varp(x)", "sd(x)", "sdp(x)",
                       "--chunk-size", "100000", "-j", "2", path)
        exact = self.is_exact(decimal_text(Fraction(total, unit)))
        self.assertEqual(row, [
            decimal_text(Fraction(total, unit)) if exact else double_text(total / unit),
            double_text(float(Fraction(total, unit * count))),
            double_text(float(spread / (count * (count - 1)))),
            double_text(float(spread / count**2)),
            double_text(root(spread / (count * (count - 1)))),
            double_text(root(spread / count**2))])

    def test_any_order_and_grouping(self):
        random = seed("any_order_and_grouping")
        texts = [f"{random.choice('-+')}{random.randrange(10**30)}e{random.randrange(-60, 30)}"
                 for _ in range(500)]
        results = set()
        for size in ("1", "50", "1000", "1M"):
            random.shuffle(texts)
            path = self.file("x\n" + "\n".join(texts) + "\n")
            results.add(tuple(self.row("agg", "sum(x)", "mean(x)", "var(x)", "sd(x)", "-j", "3",
                                       "--chunk-size", size, path)))
        self.assertEqual(len(results), 1)


if __name__ == "__main__":
    unittest.main()
