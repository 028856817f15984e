#include "misuse.hpp"

namespace misuse {

std::vector<Misuse> conv() { return {}; }

}  // namespace misuse
