# SPDX-License-Identifier: Apache-2.0
import collections
import json
import threading

import numpy as np
import pytest

import caudal as tf
from caudal.client import device_lib, timeline

P = collections.namedtuple("P", ["a", "b"])


def test_fetch_structures():
    s = tf.placeholder(tf.int32, [], name="s")
    t = s * 2
    op = tf.no_op()
    with tf.Session() as sess:
        feed = {s: 3}
        assert sess.run(t, feed) == 6 and type(sess.run(t, feed)) is np.int32
        assert sess.run(op) is None and sess.run([t, op, t], feed) == [6, None, 6]
        assert sess.run(t.name, feed) == 6 and sess.run(t.name, {"s:0": 4}) == 8
        assert sess.run((t, [s, {"k": t}]), feed) == (6, [3, {"k": 6}])
        assert sess.run([], feed) == [] and sess.run({}) == {} and sess.run(()) == ()
        got = sess.run(P(s, [t]), feed)
        assert type(got) is P and got == P(3, [6])
        ordered = sess.run(collections.OrderedDict([("z", s), ("a", t)]), feed)
        assert list(ordered) == ["z", "a"] and type(ordered) is collections.OrderedDict
        assert sess.run([s, t], {s: 1}) == [1, 2] and sess.run((s, t), {s: 1}) == (1, 2)
        # The same members in another structure, and a fetch pair that looks like a fed fetch.
        assert sess.run(t, {s: 5}) == 10
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run((t, s))
        assert sess.run(tf.constant("abc")) == b"abc"
        assert sess.run(tf.constant(["abc"])).dtype == object


def test_any_tensor_can_be_fed():
    x = tf.constant(1.0)
    y = x + 1.0
    z = y * 2.0
    with tf.Session() as sess:
        assert sess.run(z) == 4 and sess.run(z, {y: 10.0}) == 20 and sess.run(z, {x: 4.0}) == 10
        assert sess.run([y, z], {y: 7.0}) == [7, 14]
        assert sess.run(y, {y: [1.0][0]}) == 1


@pytest.mark.parametrize(
    "fetch, error, text",
    [
        (None, TypeError, "Fetch argument None has invalid type"),
        ([None], TypeError, "Fetch argument None has invalid type"),
        (1, TypeError, "must be a string or Tensor"),
        ("nope", ValueError, "cannot be interpreted as a Tensor"),
        ("nope:0", ValueError, "does not exist in the graph"),
        (np.zeros(2), TypeError, "Fetch argument"),
    ],
)
def test_fetch_errors(fetch, error, text):
    tf.constant(1)
    with pytest.raises(error, match=text):
        tf.Session().run(fetch)


@pytest.mark.parametrize(
    "value, error, text",
    [
        (
            [1, 2],
            ValueError,
            r"Cannot feed value of shape \(2,\) for Tensor 'x:0', which has shape '\(\?, 3\)'",
        ),
        ([[1, 2]], ValueError, "Cannot feed value of shape"),
        (None, ValueError, r"shape \(\)"),
        ("a", ValueError, "could not convert"),
        ([[1, 2], [3]], ValueError, "sequence"),
    ],
)
def test_feed_values(value, error, text):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    for _ in range(2):
        with pytest.raises(error, match=text):
            tf.Session().run(x * 1.0, {x: value})


def test_nested_feed_keys():
    x, y, z = (tf.placeholder(tf.float32) for _ in range(3))
    with tf.Session() as sess:
        assert sess.run([x, y, z], {(x, (y, z)): (1.0, (2.0, 3.0))}) == [1.0, 2.0, 3.0]
        with pytest.raises(ValueError, match="Key had 2 elements, but value had 1"):
            sess.run(x, {(x, y): (1.0,)})
        with pytest.raises(ValueError, match="is not unique"):
            sess.run(x, {(x, y): (1.0, 2.0), x: 3.0})
        text = "a" + tf.constant("b") + "c"
        assert sess.run(text + tf.constant("d")) == b"abcd"


def test_feed_keys_and_dtypes():
    x, s = tf.placeholder(tf.float32, [2]), tf.placeholder(tf.int32, [])
    with tf.Session() as sess:
        for key, text in (
            (1, "Can not convert a int"),
            ("no:0", "does not exist"),
            (x.op, "Operation"),
        ):
            with pytest.raises(
                TypeError, match="Cannot interpret feed_dict key as Tensor.*" + text
            ):
                sess.run(x, {key: 1})
        with pytest.raises(TypeError, match="cannot be a tf.Tensor"):
            sess.run(x * 1.0, {x: x})
        with pytest.raises(TypeError, match="must be a dictionary"):
            sess.run(x, [1])
        with pytest.raises(TypeError, match="is not compatible with Tensor type"):
            sess.run(s + 1, {s: 2**40})
        assert sess.run(s + 1, {s: 1.7}) == 2 and sess.run(s + 1, {s: True}) == 2
        assert sess.run(x + 1.0, {x: np.array([1, 2])}).tolist() == [2, 3]
        assert sess.run(x + 1.0, {x: np.arange(4.0, dtype=np.float32)[::2]}).tolist() == [1, 3]
        assert sess.run(x + 1.0, {x: np.arange(2, dtype=">f4")}).tolist() == [1, 2]
        names = tf.placeholder(tf.string, [None])
        assert sess.run(tf.identity(names), {names: ["é", b"b"]}).tolist() == ["é".encode(), b"b"]
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="must feed a value for placeholder"
        ):
            sess.run(x + 1.0)


def test_what_was_fed_and_fetched_stays_the_callers():
    x = tf.placeholder(tf.float32, [3])
    value = np.zeros(3, np.float32)
    with tf.Session() as sess:
        doubled = sess.run(x * 2.0, {x: value})
        value[:] = 5
        assert doubled.tolist() == [0, 0, 0]
        again = sess.run(x * 2.0, {x: value})
        again[0] = -1
        assert sess.run(x * 2.0, {x: value}).tolist() == [10, 10, 10]


def test_states_of_a_session():
    with pytest.raises(RuntimeError, match="graph is empty"):
        tf.Session(graph=tf.Graph()).run([])
    x = tf.constant(1.0)
    sess = tf.Session()
    with pytest.raises(ValueError, match="No default session"):
        x.eval()
    with sess:
        assert x.eval() == 1 and tf.get_default_session() is sess
        assert x.op.run() is None
    for call in (lambda: sess.run(x), lambda: sess.run([x]), lambda: sess.list_devices()):
        with pytest.raises(RuntimeError, match="closed Session"):
            call()
    sess.close()
    other = tf.Graph()
    with tf.Session(graph=other).as_default():
        with pytest.raises(ValueError, match="different from the session's graph"):
            x.eval()
    with pytest.raises(TypeError, match="graph must be a tf.Graph"):
        tf.Session(graph=3)
    with pytest.raises(TypeError, match="config must be"):
        tf.Session(config=3)
    with pytest.raises(TypeError, match="target must be"):
        tf.Session(3)
    with pytest.raises(tf.errors.UnimplementedError):
        tf.Session("grpc://host:1")


def test_interactive_session():
    x = tf.constant(2.0)
    sess = tf.InteractiveSession()
    assert x.eval() == 2 and tf.get_default_session() is sess
    sess.close()
    assert tf.get_default_session() is None
    sess.close()


def test_sessions_have_their_own_variables_and_graphs_grow():
    v = tf.Variable(1.0)
    a, b = tf.Session(), tf.Session()
    a.run(v.initializer)
    a.run(tf.assign(v, 7.0))
    b.run(v.initializer)
    assert a.run(v) == 7 and b.run(v) == 1
    assert a.run(v + 1.0) == 8
    with pytest.raises(tf.errors.FailedPreconditionError) as info:
        tf.Session().run(v)
    assert info.value.error_code == tf.errors.FAILED_PRECONDITION
    assert "uninitialized" in info.value.message


def test_errors_carry_the_operation():
    x = tf.placeholder(tf.int32, [], name="x")
    y = tf.floordiv(tf.constant(1), x, name="quotient")
    with pytest.raises(tf.errors.InvalidArgumentError, match="division by zero") as info:
        tf.Session().run(y, {x: 0})
    error = info.value
    assert error.op is y.op and error.node_def.name == "quotient" and isinstance(error, tf.OpError)
    assert "quotient" in str(error) and __file__ in str(error)


def test_make_callable():
    x = tf.placeholder(tf.float32, [])
    with tf.Session() as sess:
        f = sess.make_callable([x * 2.0, tf.no_op()], [x])
        assert f(3) == [6, None] and f(4.0) == [8, None]
        with pytest.raises(tf.errors.InvalidArgumentError, match="Expected 1 feed values"):
            f()
        with pytest.raises(TypeError, match="list or tuple"):
            sess.make_callable(x, x)
        assert sess.make_callable(tf.constant(1))() == 1
    with pytest.raises(RuntimeError):
        f(1.0)


def test_a_run_in_parts():
    a, b, c = (tf.placeholder(tf.float32, [], name=n) for n in "abc")
    noise = tf.random_uniform([]) + a
    both = noise + b
    counter = tf.Variable(0)
    count = tf.assign_add(counter, 1)
    with tf.control_dependencies([count]):
        last = both * c
    with tf.Session() as sess:
        sess.run(counter.initializer)
        parts = sess.partial_run_setup([noise, both, last, count.op], [a, b, "c:0"])
        first = sess.partial_run(parts, noise, {a: 1.0})
        second = sess.partial_run(parts, {"sum": both}, {b: 5.0})["sum"]
        assert second == first + np.float32(5)  # the same random number
        assert sess.partial_run(parts, last, {"c:0": 10.0}) == second * np.float32(10)
        assert sess.run(counter) == 1
        parts = sess.partial_run_setup([last, count.op], [a, b, c])
        assert sess.partial_run(parts, count.op) is None
        with pytest.raises(tf.errors.UnimplementedError, match="would run again"):
            sess.partial_run(parts, last, {a: 1.0, b: 1.0, c: 1.0})


@pytest.mark.parametrize(
    "fetch, feeds, message",
    [
        ("late", {"a:0": 1.0}, "Must feed b:0 before"),
        ("other", {"a:0": 1.0}, "The fetch other:0 was not specified in partial_run_setup."),
        ("early", {"c:0": 1.0}, "The feed c:0 was not specified in partial_run_setup."),
    ],
)
def test_wrong_parts_of_a_run(fetch, feeds, message):
    a, b, c = (tf.placeholder(tf.float32, [], name=n) for n in "abc")
    tensors = {"early": tf.negative(a), "late": a * b, "other": tf.square(c, name="other")}
    with tf.Session() as sess:
        parts = sess.partial_run_setup([tensors["early"], tensors["late"]], [a, b])
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            sess.partial_run(parts, tensors[fetch], feeds)
        with pytest.raises(tf.errors.InvalidArgumentError, match="No targets specified"):
            sess.partial_run_setup([], [a])
        with pytest.raises(tf.errors.InvalidArgumentError, match="Must run 'setup'"):
            sess.partial_run("unknown", a)
        assert sess.partial_run(parts, tensors["early"], {a: 2.0}) == -2.0
        with pytest.raises(tf.errors.InvalidArgumentError, match="has already been fetched"):
            sess.partial_run(parts, tensors["early"])
        with pytest.raises(tf.errors.InvalidArgumentError, match="has already been fed"):
            sess.partial_run(parts, tensors["late"], {a: 2.0, b: 1.0})


def test_sessions_are_entered_once():
    sess = tf.Session()
    with pytest.raises(RuntimeError, match="not re-entrant"):
        with sess, sess:
            pass
    with pytest.raises(tf.errors.NotFoundError, match="No session factory registered"):
        tf.Session("elsewhere")


def test_feeding_a_sparse_placeholder_without_its_constant_shape():
    p = tf.sparse_placeholder(tf.float32, shape=[4, 3])
    with tf.Session() as sess:
        got = sess.run(tf.sparse_tensor_to_dense(p), {p: ([[1, 2]], [7.0])})
    assert got[1, 2] == 7.0 and got.shape == (4, 3)


def test_config_messages():
    c = tf.ConfigProto(device_count={"CPU": 2}, allow_soft_placement=True,
                       gpu_options=tf.GPUOptions(allow_growth=True))  # fmt: skip
    c.gpu_options.per_process_gpu_memory_fraction = 0.5
    c.graph_options.optimizer_options.opt_level = tf.OptimizerOptions.L0
    c.intra_op_parallelism_threads = 1
    assert c.gpu_options.allow_growth and "allow_growth: true" in str(c)
    copy = tf.ConfigProto()
    copy.CopyFrom(c)
    assert copy == c and copy != tf.ConfigProto()
    with pytest.raises(ValueError, match='no "foo" field'):
        tf.ConfigProto(foo=1)
    with pytest.raises(AttributeError):
        c.foo = 1
    with pytest.raises(AttributeError):
        c.gpu_options = tf.GPUOptions()
    with pytest.raises(TypeError):
        c.allow_soft_placement = "a"
    with pytest.raises(TypeError):
        tf.ConfigProto(gpu_options=3)
    x = tf.constant(2.0)
    with tf.Session(config=c) as sess:
        assert sess.run(x * x) == 4 and len(sess.list_devices()) == 2
    assert device_lib.list_local_devices()[0].device_type == "CPU"


def test_run_metadata_and_timeline():
    x = tf.ones([50, 50])
    y = tf.matmul(x, x, name="product")
    metadata = tf.RunMetadata()
    with tf.Session() as sess:
        got = sess.run([y], options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE),
                       run_metadata=metadata)  # fmt: skip
        assert got[0][0, 0] == 50
        with pytest.raises(TypeError):
            sess.run(y, options=3)
        with pytest.raises(TypeError):
            sess.run(y, run_metadata=3)
    (device,) = metadata.step_stats.dev_stats
    assert device.device == "/job:localhost/replica:0/task:0/device:CPU:0"
    stats = device.node_stats
    product = next(n for n in stats if n.node_name == "product")
    assert product.timeline_label.startswith("product = MatMul(") and product.thread_id > 0
    assert product.all_start_nanos // 1000 == product.all_start_micros
    output = product.output[0].tensor_description
    assert output.dtype == 1 and [d.size for d in output.shape.dim] == [50, 50]
    assert output.allocation_description.requested_bytes == product.memory[0].total_bytes == 10000
    assert stats and all(n.all_start_micros > 0 and n.all_end_rel_micros >= 1 for n in stats)
    events = json.loads(
        timeline.Timeline(metadata.step_stats).generate_chrome_trace_format(show_memory=True)
    )["traceEvents"]
    assert any(e["ph"] == "X" and e["dur"] >= 1 for e in events)


def test_run_metadata_says_what_this_run_did():
    x = tf.placeholder(tf.int32, [None])
    found = tf.unique(x)[0]
    metadata = tf.RunMetadata()
    full = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
    with tf.Session() as sess:
        for feed in ([1, 2, 1], [3, 3, 3]):
            sess.run(found, {x: feed}, options=full, run_metadata=metadata)
            (stats,) = metadata.step_stats.dev_stats[0].node_stats
            sizes = [[d.size for d in o.tensor_description.shape.dim] for o in stats.output]
            assert sizes == [[len(set(feed))], [3]]
        sess.run(found, {x: [1]}, run_metadata=metadata)
        assert not metadata.step_stats.dev_stats


def test_traces_name_the_nodes_that_were_fused():
    x = tf.placeholder(tf.float32, [3, 4])
    with tf.name_scope("chain"):
        y = tf.exp(tf.tanh(x, name="a"), name="b") + 1
    metadata = tf.RunMetadata()
    full = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
    with tf.Session() as sess:
        sess.run(y, {x: np.zeros([3, 4])}, options=full, run_metadata=metadata)
    found = {n.node_name: n for n in metadata.step_stats.dev_stats[0].node_stats}
    assert set(found) == {"chain/a", "chain/b", "chain/add"}
    for n in found.values():
        assert [d.size for d in n.output[0].tensor_description.shape.dim] == [3, 4]
    assert found["chain/add"].all_end_rel_nanos > 0 and found["chain/a"].all_end_rel_nanos == 0
    assert found["chain/add"].memory and not found["chain/a"].memory


def test_timeout():
    loop = tf.while_loop(lambda i: True, lambda i: i + 1, [0])
    with tf.Session() as sess:
        with pytest.raises(tf.errors.DeadlineExceededError):
            sess.run(loop, options=tf.RunOptions(timeout_in_ms=50))


def test_many_threads_share_a_session():
    x = tf.placeholder(tf.float32, [None])
    y = tf.reduce_sum(x * x)
    wrong = []
    with tf.Session() as sess:

        def work(k):
            for i in range(50):
                if sess.run(y, {x: np.full(k, i, np.float32)}) != k * i * i:
                    wrong.append((k, i))

        threads = [threading.Thread(target=work, args=(k,)) for k in (1, 3, 5, 7)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert not wrong


def test_growing_graphs_are_noticed_once(caplog, capfd):
    x = tf.constant(0.0)
    with tf.Session() as sess:
        for _ in range(320):
            sess.run(x + 1.0)
    text = caplog.text + capfd.readouterr().err
    assert text.count("grown between") == 1 and __file__ in text


def test_sparse_tensors_are_fed_and_fetched():
    s = tf.SparseTensor([[0, 1], [1, 0]], [1.0, 2.0], [2, 2])
    with tf.Session() as sess:
        got = sess.run(s)
        assert got.values.tolist() == [1, 2] and got.indices.tolist() == [[0, 1], [1, 0]]
        fed = sess.run(
            s.values * 2.0, {s: tf.SparseTensorValue([[0, 0], [1, 1]], [5.0, 6.0], [2, 2])}
        )
        assert fed.tolist() == [10, 12]
        assert sess.run({"k": s})["k"].dense_shape.tolist() == [2, 2]


def test_registered_fetches_and_feeds():
    from caudal.client.session import register_session_run_conversion_functions

    class Pair:
        def __init__(self, a, b):
            self.a, self.b = a, b

    register_session_run_conversion_functions(
        Pair, lambda p: ([p.a, p.b], tuple), lambda p, v: [(p.a, v[0]), (p.b, v[1])]
    )
    p = Pair(tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, []))
    with tf.Session() as sess:
        assert sess.run([p, p.a + p.b], {p: (1.0, 2.0)}) == [(1, 2), 3]


def test_lists_inside_lists_hold_their_own_values_only():
    a, b, c = (tf.constant(float(i)) for i in range(3))
    with tf.Session() as sess:
        assert sess.run([[a, b], [c, b]]) == [[0, 1], [2, 1]]
        assert sess.run({"x": [a], "y": [b, c]}) == {"x": [0], "y": [1, 2]}
