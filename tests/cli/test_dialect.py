"""What a CSV file means: every sentence of the dialect, and the options that change it."""

import csv
import io
import unittest

from sheaf_test import Case, run, seed

BOM = b"\xef\xbb\xbf"


class LineEnds(Case):
    def test_feed_crlf_and_mixture(self):
        for data in (b"a,b\n1,2\n3,4\n", b"a,b\r\n1,2\r\n3,4\r\n", b"a,b\r\n1,2\n3,4\r\n"):
            self.assertEqual(self.read(data, 2), [("1", "2"), ("3", "4")])

    def test_last_line_needs_no_end(self):
        self.assertEqual(self.read(b"a,b\n1,2", 2), [("1", "2")])
        self.assertEqual(self.read(b"a,b\n1,", 2), [("1", None)])
        self.assertEqual(self.read(b'a,b\n1,"2"', 2), [("1", "2")])

    def test_lone_cr_is_data(self):
        self.assertEqual(self.read(b"a,b\n1\r2,\r3\n", 2), [("1\r2", "\r3")])
        self.assertEqual(self.read(b"a\nx\r", 1), [("x\r",)])
        self.assertEqual(self.read(b"a\nx\r\r\n", 1), [("x\r",)])
        self.assertEqual(self.read(b"a\n\r", 1), [("\r",)])

    def test_line_ends_in_quotes_are_kept(self):
        self.assertEqual(self.read(b'a,b\n"1\r\n2","\n\r"\r\n', 2), [("1\r\n2", "\n\r")])

    def test_empty_lines_are_skipped(self):
        self.assertEqual(self.read(b"\n\r\na,b\n\n1,2\r\n\r\n\n", 2), [("1", "2")])
        self.assertEqual(self.read(b'a\n\n""\n\nx\n', 1), [("",), ("x",)])

    def test_delimiters_only_and_spaces_only_are_rows(self):
        self.assertEqual(self.read(b"a,b\n,\n", 2), [(None, None)])
        self.assertEqual(self.read(b"a\n  \n", 1), [("  ",)])
        self.fails(1, "count", self.file(b"a,b\n  \n"), parts=[":2: "])

    def test_spaces_belong_to_fields(self):
        self.assertEqual(self.read(b"a,b\n 1 , 2\t\n", 2), [(" 1 ", " 2\t")])


class CrEnds(Case):
    def test_lone_cr_ends_a_line(self):
        self.assertEqual(self.read(b"a,b\r1,2\r\n3,4\n5,6\r", 2, "--cr-ends"),
                         [("1", "2"), ("3", "4"), ("5", "6")])

    def test_cr_in_quotes_is_kept(self):
        self.assertEqual(self.read(b'a\r"1\r2"\r\n"3"\r', 1, "--cr-ends"), [("1\r2",), ("3",)])

    def test_cr_ends_a_comment(self):
        self.assertEqual(self.read(b'#"\ra\r#x\r\n1\r', 1, "--cr-ends", "-C", "#"), [("1",)])

    def test_crlf_counts_as_one_line(self):
        self.fails(1, "count", "--cr-ends", self.file(b"a,b\r\n1,2\r3,4\r\n5\n"), parts=[":4: "])
        for size in (1, 2, 3):
            self.fails(1, "count", "--cr-ends", "--chunk-size", size,
                       self.file(b'a\r\n"\r\n"\r\r\n\r"x"y'), parts=[":6: "])


class Bytes(Case):
    def test_mark_at_the_start_is_dropped(self):
        self.assertEqual(self.row("agg", "sum(a)", self.file(BOM + b"a,b\n1,2\n")), ["1"])
        self.assertEqual(self.read(BOM + b'"a",b\n1,2\n', 2), [("1", "2")])

    def test_mark_elsewhere_is_data(self):
        self.assertEqual(self.read(b"a\n\xef\xbb\xbf1\n", 1), [("\ufeff1",)])
        self.assertEqual(self.read(BOM + b"a\n" + BOM + b"1\n", 1), [("\ufeff1",)])

    def test_mark_alone_is_an_empty_file(self):
        self.gives("0\n", "count", self.file(BOM))

    def test_wide_encodings_are_refused_by_name(self):
        for codec in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
            path = self.file("\ufeffa,b\n1,2\n".encode(codec))
            self.fails(1, "count", path, parts=[codec[:6].upper(), "iconv"])

    def test_nul_and_invalid_bytes_are_data(self):
        self.assertEqual(self.read(b"a,b\n1\x00,\xff\xfe\n", 2), [("1\0", "\udcff\udcfe")])


class Quotes(Case):
    def test_doubled_quote(self):
        self.assertEqual(self.read(b'a,b\n"x""y",""""\n', 2), [('x"y', '"')])

    def test_quote_inside_unquoted_text(self):
        self.assertEqual(self.read(b'a,b\nx"y,1""\nz"",",\n"\n', 2),
                         [('x"y', '1""'), ('z""', ",\n")])

    def test_text_after_a_closing_quote_is_bad(self):
        for row in (b'"x"y,1\n', b'"x" ,1\n', b'"x"\r,1\n', b'"x"\ry,1\n', b'1,"x"\r'):
            self.fails(1, "count", self.file(b"a,b\n1,2\n" + row), parts=[":3: "])

    def test_reading_goes_on_at_the_next_line(self):
        data = b'a,b\n"x"y",1\n2,3\n"x"y"\n"4","5\n"\n'
        self.assertEqual(self.read(data, 2, "--on-error", "skip", "-q", status=3),
                         [("2", "3"), ("4", "5\n")])

    def test_unclosed_quote_names_its_line(self):
        path = self.file(b'a,b\n"1\n",2\n3,"4\n5,6\n')
        for policy in ("fail", "skip", "null"):
            self.fails(1, "count", "--on-error", policy, path, parts=[":4: "])
            self.fails(1, "agg", "--on-error", policy, "sum(b)", path, parts=[":4: "])
        self.fails(1, "count", self.file(b'a,"b\n1,2\n'), parts=[":1: "])
        self.fails(1, "count", self.file(b'a\nx\n"'), parts=[":3: "])

    def test_unclosed_quote_late_in_its_row(self):
        self.fails(1, "count", self.file(b'a,b\n"1\n2\n3","4\n5'), parts=[":4: "])

    def test_another_quote(self):
        self.assertEqual(self.read(b"a,b\n'x,''y','\"'\n", 2, "--quote", "'"), [("x,'y", '"')])
        self.assertEqual(self.read(b'a,b\n"x",y\n', 2, "--quote", "'"), [('"x"', "y")])

    def test_no_quote(self):
        data = b'a,b\n"x,y"\n"","\n'
        self.assertEqual(self.read(data, 2, "--quote", "none"), [('"x', 'y"'), ('""', '"')])
        self.assertEqual(self.read(b"a,b\n" + b'"' * 300 + b"," + bytes(range(48, 91)) + b"\n", 2,
                                   "--quote", "none"),
                         [('"' * 300, bytes(range(48, 91)).decode())])

    def test_rows_are_checked_in_columns_not_needed(self):
        path = self.file(b'a,b,c\n1,2,3\n4,"5"x,6\n')
        self.fails(1, "agg", "sum(a)", path, parts=[":3: "])
        self.fails(1, "agg", "count()", path, parts=[":3: "])
        self.fails(1, "agg", "count()", self.file(b"a,b\n1,2\n3\n"), parts=[":3: "])

    def test_values_are_not_checked_where_not_needed(self):
        self.assertEqual(self.row("agg", "sum(a)", self.file(b"a,b\n1,x\n2,y\n")), ["3"])


class Comments(Case):
    def test_comment_lines_are_skipped(self):
        data = b'#"x\n#,,,\na,b\n#\n1,2\n"#3",#4\n #5,6\n#7'
        self.assertEqual(self.read(data, 2, "-C", "#"), [("1", "2"), ("#3", "#4"), (" #5", "6")])

    def test_no_comment_in_quotes(self):
        self.assertEqual(self.read(b'a\n"x\n#y"\n', 1, "-C", "#"), [("x\n#y",)])

    def test_none_unless_asked(self):
        self.assertEqual(self.read(b"a\n#x\n", 1), [("#x",)])
        self.assertEqual(self.read(b"a\n%x\n#y\n", 1, "--comment=%"), [("#y",)])

    def test_comments_count_as_lines(self):
        self.fails(1, "count", "-C", "#", self.file(b"#x\na,b\n#y\n1\n"), parts=[":4: "])


class Delimiters(Case):
    def test_bytes_and_names(self):
        for option, byte in ((";", ";"), ("semicolon", ";"), ("tab", "\t"), ("space", " "),
                             ("|", "|"), ("\t", "\t"), (":", ":")):
            data = f"a{byte}b\n1,{byte}2\n".encode()
            self.assertEqual(self.read(data, 2, "-d", option), [("1,", "2")])
            self.assertEqual(self.read(data, 2, f"--delimiter={option}"), [("1,", "2")])

    def test_tab_for_tsv(self):
        path = self.file(b"a,c\tb\n1,5\t2\n", "x.tsv")
        self.assertEqual(self.row("agg", "first(1)", "sum(b)", path), ["1,5", "2"])
        self.assertEqual(self.row("agg", "-d", ",", "count()", path), ["1"])

    def test_any_byte(self):
        """All but the line ends and the quote, NUL too."""
        for byte in set(range(256)) - set(b'"\r\n'):
            left, right = "rs" if byte in b"pq" else "pq"
            data = b"%s%c%s\n" % (left.encode(), byte, right.encode())
            self.gives(f'{{"k":"{left}","v":"{right}"}}\n', "agg", "-n", "-f", "jsonl", "-d",
                       f"\\x{byte:02x}", "first(1) as k", "first(2) as v", data=data)

    def test_refused(self):
        for option in ("", "ab", "\n", '"', "é"):
            self.fails(2, "count", "-d", option, self.file(b"a\n"), parts=["delimiter"])


class Headers(Case):
    def test_without_headers(self):
        path = self.file(b"1,x\n2,y\n")
        self.gives("c2,sum(c1)\nx,1\ny,2\n", "agg", "-n", "-g", "c2", "sum(c1)", path)
        self.gives("2\n", "count", "-n", path)
        self.fails(1, "count", "-n", self.file(b"1,2\n3\n"), parts=[":2: "])

    def test_without_headers_the_first_bad_row_is_named(self):
        """Later files are not looked at before the rows of those that come first."""
        first, second = self.file(b"1,2\n1,x,3\n", "n1"), self.file(b'"a"b\n', "n2")
        for size in (1, 3, 4096):
            self.fails(1, "count", "-n", "--chunk-size", size, first, second,
                       parts=[first + ":2: "], without=[second])
            self.fails(1, "count", "-n", "--chunk-size", size, second, first,
                       parts=[second + ":1: "], without=[first])

    def test_skip_lines(self):
        path = self.file(b'junk"\r\n\n"a",b\n1,2\n')
        self.gives("1\n", "count", "--skip-lines", "2", path)
        self.assertEqual(self.row("agg", "--skip-lines=2", "sum(b)", path), ["2"])
        self.gives("0\n", "count", "--skip-lines", "9", path)
        self.fails(1, "count", "--skip-lines", "2", self.file(b"x\ny\na,b\n1\n"), parts=[":4: "])

    def test_skip_lines_in_every_file(self):
        first, second = self.file(b"x\na\n1\n", "1"), self.file(b"y,y\na\n2\n", "2")
        self.assertEqual(self.row("agg", "--skip-lines", "1", "sum(a)", first, second), ["3"])

    def test_empty_inputs(self):
        for data in (b"", b"\n\r\n\n", BOM + b"\n"):
            path = self.file(data)
            self.gives("0\n", "count", path)
            self.gives("count()\n0\n", "agg", "count()", path)
            self.fails(2, "agg", "sum(a)", path, parts=["a"])
        self.gives("0\n", "count", "-C", "#", self.file(b"#x\n\n#y"))

    def test_header_only(self):
        for data in (b"a,b\n", b"a,b", b'"a","b"\r\n\r\n'):
            path = self.file(data)
            self.gives("0\n", "count", path)
            self.assertEqual(self.row("agg", "count()", "sum(a)", "min(a)", "mean(b)", path),
                             ["0", "0", "", ""])
            self.gives("a,count()\n", "agg", "-g", "a", "count()", path)

    def test_several_files(self):
        files = [self.file(data, str(i)) for i, data in enumerate(
            (b"a,b\n1,x\n2,y\n", BOM + b'"a",b\r\n3,x', b"", b"a,b\n", b"\na,b\n4,z\n"))]
        self.gives("b,count(),sum(a)\nx,2,4\ny,1,2\nz,1,4\n",
                   "agg", "-g", "b", "count()", "sum(a)", *files)
        self.gives("4\n", "count", *files)
        self.gives("4\n", "count", files[2], *files)

    def test_headers_that_differ(self):
        first = self.file(b"a,b,c\n1,2,3\n", "1")
        for header, part in ((b"a,B,c", "b"), (b"a,b", "c"), (b"a,b,c,d", "d")):
            second = self.file(header + b"\n", "2")
            self.fails(1, "count", first, second, parts=[part, second])

    def test_lines_are_counted_per_file(self):
        first, second = self.file(b'a,b\n"\n\n",1\n', "1"), self.file(b'a,b\n"\n",1\n2\n', "2")
        self.fails(1, "count", first, second, parts=[second + ":4: "])
        self.fails(1, "count", second, first, parts=[second + ":4: "])

    def test_many_columns(self):
        names = ",".join(f"n{i}" for i in range(65535)).encode()
        path = self.file(names + b"\n" + b"1," * 65534 + b"7\n")
        self.assertEqual(self.row("agg", "sum(n65534)", path), ["7"])
        self.fails(1, "count", self.file(names + b",x\n"), parts=["65535"])

    def test_long_field_and_long_name(self):
        text = b"x" * 3_000_000
        path = self.file(text + b",b\n" + text + b',"' + text + b'"\n')
        out = self.ok("agg", "--chunk-size", "4096", "first(1)", "last(b)", path)
        self.assertEqual(out, b"first(1),last(b)\n" + text + b"," + text + b"\n")


class Nulls(Case):
    def nulls(self, data, *options):
        return self.row("agg", *options, "nulls(b)", "count(b)", self.file(data))

    def test_unquoted_empty(self):
        self.assertEqual(self.nulls(b'a,b\n1,\n2,""\n3,x\n'), ["1", "2"])
        self.assertEqual(self.nulls(b'a,b\n1,\n2,""\n3,x\n', "--null-quoted"), ["2", "1"])

    def test_list(self):
        data = b'a,b\n1,\n2,NA\n3,"NA"\n4,-\n5,NA \n'
        self.assertEqual(self.nulls(data, "--null", "NA"), ["1", "4"])
        self.assertEqual(self.nulls(data, "--null", "NA,"), ["2", "3"])
        self.assertEqual(self.nulls(data, "--null", ",NA,-"), ["3", "2"])
        self.assertEqual(self.nulls(data, "--null", "NA,-", "--null-quoted"), ["3", "2"])

    def test_list_is_csv(self):
        self.assertEqual(self.nulls(b'a,b\n1,"x,y"\n2,x\n', "--null", '"x,y"', "--null-quoted"),
                         ["1", "1"])
        self.assertEqual(self.nulls(b"a,b\n1,x\"y\n2,x\n", "--null", '"x""y"'), ["1", "1"])

    def test_groups_and_sums(self):
        data = b'k,v\nNA,1\n,2\n"",3\n"NA",4\nx,NA\n'
        self.gives('k,sum(v)\n,3\n"",3\nNA,4\nx,0\n',
                   "agg", "--null", "NA,", "-g", "k", "sum(v)", self.file(data))

    def test_quoted_empty_is_no_number(self):
        path = self.file(b'a,b\n1,""\n')
        self.fails(1, "agg", "sum(b)", path, parts=[":2: ", "--null-quoted", "b"])
        self.assertEqual(self.row("agg", "--null-quoted", "sum(b)", path), ["0"])


class Ragged(Case):
    SHORT, LONG = b"a,b\n1,2\n3\n", b"a,b\n1,2\n3,4,5\n"

    def test_fail(self):
        for options in ((), ("--ragged", "fail")):
            self.fails(1, "count", *options, self.file(self.SHORT), parts=[":3: "])
            self.fails(1, "count", *options, self.file(self.LONG), parts=[":3: "])

    def test_pad(self):
        self.assertEqual(self.read(self.SHORT, 2, "--ragged", "pad"), [("1", "2"), ("3", None)])
        self.fails(1, "count", "--ragged", "pad", self.file(self.LONG), parts=[":3: "])

    def test_trim(self):
        self.assertEqual(self.read(self.LONG, 2, "--ragged", "trim"), [("1", "2"), ("3", "4")])
        self.fails(1, "count", "--ragged", "trim", self.file(self.SHORT), parts=[":3: "])

    def test_both(self):
        for option in ("pad,trim", "trim,pad"):
            self.assertEqual(self.read(self.SHORT + self.LONG[4:], 2, "--ragged", option),
                             [("1", "2"), ("3", None), ("3", "4")])

    def test_padding_is_null_whatever_null_says(self):
        path = self.file(self.SHORT)
        self.assertEqual(self.row("agg", "--ragged=pad", "--null", "NA", "nulls(b)", path), ["1"])

    def test_bad_quoting_stays_bad(self):
        self.fails(1, "count", "--ragged", "pad,trim", self.file(b'a,b\n1,2,"3"x\n'),
                   parts=[":2: "])


class OnError(Case):
    DATA = b'k,v,w\na,1,1\na,x,2\nb,3,y\n"b"c,4,4\nb,5\nb,6,6\n'

    def test_fail_names_the_first(self):
        path = self.file(self.DATA)
        self.fails(1, "agg", "sum(v)", "sum(w)", path, parts=[path + ":3: ", "v", "x"])
        self.fails(1, "agg", "sum(w)", path, parts=[path + ":4: ", "w", "y"])
        self.fails(1, "count", path, parts=[path + ":5: "])

    def test_leftmost_column_first(self):
        path = self.file(b"a,b\n1,2\nfoo,bar\n")
        for expressions in (("sum(a)", "sum(b)"), ("sum(b)", "sum(a)")):
            self.fails(1, "agg", *expressions, path, parts=[":3: ", "foo"], without=["bar"])

    def test_skip(self):
        path = self.file(self.DATA)
        args = ("agg", "--on-error", "skip", "-g", "k", "count()", "sum(v)", "sum(w)", path)
        out = self.ok(*args, status=3)
        self.assertEqual(out, b"k,count(),sum(v),sum(w)\na,1,1,1\nb,1,6,6\n")

    def test_null(self):
        path = self.file(self.DATA)
        args = ("agg", "--on-error", "null", "-g", "k", "count()", "sum(v)", "sum(w)", path)
        out = self.ok(*args, status=3)
        self.assertEqual(out, b"k,count(),sum(v),sum(w)\na,2,1,3\nb,2,9,6\n")

    def test_only_needed_columns_count(self):
        path = self.file(b"v,w\n1,x\n2,3\n")
        for policy in ("skip", "null"):
            self.assertEqual(self.row("agg", "--on-error", policy, "sum(v)", path), ["3"])

    def test_nothing_wrong_is_status_0(self):
        for policy in ("skip", "null"):
            self.gives("1\n", "count", "--on-error", policy, self.file(b"a\n1\n"))

    def test_summary(self):
        path = self.file(self.DATA)
        result = run("count", "--on-error", "skip", path)
        self.assertEqual((result.status, result.out), (3, b"4\n"))
        self.assertIn(b"2", result.err)
        self.assertIn(path.encode() + b":5: ", result.err)
        quiet = run("count", "--on-error", "skip", "-q", path)
        self.assertEqual(quiet, (3, b"4\n", b""))

    def test_the_summary_gives_no_advice_that_was_taken(self):
        path = self.file(b"a\n1\nx\n")
        for policy, advice in (("fail", True), ("skip", False), ("null", False)):
            result = run("agg", "sum(a)", "--on-error", policy, path)
            self.assertIn(b'"x" is no number', result.err)
            self.assertEqual(b"--on-error" in result.err, advice, result.err)

    def test_min_of_another_kind(self):
        path = self.file(b"a,b\n1,1\nx,2\n-3,4\n")
        self.fails(1, "agg", "min(a)", path, parts=[":3: ", "x"])
        self.assertEqual(self.ok("agg", "--on-error", "skip", "min(a)", "sum(b)", path, status=3),
                         b"min(a),sum(b)\n-3,5\n")
        self.assertEqual(self.ok("agg", "--on-error", "null", "min(a)", "sum(b)", path, status=3),
                         b"min(a),sum(b)\n-3,7\n")


class MaxField(Case):
    def test_limit(self):
        path = self.file(b"a,b\n1,2345678901\n")
        self.gives("1\n", "count", "--max-field", "10", path)
        self.fails(1, "count", "--max-field", "9", path, parts=[":2: ", "--max-field"])
        quoted = self.file(b'a,b\n1,"' + b"x" * 5000 + b'"\n')
        self.gives("1\n", "count", "--max-field", "8K", quoted)
        for size in (1, 64, 1 << 20):
            self.fails(1, "count", "--max-field", "4K", "--chunk-size", size, quoted,
                       parts=[":2: ", "--max-field"])

    def test_comes_before_an_unclosed_quote(self):
        path = self.file(b'a,b\n1,"' + b"x\n" * 5000)
        for size in (1, 100, 1 << 20):
            self.fails(1, "count", "--max-field", "4K", "--chunk-size", size, path,
                       parts=[":2: ", "--max-field"])
        self.fails(1, "count", path, parts=[":2: "], without=["--max-field"])

    def test_the_line_of_a_field_with_line_ends(self):
        """The line is the row's for every chunk size, not the one where the field got too long."""
        path = self.file(b'a,b\n1,"xx\nyy\nzz\nww"\n')
        texts = {self.fails(1, "count", "--max-field", "3", "--chunk-size", size, path,
                            parts=[":2: ", "--max-field"])
                 for size in (*range(1, 25), 4096)}
        self.assertEqual(len(texts), 1, texts)

    def test_a_name(self):
        self.fails(1, "count", "--max-field", "100", self.file(b"x" * 200 + b"\n1\n"),
                   parts=[":1: ", "--max-field"])

    def test_many_short_fields_are_fine(self):
        row = b",".join([b"12345678"] * 1000)
        self.gives("1\n", "count", "--max-field", "10", self.file(row + b"\n" + row + b"\n"))


class AgainstPython(Case):
    """Random rows as Python's csv module writes them."""

    def test_round_trip(self):
        random = seed("round_trip")
        alphabet = 'ab1,;"\n\r #é\0'
        for _ in range(60):
            width = random.randrange(1, 5)
            rows = [tuple("".join(random.choices(alphabet, k=random.randrange(6)))
                          for _ in range(width)) for _ in range(random.randrange(1, 30))]
            text = io.StringIO()
            csv.writer(text, quoting=csv.QUOTE_ALL,
                       lineterminator=random.choice(["\n", "\r\n"])).writerows(
                           [[f"h{i}" for i in range(width)], *rows])
            expected = list(dict.fromkeys(rows))
            size = random.choice([1, 2, 3, 10, 100, 4096])
            self.assertEqual(self.read(text.getvalue().encode(), width, "--chunk-size", str(size),
                                       "-j", "2"), expected)


if __name__ == "__main__":
    unittest.main()
