#pragma once

namespace xgrad {

/// What an op did.
enum class OpPass { forward, backward, update };

/// While one lives, it hears of every op that this thread finishes, so that the time since the last
/// one was that op's: a profiler. Ops finish forward as their result is recorded (also where no
/// graph is), backward as their gradients have been passed on; optimizers and clipping, `update`.
/// When none lives this costs a comparison per op.
class OpListener {
 public:
  OpListener(const OpListener&) = delete;
  OpListener& operator=(const OpListener&) = delete;

  static void report(const char* op, OpPass pass) {
    if (current_ != nullptr) current_->finished(op, pass);
  }
  /// The innermost one; null if none lives.
  static OpListener* current() { return current_; }
  /// Whether that one is an OpTracer, which wants to hear of values, too.
  static bool tracing() { return current_ != nullptr && current_->traces_; }

 protected:
  explicit OpListener(bool traces = false) : outer_(current_), traces_(traces) { current_ = this; }
  virtual ~OpListener() { current_ = outer_; }
  /// `op` lives as long as the program.
  virtual void finished(const char* op, OpPass pass) = 0;

 private:
  OpListener* outer_;
  bool traces_;
  inline static thread_local OpListener* current_ = nullptr;
};

/// Reports an op when its block ends, by whichever return.
class ReportOp {
 public:
  ReportOp(const char* op, OpPass pass) : op_(op), pass_(pass) {}
  ~ReportOp() { OpListener::report(op_, pass_); }
  ReportOp(const ReportOp&) = delete;
  ReportOp& operator=(const ReportOp&) = delete;

 private:
  const char* op_;
  OpPass pass_;
};

}  // namespace xgrad
