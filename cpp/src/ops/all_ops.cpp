// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"

#include "ops/families.h"

namespace caudal::ops {

std::vector<std::span<const OpRow>> all_families() {
  return {unary_ops(),        binary_ops(),
          reduction_ops(),    matmul_ops(),
          linalg_ops(),       decompose_ops(),
          complex_ops(),      spectral_ops(),
          array_ops(),        rearrange_ops(),
          space_ops(),        dynamic_ops(),
          slice_ops(),        gather_scatter_ops(),
          activation_ops(),   conv_ops(),
          conv3d_ops(),       pool3d_ops(),
          pool_choice_ops(),  dilation_ops(),
          ctc_ops(),          candidate_sampling_ops(),
          pool_ops(),         norm_ops(),
          loss_ops(),         random_ops(),
          state_ops(),        resource_variable_ops(),
          clustering_ops(),   training_ops(),
          control_flow_ops(), tensor_array_ops(),
          stack_ops(),        tensor_list_ops(),
          host_ops(),         sparse_ops(),
          bitwise_ops(),      segment_ops(),
          special_ops(),      search_ops(),
          update_ops(),       patches_ops(),
          image_ops(),        diagonals_ops(),
          quantize_ops(),     sampling_ops(),
          string_ops(),       parsing_ops(),
          lookup_ops(),       sequence_ops(),
          checkpoint_ops(),   summary_ops(),
          data_flow_ops(),    optional_ops()};
}

}  // namespace caudal::ops
