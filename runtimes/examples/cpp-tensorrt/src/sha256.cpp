#include "sha256.hpp"

#include "files.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

namespace follow {
namespace {

using Word = std::uint32_t;
__extension__ typedef unsigned __int128 Wide;

constexpr std::size_t BLOCK = 64;

Word rotate(Word value, int count) {
    return value >> count | value << (32 - count);
}

/// The first 64 primes, of whose roots the standard's constants are the first 32 bits behind the point.
std::array<Word, 64> primes() {
    std::array<Word, 64> found{};
    std::size_t count = 0;
    for (Word candidate = 2; count < found.size(); ++candidate) {
        bool prime = true;
        for (std::size_t i = 0; i < count && prime; ++i) {
            prime = candidate % found[i] != 0;
        }
        if (prime) found[count++] = candidate;
    }
    return found;
}

/// Compares root^power with prime * 2^(32 power) exactly, so that no constant hangs on a library's rounding.
Word root_bits(Word prime, int power) {
    std::uint64_t low = 0, high = std::uint64_t{1} << 36; // the root times 2^32
    while (high - low > 1) {
        const std::uint64_t middle = low + (high - low) / 2;
        Wide product = middle; // below 2^36, its cube below 2^108
        for (int i = 1; i < power; ++i) {
            product *= middle;
        }
        (product <= Wide{prime} << (32 * power) ? low : high) = middle;
    }
    return static_cast<Word>(low);
}

struct Constants {
    std::array<Word, 64> rounds{};
    std::array<Word, 8> start{};

    Constants() {
        const std::array<Word, 64> prime = primes();
        for (std::size_t i = 0; i < rounds.size(); ++i) {
            rounds[i] = root_bits(prime[i], 3);
        }
        for (std::size_t i = 0; i < start.size(); ++i) {
            start[i] = root_bits(prime[i], 2);
        }
    }
};

const Constants &constants() {
    static const Constants made;
    return made;
}

void mix(std::array<Word, 8> &state, const unsigned char *block) {
    std::array<Word, 64> w{};
    for (std::size_t i = 0; i < 16; ++i) {
        const unsigned char *b = block + 4 * i;
        w[i] = Word{b[0]} << 24 | Word{b[1]} << 16 | Word{b[2]} << 8 | Word{b[3]};
    }
    for (std::size_t i = 16; i < w.size(); ++i) {
        const Word s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        const Word s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (std::size_t i = 0; i < w.size(); ++i) {
        const Word s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
        const Word t1 = h + s1 + ((e & f) ^ (~e & g)) + constants().rounds[i] + w[i];
        const Word s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
        const Word t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const std::array<Word, 8> mixed = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < state.size(); ++i) {
        state[i] += mixed[i];
    }
}

} // namespace

std::string sha256(const void *data, std::size_t size) {
    const auto *bytes = static_cast<const unsigned char *>(data);
    std::array<Word, 8> state = constants().start;
    const std::size_t whole = size / BLOCK * BLOCK;
    for (std::size_t at = 0; at < whole; at += BLOCK) {
        mix(state, bytes + at);
    }
    std::array<unsigned char, 2 * BLOCK> end{}; // the rest, a one bit, zeros, and the length in bits
    const std::size_t rest = size - whole, length = rest < BLOCK - 8 ? BLOCK : 2 * BLOCK;
    if (rest > 0) std::memcpy(end.data(), bytes + whole, rest);
    end[rest] = 0x80;
    for (std::size_t i = 0; i < 8; ++i) {
        end[length - 1 - i] = static_cast<unsigned char>(std::uint64_t{size} * 8 >> 8 * i);
    }
    for (std::size_t at = 0; at < length; at += BLOCK) {
        mix(state, end.data() + at);
    }
    std::string digits;
    for (const Word word : state) {
        for (int shift = 28; shift >= 0; shift -= 4) {
            digits += "0123456789abcdef"[word >> shift & 15];
        }
    }
    return digits;
}

std::string sha256_of_file(const std::filesystem::path &path) {
    const std::vector<char> data = read_file(path);
    return sha256(data.data(), data.size());
}

} // namespace follow
