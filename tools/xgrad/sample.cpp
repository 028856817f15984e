// xgrad sample: lets a trained character model write.

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/train/interrupt.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/number_option.hpp"
#include "tools/xgrad/run_folder.hpp"
#include "tools/xgrad/sampler.hpp"
#include "tools/xgrad/text_run.hpp"

namespace xgrad::command {
namespace {

struct SampleOptions {
  std::string run{};
  std::string prime{};
  Index length = 500;
  models::SamplingOptions sampling{.temperature = 0.8};
};

int run(const SampleOptions& options, const CommonOptions& common) {
  const nlohmann::json json = load_config(options.run);
  if (json.at("kind") != TextRunConfig::kind)
    throw ValueError(
        fmt::format("{} holds a run of kind \"{}\", which cannot write: give one of "
                    "xgrad train chars",
                    options.run, json.at("kind").get<std::string>()));
  const TextRunConfig config = read_config<TextRunConfig>(options.run, json, text_run_config);
  const auto model = make_model(config);
  load_weights(options.run, *model);

  Sampler sampler(*model, config.vocabulary, options.sampling,
                  random_stream(RandomPurpose::sampling));
  sampler.prime(options.prime);
  const train::CatchInterrupt interrupt;
  std::string text = options.prime;
  if (!common.json) write_output(options.prime);
  for (Index i = 0; i < options.length && !interrupt.requested(); ++i) {
    const std::string character = sampler.next();
    text += character;
    if (!common.json) write_output(character);
  }
  if (common.json)
    print_json({{"text", text}, {"length", options.length}, {"seed", common.seed}});
  else
    write_output("\n");
  return interrupt.requested() ? 128 + interrupt.signal() : 0;
}

}  // namespace

void add_sample(CLI::App& app, Session& session) {
  const auto options = std::make_shared<SampleOptions>();
  CLI::App* const verb =
      add_verb(app, session, "sample", "Let a trained character model write",
               [options](const CommonOptions& common) { return run(*options, common); });
  verb->add_option("run", options->run, "Folder that train chars --out wrote")
      ->required()
      ->type_name("RUN");
  verb->add_option("--prime", options->prime, "Text to go on from")->type_name("TEXT");
  verb->add_option("--length", options->length, "Characters to write (default: 500)")
      ->check(CLI::Range(0, 1'000'000'000));
  verb->add_option("--temperature", options->sampling.temperature,
                   "Below 1 bolder, above 1 wilder, 0 always the likeliest (default: 0.8)")
      ->check(from_zero_on());
  verb->add_option("--top-k", options->sampling.top_k, "Choose among the K likeliest; 0: all")
      ->type_name("K")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--top-p", options->sampling.top_p,
                   "Choose among the likeliest that together have probability P (default: 1)")
      ->type_name("P")
      ->check(above_zero_up_to(1));
}

}  // namespace xgrad::command
