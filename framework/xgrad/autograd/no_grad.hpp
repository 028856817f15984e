#pragma once

namespace xgrad {

/// While it lives, this thread records no graph: results are constants, and nothing is saved.
class NoGrad {
 public:
  NoGrad() : before_(enabled_) { enabled_ = false; }
  ~NoGrad() { enabled_ = before_; }
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

  static bool recording() { return enabled_; }

 private:
  friend class RecordingAs;
  bool before_;
  inline static thread_local bool enabled_ = true;
};

/// While it lives, this thread records or not, whatever was the case before: for what is computed
/// later than it was asked for.
class RecordingAs {
 public:
  explicit RecordingAs(bool on) : before_(NoGrad::enabled_) { NoGrad::enabled_ = on; }
  ~RecordingAs() { NoGrad::enabled_ = before_; }
  RecordingAs(const RecordingAs&) = delete;
  RecordingAs& operator=(const RecordingAs&) = delete;

 private:
  bool before_;
};

/// While it lives, every value and gradient that this thread's graph computes is checked: the first
/// one with a NaN or infinity throws NumericError naming the op. Slow: for finding a fault.
class DetectAnomaly {
 public:
  DetectAnomaly() : before_(enabled_) { enabled_ = true; }
  ~DetectAnomaly() { enabled_ = before_; }
  DetectAnomaly(const DetectAnomaly&) = delete;
  DetectAnomaly& operator=(const DetectAnomaly&) = delete;

  static bool enabled() { return enabled_; }

 private:
  bool before_;
  inline static thread_local bool enabled_ = false;
};

}  // namespace xgrad
