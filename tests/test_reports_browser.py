"""In a browser a report is whole, quiet, no wider than a phone, and passes axe's rules."""

import importlib.util
import os
from pathlib import Path

import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_digits

from linnet import LinearRegression, SoftmaxRegression, TableModel, model_report, write_report

CHROMIUM = Path(os.environ.get("LINNET_CHROMIUM", "/usr/bin/chromium"))
needs = [
    name for name in ("playwright", "axe_playwright_python") if not importlib.util.find_spec(name)
]
needs += [] if CHROMIUM.exists() else [f"Chromium at {CHROMIUM} or $LINNET_CHROMIUM"]
pytestmark = pytest.mark.skipif(bool(needs), reason=f"needs {', '.join(needs)}")

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pages of digits, of numbers with long names, and of a table that drifted."""
    folder = tmp_path_factory.mktemp("reports")
    X, y = load_digits(return_X_y=True)
    write_report(model_report(SoftmaxRegression().fit(X, y), X, y), folder / "digits.html")
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    X.columns = [f"{name}_of_a_patient_<script>_{'long' * 20}" for name in X]
    model = LinearRegression().fit(X, y)
    report = model_report(model, X, y, standard_errors=[30.0] * 10)
    write_report(report, folder / "numbers.html")
    table = pd.DataFrame({"place": ["wood", "sea"] * 50, "size": range(100)})
    labels = ["wren" if i % 2 or i > 80 else "owl" for i in range(100)]
    fitted = TableModel(SoftmaxRegression(), target="bird").fit(table[:60], labels[:60])
    report = model_report(fitted, table[60:], labels[60:], training=table[:60])
    write_report(report, folder / "birds.html")
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("name", ["digits", "numbers", "birds"])
def test_a_page_is_quiet_fits_the_screen_and_is_accessible(browser, folder, name, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    said, fetched = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: fetched.append(request.url))

    page.goto((folder / f"{name}.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page).response
    assert [rule["id"] for rule in found["violations"]] == []
    assert len(found["passes"]) > 10
    assert said == []
    assert {url.split(":")[0] for url in fetched} <= {"file", "data"}
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    context.close()


def test_a_page_obeys_its_own_policy(browser, folder):
    """Without the bypass that axe needs the policy holds, and the page breaks none of it."""
    page = browser.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))

    page.goto((folder / "digits.html").as_uri())

    assert said == []
    assert page.locator("svg.chart").first.bounding_box()["height"] > 100
    page.close()


def test_print_is_light_and_nothing_is_cut(browser, folder):
    page = browser.new_page(color_scheme="dark")
    page.goto((folder / "birds.html").as_uri())

    page.emulate_media(media="print", color_scheme="dark")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    overflow = page.evaluate(
        "[...document.querySelectorAll('.scroll')].map(each => getComputedStyle(each).overflowX)"
    )
    assert set(overflow) == {"visible"}
    assert page.pdf(format="A4")[:4] == b"%PDF"
    page.close()
