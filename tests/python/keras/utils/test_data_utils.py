# SPDX-License-Identifier: Apache-2.0
"""Workers that make batches: order, ends, errors, epochs."""

import threading
import time

import numpy as np
import pytest

from caudal import keras
from caudal.keras.utils import GeneratorEnqueuer, OrderedEnqueuer, Sequence


class Numbers(Sequence):
    def __init__(self, count=10):
        self.count, self.factor, self.asked = count, 1, []

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        self.asked.append(index)
        return index * self.factor

    def on_epoch_end(self):
        self.factor *= 10


class Faulty(Numbers):
    def __getitem__(self, index):
        raise IndexError("%d is not present" % index)


def taken(enqueuer, count, workers=3):
    enqueuer.start(workers, 4)
    batches = enqueuer.get()
    try:
        return [next(batches) for _ in range(count)]
    finally:
        enqueuer.stop()


@pytest.mark.parametrize("processes", [False, True])
def test_sequences_come_in_order_and_change_between_epochs(processes):
    numbers = list(range(10))
    got = taken(OrderedEnqueuer(Numbers(), processes), 20)
    assert got == numbers + [10 * n for n in numbers]


def test_shuffled_sequences():
    got = taken(OrderedEnqueuer(Numbers(50), shuffle=True), 50)
    assert got != list(range(50)) and sorted(got) == list(range(50))


def test_nothing_is_made_after_the_last_epoch():
    source = Numbers()
    taken(OrderedEnqueuer(source), 10)
    assert len(source.asked) == 10


@pytest.mark.parametrize("processes", [False, True])
def test_errors_reach_the_consumer(processes):
    enqueuer = OrderedEnqueuer(Faulty(), processes)
    with pytest.raises(IndexError, match="is not present"):
        taken(enqueuer, 1)
    assert not enqueuer.is_running()


def locked(generator):
    lock = threading.Lock()

    class Locked:
        def __iter__(self):
            return self

        def __next__(self):
            with lock:
                return next(generator)

    return Locked()


def test_finite_generators_end():
    enqueuer = GeneratorEnqueuer(locked(iter(range(20))))
    enqueuer.start(3, 4)
    assert sorted(enqueuer.get()) == list(range(20))
    enqueuer.stop()


def test_generators_that_are_not_safe_for_threads():
    def slow():
        while True:
            time.sleep(0.02)
            yield 1

    with pytest.raises(RuntimeError, match="thread-safe"):
        taken(GeneratorEnqueuer(slow()), 20)


def pairs(size=4):
    while True:
        x = np.random.rand(size, 3)
        yield x, x.sum(1)


def model():
    made = keras.models.Sequential([keras.layers.Dense(1, input_shape=(3,))])
    made.compile("sgd", "mse", metrics=["mae"])
    return made


@pytest.mark.parametrize("workers, processes", [(0, False), (2, False), (2, True)])
def test_training_from_generators(workers, processes):
    source = pairs() if workers == 0 or processes else locked(pairs())
    trained = model()
    history = trained.fit_generator(
        source, steps_per_epoch=5, epochs=3, verbose=0, workers=workers, max_queue_size=3,
        use_multiprocessing=processes, validation_data=next(pairs(8)),
    ).history  # fmt: skip
    assert sorted(history) == ["loss", "mean_absolute_error", "val_loss",
                               "val_mean_absolute_error"]  # fmt: skip
    assert len(history["loss"]) == 3
    assert trained.predict_generator(pairs(), steps=3, workers=0).shape == (12, 1)


class Data(Sequence):
    def __init__(self, sizes):
        rng = np.random.RandomState(0)
        self.x = [rng.rand(n, 3) for n in sizes]

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], self.x[index].sum(1)


def test_batches_count_by_their_size():
    data, trained = Data([4, 1, 7]), model()
    x = np.concatenate(data.x)
    expected = trained.evaluate(x, x.sum(1), verbose=0)
    np.testing.assert_allclose(trained.evaluate_generator(data), expected, rtol=1e-6)
    np.testing.assert_allclose(trained.predict_generator(data), trained.predict(x), rtol=1e-6)


def test_messages():
    trained = model()
    with pytest.raises(ValueError, match="`steps_per_epoch=None` is only valid"):
        trained.fit_generator(pairs())
    with pytest.raises(ValueError, match="`validation_steps=None` is only valid"):
        trained.fit_generator(pairs(), 2, validation_data=pairs())
    with pytest.raises(ValueError, match=r"should be a tuple `\(x, y, sample_weight\)`"):
        trained.fit_generator(iter([3]), 1, workers=0, verbose=0)
    with pytest.raises(ValueError, match="empty batch"):
        trained.evaluate_generator(iter([(np.zeros((0, 3)), np.zeros(0))]), 1, workers=0)
    with pytest.warns(UserWarning, match="duplicate your data"):
        trained.predict_generator(pairs(), 1, workers=2, use_multiprocessing=True)
