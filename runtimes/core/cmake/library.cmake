# sdst_objects: all of the library, compiled once. sdst: the shared library made of it.

add_library(
  sdst_objects OBJECT
  src/config.c
  src/contest.c
  src/crop_plan.c
  src/crop_ref.c
  src/crop_taps.c
  src/decode.c
  src/decode_anchors.c
  src/decode_points.c
  src/decode_response.c
  src/dispatch.c
  src/frame.c
  src/hann.c
  src/status.c
  src/tracker.c
  src/view.c
  src/xcorr.c
  src/xcorr_ref.c)
target_include_directories(sdst_objects PUBLIC include PRIVATE src)
target_link_libraries(sdst_objects PRIVATE sdst_flags)
target_compile_definitions(sdst_objects PRIVATE SDST_BUILD_SHARED SDST_VERSION_STRING="${PROJECT_VERSION}")
set_target_properties(sdst_objects PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden
                                              C_EXTENSIONS OFF)
set_source_files_properties(src/crop_ref.c src/xcorr_ref.c PROPERTIES COMPILE_OPTIONS "${SDST_SCALAR_FLAGS}")

if(SDST_X86)
  set(avx2_sources src/crop_avx2.c src/crop_mix_avx2.c src/xcorr_dw_avx2.c src/xcorr_full_avx2.c
      src/xcorr_pw_avx2.c)
  target_sources(sdst_objects PRIVATE src/crop_columns.c ${avx2_sources})
  # -O3: sums stay in registers only where the loops over them are unrolled; with -O2 that is four times slower.
  set_source_files_properties(${avx2_sources} PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;$<$<NOT:$<CONFIG:Debug>>:-O3>")
  target_compile_definitions(sdst_objects PRIVATE SDST_HAVE_AVX2)
endif()

add_library(sdst SHARED $<TARGET_OBJECTS:sdst_objects>)
add_library(sdst::sdst ALIAS sdst)
target_include_directories(sdst PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                       $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(sdst PRIVATE $<BUILD_INTERFACE:sdst_flags>)
set_target_properties(sdst PROPERTIES C_VISIBILITY_PRESET hidden)
if(WIN32)
  set_target_properties(sdst PROPERTIES PREFIX "") # sdst.dll, whichever compiler
endif()
if(NOT DEFINED SKBUILD) # a wheel gets one plain file
  file(STRINGS include/sdst.h abi_line REGEX "#define SDST_ABI_VERSION")
  string(REGEX REPLACE "[^0-9]" "" abi_version "${abi_line}")
  set_target_properties(sdst PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${abi_version})
endif()
