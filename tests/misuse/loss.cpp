#include "misuse.hpp"

namespace misuse {

std::vector<Misuse> loss() { return {}; }

}  // namespace misuse
