"""The page on services: its programs, run in order, serve what the estimator predicts."""

import json
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_wine

PAGE = Path(__file__).parents[2] / "docs" / "service.md"
PROGRAMS = dict(re.findall(r"```python\n# (\w+)\.py\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
WINE = load_wine()
X = WINE.data.astype(np.float32)
PATHS = "/estimator", "/onnx"
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="module")
def run(folder):
    """Run a program of the page in the folder, and return its names."""

    def run(program):
        names = {"__name__": program}
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            exec(compile(PROGRAMS[program], f"{program}.py", "exec"), names)
        return names

    return run


@pytest.fixture(scope="module")
def trained(run):
    return run("train")["clf"]


@pytest.fixture(scope="module")
def service(run, trained):
    """The service's names, and its port: it runs in a thread until all tests are done."""
    names = run("service")
    names["warm_up"]()
    names["Handler"].log_message = lambda *_: None
    with ThreadingHTTPServer(("127.0.0.1", 0), names["Handler"]) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield names | {"port": server.server_address[1]}
        server.shutdown()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def ask(service):
    """Send bodies over one connection; return the statuses and what the answers hold."""

    def ask(path, *bodies):
        connection = HTTPConnection("127.0.0.1", service["port"], timeout=20)
        answers = []
        for body in bodies:
            connection.request("POST", path, body)
            response = connection.getresponse()
            answers.append((response.status, json.load(response)))
        connection.close()
        return answers

    return ask


def request(row, **changes):
    """Return the JSON of a row, its features in an order of their own."""
    values = dict(zip(WINE.feature_names, map(float, row), strict=True)) | changes
    return json.dumps(dict(sorted(values.items())))


@pytest.mark.parametrize("path", PATHS)
def test_rows_are_served_one_by_one_and_at_the_same_time(path, ask, trained):
    bodies = [request(row) for row in X[::3]]
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda k: ask(path, *bodies[k::4]), range(4)))
    for k, answers in enumerate(parts):
        rows = X[::3][k::4]
        assert {status for status, _ in answers} == {200}
        labels = [answer["label"] for _, answer in answers]
        assert_array_equal(labels, trained.predict(rows))
        shares = [answer["probabilities"] for _, answer in answers]
        assert_allclose(shares, trained.predict_proba(rows), atol=1e-5)


def test_threads_predict_the_bits_of_one(service):
    rows = [row[np.newaxis] for row in X]
    for predict in service["PREDICT"].values():
        alone = [predict(row)[1] for row in rows]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda row, of=predict: of(row)[1], rows))
        assert_array_equal(together, alone)


ONE = request(X[0])
WRONG = {
    "{": "Expecting property name",
    "[" * 10_000: "recursion",
    "[1, 2]": "expected an object",
    '{"alcohol": 13}': "missing features: malic_acid",
    request(X[0], alcoohol=1): "unknown features: alcoohol",
    request(X[0], alcohol=None): "alcohol is None, expected a number",
    request(X[0], alcohol="13"): "alcohol is '13', expected a number",
    request(X[0], alcohol=True): "alcohol is True, expected a number",
    request(X[0], alcohol=float("nan")): "alcohol is nan, not a finite number",
    request(X[0], alcohol=-float("inf")): "alcohol is -inf, not a finite number",
    request(X[0], alcohol=1e39): "alcohol is 1e[+]39, not a finite number",
    request(X[0], alcohol=10**400): "alcohol is 10+, not a finite number",
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", WRONG, ids=lambda body: body[:20])
def test_wrong_rows_are_answered_by_400_and_the_reason(body, path, ask):
    ((status, answer),) = ask(path, body)
    assert status == 400
    assert re.search(WRONG[body], answer["error"])
    assert ask(path, ONE)[0][0] == 200  # it goes on


@pytest.mark.parametrize("size", ["-1", "0", "10001", "many"])
def test_requests_of_a_wrong_size_are_not_read(size, service):
    connection = HTTPConnection("127.0.0.1", service["port"], timeout=20)
    connection.request("POST", "/onnx", headers={"Content-Length": size})
    response = connection.getresponse()
    assert response.status == 400
    assert re.search("expected 1 to 10000 bytes|'many'", json.load(response)["error"])


def test_other_paths_are_not_found(ask):
    assert ask("/", ONE) == [(404, {"error": "expected /estimator or /onnx"})]


def test_the_clients_row_is_answered(service, run, capsys, monkeypatch):
    program = PROGRAMS["client"].replace("8000", str(service["port"]))
    assert program != PROGRAMS["client"]
    monkeypatch.setitem(PROGRAMS, "client", program)
    run("client")["connection"].close()
    printed = capsys.readouterr().out
    assert all(f"{path} {{'label': 'class_0', 'probabilities': [" in printed for path in PATHS)


@needs_compiler
def test_c_gives_the_probabilities_and_ctypes_refuses_other_rows(run, trained):
    run("compile")
    names = run("by_c")
    found = np.concatenate([names["by_c"](row[np.newaxis]) for row in X])
    assert_allclose(found, trained.predict_proba(X), atol=1e-5)
    for wrong in (X[:1, :-1], X[:1].astype(float), X[:2]):
        with pytest.raises(names["ctypes"].ArgumentError):
            names["by_c"](wrong)
