# SPDX-License-Identifier: Apache-2.0
"""SavedModels, the form in which models are served: the table of contents of `saved_model`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.saved_model.constants import (
    ASSETS_DIRECTORY,
    ASSETS_KEY,
    LEGACY_INIT_OP_KEY,
    MAIN_OP_KEY,
    SAVED_MODEL_FILENAME_PB,
    SAVED_MODEL_FILENAME_PBTXT,
    SAVED_MODEL_SCHEMA_VERSION,
    VARIABLES_DIRECTORY,
    VARIABLES_FILENAME,
)
from caudal.saved_model.signature_constants import (
    CLASSIFY_INPUTS,
    CLASSIFY_METHOD_NAME,
    CLASSIFY_OUTPUT_CLASSES,
    CLASSIFY_OUTPUT_SCORES,
    DEFAULT_SERVING_SIGNATURE_DEF_KEY,
    PREDICT_INPUTS,
    PREDICT_METHOD_NAME,
    PREDICT_OUTPUTS,
    REGRESS_INPUTS,
    REGRESS_METHOD_NAME,
    REGRESS_OUTPUTS,
)
from caudal.saved_model.tag_constants import GPU, SERVING, TPU, TRAINING

from caudal.saved_model import constants, signature_constants, tag_constants  # isort: skip
from caudal.saved_model import builder, loader, main_op, signature_def_utils, utils  # isort: skip
from caudal.saved_model.builder import SavedModelBuilder as Builder
from caudal.saved_model.loader import load, maybe_saved_model_directory
from caudal.saved_model.loader import maybe_saved_model_directory as contains_saved_model
from caudal.saved_model.main_op import main_op_with_restore
from caudal.saved_model.signature_def_utils import (
    build_signature_def,
    classification_signature_def,
    is_valid_signature,
    predict_signature_def,
    regression_signature_def,
)
from caudal.saved_model.simple_save import simple_save
from caudal.saved_model.utils import build_tensor_info, get_tensor_from_tensor_info

__all__ = [name for name in dir() if not name.startswith("_")]

__getattr__ = _module_getattr("saved_model")
