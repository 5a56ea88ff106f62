# SPDX-License-Identifier: Apache-2.0
"""Pictures of models."""

import shutil
import xml.etree.ElementTree as ET

import pytest

from caudal.keras import backend as K
from caudal.keras import layers
from caudal.keras.models import Model, Sequential
from caudal.keras.utils import plot_model, vis_utils

NAMESPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.clear_session()


@pytest.fixture
def model():
    x = layers.Input((3, 8), name="in")
    y = layers.TimeDistributed(layers.Dense(8, name="d<1>"), name="each")(x)
    return Model(x, layers.add([x, y], name="sum"), name="net")


def parsed(svg):
    root = ET.fromstring(svg)
    boxes = [r for r in root.iter(NAMESPACE + "rect") if r.get("rx")]
    arrows = [p for p in root.iter(NAMESPACE + "path") if p.get("marker-end")]
    return boxes, arrows, [t.text for t in root.iter(NAMESPACE + "text")]


def test_boxes_arrows_names_shapes(model):
    boxes, arrows, texts = parsed(vis_utils.model_svg(model))
    assert len(boxes) == 3 and len(arrows) == 3
    for text in ("in", "each(d<1>)", "TimeDistributed(Dense)", "sum",
                 "[(None, 3, 8), (None, 3, 8)] \u2192 (None, 3, 8)"):  # fmt: skip
        assert text in texts
    assert parsed(vis_utils.model_svg(model, False, False))[2] == [
        "InputLayer", "TimeDistributed(Dense)", "Add",
    ]  # fmt: skip


def test_directions(model):
    tall = ET.fromstring(vis_utils.model_svg(model))
    wide = ET.fromstring(vis_utils.model_svg(model, rankdir="LR"))
    assert float(tall.get("height")) > float(wide.get("height"))
    with pytest.raises(ValueError, match="rankdir"):
        vis_utils.model_svg(model, rankdir="up")


def test_boxes_do_not_overlap():
    x = layers.Input((4,))
    tensors = [x]
    for i in range(12):
        tensors.append(layers.Dense(4)(tensors[i // 2]))
    model = Model(x, layers.add(tensors))
    boxes = [[float(b.get(k)) for k in ("x", "y", "width", "height")]
             for b in parsed(vis_utils.model_svg(model))[0]]  # fmt: skip
    for i, (x1, y1, w1, h1) in enumerate(boxes):
        for x2, y2, w2, h2 in boxes[:i]:
            assert x1 + w1 <= x2 or x2 + w2 <= x1 or y1 + h1 <= y2 or y2 + h2 <= y1


def test_files(model, tmp_path, monkeypatch):
    monkeypatch.setattr(vis_utils.shutil, "which", lambda name: None)
    path = tmp_path / "a.svg"
    plot_model(model, str(path), show_shapes=True)
    assert len(parsed(path.read_text(encoding="utf-8"))[0]) == 3
    with pytest.raises((OSError, ImportError), match="Graphviz.*a.svg"):
        plot_model(model, str(tmp_path / "a.png"))


def test_dot(model):
    pytest.importorskip("pydot")
    text = vis_utils.model_to_dot(model, show_shapes=True, rankdir="LR").to_string()
    assert text.count("->") == 3 and "TimeDistributed(Dense)" in text and "(None, 3, 8)" in text


def nested():
    a, b = layers.Input((4,), name="a"), layers.Input((4,), name="b")
    pair = Model([a, b], [layers.Dense(4, name="left")(a), layers.Dense(4, name="right")(b)])
    chain = Sequential([layers.Dense(4, input_shape=(4,), name="first"), layers.Dense(4)])
    x, y = layers.Input((4,), name="x"), layers.Input((4,), name="y")
    p, q = pair([chain(x), y])
    return Model([x, y], [layers.Activation("relu", name="end")(q), p])


def test_nested_models():
    model = nested()
    assert len(vis_utils._Flat(model).layers) == 5
    flat = vis_utils._Flat(model, expand_nested=True)
    names = [layer.name for layer in flat.layers]
    edges = {(names[s], names[t]) for s, t in flat.edges}
    second = next(name for name in names if name.startswith("dense_"))
    assert edges == {("x", "first"), ("first", second), (second, "a"), ("y", "b"), ("a", "left"),
                     ("b", "right"), ("right", "end")}  # fmt: skip
    assert [[names[i] for i in group] for group in flat.outputs] == [["end"], ["left"]]
    assert len(parsed(vis_utils.model_svg(model, expand_nested=True))[0]) == 9


def test_nested_models_as_dot():
    pytest.importorskip("pydot")
    text = vis_utils.model_to_dot(nested(), expand_nested=True, dpi=50).to_string()
    assert text.count("subgraph") == 2 and text.count("->") == 7 and "dpi=50" in text
    cluster = vis_utils.model_to_dot(nested(), subgraph=True)
    assert cluster.to_string().startswith("subgraph")


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")
def test_graphviz(model, tmp_path):
    pytest.importorskip("pydot")
    plot_model(model, str(tmp_path / "a.png"))
    assert (tmp_path / "a.png").read_bytes()[1:4] == b"PNG"


def test_notebooks(model):
    html = model._repr_html_()
    assert "<b>Model &#x27;net&#x27;</b>: 3 layers, 72 parameters" in html and "<svg" in html
    assert "not built" in Sequential([layers.Dense(2)])._repr_html_()
    chain = Sequential([layers.Dense(2, input_shape=(3,)), layers.Dense(1)])
    assert len(parsed(vis_utils.model_svg(chain))[1]) == 1
