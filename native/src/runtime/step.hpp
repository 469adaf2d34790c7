// Recorded steps: the calls that a training step consists of are recorded once as a CUDA graph. Afterwards the same calls
// only hand over the numbers that have changed, and the graph does the rest in one launch.
//
// A replay repeats a call with all that it depended on, so that all of it must be known and be the same. That is why
// carry_out() takes the operation as a plain function, which holds nothing of its own, and passes it what was declared
// and nothing else: what an operation does not declare, it can't use.
#pragma once

#include <initializer_list>
#include <map>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "dispatch.hpp"
#include "handles.hpp"

struct mb_step {
  static constexpr const char* family = "step";
  enum class Mode { direct, recording, replaying };
  // The steps of one shape: the words that their calls are recognised by, one after the other, and what they do.
  struct Recording {
    int64_t steps = 0;  // of that shape so far
    std::vector<uint64_t> words;
    std::unique_ptr<mb::cuda::Graph> graph;
  };

  at::Device device;
  bool can_record;  // else every step is carried out call by call
  std::map<int64_t, Recording> recordings;  // by shape
  std::shared_ptr<mb::cuda::Ring> ring;
  at::Tensor numbers;  // a cuda::StepNumbers
  int64_t replayed = 0;

  // What follows is about the step under way.
  bool under_way = false;
  Mode mode = Mode::direct;
  Recording* current = nullptr;
  size_t word_count = 0;
  int64_t number_count = 0;
};

namespace mb {

// A tensor that the operation reads; undefined: none.
struct Input {
  const at::Tensor& tensor;
};

// A tensor that it writes, and may read before. That of a vector is had from vector_for_writing() alone.
struct Output {
  at::Tensor& tensor;
};

// A value that a replayed step must have as the recorded one had it.
template <typename Value>
struct Constant {
  Value value;
  explicit Constant(Value value) : value(value) {}
};

// An object that is known by its handle, which no other object ever gets; what the operation needs of it never changes.
template <typename Handle>
struct Object {
  Handle* handle;
  Handle& object;
  Object(Handle* handle, Handle& object) : handle(handle), object(object) {}
};

// A number that may be another one in every step. The operation gets it as a cuda::Number.
struct Variable {
  double value;
};

// For libtorch's operations: a tensor without dimensions, float64, on the device of what it is computed with. Dividing by
// one of the host is another operation there, with other bits than a recorded step's.
at::Tensor as_tensor(cuda::Number number, const at::Tensor& with);

// What the operation gets of each declared argument.
cuda::Number value_of(const Variable& variable);
inline const at::Tensor& value_of(const Input& input) { return input.tensor; }
inline at::Tensor& value_of(const Output& output) { return output.tensor; }
template <typename Value>
const Value& value_of(const Constant<Value>& constant) {
  return constant.value;
}
template <typename Handle>
Handle& value_of(const Object<Handle>& object) {
  return object.object;
}

// The word that a value is recognised by in a replay. A tensor's says where it lies and how long it is, since what was freed
// may have left its address to another.
uint64_t word_of(const void* address);
uint64_t word_of(const at::Tensor& tensor);
uint64_t word_of(double value);
// What is selected, and where what was counted of it lies; null: nothing.
uint64_t word_of(const mb_vector::Selection* selection);
template <typename Value, std::enable_if_t<std::is_integral_v<Value> || std::is_enum_v<Value>, int> = 0>
uint64_t word_of(Value value) {
  return static_cast<uint64_t>(value);
}
inline uint64_t word_of(const Variable&) { return 0; }
inline uint64_t word_of(const Input& input) { return word_of(input.tensor); }
inline uint64_t word_of(const Output& output) { return word_of(output.tensor); }
template <typename Value>
uint64_t word_of(const Constant<Value>& constant) {
  return word_of(constant.value);
}
template <typename Handle>
uint64_t word_of(const Object<Handle>& object) {
  return word_of(static_cast<const void*>(object.handle));
}

// Whether an operation's parameter is what its declaration says: what is only an Input must be taken as const, and a
// Constant by value.
template <typename Argument, typename Parameter>
constexpr bool declares = std::is_same_v<decltype(value_of(std::declval<const Argument&>())), Parameter>;
template <typename Value, typename Parameter>
constexpr bool declares<Constant<Value>, Parameter> = std::is_same_v<Value, Parameter>;

// Notes a call in the recording under way, or compares it with what was recorded. Gives whether it is to be computed now.
// Throws where a replayed step does not go as the recorded one.
bool note_call(const char* call, std::initializer_list<uint64_t> words);

// Computes operation(arguments…), at once or as a part of the recorded step under way. Each argument is declared as an Input, Output,
// Constant, Object or Variable, in the order of the operation's parameters.
template <typename... Parameters, typename... Arguments>
void carry_out(const char* call, void (*operation)(Parameters...), const Arguments&... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments), "every parameter of an operation is declared");
  static_assert((declares<Arguments, Parameters> && ...), "a parameter is declared as something else");
  // In braces, so that the variables are numbered in their order.
  const std::tuple<decltype(value_of(arguments))...> values{value_of(arguments)...};
  if (note_call(call, {word_of(arguments)...})) std::apply(operation, values);
}

// Throws within a recorded step.
void require_no_recorded_step();

// mb_step_begin, _end and _abandon. A step is under way on one thread at a time, and a thread has one at a time.
std::unique_ptr<mb_step> make_step(const at::Device& device);
void begin_step(mb_step& step, int64_t shape);
void end_step(mb_step& step);
void abandon_step(mb_step& step);

}  // namespace mb
