#pragma once
// The results of `xgrad gradcheck` on standard output.

#include <string>

#include "tools/xgrad/gradcheck_result.hpp"

namespace xgrad::command {

/// The head of the table; `kind` is "op" or "model", `width` that of the first column.
void print_head(const std::string& kind, std::size_t width);
/// The item's row, and below it what is wrong.
void print_row(const CheckedItem& item, std::size_t width);
/// A line for each input of a model.
void print_inputs(const CheckedItem& item);
/// The error against the step, as a table and drawn.
void print_sweep(const CheckedItem& item);
void print_totals(const std::string& kind, const Totals& totals, double seconds);

/// The same for --json.
nlohmann::ordered_json inputs_json(const CheckedItem& item);
nlohmann::ordered_json sweep_json(const CheckedItem& item);

}  // namespace xgrad::command
