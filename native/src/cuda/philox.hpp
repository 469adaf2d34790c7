// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011), for host and device.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define MB_BOTH __host__ __device__
#else
#define MB_BOTH
#endif

namespace mb {

struct Words {
  uint32_t at[4];
};

// The four words that belong to a counter of a draw.
MB_BOTH inline Words philox_of(uint64_t counter, uint64_t draw, uint64_t key) {
  Words words{{static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32), static_cast<uint32_t>(draw),
               static_cast<uint32_t>(draw >> 32)}};
  uint32_t low = static_cast<uint32_t>(key), high = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t even = uint64_t{words.at[0]} * 0xD2511F53u, odd = uint64_t{words.at[2]} * 0xCD9E8D57u;
    words = {{static_cast<uint32_t>(odd >> 32) ^ words.at[1] ^ low, static_cast<uint32_t>(odd),
              static_cast<uint32_t>(even >> 32) ^ words.at[3] ^ high, static_cast<uint32_t>(even)}};
    low += 0x9E3779B9u;
    high += 0xBB67AE85u;
  }
  return words;
}

// A word's 23 high bits as a number above 0 and below 1.
constexpr float noise_spacing = 1.0f / (1 << 23);
MB_BOTH inline float noise_of(uint32_t word) { return (static_cast<float>(word >> 9) + 0.5f) * noise_spacing; }

}  // namespace mb
