# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib`: submodules load when they are first asked for."""

from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr(
    "contrib",
    {
        "caudal.contrib.crf": "@",
        "caudal.contrib.cudnn_rnn": "@",
        "caudal.contrib.distributions": "@",
        "caudal.contrib.factorization": "@",
        "caudal.contrib.framework": "@",
        "caudal.contrib.layers": "@",
        "caudal.contrib.learn": "@",
        "caudal.contrib.legacy_seq2seq": "@",
        "caudal.contrib.lookup": "@",
        "caudal.contrib.losses": "@",
        "caudal.contrib.metrics": "@",
        "caudal.contrib.nn": "@",
        "caudal.contrib.opt": "@",
        "caudal.contrib.rnn": "@",
        "caudal.contrib.seq2seq": "@",
        "caudal.contrib.slim": "@",
        "caudal.contrib.stateless": "@",
        "caudal.contrib.training": "@",
        "caudal.contrib.util": "@",
    },
)
