# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.learn`: data sets; its estimators are not part of caudal."""

from caudal.contrib.learn import python
from caudal.contrib.learn.python.learn import datasets

_OUT = frozenset(
    """
    BaseEstimator BasicSession DNNClassifier DNNEstimator DNNLinearCombinedClassifier
    DNNLinearCombinedRegressor DNNRegressor Estimator Evaluable Experiment ExportStrategy Head
    InputFnOps KMeansClustering LinearClassifier LinearEstimator LinearRegressor
    LogisticRegressor MetricSpec ModelFnOps ModeKeys RunConfig SKCompat SVM Trainable
    extract_pandas_data infer_real_valued_columns_from_input learn_runner monitors
    preprocessing run_n utils
""".split()
)


def __getattr__(name):
    if name in _OUT:
        raise AttributeError(
            "caudal does not have tf.contrib.learn.%s: of tf.contrib.learn it has the data sets"
            % name
        )
    raise AttributeError("module 'caudal.contrib.learn' has no attribute %r" % name)
