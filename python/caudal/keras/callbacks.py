# SPDX-License-Identifier: Apache-2.0
"""What is called while a model trains: the table of contents of `keras.callbacks`."""

from caudal.keras.callbacks_base import (
    BaseLogger,
    Callback,
    CallbackList,
    LambdaCallback,
    ProgbarLogger,
    TerminateOnNaN,
)
from caudal.keras.callbacks_history import History
from caudal.keras.callbacks_monitor import (
    CSVLogger,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    RemoteMonitor,
)
from caudal.keras.callbacks_tensorboard import TensorBoard
from caudal.keras.utils.generic_utils import Progbar

__all__ = [
    "BaseLogger",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "Progbar",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "TensorBoard",
    "TerminateOnNaN",
]
