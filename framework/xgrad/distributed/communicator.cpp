#include <xgrad/core/parallel.hpp>
#include <xgrad/distributed/communicator.hpp>
#include <xgrad/distributed/cores.hpp>

#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <thread>
#include <type_traits>

namespace xgrad::distributed {
namespace {

// Throws if a call has failed. rank -1: it is not known yet.
void check(int code, const char* call, int rank = -1) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "unknown error";
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw MpiError(
      fmt::format("{} failed on {}: {}: look for what mpirun says of the network or of "
                  "another rank",
                  call, rank < 0 ? "this rank" : fmt::format("rank {}", rank), text));
}

template <class T>
MPI_Datatype type_of() {
  if constexpr (std::is_same_v<T, float>)
    return MPI_FLOAT;
  else if constexpr (std::is_same_v<T, double>)
    return MPI_DOUBLE;
  else
    return MPI_BYTE;
}

// MPI counts in int.
template <class F>
void in_pieces(std::size_t n, const F& f) {
  for (std::size_t begin = 0; begin < n; begin += INT_MAX)
    f(begin, static_cast<int>(std::min<std::size_t>(n - begin, INT_MAX)));
}

// Initialises MPI for as long as it lives, unless somebody else has.
class Library {
 public:
  Library() {
    int initialized = 0;
    check(MPI_Initialized(&initialized), "MPI_Initialized");
    if (initialized != 0) return;
    int finalized = 0, provided = 0;
    check(MPI_Finalized(&finalized), "MPI_Finalized");
    if (finalized != 0)
      throw MpiError(
          "Communicator: MPI has been finalised and cannot start again: keep one "
          "Communicator until the end of the program");
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
    owns_ = true;
    if (provided < MPI_THREAD_FUNNELED)
      throw MpiError(
          "Communicator: this MPI does not allow threads beside the one that calls it: "
          "use one built with them");
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    if (owns_) MPI_Finalize();
  }

  static std::shared_ptr<const Library> get() {
    static std::weak_ptr<const Library> current;
    auto library = current.lock();
    if (!library) current = library = std::make_shared<const Library>();
    return library;
  }

 private:
  bool owns_ = false;
};

// Cores of this machine that its ranks may run on, divided among them.
int share_of_cores(MPI_Comm machine, int local_ranks) {
  const cpu_set_t own = take_cores(local_ranks);
  cpu_set_t all;
  check(MPI_Allreduce(&own, &all, sizeof own, MPI_BYTE, MPI_BOR, machine), "MPI_Allreduce");
  if (std::getenv("OMP_NUM_THREADS") != nullptr) return num_threads();
  return std::max(1, std::min(CPU_COUNT(&own), CPU_COUNT(&all) / local_ranks));
}

}  // namespace

struct Communicator::State {
  std::shared_ptr<const Library> library;
  MPI_Comm comm = MPI_COMM_NULL;
  int rank = 0, ranks = 1, local_rank = 0, local_ranks = 1, threads = 1;
  bool is_duplicate = false;
  int exceptions = std::uncaught_exceptions();  // that are on their way as this is made

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (comm == MPI_COMM_NULL) return;
    // Where an exception is on its way, what all ranks do together must not be waited for.
    if (ranks == 1 || std::uncaught_exceptions() <= exceptions) {
      MPI_Comm_free(&comm);
    } else if (!is_duplicate) {
      std::fprintf(stderr, "rank %d of %d: ended by an exception; run_ranks() would tell which\n",
                   rank, ranks);
      MPI_Abort(MPI_COMM_WORLD, 1);
    }
  }

  // The ranks of `other` with a communicator that reports its errors.
  void duplicate(MPI_Comm other) {
    check(MPI_Comm_dup(other, &comm), "MPI_Comm_dup");
    check(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  }
};

Communicator::Communicator() {
  auto state = std::make_shared<State>();
  state->library = Library::get();
  check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  state->duplicate(MPI_COMM_WORLD);
  check(MPI_Comm_rank(state->comm, &state->rank), "MPI_Comm_rank");
  check(MPI_Comm_size(state->comm, &state->ranks), "MPI_Comm_size");
  MPI_Comm machine = MPI_COMM_NULL;
  check(
      MPI_Comm_split_type(state->comm, MPI_COMM_TYPE_SHARED, state->rank, MPI_INFO_NULL, &machine),
      "MPI_Comm_split_type", state->rank);
  check(MPI_Comm_rank(machine, &state->local_rank), "MPI_Comm_rank", state->rank);
  check(MPI_Comm_size(machine, &state->local_ranks), "MPI_Comm_size", state->rank);
  state->threads = share_of_cores(machine, state->local_ranks);
  check(MPI_Comm_free(&machine), "MPI_Comm_free", state->rank);
  state_ = std::move(state);
}

int Communicator::rank() const { return state_->rank; }
int Communicator::ranks() const { return state_->ranks; }
int Communicator::local_rank() const { return state_->local_rank; }
int Communicator::local_ranks() const { return state_->local_ranks; }
int Communicator::threads() const { return state_->threads; }

Communicator Communicator::duplicate() const {
  auto state = std::make_shared<State>();
  state->library = state_->library;
  state->is_duplicate = true;
  state->duplicate(state_->comm);
  state->rank = state_->rank;
  state->ranks = state_->ranks;
  state->local_rank = state_->local_rank;
  state->local_ranks = state_->local_ranks;
  state->threads = state_->threads;
  return Communicator(std::move(state));
}

void Communicator::barrier() const {
  check(MPI_Barrier(state_->comm), "MPI_Barrier", state_->rank);
}

template <class T>
void Communicator::broadcast(std::span<T> values, int root) const {
  in_pieces(values.size(), [&](std::size_t begin, int n) {
    check(MPI_Bcast(values.data() + begin, n, type_of<T>(), root, state_->comm), "MPI_Bcast",
          state_->rank);
  });
}

template <class T>
void Communicator::sum(std::span<T> values) const {
  in_pieces(values.size(), [&](std::size_t begin, int n) {
    check(
        MPI_Allreduce(MPI_IN_PLACE, values.data() + begin, n, type_of<T>(), MPI_SUM, state_->comm),
        "MPI_Allreduce", state_->rank);
  });
}

double Communicator::sum(double value) const {
  sum(std::span(&value, 1));
  return value;
}

double Communicator::max(double value) const {
  check(MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_DOUBLE, MPI_MAX, state_->comm), "MPI_Allreduce",
        state_->rank);
  return value;
}

template <class T>
PendingSum Communicator::start_sum(std::span<const T> values, std::span<T> sums) const {
  static_assert(sizeof(MPI_Request) <= sizeof(PendingSum::request_));
  if (values.size() != sums.size())
    throw ValueError(
        fmt::format("start_sum: {} numbers, and room for {} sums", values.size(), sums.size()));
  if (values.size() > INT_MAX)
    throw ValueError(fmt::format("start_sum: {} numbers, and {} are the most: use several calls",
                                 values.size(), INT_MAX));
  PendingSum sum;
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Iallreduce(values.data(), sums.data(), static_cast<int>(values.size()), type_of<T>(),
                       MPI_SUM, state_->comm, &request),
        "MPI_Iallreduce", state_->rank);
  std::memcpy(sum.request_, &request, sizeof request);
  sum.rank_ = state_->rank;
  sum.pending_ = true;
  return sum;
}

void Communicator::abort(std::string_view why, int exit_code) const {
  // A cause that all ranks have, such as a file that is not there, is told by the first of them,
  // which ends the others before it is their turn.
  std::this_thread::sleep_for(std::chrono::milliseconds(100) * std::min(state_->rank, 20));
  char host[MPI_MAX_PROCESSOR_NAME] = "";
  int length = 0;
  MPI_Get_processor_name(host, &length);
  const std::string line =
      fmt::format("rank {} of {} on {}: {}\n", state_->rank, state_->ranks, host, why);
  std::fflush(stdout);
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

PendingSum::PendingSum(PendingSum&& other) noexcept { *this = std::move(other); }

PendingSum& PendingSum::operator=(PendingSum&& other) noexcept {
  std::copy_n(other.request_, sizeof request_, request_);
  rank_ = other.rank_;
  pending_ = std::exchange(other.pending_, false);
  return *this;
}

bool PendingSum::test() {
  if (!pending_) return true;
  MPI_Request request;
  std::memcpy(&request, request_, sizeof request);
  int done = 0;
  check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test", rank_);
  std::memcpy(request_, &request, sizeof request);
  pending_ = done == 0;
  return !pending_;
}

void PendingSum::wait() {
  if (!pending_) return;
  MPI_Request request;
  std::memcpy(&request, request_, sizeof request);
  check(MPI_Wait(&request, MPI_STATUS_IGNORE), "MPI_Wait", rank_);
  pending_ = false;
}

int run_ranks(const std::function<int(Communicator&)>& body) {
  Communicator world;  // outside: an exception must find it alive
  try {
    set_num_threads(world.threads());
    return body(world);
  } catch (const std::exception& error) {
    world.abort(error.what());
  } catch (...) {
    world.abort("an exception that is no std::exception");
  }
}

#define XGRAD_INSTANTIATE(T)                                      \
  template void Communicator::broadcast(std::span<T>, int) const; \
  template void Communicator::sum(std::span<T>) const;            \
  template PendingSum Communicator::start_sum(std::span<const T>, std::span<T>) const;
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE
template void Communicator::broadcast(std::span<std::byte>, int) const;

}  // namespace xgrad::distributed
