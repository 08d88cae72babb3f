// Two pipes to the test's own process, where graphs are built, opened and run; cpp_fake.py is the other end.
#pragma once

#include <cstddef>
#include <string>

namespace fake {

/// An environment variable, empty where it is not set.
std::string variable(const char *name);

void send(const void *data, std::size_t size);
void send(const std::string &text);
void receive(void *data, std::size_t size);

/// Text up to the next newline.
std::string receive_line();

/// Stops the program: what cannot be is an error of the example.
[[noreturn]] void fail(const std::string &what);

/// Checks that a tensor of `bytes` bytes begins at a device address.
void require_device(const void *address, std::size_t bytes, const std::string &what);

} // namespace fake
