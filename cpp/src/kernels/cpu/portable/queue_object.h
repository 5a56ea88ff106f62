// SPDX-License-Identifier: Apache-2.0
// Owns: queues of tuples of tensors, on which runs wait for one another.
// Called by: the kernels of queues and readers.
// Must not know: graphs, sessions, what asks a wait to end.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tensor/object.h"

namespace caudal::cpu {

/// One element: a tensor per component. Elements are never written to once they are in a queue.
using QueueTuple = std::vector<Tensor>;
/// Called now and then by who waits; throws when the wait has to end. May be null.
using WaitCheck = const std::function<void()>*;

/// As TensorFlow's: whoever comes first is served first, on both sides. A request for several
/// elements takes them as they come, and puts them back when it ends without all of them.
class Queue : public Object {
 public:
  static constexpr std::string_view kKind = "queue";
  std::string_view kind() const override { return kKind; }

  struct Options {
    std::string type;  ///< "FIFOQueue", for error texts
    std::string name;
    std::vector<DType> types;
    std::vector<PartialShape> shapes;  ///< empty: elements may have any shapes
    std::int64_t capacity = 0;
  };

  explicit Queue(Options options) : options_(std::move(options)) {}

  const Options& options() const { return options_; }
  /// Waits while the queue is full. Throws Cancelled once it is closed.
  void enqueue(std::span<const Tensor> components, WaitCheck check);
  /// Adds the rows of the components, each as soon as there is room for it.
  void enqueue_many(std::span<const Tensor> components, WaitCheck check);
  /// Waits while there is none. Throws OutOfRange when the queue is closed and has none left.
  QueueTuple dequeue(WaitCheck check);
  /// `n` elements as one tensor per component; fewer if `rest` and the queue is closed.
  QueueTuple dequeue_many(std::int64_t n, bool rest, WaitCheck check);
  /// Waits for those that are enqueueing already, or else cancels them.
  void close(bool cancel_pending, WaitCheck check);
  bool closed();
  std::int64_t size();

 protected:
  // Called under the lock.
  virtual void put(QueueTuple element) = 0;
  virtual QueueTuple take() = 0;
  virtual void put_back(QueueTuple element) = 0;  ///< what was taken last
  virtual std::int64_t count() const = 0;
  /// How many of the elements may not be taken before the queue is closed.
  virtual std::int64_t reserve() const { return 0; }
  /// Rows that become one tensor. Called without the lock.
  virtual Tensor stack(const std::vector<QueueTuple>& rows, std::size_t component) const;
  virtual void check_element(std::span<const Tensor> components) const;

  /// Throws InvalidArgument unless number and dtypes of the components are right.
  void check_types(std::span<const Tensor> components) const;

  Options options_;

 private:
  enum class Progress { kNone, kSome, kDone };
  /// A call that waits for its turn. Its thread sleeps on `wake`.
  struct Attempt {
    std::function<Progress(Attempt&)> step;
    std::int64_t wanted = 0;
    std::vector<QueueTuple> taken;
    bool done = false;
    std::optional<Error> error;
    std::condition_variable wake;
  };

  void wait(Attempt& attempt, std::deque<Attempt*>& line, WaitCheck check);
  void serve();
  bool serve(std::deque<Attempt*>& line);
  void give_back(Attempt& attempt);
  Progress refuse(Attempt& attempt, Code code, std::string message);
  Progress too_few(Attempt& attempt, std::int64_t present);
  Progress is_closed(Attempt& attempt);

  std::mutex mutex_;
  std::deque<Attempt*> enqueuing_, dequeuing_;
  bool closed_ = false;
};

/// What a queue of a kind takes beyond the common options.
struct ShuffleSettings {
  std::int64_t min_after_dequeue = 0, seed = 0, seed2 = 0;
};

/// First in, first out.
std::shared_ptr<Queue> make_fifo_queue(Queue::Options options);
/// First in, first out; elements of different sizes are filled up with zeros to the largest of
/// those that are taken together.
std::shared_ptr<Queue> make_padding_queue(Queue::Options options);
/// In random order; without seeds (0, 0) each queue has an order of its own.
std::shared_ptr<Queue> make_shuffle_queue(Queue::Options options, const ShuffleSettings& settings);
/// The element with the least number in component 0 comes first.
std::shared_ptr<Queue> make_priority_queue(Queue::Options options);

}  // namespace caudal::cpu
