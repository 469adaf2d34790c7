// Preloaded by hanging.test.ts: the gradient of a ReLU, which only training steps ask for, as ever; but the first one that is
// asked for once a file is there returns when the file is gone. A second file next to it says that a thread hangs.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace c10 {
class Scalar;
}

namespace at {
class Tensor {  // as the callers know it, so that it is returned as they expect
 public:
  Tensor(const Tensor&);
  ~Tensor();
  void* implementation;
};
namespace _ops {
struct threshold_backward {
  static Tensor call(const Tensor&, const Tensor&, const c10::Scalar&);
};

Tensor threshold_backward::call(const Tensor& gradient, const Tensor& output, const c10::Scalar& threshold) {
  static const auto real = reinterpret_cast<decltype(&threshold_backward::call)>(
      dlsym(dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD),
            "_ZN2at4_ops18threshold_backward4callERKNS_6TensorES4_RKN3c106ScalarE"));
  static const std::string file = getenv("HANGS_WHILE");
  static std::atomic<bool> hung{false};
  const auto is_there = [] { return access(file.c_str(), F_OK) == 0; };
  if (!hung && is_there() && !hung.exchange(true)) {
    close(open((file + ".hangs").c_str(), O_CREAT | O_WRONLY, 0600));
    while (is_there()) usleep(1000);
  }
  return real(gradient, output, threshold);
}
}  // namespace _ops
}  // namespace at
