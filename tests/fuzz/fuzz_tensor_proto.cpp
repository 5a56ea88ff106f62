// SPDX-License-Identifier: Apache-2.0
// TensorProto messages. What is accepted survives being written and read again.
#include "fuzz.h"
#include "tensor/tensor_proto.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::limit_tensors(std::size_t(1) << 22, false);  // one value may stand for many
  fuzz::attempt([&] {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const caudal::Tensor t = caudal::tensor_from_proto(bytes);
    const std::string once = caudal::to_proto(t);
    if (caudal::to_proto(caudal::tensor_from_proto(once)) != once) std::abort();
  });
  return 0;
}
