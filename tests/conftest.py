# SPDX-License-Identifier: Apache-2.0
"""Settings of all tests: hypothesis profiles and a fresh default graph."""

import os
import pathlib

import hypothesis
import pytest

# Test processes that run beside each other would only wait for each other's threads.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = pathlib.Path(__file__).resolve().parent.parent

# CAUDAL_TEST_PROFILE=long draws many more examples; quick keeps the whole suite under ten minutes.
_common = dict(deadline=None, derandomize=False, print_blob=True)
hypothesis.settings.register_profile("quick", max_examples=8, database=None, **_common)
hypothesis.settings.register_profile("long", max_examples=200, **_common)
hypothesis.settings.load_profile(os.environ.get("CAUDAL_TEST_PROFILE", "quick"))


def pytest_runtest_setup(item):
    """Settings as written: hypothesis would chain one more to them for each parameter."""
    function = getattr(item, "obj", None)
    own = getattr(function, "_hypothesis_internal_use_settings", None)
    if own is not None:
        written = function.__dict__.setdefault("_settings_as_written", own)
        function._hypothesis_internal_use_settings = written


@pytest.fixture(autouse=True)
def fresh_graph(request):
    """Every test starts with an empty default graph, without seeds."""
    if "no_graph" in request.keywords:
        yield
        return
    import caudal as tf

    tf.reset_default_graph()
    yield


@pytest.fixture(scope="session")
def root():
    return ROOT
