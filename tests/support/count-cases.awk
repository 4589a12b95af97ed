# SPDX-License-Identifier: MIT
# Counts the cases in a JUnit file of ctest and prints "passed failed skipped". A Criterion program
# counts as the cases that it reports, any other test as one. A program that fails for another
# reason than its cases (a leak, the time) is one failure more. -v status=N: how ctest ended.

function number_after(word, field) {
  if (!match($0, word ": *[0-9]+"))
    return 0
  field = substr($0, RSTART, RLENGTH)
  return substr(field, index(field, ":") + 1) + 0
}

/<testcase / {
  tested = bad = 0
  match($0, / status="[a-z]*"/)
  result = substr($0, RSTART + 9, RLENGTH - 10)
}

# The other reasons for "notrun", such as a missing program, are failures.
/<skipped message="SKIP_/ {
  result = "disabled"
}

/Synthesis:/ {
  tested += number_after("Tested")
  bad += number_after("Fail(ed|ing)") + number_after("Crash(ed|ing)")
}

/<\/testcase>/ {
  if (result == "disabled") {
    skipped++
    next
  }
  passed += tested - bad
  failed += bad
  if (result != "run" && bad == 0)
    failed++
  else if (tested == 0)
    passed++
}

END {
  if (status != 0 && failed == 0)
    failed = 1
  print passed + 0, failed + 0, skipped + 0
}
