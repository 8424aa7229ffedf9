"""Data sets of the benchmarks: files that are read, and splits."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from benchmarks._common import datasets


@pytest.mark.parametrize(
    ("name", "text", "X", "y"),
    [
        ("first", "Letter,a,b\nT,1,2\nA,3,4\nT,5,6\n", [[1, 2], [3, 4], [5, 6]], [1, 0, 1]),
        ("last", "a,b,class\n1,2,8\n3,4,3\n", [[1, 2], [3, 4]], [1, 0]),
        ("middle", "a,Target,b\n1,0.5,2\n3,1,4\n", [[1, 2], [3, 4]], [0.5, 1.0]),
        ("words", "a,b,target\n1,2,yes\n3,4,no\n", [[1, 2], [3, 4]], [1, 0]),
        ("plain", "a,b,c\n1,2,8\n3,4,3\n", [[1, 2], [3, 4]], [8.0, 3.0]),
        ("winequality-red", "a,b,class\n1,2,5\n3,4,6\n", [[1, 2], [3, 4]], [5.0, 6.0]),
    ],
)
def test_tables_have_their_target_where_its_name_or_its_words_are(tmp_path, name, text, X, y):
    (tmp_path / f"{name}.csv").write_text(text)
    (dataset,) = datasets.folder(tmp_path)
    assert dataset.name == name
    assert dataset.classifies == isinstance(y[0], int)
    np.testing.assert_array_equal(dataset.X, X)
    np.testing.assert_array_equal(dataset.y, y)


def test_a_set_of_uci_brings_its_splits(tmp_path):
    folder = tmp_path / "uci" / "made-up"
    folder.mkdir(parents=True)
    files = {
        "data": "1 10 0.1\n2 20 0.2\n3 30 0.3\n",
        "index_features": "0\n2\n",
        "index_target": "1\n",
        **{"index_train_0": "2\n0\n", "index_test_0": "1\n"},
        **{"index_train_1": "0\n1\n", "index_test_1": "2\n"},
    }
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    (dataset,) = datasets.folder(tmp_path)
    assert dataset.name == "made-up"
    assert not dataset.classifies
    np.testing.assert_array_equal(dataset.X, [[1, 0.1], [2, 0.2], [3, 0.3]])
    np.testing.assert_array_equal(dataset.y, [10, 20, 30])
    splits = [tuple(part.tolist() for part in split) for split in dataset.splits(5)]
    assert splits == [([2, 0], [1]), ([0, 1], [2])]
    assert len(dataset.splits(1)) == 1


def test_splits_are_the_same_each_time_and_more_of_them_begin_with_the_fewer():
    for dataset in datasets.included():
        two, five = dataset.splits(2), dataset.splits(5)
        assert len(five) == 5
        for (train, test), (same_train, same_test) in zip(two, five, strict=False):
            np.testing.assert_array_equal(train, same_train)
            np.testing.assert_array_equal(test, same_test)
            together = np.sort(np.concatenate([train, test]))
            np.testing.assert_array_equal(together, np.arange(dataset.y.size))
            assert test.size == np.ceil(0.2 * dataset.y.size)


def test_splits_keep_the_classes_shares():
    iris = datasets.included()[0]
    for _, test in iris.splits(5):
        np.testing.assert_array_equal(np.bincount(iris.y[test]), [10, 10, 10])


def test_synthetic_sets_have_the_rows_in_their_names():
    for dataset in datasets.synthetic((100, 200)):
        assert dataset.name.endswith(f"-{dataset.X.shape[0]}")
        assert len(dataset.y) == len(dataset.X)


def test_splits_are_those_of_train_test_split_by_seed():
    iris = datasets.included()[0]
    for seed, (train, test) in enumerate(iris.splits(3)):
        expected = train_test_split(
            np.arange(150), test_size=0.2, random_state=seed, stratify=iris.y
        )
        np.testing.assert_array_equal(train, expected[0])
        np.testing.assert_array_equal(test, expected[1])
