"""Learning a number from a stream in one pass: linnet, scikit-learn, and the exact fit.

Run from a checkout with the real data beside it: python benchmarks/streaming_numbers.py
The rows are the hours of Beijing's air at twelve stations, in the order of the stations, then of
time; every fifth is held out. PM2.5 is learnt from the weather, other gases, the station, month and
hour, without PM10. linnet fits a scan. scikit-learn has numbers standardised by StandardScaler and
the rest through FeatureHasher into SGDRegressor, 1,000 rows a call, with partial_fit of each; once
in the order of the file, and once shuffled; so does linnet. Both hash into 2^18 columns. Printed
are root mean squared errors of the rows held out: no times, so they do not depend on the machine.
"""

import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import SGDRegressor
from sklearn.preprocessing import StandardScaler

from linnet import HashingEncoder, LinearRegression, TableModel, scan

DATA = Path(os.environ.get("LINNET_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
BITS = 18
TARGET = "PM2.5"
CODES = ["month", "hour", "wd", "station"]
NUMBERS = ["year", "day", "SO2", "NO2", "CO", "O3", "TEMP", "PRES", "DEWP", "RAIN", "WSPM"]


def prepare() -> tuple[pa.Table, pa.Table]:
    """Rows to learn from, and rows held out."""
    options = csv.ConvertOptions(
        null_values=["NA"],
        include_columns=[TARGET, *NUMBERS, *CODES],
        column_types=dict.fromkeys([TARGET, *NUMBERS], pa.float64()),
    )
    files = sorted((DATA / "beijing_air_quality").glob("*.csv"))
    table = pa.concat_tables([csv.read_csv(file, convert_options=options) for file in files])
    table = table.filter(pc.is_valid(table[TARGET]))
    held_out = np.arange(table.num_rows) % 5 == 0
    return table.filter(pa.array(~held_out)), table.filter(pa.array(held_out))


def rmse(predicted: Any, rows: pa.Table) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(np.mean((predicted - rows[TARGET].to_numpy()) ** 2)))


def linnet(path: Path, test: pa.Table, **settings: Any) -> str:
    """Fit a scan of the file; tell the test error, and the progressive errors."""
    rows = scan(path, target=TARGET, task="regression", categorical=["month", "hour"])
    model = TableModel(LinearRegression(**settings), HashingEncoder(bits=BITS)).fit(rows)
    told = model.progressive_errors_
    return f"{rmse(model.predict(test), test):.2f} | {told.rmse:.2f} | {float(told.mean):.3f}"


def exact(path: Path, test: pa.Table) -> str:
    """Fit the same columns exactly: those that the training rows have entries in."""
    rows = scan(path, target=TARGET, task="regression", categorical=["month", "hour"])
    stepping = TableModel(LinearRegression(solver="sgd"), HashingEncoder(bits=BITS)).fit(rows)
    train = csv.read_csv(path)
    X, tested = (stepping.encoder_.transform(part) for part in (train, test))
    used = np.unique(X.indices)
    model = LinearRegression().fit(X[:, used], train[TARGET].to_numpy())
    return f"{rmse(model.predict(tested[:, used]), test):.2f} | – | –"


def scikit_learn(train: pa.Table, test: pa.Table) -> str:
    """Learn from 1,000 rows at a time, with targets standardised by the first 1,000."""
    scaler, hasher = StandardScaler(), FeatureHasher(2**BITS, input_type="string")
    first = train[TARGET].slice(0, 1000).to_numpy()
    model = SGDRegressor(random_state=0)

    def design(rows: pa.Table) -> Any:
        numbers = np.nan_to_num(scaler.transform(columns(rows)))
        words = [[f"{n}={row[n]}" for n in CODES] for row in rows.select(CODES).to_pylist()]
        return hstack([csr_matrix(numbers), hasher.transform(words)], format="csr")

    for start in range(0, train.num_rows, 1000):
        some = train.slice(start, 1000)
        scaler.partial_fit(columns(some))
        y = (some[TARGET].to_numpy() - first.mean()) / first.std()
        model.partial_fit(design(some), y)
    predicted = model.predict(design(test)) * first.std() + first.mean()
    return f"{rmse(predicted, test):.2f} | – | –"


def columns(rows: pa.Table) -> Any:
    """Give the numbers as an array."""
    return np.column_stack([rows[name].to_numpy() for name in NUMBERS])


def main() -> None:
    """Print a table with a line for each way."""
    train, test = prepare()
    mean = rmse(train[TARGET].to_numpy().mean(), test)
    print(f"{train.num_rows:,} rows to learn from, {test.num_rows:,} held out")
    print("| | RMSE of rows held out | progressive RMSE | progressive bits a number |")
    print("|---|---|---|---|")
    print(f"| mean | {mean:.2f} | – | – |")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path, mixed = Path(folder, "train.csv"), Path(folder, "mixed.csv")
        drawn = train.take(np.random.default_rng(0).permutation(train.num_rows))
        csv.write_csv(train, path)
        csv.write_csv(drawn, mixed)
        print(f"| scikit-learn, one pass | {scikit_learn(train, test)} |", flush=True)
        told = scikit_learn(drawn, test)
        print(f"| scikit-learn, one pass, rows shuffled beforehand | {told} |", flush=True)
        for solver in ("adagrad", "sgd", "adam"):
            told = linnet(path, test, solver=solver)
            print(f"| linnet, {solver}, one pass | {told} |", flush=True)
        told = linnet(mixed, test, solver="adagrad")
        print(f"| linnet, adagrad, one pass, rows shuffled beforehand | {told} |", flush=True)
        told = linnet(path, test, solver="adagrad", max_iter=5)
        print(f"| linnet, adagrad, five passes | {told} |", flush=True)
        print(f"| exact fit of the same columns | {exact(path, test)} |", flush=True)


if __name__ == "__main__":
    main()
