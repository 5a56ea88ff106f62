// SPDX-License-Identifier: Apache-2.0
// Owns: the resources that the nodes of a session share by name.
// Called by: kernels of tables, queues and the like; the session holds one store.
// Must not know: graphs, what a particular resource does.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "tensor/object.h"

namespace caudal {

/// The object of kind T behind a scalar handle; throws InvalidArgument for anything else.
template <class T>
std::shared_ptr<T> resource_of(const Tensor& handle) {
  if (!is_object(handle.dtype()) || handle.dtype() == DType::kString ||
      handle.num_elements() != 1) {
    invalid("a handle of a ", T::kKind, " was expected, got ", handle.dtype(), " of shape ",
            handle.shape());
  }
  return object_of<T>(*handle.data<Variant>());
}

class ResourceStore {
 public:
  /// The resource of this container and name; `make()` gives a new shared_ptr<T>. Throws
  /// InvalidArgument when the name is taken by another kind.
  template <class T, class F>
  std::shared_ptr<T> find_or_make(const std::string& container, const std::string& name, F make) {
    std::lock_guard lock(mutex_);
    std::shared_ptr<Object>& found = resources_[{container, name}];
    if (!found) {
      std::shared_ptr<T> made = make();
      found = made;
      return made;
    }
    auto typed = std::dynamic_pointer_cast<T>(found);
    if (!typed) invalid("the shared name ", name, " belongs to a ", found->kind());
    return typed;
  }
  void erase(const std::string& container, const std::string& name) {
    std::lock_guard lock(mutex_);
    resources_.erase({container, name});
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<Object>> resources_;
};

}  // namespace caudal
