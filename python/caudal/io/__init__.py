# SPDX-License-Identifier: Apache-2.0
"""Files, serialised values and their parsing: the table of contents of `io`."""

from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr(
    "io",
    {
        "caudal.ops.parsing_ops": "FixedLenFeature FixedLenSequenceFeature SparseFeature "
        "VarLenFeature decode_compressed decode_csv decode_json_example decode_raw parse_example "
        "parse_sequence_example parse_single_example parse_single_sequence_example parse_tensor "
        "serialize_tensor",
        "caudal.framework.graph_io": "write_graph",
        "caudal.io.tf_record": "TFRecordCompressionType TFRecordOptions TFRecordWriter "
        "tf_record_iterator",
        "caudal.io.gfile": "@",
        "caudal.ops.string_ops": "decode_base64 encode_base64",
        "caudal.ops.sparse_ops": "deserialize_many_sparse serialize_many_sparse serialize_sparse",
        "caudal.ops.image_files_ops": "decode_and_crop_jpeg decode_bmp decode_gif decode_image "
        "decode_jpeg decode_png encode_jpeg encode_png extract_jpeg_shape is_jpeg",
        "caudal.ops.file_ops": "matching_files read_file write_file",
        "caudal.ops.data_flow_ops": "PaddingFIFOQueue PriorityQueue QueueBase RandomShuffleQueue",
        "caudal.train.input": "match_filenames_once",
    },
)
