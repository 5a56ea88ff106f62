# SPDX-License-Identifier: Apache-2.0
"""Runs a program with real TensorFlow in the place of caudal: run_with_tensorflow.py PROGRAM."""

import os
import runpy
import sys
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.filterwarnings("ignore")

import tensorflow  # noqa: E402

if tensorflow.__version__.startswith("1."):
    tf = tensorflow
else:
    tf = tensorflow.compat.v1
    tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.ERROR)
sys.modules["caudal"] = tf
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
