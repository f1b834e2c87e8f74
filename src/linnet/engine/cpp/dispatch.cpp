// Which of the compiled instruction sets this machine can run.
#include "kernels.hpp"

namespace linnet {

#ifdef LINNET_HAS_AVX512
namespace avx512 {
extern const Kernels kernels;
}
#endif
#ifdef LINNET_HAS_AVX2
namespace avx2 {
extern const Kernels kernels;
}
#endif
namespace baseline {
extern const Kernels kernels;
}

const Kernels *const *available_kernels() {
  static const Kernels *list[4] = {};
  if (list[0]) return list;
  int count = 0;
#if defined(__x86_64__) || defined(__i386__)
  __builtin_cpu_init();
#endif
#ifdef LINNET_HAS_AVX512
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    list[count++] = &avx512::kernels;
#endif
#ifdef LINNET_HAS_AVX2
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    list[count++] = &avx2::kernels;
#endif
  list[count] = &baseline::kernels;
  return list;
}

} // namespace linnet
