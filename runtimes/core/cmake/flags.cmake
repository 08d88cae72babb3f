# Compiler flags of every target of this project: sdst_flags, linked privately.

add_library(sdst_flags INTERFACE)
target_compile_features(sdst_flags INTERFACE c_std_11)

if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
  # No contraction to fused multiply-adds behind our back: the same numbers on every processor.
  # No errno from maths functions: sqrt and lrintf become instructions.
  target_compile_options(sdst_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes
                                              -ffp-contract=off -fno-math-errno $<$<BOOL:${SDST_WERROR}>:-Werror>)
  if(SDST_SANITIZE)
    target_compile_options(sdst_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                                                -fno-omit-frame-pointer -g)
    target_link_options(sdst_flags INTERFACE -fsanitize=address,undefined)
  endif()
endif()
if(UNIX)
  target_link_libraries(sdst_flags INTERFACE m)
endif()

# Reference kernels stay scalar, so that they are a specification and an honest baseline.
set(SDST_SCALAR_FLAGS)
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
  set(SDST_SCALAR_FLAGS -fno-vectorize -fno-slp-vectorize)
elseif(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  set(SDST_SCALAR_FLAGS -fno-tree-vectorize -fno-tree-slp-vectorize)
endif()

set(SDST_X86 OFF)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
  set(SDST_X86 ON)
endif()
