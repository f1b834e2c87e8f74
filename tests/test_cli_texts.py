"""``linnet entropy`` codes texts by bytes, characters or words, whatever they hold."""

import json
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

EPS = np.finfo(float).eps


def told(linnet, *arguments):
    code, out, err = linnet("entropy", *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_a_text_is_told_with_its_table_and_its_sizes(linnet):
    Path("a.txt").write_text("aaaabbcd")

    text = told(linnet, "a.txt", "--chars")

    assert text["bits_per_symbol"]["entropy"] == pytest.approx(1.75, rel=4 * EPS)
    assert text["bits_per_symbol"]["uniform_code"] == pytest.approx(2, rel=4 * EPS)
    assert text["bits_per_symbol"]["huffman_mean_length"] == 1.75
    assert [row["word"] for row in text["table"]] == ["0", "10", "110", "111"]
    assert [row["ideal_length"] for row in text["table"]] == [1, 2, 3, 3]
    assert len(told(linnet, "a.txt", "--chars", "--top", 2)["table"]) == 2
    out = linnet("entropy", "a.txt", "--chars", "--top", 2)[1]
    assert "and 2 symbols more" in out
    assert "1.7500" in out


def test_the_code_of_another_text_costs_the_divergence_in_bytes(linnet):
    Path("a.txt").write_text("ab" * 40_000)
    Path("b.txt").write_text("aaab" * 20_000)

    borrowed = told(linnet, "a.txt", "--bytes", "--code-of", "b.txt")["borrowed_code"]

    bits = borrowed["bits_per_symbol"]
    assert bits["kl_divergence"] == pytest.approx(np.log2(4 / 3) / 2, rel=100 * EPS)
    assert bits["cross_entropy"] == pytest.approx(1 + bits["kl_divergence"], rel=100 * EPS)
    # Two symbols have words of one bit, whichever the code.
    assert borrowed["extra_bytes"] == 0
    assert "relative entropy" in linnet("entropy", "a.txt", "--bytes", "--code-of", "b.txt")[1]


def test_symbols_that_the_other_text_lacks_are_named_with_the_cost_of_an_escape(linnet):
    Path("a.txt").write_text("abab\x07é")
    Path("b.txt").write_text("ab")

    borrowed = told(linnet, "a.txt", "--chars", "--code-of", "b.txt")["borrowed_code"]
    out = linnet("entropy", "a.txt", "--chars", "--code-of", "b.txt")[1]

    assert borrowed["bits_per_symbol"]["kl_divergence"] == "Infinity"
    assert borrowed["missing"] == {"\x07": 1, "é": 1}
    assert borrowed["with_escape"]["of_them_spelling"] == 3
    assert r"\x07 (1), é (1)" in out
    assert "infinite" in out


def test_wide_characters_and_invisible_ones_stand_in_line(linnet):
    Path("a.txt").write_text("熵熵熵，aa\u200b\r\n", newline="")

    code, out, err = linnet("entropy", "a.txt", "--chars")

    assert code == 0
    assert "CR LF" in err
    rows = out.splitlines()[1:9]
    assert [row.split()[0] for row in rows[2:]] == ["熵", "a", r"\n", r"\r", r"\u200b", "，"]
    ends = [cell_len(row[: row.rindex("0.")]) for row in rows[2:]]
    assert len(set(ends)) == 1


@pytest.mark.parametrize("kind", ["--bytes", "--chars", "--words"])
def test_one_symbol_takes_no_bits(linnet, kind):
    Path("a.txt").write_text("a")

    code, out, _ = linnet("entropy", "a.txt", kind)

    assert code == 0
    assert "(empty)" in out


@pytest.mark.parametrize(
    ("content", "arguments", "says"),
    [
        (b"", ["--bytes"], "a.txt: the file is empty"),
        (b"caf\xe9", ["--chars"], "a.txt, line 1: byte 0xe9 (byte 4 of the file)"),
        (b"a", ["--bytes", "--chars"], "Give one of them"),
        (b"a", ["--chars", "--column", "x"], "--column is about a table"),
        (b"a", ["--chars", "--no-header"], "--header is about a table"),
        (b"a", ["--chars", "--unit", "nats"], "--unit is about a table"),
        (b"a", ["--bytes", "--encoding", "latin-1"], "--encoding is of no use"),
        (b"a", ["--code-of", "b.txt"], "give --bytes, --chars or --words"),
        (b"a", ["--words", "--code-of", "b.txt"], "b.txt: there is no such file"),
    ],
)
def test_bad_input_is_one_clear_line(linnet, content, arguments, says):
    Path("a.txt").write_bytes(content)

    code, out, err = linnet("entropy", "a.txt", *arguments)

    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_another_encoding_is_read_where_it_is_named(linnet):
    Path("a.txt").write_bytes("café".encode("latin-1"))

    assert told(linnet, "a.txt", "--chars", "--encoding", "latin-1")["symbols"] == 4


@pytest.mark.parametrize(
    ("name", "kind", "bits"),
    [
        # Shannon's letters of English, with case and punctuation; Chinese characters.
        ("tinyshakespeare/input.txt", "--chars", 4.78),
        ("chinese_novel/sanguo_yanyi.txt", "--chars", 9.05),
        ("chinese_novel/sanguo_yanyi.txt", "--bytes", 5.75),
    ],
)
def test_real_texts_are_measured_within_a_fiftieth_of_a_bit_of_huffmans_mean(
    linnet, real_data, name, kind, bits
):
    amounts = told(linnet, real_data(name), kind)["bits_per_symbol"]

    assert amounts["entropy"] == pytest.approx(bits, abs=0.005)
    assert amounts["entropy"] <= amounts["huffman_mean_length"] < amounts["measured"]
    assert amounts["measured"] < amounts["huffman_mean_length"] + 0.02
