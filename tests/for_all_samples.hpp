#pragma once

#include <boost/test/unit_test.hpp>

#include <xgrad/ops/registry.hpp>

/// Calls f(entry, sample) for every sample of every op, which failures then name.
template <class F>
void for_all_samples(F f) {
  for (const xgrad::OpEntry& entry : xgrad::op_registry())
    for (const xgrad::Sample& sample : entry.samples)
      BOOST_TEST_CONTEXT(entry.op->name << ", sample \"" << sample.name << "\"") f(entry, sample);
}
