# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.distributions.bijectors`."""

from caudal.contrib.distributions.bijectors.base import *  # noqa: F403
from caudal.contrib.distributions.bijectors.compound import *  # noqa: F403
from caudal.contrib.distributions.bijectors.elementwise import *  # noqa: F403
from caudal.contrib.distributions.bijectors.flows import *  # noqa: F403
from caudal.contrib.distributions.bijectors.matrices import *  # noqa: F403
