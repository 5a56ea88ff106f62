# SPDX-License-Identifier: Apache-2.0
"""Arguments of Keras layers that may be given by name, for the classes shared with tf.layers.

Same functions as `caudal.layers.lookup`; the names are those of keras.initializers and so on.
"""

from caudal.keras import activations, constraints, initializers, regularizers
from caudal.keras import backend as K
from caudal.keras.utils.generic_utils import serialize_keras_object

# What layers make of their list of sizes, and of the argument `data_format`.
shape = tuple
data_format = K.normalize_data_format

linear = activations.linear
initializer = initializers.get
activation = activations.get
regularizer = regularizers.get
constraint = constraints.get
serialized = serialize_keras_object
activation_name = activations.serialize
