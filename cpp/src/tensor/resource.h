// SPDX-License-Identifier: Apache-2.0
// Owns: what a tensor of dtype resource points to, and the resources that a session shares by name.
// Called by: kernels of tables, queues and the like; the session holds one store.
// Must not know: graphs, what a particular resource does.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "caudal/error.h"
#include "caudal/tensor.h"

namespace caudal {

/// State of a session that a handle points to. Every element of a tensor of dtype resource is null
/// or holds a std::shared_ptr<Resource>.
struct Resource {
  virtual ~Resource() = default;
};

/// A scalar handle.
inline Tensor resource_handle(std::shared_ptr<Resource> resource) {
  Tensor t(DType::kResource, Shape{});
  *t.data<Variant>() = Variant(std::move(resource));
  return t;
}

/// The resource behind a scalar handle; throws InvalidArgument for anything else than a T.
template <class T>
T& resource_of(const Tensor& handle, std::string_view what) {
  if (handle.dtype() != DType::kResource || handle.num_elements() != 1) {
    invalid("expected a handle of a ", what, ", got ", handle.dtype(), " of shape ",
            handle.shape());
  }
  auto* resource = static_cast<Resource*>(handle.data<Variant>()->get());
  if (resource == nullptr) fail(Code::kFailedPrecondition, "the handle of a ", what, " is empty");
  auto* wanted = dynamic_cast<T*>(resource);
  if (wanted == nullptr) invalid("the handle does not belong to a ", what);
  return *wanted;
}

/// Resources with a shared name, of one session.
class ResourceStore {
 public:
  /// The resource of this container and name; `make()` gives a new one. Throws InvalidArgument when
  /// the name is taken by another kind.
  template <class T, class F>
  std::shared_ptr<T> find_or_make(const std::string& container, const std::string& name, F make) {
    std::lock_guard lock(mutex_);
    std::shared_ptr<Resource>& found = resources_[{container, name}];
    if (!found) {
      std::shared_ptr<T> made = make();
      found = made;
      return made;
    }
    auto typed = std::dynamic_pointer_cast<T>(found);
    if (!typed) invalid("the shared name ", name, " belongs to a resource of another kind");
    return typed;
  }
  void erase(const std::string& container, const std::string& name) {
    std::lock_guard lock(mutex_);
    resources_.erase({container, name});
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<Resource>> resources_;
};

}  // namespace caudal
