# The library that others link: the objects of rooms rcu and registry as libgracecast-registry.so and
# .a, with header, pkg-config file, CMake package and manual page. Only what GCAST_API marks is
# visible.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

add_library(gracecast-registry SHARED)
add_library(gracecast-registry-static STATIC)
foreach(library gracecast-registry gracecast-registry-static)
  target_sources(${library} PRIVATE
    $<TARGET_OBJECTS:gcast_room_registry> $<TARGET_OBJECTS:gcast_room_rcu>)
  target_include_directories(${library} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
  set_target_properties(${library} PROPERTIES LINKER_LANGUAGE C)
endforeach()
target_link_libraries(gracecast-registry PRIVATE $<BUILD_INTERFACE:PkgConfig::URCU> Threads::Threads)
# By name, so that the installed package holds no path of this machine.
target_link_libraries(gracecast-registry-static INTERFACE
  urcu-memb urcu-qsbr urcu-cds urcu-common Threads::Threads)
set_target_properties(gracecast-registry PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} EXPORT_NAME registry)
set_target_properties(gracecast-registry-static PROPERTIES
  OUTPUT_NAME gracecast-registry EXPORT_NAME registry-static)

# The pkg-config file finds its prefix from where it lies, so that the tree may be moved.
file(RELATIVE_PATH registry_pc_to_prefix
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(gracecast-registry.pc.in gracecast-registry.pc @ONLY)
configure_file(gracecast-registry.3.in gracecast-registry.3 @ONLY)
configure_package_config_file(gracecast-registry-config.cmake.in gracecast-registry-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gracecast-registry)
write_basic_package_version_file(gracecast-registry-config-version.cmake
  COMPATIBILITY SameMinorVersion)

install(TARGETS gracecast-registry gracecast-registry-static EXPORT gracecast-registry
  COMPONENT registry)
install(EXPORT gracecast-registry NAMESPACE gracecast:: FILE gracecast-registry-targets.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gracecast-registry COMPONENT registry)
install(FILES ${PROJECT_SOURCE_DIR}/include/gracecast/registry.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gracecast COMPONENT registry)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/gracecast-registry-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/gracecast-registry-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gracecast-registry COMPONENT registry)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/gracecast-registry.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT registry)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/gracecast-registry.3
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 COMPONENT registry)
