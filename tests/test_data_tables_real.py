import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from linnet.data.libsvm import read_libsvm
from linnet.data.reading import read_table, table_format
from real_files import real

# Rows and columns as the sources of the data state them.
SHAPES = {
    "adult/adult-train.csv": (32_561, 15),
    "adult/adult-test.csv": (16_281, 15),
    "anes96/anes96.csv": (944, 11),
    "beijing_air_quality/PRSA_Data_Dongsi_20130301-20170228.csv": (35_064, 18),
    "bike_sharing/hour.csv": (17_379, 17),
    "california_housing/housing.csv": (20_640, 10),
    "covtype_20k/covtype.20k.data": (20_000, 55),
    "diamonds/diamonds.csv": (53_940, 10),
    "dry_bean/dry_bean.csv": (13_611, 17),
    "hflights/hflights.csv.gz": (227_496, 21),
    "hsbdemo/hsbdemo.csv": (200, 14),
    "letter/letter-recognition.data": (20_000, 17),
    "newsgroups20_bydate/test.jsonl.gz": (7_532, 4),
    "penguins/penguins.csv": (344, 7),
    "sms_spam/SMSSpamCollection": (5_574, 2),
    "uci_mushroom/agaricus-lepiota.data": (8_124, 23),
    "wine_quality/winequality-red.csv": (1_599, 12),
    "wine_quality/winequality-white.csv": (4_898, 12),
}


@pytest.mark.parametrize("name", SHAPES)
def test_rows_and_columns_are_as_published(name):
    table = read_table(real(name))
    assert (table.n_rows, len(table.names)) == SHAPES[name]


def test_adult_is_trimmed_typed_and_has_its_missing_values():
    columns = read_table(real("adult/adult-train.csv")).columns
    assert columns.column_names[0] == "c1"
    assert columns["c3"].type == pa.int64()
    assert "State-gov" in columns["c2"].to_pylist()
    # Stated in adult.names: 1,836 and 1,843 unknown work classes and occupations, 583 countries.
    assert [columns[name].null_count for name in ("c2", "c7", "c14")] == [1836, 1843, 583]


def test_every_message_is_whole():
    lines = real("sms_spam/SMSSpamCollection").read_text(encoding="utf-8").split("\n")[:-1]
    columns = read_table(real("sms_spam/SMSSpamCollection")).columns
    labels, texts = columns["c1"].to_pylist(), columns["c2"].to_pylist()
    assert labels.count("spam") == 747
    expected = [tuple(part.strip() for part in line.split("\t")) for line in lines]
    assert list(zip(labels, texts, strict=True)) == expected


def test_an_empty_first_header_is_named_by_position():
    assert read_table(real("hsbdemo/hsbdemo.csv")).names[:3] == ["c1", "id", "female"]


def test_housing_has_its_207_unknown_bedrooms():
    column = read_table(real("california_housing/housing.csv")).column("total_bedrooms")
    assert column.null_count == 207
    assert column.type == pa.float64()


def test_newsgroup_texts_are_text_and_labels_are_numbers():
    columns = read_table(real("newsgroups20_bydate/test.jsonl.gz")).columns
    assert pa.types.is_string(columns["text"].type)
    assert pc.count_distinct(columns["label"]).as_py() == 20


def test_a9a_is_libsvm_and_sparse():
    file = real("libsvm_a9a/a9a.t")
    assert table_format(file) == "libsvm"
    data = read_libsvm(file, n_features=123)
    assert data.X.shape == (16_281, 123)
    assert set(np.unique(data.y)) == {-1.0, 1.0}
