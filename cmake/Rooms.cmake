# smol_room(NAME USES room-or-target...)
#
# One room of the house: the sources of stack/NAME/ as the target smolstack::NAME, which sees
# the public headers and links just what USES names. A word without a colon or a slash that is a
# room's name means that room. The room `stack` has its sources in stack/ itself.
set(SMOL_ROOMS "" CACHE INTERNAL "every room, lowest first")

function(smol_room NAME)
  cmake_parse_arguments(ROOM "" "" "USES" ${ARGN})
  if(NAME STREQUAL "stack")
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/stack/*.cpp)
  else()
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/stack/${NAME}/*.cpp)
  endif()

  set(target smolstack_${NAME})
  set(scope PUBLIC)
  if(sources)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:smol_options>)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(smolstack::${NAME} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${NAME})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_include_directories(${target} ${scope}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

  foreach(used IN LISTS ROOM_USES)
    if(used IN_LIST SMOL_ROOMS)
      target_link_libraries(${target} ${scope} smolstack_${used})
    else()
      target_link_libraries(${target} ${scope} ${used})
    endif()
  endforeach()
  set(SMOL_ROOMS ${SMOL_ROOMS} ${NAME} CACHE INTERNAL "every room, lowest first")
endfunction()
