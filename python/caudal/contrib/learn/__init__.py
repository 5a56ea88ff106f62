# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.learn`: data sets; its estimators are not part of caudal."""

from caudal.contrib.learn import python
from caudal.contrib.learn.python.learn import datasets
from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr("contrib.learn")
