"""Slow and obvious answers to what sheaf computes, written from its manual alone.

Types are regular expressions, statistics are fractions rounded once at the end, quantiles are the
formulas that R documents. A column is a list of texts, None for a null.
"""

import math
import re
from fractions import Fraction
from typing import NamedTuple

from sheaf_test import decimal_text, double_text, root

NUMBER = re.compile(r"[ \t]*([+-]?)(?:(\d+)(\.\d*)?|(\.\d+))(?:[eE]([+-]?\d+))?[ \t]*", re.ASCII)
SPECIAL = re.compile(r"[ \t]*(?:([+-]?)inf(?:inity)?|nan)[ \t]*", re.ASCII | re.IGNORECASE)
BOOLEAN = re.compile(r"true|false", re.ASCII | re.IGNORECASE)
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)"
                  r"(?:[T ](\d\d):(\d\d):(\d\d)(\.\d{1,18})?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
METHODS = ("linear", "lower", "higher", "nearest", "midpoint", *"123456789")
FIELDS = ("column", "type", "rows", "nulls", "count", "distinct", "min", "max", "range", "sum",
          "mean", "variance", "sd", "skewness", "kurtosis", "q1", "median", "q3", "iqr", "mode",
          "mode_count", "min_length", "max_length")
USUAL = ("column", "type", "rows", "nulls", "distinct", "min", "max", "sum", "mean", "sd", "q1",
         "median", "q3")


# ---- values --------------------------------------------------------------------------------


class Number(NamedTuple):
    """A number: a fraction, or a double that is none; exact if it prints as a decimal."""
    value: object
    exact: bool

    def key(self):
        """NaN above all, then by value."""
        return (math.isnan(self.value), 0 if math.isnan(self.value) else self.value)

    def finite(self):
        return isinstance(self.value, Fraction)

    def nearest(self):
        return nearest(self.value) if self.finite() else double_text(self.value)

    def text(self):
        return decimal_text(self.value) if self.exact else self.nearest()


def double(value):
    """A double as a number."""
    return Number(Fraction(value), False) if math.isfinite(value) else Number(value, False)


def number(text):
    """What a text means as a number, or None."""
    special = SPECIAL.fullmatch(text)
    if special and (special[1] is None) == ("n" == text.strip()[0].lower()):
        return double(math.nan if special[1] is None else
                      -math.inf if special[1] == "-" else math.inf)
    match = NUMBER.fullmatch(text)
    if not match:
        return None
    sign, whole, part, bare, power = match.groups()
    part = (part or bare or ".")[1:]
    digits = ((whole or "") + part).lstrip("0")
    last = int(power or 0) - len(part) + len(digits) - len(digits.rstrip("0"))
    digits = digits.rstrip("0")
    if not digits:
        return Number(Fraction(0), True)
    if len(digits) <= 38 and -38 <= last <= 38:
        value = int(digits) * Fraction(10)**last
        return Number(-value if sign == "-" else value, True)
    return double(float(text) + 0.0)


def days(year, month, day):
    """Days of the proleptic Gregorian calendar since 0000-01-01; None if there is no such day."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = [length + (leap and i == 1) for i, length in enumerate(DAYS)]
    if not 1 <= month <= 12 or not 1 <= day <= lengths[month - 1]:
        return None
    before = 365 * year + (year + 3) // 4 - (year + 99) // 100 + (year + 399) // 400
    return before + sum(lengths[:month - 1]) + day - 1


def instant(text):
    """(form, seconds) of a date or timestamp, or None; form is date, local or zoned."""
    match = TIME.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, part, zone = match.groups()
    day = days(int(year), int(month), int(day))
    if day is None:
        return None
    if hour is None:
        return "date", Fraction(day * 86400)
    if int(hour) > 23 or int(minute) > 59 or int(second) > 59:
        return None
    seconds = day * 86400 + int(hour) * 3600 + int(minute) * 60 + int(second) + Fraction(part or 0)
    if zone is None:
        return "local", seconds
    if zone != "Z":
        if int(zone[1:3]) > 23 or int(zone[4:]) > 59:
            return None
        offset = int(zone[1:3]) * 3600 + int(zone[4:]) * 60
        seconds += -offset if zone[0] == "+" else offset
    return "zoned", seconds


def class_of(text):
    """The narrowest type that one text alone fits."""
    value = number(text)
    if value is not None:
        match = NUMBER.fullmatch(text)
        if not match:
            return "special"
        if match[2] and re.match("0[0-9]", match[2]):
            return "text"
        if match[5] or not value.exact:
            return "float"
        return "integer" if match[3] is None and match[4] is None else "decimal"
    if BOOLEAN.fullmatch(text):
        return "boolean"
    time = instant(text)
    return time[0] if time else "text"


def type_of(texts):
    """The type of a column, given its values that are not null."""
    classes = {class_of(text) for text in texts}
    if not classes:
        return "null"
    for name, wanted in (("integer", {"integer"}), ("decimal", {"integer", "decimal"}),
                         ("boolean", {"boolean"}), ("date", {"date"}),
                         ("timestamp", {"date", "local"}), ("timestamp", {"date", "zoned"})):
        if classes <= wanted:
            return name
    if classes <= {"integer", "decimal", "float", "special"} and classes != {"special"}:
        return "float"
    return "text"


# ---- numbers -------------------------------------------------------------------------------


def nearest(value):
    """The text of the double nearest to a fraction."""
    try:
        return double_text(float(value))
    except OverflowError:
        return "inf" if value > 0 else "-inf"


def ieee(values):
    """The sum of doubles that are not all finite."""
    specials = [value for value in values if not isinstance(value, Fraction)]
    return sum(specials)


def total(numbers):
    """The sum, rounded once."""
    values = [item.value for item in numbers]
    if not all(item.finite() for item in numbers):
        return double_text(ieee(values))
    exact = sum(values, Fraction(0))
    if all(item.exact for item in numbers):
        text = decimal_text(exact)
        back = number(text)
        return text if back.exact else nearest(exact)
    return nearest(exact)


def mean(numbers):
    if not numbers:
        return ""
    values = [item.value for item in numbers]
    if not all(item.finite() for item in numbers):
        return double_text(ieee(values))
    return nearest(sum(values) / Fraction(len(values)))


def moments(numbers):
    """Central moments 2, 3 and 4, or None beside NaN and infinities."""
    if not all(item.finite() for item in numbers):
        return None
    values = [item.value for item in numbers]
    middle = sum(values) / Fraction(len(values))
    return [sum((value - middle)**power for value in values) / Fraction(len(values))
            for power in (2, 3, 4)]


def variance(numbers):
    """Sample variance and deviation."""
    count = len(numbers)
    if count < 2:
        return "", ""
    central = moments(numbers)
    if central is None:
        return "NaN", "NaN"
    value = central[0] * count / (count - 1)
    return nearest(value), double_text(root(value))


def skewness(numbers):
    """G1 = g1 sqrt(n (n - 1)) / (n - 2): the root of a fraction, with the sign of g1."""
    count = len(numbers)
    if count < 3:
        return ""
    central = moments(numbers)
    if central is None:
        return "NaN"
    second, third, _ = central
    if second == 0:
        return ""
    square = third**2 / second**3 * Fraction(count * (count - 1), (count - 2)**2)
    return double_text(root(square) * (-1 if third < 0 else 1))


def kurtosis(numbers):
    """G2 = ((n + 1) g2 + 6) (n - 1) / ((n - 2) (n - 3)), g2 the excess of the population."""
    count = len(numbers)
    if count < 4:
        return ""
    central = moments(numbers)
    if central is None:
        return "NaN"
    second, _, fourth = central
    if second == 0:
        return ""
    excess = fourth / second**2 - 3
    value = ((count + 1) * excess + 6) * Fraction(count - 1, (count - 2) * (count - 3))
    return nearest(value)


# ---- quantiles -----------------------------------------------------------------------------

CORNERS = {"4": (0, 1), "5": (Fraction(1, 2),) * 2, "6": (0, 0), "7": (1, 1),
           "8": (Fraction(1, 3),) * 2, "9": (Fraction(3, 8),) * 2}


def between(numbers, q, method):
    """The two order statistics (from 1, clamped) and the weight of the second."""
    count = len(numbers)
    if method in "123":
        place = count * q - (Fraction(1, 2) if method == "3" else 0)
        low = math.floor(place)
        if method == "1":
            weight = Fraction(place > low)
        elif method == "2":
            weight = Fraction(1 if place > low else Fraction(1, 2))
        else:
            weight = Fraction(place != low or low % 2 == 1)
        return low, low + 1, weight
    if method in CORNERS:
        a, b = CORNERS[method]
        place = a + q * (count + 1 - a - b)
        low = math.floor(place)
        return low, low + 1, place - low
    place = 1 + (count - 1) * q
    low, high = math.floor(place), math.ceil(place)
    if method == "nearest":  # half to even, counted from 0
        low = high = round(place - 1) + 1
    return {"lower": (low, low, Fraction(0)), "higher": (high, high, Fraction(0)),
            "nearest": (low, high, Fraction(0)),
            "midpoint": (low, high, Fraction(1, 2))}[method]


def quantile_number(ordered, q, method="7"):
    """A quantile of ordered numbers, unrounded; exact when it is one of them."""
    method = {"linear": "7"}.get(method, method)
    low, high, weight = between(ordered, Fraction(q), method)
    low, high = (ordered[min(max(place, 1), len(ordered)) - 1] for place in (low, high))
    if weight == 0 or low.key() == high.key():
        return low
    if weight == 1:
        return high
    if low.finite() and high.finite():
        return Number((1 - weight) * low.value + weight * high.value, False)
    return double(float(low.value) * (1 - float(weight)) + float(high.value) * float(weight))


def quantile(ordered, q, method="7"):
    return quantile_number(ordered, q, method).text() if ordered else ""


def in_order(numbers):
    """Ascending; of equal ones, decimals first."""
    return sorted(numbers, key=lambda item: (*item.key(), not item.exact))


def less(high, low):
    """What is left of one number less another: exact if both are and 38 digits hold it."""
    if not high.finite() or not low.finite():
        return double(float(high.value) - float(low.value))
    value = high.value - low.value
    return Number(value, high.exact and low.exact and number(decimal_text(value)).exact)


def difference(ordered, low, high):
    """One quantile less another, rounded once."""
    if not ordered:
        return ""
    return less(quantile_number(ordered, high), quantile_number(ordered, low)).text()


def lower(ordered, q):
    """The quartile of what has an order only."""
    return ordered[math.floor((len(ordered) - 1) * Fraction(q))] if ordered else ""


# ---- tables --------------------------------------------------------------------------------


def frequencies(texts):
    """(value, count) most frequent first, then by first appearance; None is a value."""
    counts = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    return sorted(counts.items(), key=lambda item: -item[1])


def percent(count, rows):
    return double_text(float(Fraction(100 * count, rows)))


def histogram(numbers, bins):
    """(low, high, count) as texts: -inf, the bins, inf, NaN."""
    finite = in_order([item for item in numbers if item.finite()])
    specials = [item.text() for item in numbers if not item.finite()]
    rows = [("-inf", "-inf", specials.count("-inf"))]
    if finite:
        least, most = finite[0], finite[-1]
        if least.value == most.value:
            bins = 1
        width = (most.value - least.value) / bins
        edges = [least.value + width * i for i in range(bins + 1)]
        texts = [least.text(), *(double_text(float(edge)) for edge in edges[1:-1]), most.text()]
        counts = [0] * bins
        for item in finite:
            place = bins - 1 if width == 0 else math.floor((item.value - least.value) / width)
            counts[min(place, bins - 1)] += 1
        rows += zip(texts, texts[1:], counts)
    rows += [(text, text, specials.count(text)) for text in ("inf", "NaN")]
    return [row for row in rows if row[2] or row[0] not in ("-inf", "inf", "NaN")]


def least_and_greatest(kind, values):
    """By number, time, bytes; of two texts of one time, the first to appear."""
    if kind in ("date", "timestamp"):
        ordered = sorted(values, key=lambda text: instant(text)[1])
        last = instant(ordered[-1])[1]
        return ordered[0], next(text for text in values if instant(text)[1] == last)
    if kind == "boolean":
        values = [value.lower() for value in values]
    ordered = sorted(values, key=lambda text: text.encode(errors="surrogateescape"))
    return ordered[0], ordered[-1]


def stats(name, texts):
    """What stats says about a column of CSV: a text for each of FIELDS."""
    values = [text for text in texts if text is not None]
    kind = type_of(values)
    row = dict.fromkeys(FIELDS, "")
    row.update(column=name, type=kind, rows=str(len(texts)), nulls=str(len(texts) - len(values)),
               count=str(len(values)), distinct=str(len(set(values))))
    if not values:
        row["sum"] = "0"
        return row
    mode, count = frequencies(values)[0]
    lengths = [len(value.encode(errors="surrogateescape")) for value in values]
    row.update(mode=mode, mode_count=str(count), min_length=str(min(lengths)),
               max_length=str(max(lengths)))
    if kind in ("integer", "decimal", "float"):
        row.update(number_stats([number(text) for text in values]))
        return row
    row["min"], row["max"] = least_and_greatest(kind, values)
    if kind in ("date", "timestamp"):
        ordered = sorted(values, key=lambda text: instant(text)[1])
        row.update(q1=lower(ordered, "0.25"), median=lower(ordered, "0.5"),
                   q3=lower(ordered, "0.75"))
    return row


def number_stats(numbers):
    """The fields that only numbers have."""
    ordered = in_order(numbers)
    spread, deviation = variance(numbers)
    low, high = ordered[0], ordered[-1]
    return {
        "min": low.text(), "max": high.text(), "range": less(high, low).text(),
        "sum": total(numbers), "mean": mean(numbers), "variance": spread, "sd": deviation,
        "skewness": skewness(numbers), "kurtosis": kurtosis(numbers),
        "q1": quantile(ordered, "0.25"), "median": quantile(ordered, "0.5"),
        "q3": quantile(ordered, "0.75"), "iqr": difference(ordered, "0.25", "0.75"),
    }
