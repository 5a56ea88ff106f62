// SPDX-License-Identifier: Apache-2.0
// Queues: the lines of waiting calls, and the kinds of queues.
#include "kernels/cpu/portable/queue_object.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "kernels/cpu/portable/dynamic_call.h"
#include "kernels/cpu/portable/philox_numbers.h"

namespace caudal::cpu {
namespace {

constexpr auto kSlice = std::chrono::milliseconds(50);

/// Copies `n` elements of any dtype.
void copy_elements(const Tensor& from, std::int64_t from_at, Tensor& to, std::int64_t to_at,
                   std::int64_t n) {
  if (n == 0) return;
  with_movable(from.dtype(),
               [&]<class T>(T) { std::copy_n(from.data<T>() + from_at, n, to.data<T>() + to_at); });
}

void clear_elements(Tensor& t) {
  if (!is_object(t.dtype()) && t.num_bytes() > 0) std::memset(t.raw(), 0, t.num_bytes());
}

Tensor row_of(const Tensor& batch, std::int64_t row) {
  const Shape& shape = batch.shape();
  Tensor out(batch.dtype(), Shape(shape.dims().subspan(1)));
  copy_elements(batch, row * out.num_elements(), out, 0, out.num_elements());
  return out;
}

Shape with_rows(std::int64_t n, const Shape& shape) {
  Shape out{n};
  for (const std::int64_t d : shape.dims()) out.append(d);
  return Shape(out.dims());  // checks the number of elements
}

PartialShape with_rows(std::int64_t n, const PartialShape& shape) {
  PartialShape out{n};
  for (const std::int64_t d : shape.dims()) out.append(d);
  return out;
}

[[noreturn]] void wrong_shape(std::size_t component, const PartialShape& wanted, const Shape& got) {
  invalid("Shape mismatch in tuple component ", component, ". Expected ", wanted, ", got ", got);
}

}  // namespace

void Queue::check_types(std::span<const Tensor> components) const {
  bool right = components.size() == options_.types.size();
  for (std::size_t i = 0; right && i < components.size(); ++i) {
    right = components[i].dtype() == options_.types[i];
  }
  if (right) return;
  std::string have, expected;
  for (const Tensor& t : components) have += str(", ", dtype_signature_name(t.dtype()));
  for (const DType t : options_.types) expected += str(", ", dtype_signature_name(t));
  invalid("Signature mismatch, have: resource", have, "-> expected: resource", expected, "->");
}

void Queue::check_element(std::span<const Tensor> components) const {
  for (std::size_t i = 0; i < options_.shapes.size(); ++i) {
    if (!options_.shapes[i].compatible_with(components[i].shape())) {
      wrong_shape(i, options_.shapes[i], components[i].shape());
    }
  }
}

Queue::Progress Queue::refuse(Attempt& attempt, Code code, std::string message) {
  attempt.error.emplace(code, std::move(message));
  return Progress::kDone;
}

Queue::Progress Queue::too_few(Attempt& attempt, std::int64_t present) {
  return refuse(attempt, Code::kOutOfRange,
                str(options_.type, " '", options_.name,
                    "' is closed and has insufficient elements (requested ", attempt.wanted,
                    ", current size ", present, ")"));
}

void Queue::give_back(Attempt& attempt) {
  while (!attempt.taken.empty()) {
    put_back(std::move(attempt.taken.back()));
    attempt.taken.pop_back();
    ++attempt.wanted;
  }
}

bool Queue::serve(std::deque<Attempt*>& line) {
  bool moved = false;
  while (!line.empty()) {
    Attempt& first = *line.front();
    Progress progress;
    try {
      progress = first.step(first);
    } catch (const std::bad_alloc&) {
      progress = refuse(first, Code::kResourceExhausted, "out of memory");
    }
    if (progress == Progress::kNone) return moved;
    moved = true;
    if (progress == Progress::kSome) return moved;  // the other side may go on
    line.pop_front();
    first.done = true;
    first.wake.notify_one();
  }
  return moved;
}

void Queue::serve() {
  while (true) {
    const bool in = serve(enqueuing_);
    const bool out = serve(dequeuing_);
    if (!in && !out) return;
  }
}

void Queue::wait(Attempt& attempt, std::deque<Attempt*>& line, WaitCheck check) {
  std::unique_lock lock(mutex_);
  line.push_back(&attempt);
  serve();
  while (!attempt.done) {
    if (attempt.wake.wait_for(lock, kSlice, [&] { return attempt.done; })) break;
    if (check == nullptr) continue;
    lock.unlock();
    try {
      (*check)();
    } catch (...) {
      lock.lock();
      if (attempt.done) break;  // the next step asks again
      std::erase(line, &attempt);
      give_back(attempt);
      serve();
      throw;
    }
    lock.lock();
  }
  if (attempt.error) throw Error(*attempt.error);
}

void Queue::enqueue(std::span<const Tensor> components, WaitCheck check) {
  check_types(components);
  check_element(components);
  QueueTuple element;
  for (const Tensor& t : components) element.push_back(t.clone());  // memory ends with the step
  Attempt attempt;
  attempt.step = [&](Attempt& a) {
    if (closed_) return is_closed(a);
    if (count() >= options_.capacity) return Progress::kNone;
    put(std::move(element));
    return Progress::kDone;
  };
  wait(attempt, enqueuing_, check);
}

Queue::Progress Queue::is_closed(Attempt& attempt) {
  return refuse(attempt, Code::kCancelled, str(options_.type, " '", options_.name, "' is closed."));
}

void Queue::enqueue_many(std::span<const Tensor> components, WaitCheck check) {
  check_types(components);
  for (std::size_t i = 0; i < components.size(); ++i) {
    if (components[i].shape().rank() == 0) {
      invalid("Shape mismatch in tuple component ", i, ". Expected a batch of elements, got []");
    }
  }
  const std::int64_t n = components[0].shape()[0];
  for (std::size_t i = 0; i < components.size(); ++i) {
    const Shape& shape = components[i].shape();
    if (shape[0] != n && options_.shapes.empty()) {
      invalid("All input tensors must have the same size in the 0th dimension. Component ", i,
              " has ", shape[0], ", and should have ", n);
    }
    if (options_.shapes.empty() || !options_.shapes[i].has_rank()) continue;
    const PartialShape wanted = with_rows(n, options_.shapes[i]);
    if (!wanted.compatible_with(shape)) wrong_shape(i, wanted, shape);
  }
  if (n == 0) return;
  std::vector<QueueTuple> rows(static_cast<std::size_t>(n));
  for (std::size_t k = 0; k < rows.size(); ++k) {
    for (const Tensor& t : components) rows[k].push_back(row_of(t, std::int64_t(k)));
  }
  check_element(rows[0]);
  std::size_t next = 0;
  Attempt attempt;
  attempt.step = [&](Attempt& a) {
    if (closed_) return is_closed(a);
    const std::size_t before = next;
    while (count() < options_.capacity) {
      put(std::move(rows[next]));
      if (++next == rows.size()) return Progress::kDone;
    }
    return next > before ? Progress::kSome : Progress::kNone;
  };
  wait(attempt, enqueuing_, check);
}

QueueTuple Queue::dequeue(WaitCheck check) {
  Attempt attempt;
  attempt.wanted = 1;
  attempt.step = [&](Attempt& a) {
    if (count() > (closed_ ? 0 : reserve())) {
      a.taken.push_back(take());
      return Progress::kDone;
    }
    return closed_ ? too_few(a, count()) : Progress::kNone;
  };
  wait(attempt, dequeuing_, check);
  return std::move(attempt.taken[0]);
}

QueueTuple Queue::dequeue_many(std::int64_t n, bool rest, WaitCheck check) {
  if (options_.shapes.empty()) {
    invalid(options_.type,
            "'s DequeueMany and DequeueUpTo require the components to have specified shapes.");
  }
  Attempt attempt;
  attempt.wanted = n;
  attempt.step = [&](Attempt& a) {
    const std::int64_t present = count();
    if (closed_ && present < a.wanted) {
      const std::int64_t missing = a.wanted;
      give_back(a);
      if (rest && count() > 0) {
        a.wanted = count();
      } else if (rest && !enqueuing_.empty()) {
        return Progress::kNone;  // served first
      } else {
        a.wanted = missing;
        return too_few(a, present);
      }
    }
    bool moved = false;
    while (count() > (closed_ ? 0 : reserve())) {
      a.taken.push_back(take());
      if (--a.wanted == 0) return Progress::kDone;
      moved = true;
    }
    return moved ? Progress::kSome : Progress::kNone;
  };
  if (n > 0) wait(attempt, dequeuing_, check);
  QueueTuple out;
  for (std::size_t i = 0; i < options_.types.size(); ++i) out.push_back(stack(attempt.taken, i));
  return out;
}

Tensor Queue::stack(const std::vector<QueueTuple>& rows, std::size_t component) const {
  // Without rows, what is unknown of the shape is 0.
  Shape shape;
  if (!rows.empty()) {
    shape = rows[0][component].shape();
  } else {
    for (const std::int64_t d : options_.shapes[component].dims()) {
      shape.append(std::max<std::int64_t>(d, 0));
    }
  }
  Tensor out(options_.types[component], with_rows(std::int64_t(rows.size()), shape));
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const Tensor& row = rows[k][component];
    copy_elements(row, 0, out, std::int64_t(k) * row.num_elements(), row.num_elements());
  }
  return out;
}

void Queue::close(bool cancel_pending, WaitCheck check) {
  if (cancel_pending) {
    std::lock_guard lock(mutex_);
    closed_ = true;
    for (Attempt* a : enqueuing_) {
      a->error.emplace(Code::kCancelled, "Enqueue operation was cancelled");
      a->done = true;
      a->wake.notify_one();
    }
    enqueuing_.clear();
    serve();
    return;
  }
  Attempt attempt;
  attempt.step = [&](Attempt& a) {
    if (closed_) {
      return refuse(a, Code::kCancelled, str("Queue '", options_.name, "' is already closed."));
    }
    closed_ = true;
    return Progress::kDone;
  };
  wait(attempt, enqueuing_, check);
}

bool Queue::closed() {
  std::lock_guard lock(mutex_);
  return closed_;
}

std::int64_t Queue::size() {
  std::lock_guard lock(mutex_);
  return count();
}

namespace {

class FifoQueue : public Queue {
 public:
  using Queue::Queue;

 private:
  void put(QueueTuple element) override { elements_.push_back(std::move(element)); }
  QueueTuple take() override {
    QueueTuple element = std::move(elements_.front());
    elements_.pop_front();
    return element;
  }
  void put_back(QueueTuple element) override { elements_.push_front(std::move(element)); }
  std::int64_t count() const override { return std::int64_t(elements_.size()); }

  std::deque<QueueTuple> elements_;
};

/// Copies a block into the corner of a larger one, along one dimension after the other.
template <class T>
void copy_corner(const T* from, const Shape& from_shape, T* to, const Shape& to_shape) {
  const int rank = from_shape.rank();
  if (from_shape.num_elements() == 0) return;
  if (rank == 0) {
    *to = *from;
    return;
  }
  const std::int64_t width = from_shape[rank - 1];
  const std::int64_t lines = from_shape.num_elements() / width;
  std::array<std::int64_t, kMaxRank> at{};
  for (std::int64_t line = 0; line < lines; ++line) {
    std::int64_t offset = 0;
    for (int d = 0; d < rank; ++d) offset = offset * to_shape[d] + at[std::size_t(d)];
    std::copy_n(from + line * width, width, to + offset);
    for (int d = rank - 2; d >= 0 && ++at[std::size_t(d)] == from_shape[d]; --d) {
      at[std::size_t(d)] = 0;
    }
  }
}

class PaddingQueue : public FifoQueue {
 public:
  using FifoQueue::FifoQueue;

 private:
  Tensor stack(const std::vector<QueueTuple>& rows, std::size_t component) const override {
    if (rows.empty()) return Queue::stack(rows, component);
    Shape largest = rows[0][component].shape();
    bool equal = true;
    for (const QueueTuple& row : rows) {
      const Shape& s = row[component].shape();
      if (s.rank() != largest.rank()) {
        invalid("elements of component ", component, " have different ranks: ", largest, " and ",
                s);
      }
      equal = equal && s == largest;
      for (int d = 0; d < s.rank(); ++d) largest.set_dim(d, std::max(largest[d], s[d]));
    }
    if (equal) return Queue::stack(rows, component);
    largest = Shape(largest.dims());
    Tensor out(options_.types[component], with_rows(std::int64_t(rows.size()), largest));
    clear_elements(out);
    with_movable(out.dtype(), [&]<class T>(T) {
      T* to = out.data<T>();
      for (const QueueTuple& row : rows) {
        copy_corner(row[component].template data<T>(), row[component].shape(), to, largest);
        to += largest.num_elements();
      }
    });
    return out;
  }
};

class ShuffleQueue : public Queue {
 public:
  ShuffleQueue(Options options, const ShuffleSettings& settings)
      : Queue(std::move(options)),
        min_after_dequeue_(settings.min_after_dequeue),
        numbers_(PhiloxStream(settings.seed, settings.seed2).reserve(0)) {}

 private:
  void put(QueueTuple element) override { elements_.push_back(std::move(element)); }
  QueueTuple take() override {
    std::swap(elements_[numbers_.word() % elements_.size()], elements_.back());
    QueueTuple element = std::move(elements_.back());
    elements_.pop_back();
    return element;
  }
  void put_back(QueueTuple element) override { put(std::move(element)); }
  std::int64_t count() const override { return std::int64_t(elements_.size()); }
  std::int64_t reserve() const override { return min_after_dequeue_; }

  std::int64_t min_after_dequeue_;
  PhiloxNumbers numbers_;
  std::vector<QueueTuple> elements_;
};

class PriorityQueue : public Queue {
 public:
  using Queue::Queue;

 private:
  struct Later {
    bool operator()(const QueueTuple& a, const QueueTuple& b) const {
      return *a[0].data<std::int64_t>() > *b[0].data<std::int64_t>();
    }
  };

  void put(QueueTuple element) override {
    elements_.push_back(std::move(element));
    std::ranges::push_heap(elements_, Later());
  }
  QueueTuple take() override {
    std::ranges::pop_heap(elements_, Later());
    QueueTuple element = std::move(elements_.back());
    elements_.pop_back();
    return element;
  }
  void put_back(QueueTuple element) override { put(std::move(element)); }
  std::int64_t count() const override { return std::int64_t(elements_.size()); }
  void check_element(std::span<const Tensor> components) const override {
    if (components[0].shape().rank() != 0) {
      wrong_shape(0, PartialShape::scalar(), components[0].shape());
    }
    Queue::check_element(components);
  }

  std::vector<QueueTuple> elements_;
};

}  // namespace

std::shared_ptr<Queue> make_fifo_queue(Queue::Options options) {
  return std::make_shared<FifoQueue>(std::move(options));
}
std::shared_ptr<Queue> make_padding_queue(Queue::Options options) {
  return std::make_shared<PaddingQueue>(std::move(options));
}
std::shared_ptr<Queue> make_shuffle_queue(Queue::Options options, const ShuffleSettings& settings) {
  return std::make_shared<ShuffleQueue>(std::move(options), settings);
}
std::shared_ptr<Queue> make_priority_queue(Queue::Options options) {
  return std::make_shared<PriorityQueue>(std::move(options));
}

}  // namespace caudal::cpu
