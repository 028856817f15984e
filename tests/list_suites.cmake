# Writes a ctest entry for each test suite of PROGRAM to OUTPUT. Boost lists its tests as a tree,
# indented, with a star after those that are enabled.
execute_process(COMMAND ${PROGRAM} --list_content ERROR_VARIABLE tree RESULT_VARIABLE failed)
string(REGEX MATCHALL "(^|\n)[A-Za-z0-9_]+" suites "${tree}")
if(failed OR NOT suites)
  message(FATAL_ERROR "${PROGRAM} --list_content lists no suites:\n${tree}")
endif()
list(TRANSFORM suites STRIP)
foreach(suite IN LISTS suites)
  string(APPEND tests "add_test(${suite} \"${PROGRAM}\" --run_test=${suite} --log_level=warning)\n")
endforeach()
file(WRITE ${OUTPUT} "${tests}")
