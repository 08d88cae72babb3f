# Toolchain: 64-bit Arm with Linux, from any machine, by the C compiler of Zig (pip install ziglang).
# glibc 2.17 is the oldest one that Zig and 64-bit Arm have in common; manylinux_2_17 tags name it.
# -DSDST_STATIC=ON: programs with musl inside, which an emulator runs without a root folder of the target.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES SDST_STATIC)

set(target aarch64-linux-gnu.2.17)
if(SDST_STATIC)
  set(target aarch64-linux-musl)
endif()
find_program(SDST_ZIG_PYTHON NAMES python3 python REQUIRED)
set(CMAKE_C_COMPILER ${SDST_ZIG_PYTHON} -m ziglang cc -target ${target})
set(CMAKE_SHARED_LINKER_FLAGS_INIT -s) # Zig's debug information is larger than the library
