// All tests, on every rank that mpirun starts. A check that fails on one rank is reported by it,
// and the test goes on, as it does on the others; an exception ends all.
#define BOOST_TEST_MODULE distributed
#define BOOST_TEST_NO_MAIN
#define BOOST_TEST_ALTERNATIVE_INIT_API
#include "world.hpp"

#include <boost/test/tree/observer.hpp>
#include <boost/test/unit_test_monitor.hpp>

#include <string>

namespace tests {
namespace {

xgrad::distributed::Communicator* ranks = nullptr;

class EndsAllRanks final : public boost::unit_test::test_observer {
 public:
  void exception_caught(const boost::execution_exception& exception) override {
    world().abort(std::string(exception.what().begin(), exception.what().end()));
  }
};

}  // namespace

xgrad::distributed::Communicator& world() { return *ranks; }

}  // namespace tests

int main(int argc, char** argv) {
  return xgrad::distributed::run_ranks([&](xgrad::distributed::Communicator& world) {
    tests::ranks = &world;
    tests::EndsAllRanks observer;
    boost::unit_test::framework::register_observer(observer);
    return boost::unit_test::unit_test_main([] { return true; }, argc, argv);
  });
}
