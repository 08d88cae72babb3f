# In a wheel: the library alone, inside the Python package. Elsewhere: library, header, CMake package, pkg-config file.

if(DEFINED SKBUILD)
  install(TARGETS sdst RUNTIME DESTINATION sdst_runtime/lib LIBRARY DESTINATION sdst_runtime/lib NAMELINK_SKIP)
  return()
endif()

include(CMakePackageConfigHelpers)

install(TARGETS sdst EXPORT sdstTargets)
install(FILES include/sdst.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(SDST_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/sdst)
install(EXPORT sdstTargets NAMESPACE sdst:: FILE sdstConfig.cmake DESTINATION ${SDST_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/sdstConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/sdstConfigVersion.cmake DESTINATION ${SDST_CMAKE_DIR})

file(RELATIVE_PATH SDST_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /) # so that the prefix can be moved
configure_file(cmake/sdst.pc.in ${PROJECT_BINARY_DIR}/sdst.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/sdst.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
