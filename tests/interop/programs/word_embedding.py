# SPDX-License-Identifier: Apache-2.0
"""Word embeddings with negative samples: sparse gradients through six optimizers."""

import numpy as np

import caudal as tf

rng = np.random.RandomState(3)
V, D, N = 30, 6, 16
c = rng.randint(0, V, (40, N)).astype(np.int32)
t = ((c * 7 + 1) % V).astype(np.int32)
ctr = tf.placeholder(tf.int32, [N])
tgt = tf.placeholder(tf.int32, [N])
with tf.device("/cpu:0"):
    emb = tf.Variable(rng.uniform(-1, 1, (V, D)).astype(np.float32), name="emb")
    e = tf.nn.embedding_lookup(emb, ctr)
W = tf.Variable((rng.randn(V, D) / 2).astype(np.float32))
b = tf.Variable(tf.zeros([V]))
neg = tf.constant(rng.randint(0, V, 8), tf.int32)
pos_w = tf.nn.embedding_lookup(W, tgt)
pos = tf.reduce_sum(e * pos_w, 1) + tf.gather(b, tgt)
negl = tf.matmul(e, tf.nn.embedding_lookup(W, neg), transpose_b=True) + tf.nn.embedding_lookup(
    b, neg
)
loss = tf.reduce_mean(
    tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones_like(pos), logits=pos)
    + tf.reduce_sum(
        tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.zeros_like(negl), logits=negl), 1
    )
)
gs = tf.gradients(loss, [emb, W, b])
print([type(g).__name__ for g in gs], [g.values.shape.as_list() for g in gs])
ops = []
for o in [
    tf.train.GradientDescentOptimizer(1.0),
    tf.train.AdagradOptimizer(0.5),
    tf.train.AdamOptimizer(0.02),
    tf.train.MomentumOptimizer(0.1, 0.9),
    tf.train.RMSPropOptimizer(0.01),
    tf.train.FtrlOptimizer(0.1),
]:
    ops.append(o.minimize(loss))
norm = tf.sqrt(tf.reduce_sum(tf.square(emb), 1, keep_dims=True))
ne = emb / norm
sim = tf.matmul(tf.nn.embedding_lookup(ne, [0, 1, 2]), ne, transpose_b=True)
_, near = tf.nn.top_k(sim, 4)
clipped, gn = tf.clip_by_global_norm(gs, 0.5)
mx = tf.nn.embedding_lookup(emb, [1, 2], max_norm=1.0)
parts = [tf.Variable(np.arange(i, 12, 3).reshape(-1, 1).astype("f")) for i in range(3)]
pl = tf.nn.embedding_lookup(parts, [5, 0, 11, 7])
pg = tf.gradients(tf.reduce_sum(pl * pl), parts)
with tf.Session() as s:
    s.run(tf.global_variables_initializer())
    for k, o in enumerate(ops):
        for i in range(6):
            _, l = s.run([o, loss], {ctr: c[i + k], tgt: t[i + k]})
        print(k, l, *[np.abs(v).sum() for v in s.run([emb, W, b])])
    f = {ctr: c[0], tgt: t[0]}
    g = s.run(gs[0], f)
    print(g.indices[:5], g.values.sum(), g.dense_shape)
    print(s.run(gn, f), *[q.values.sum() for q in s.run(clipped, f)])
    print(*s.run(near).ravel(), s.run(mx).ravel())
    print(s.run(pl).ravel(), *[p for q in s.run(pg) for p in (*q.values.ravel(), *q.indices)])
    print(s.run(tf.convert_to_tensor(gs[2]), f).sum())
    d = tf.IndexedSlices(tf.ones([2, D]), [1, 1], [V, D])
    before = s.run(emb)[1]
    s.run(tf.scatter_sub(emb, d.indices, d.values))
    print(before - s.run(emb)[1])
