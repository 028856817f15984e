#include <boost/test/unit_test.hpp>

#include <xgrad/core/error.hpp>

#include "misuse/misuse.hpp"

namespace {

using misuse::Kind;

template <class E>
bool is(const std::exception& error) {
  return dynamic_cast<const E*>(&error) != nullptr;
}

bool is_kind(const std::exception& error, Kind kind) {
  switch (kind) {
    case Kind::shape: return is<xgrad::ShapeError>(error);
    case Kind::value: return is<xgrad::ValueError>(error);
    case Kind::graph: return is<xgrad::GraphError>(error);
    case Kind::numeric: return is<xgrad::NumericError>(error);
    case Kind::io: return is<xgrad::IoError>(error);
  }
  return false;
}

std::vector<misuse::Misuse> all_misuses() {
  std::vector<misuse::Misuse> all;
  for (const auto& part :
       {misuse::core, misuse::autograd, misuse::elementwise, misuse::reduce, misuse::shape,
        misuse::linear, misuse::conv, misuse::pool, misuse::norm, misuse::loss, misuse::dropout,
        misuse::embedding, misuse::recurrent, misuse::nn, misuse::optim, misuse::io,
        misuse::datasets, misuse::text, misuse::recurrent_probe})
    for (auto& one : part()) all.push_back(std::move(one));
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(misuse_table)

BOOST_AUTO_TEST_CASE(every_misuse_throws_its_error_and_names_the_thing) {
  const auto all = all_misuses();
  for (const auto& misuse : all) {
    BOOST_TEST_CONTEXT(misuse.what) {
      try {
        misuse.run();
        BOOST_ERROR("nothing was thrown");
      } catch (const std::exception& error) {
        BOOST_TEST(is_kind(error, misuse.kind), "another type of error: " << error.what());
        const std::string message = error.what();
        for (const auto& name : misuse.names)
          BOOST_TEST(message.find(name) != std::string::npos,
                     "\"" << name << "\" is not named in: " << message);
      }
    }
  }
  BOOST_TEST_MESSAGE(all.size() << " misuses");
}

BOOST_AUTO_TEST_SUITE_END()
