# SPDX-License-Identifier: Apache-2.0
"""XOR with two layers: the classic that one layer cannot learn."""

import caudal as tf

tf.set_random_seed(1)
inputs = tf.constant([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
wanted = tf.constant([[0.0], [1.0], [1.0], [0.0]])

hidden = tf.tanh(
    tf.matmul(inputs, tf.Variable(tf.random_normal([2, 4]))) + tf.Variable(tf.zeros(4))
)
logits = tf.matmul(hidden, tf.Variable(tf.random_normal([4, 1]))) + tf.Variable(tf.zeros(1))
output = tf.sigmoid(logits)
loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=logits))
train = tf.train.AdamOptimizer(0.05).minimize(loss)

with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for step in range(501):
        _, value = session.run([train, loss])
        if step % 100 == 0:
            print(f"step {step:3d}  loss {value:.5f}")
    for (a, b), (result,) in zip(session.run(inputs), session.run(output)):
        print(f"{a:.0f} xor {b:.0f} = {result:.3f}")
