# SPDX-License-Identifier: Apache-2.0
"""Training from files that threads read meanwhile: the digits as records, through queues.

python input_pipeline.py                 # writes the records to a temporary folder first
python input_pipeline.py --folder data --epochs 3
"""

import argparse
import glob
import os
import tempfile

from mnist import load

import caudal as tf

PARTS = 4  # files of training digits


def write(folder, name, images, labels):
    """A file of records, one tf.train.Example for each digit."""
    with tf.python_io.TFRecordWriter(os.path.join(folder, name)) as writer:
        for image, label in zip(images, labels):
            pixels = (image.reshape(-1) * 255).astype("uint8").tobytes()
            features = {
                "pixels": tf.train.Feature(bytes_list=tf.train.BytesList(value=[pixels])),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())


def batches_of(files, batch_size, epochs, shuffle):
    """Batches of images and labels that queue runners make of the files."""
    names = tf.train.string_input_producer(files, num_epochs=epochs, shuffle=shuffle)
    _, record = tf.TFRecordReader().read(names)
    features = {
        "pixels": tf.FixedLenFeature([], tf.string),
        "label": tf.FixedLenFeature([], tf.int64),
    }
    parsed = tf.parse_single_example(record, features)
    image = tf.cast(tf.decode_raw(parsed["pixels"], tf.uint8), tf.float32) / 255
    image.set_shape([28 * 28])
    example = [image, parsed["label"]]
    if not shuffle:
        return tf.train.batch(example, batch_size, allow_smaller_final_batch=True)
    return tf.train.shuffle_batch(
        example, batch_size, capacity=3000, min_after_dequeue=1000, num_threads=2
    )


def model(images):
    hidden = tf.layers.dense(images, 100, tf.nn.relu, name="hidden")
    return tf.layers.dense(hidden, 10, name="out")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", help="where the records are or will be")
    parser.add_argument("--epochs", type=int, default=2)
    arguments = parser.parse_args()
    folder = arguments.folder or tempfile.mkdtemp()
    if not glob.glob(os.path.join(folder, "train-*")):
        (train_images, train_labels), (test_images, test_labels) = load()
        for part in range(PARTS):
            rows = slice(part, None, PARTS)
            write(folder, "train-%d" % part, train_images[rows], train_labels[rows])
        write(folder, "test", test_images, test_labels)

    tf.set_random_seed(1)
    files = sorted(glob.glob(os.path.join(folder, "train-*")))
    images, labels = batches_of(files, 50, arguments.epochs, shuffle=True)
    with tf.variable_scope("model"):
        logits = model(images)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer(2e-3).minimize(loss, step)

    images, labels = batches_of([os.path.join(folder, "test")], 500, 1, shuffle=False)
    with tf.variable_scope("model", reuse=True):
        right = tf.equal(tf.argmax(model(images), 1), labels)

    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        try:
            while not coordinator.should_stop():
                value, number, _ = session.run([loss, step, train])
                if number % 100 == 99:
                    print("step %d: loss %.3f" % (number + 1, value))
        except tf.errors.OutOfRangeError:
            print("%d steps were all" % session.run(step))
        hits = []
        try:
            while True:
                hits.extend(session.run(right))
        except tf.errors.OutOfRangeError:
            print("accuracy on %d test digits: %.2f %%" % (len(hits), 100 * sum(hits) / len(hits)))
        coordinator.request_stop()
        coordinator.join(threads)


if __name__ == "__main__":
    main()
