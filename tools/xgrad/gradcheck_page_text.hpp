#pragma once
// The fixed parts of the page that `xgrad gradcheck --report` writes.

namespace xgrad::command {

inline constexpr const char* page_style = R"(<style>
:root { color-scheme: light dark; --ink: #24292f; --pale: #57606a; --page: #ffffff; --line: #d8dee4;
  --code: #f6f8fa; --good: #1a7f37; --bad: #cf222e; --bad-page: #fff1f0; --link: #0969da }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --pale: #9198a1; --page: #0d1117;
  --line: #2a313c; --code: #161b22; --good: #4ac26b; --bad: #ff7b72; --bad-page: #2a1416;
  --link: #58a6ff } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1080px; padding: 1.5rem 1rem 4rem; background: var(--page);
  color: var(--ink); font: 16px/1.55 system-ui, sans-serif; overflow-wrap: break-word }
h1 { margin: 0; font-size: 1.7rem } h2 { margin: 2.2rem 0 .6rem; font-size: 1.25rem }
h3 { margin: 0; font-size: 1.1rem } p { margin: .6rem 0 } a { color: var(--link) }
.lead { max-width: 46rem } .pale { color: var(--pale); font-size: .875rem }
.good { color: var(--good) } .bad { color: var(--bad) } .good, .bad { font-weight: 600 }
.verdict { margin: .3rem 0 1rem; font-size: 1.15rem }
pre { margin: .6rem 0; padding: .6rem .8rem; border-radius: 6px; background: var(--code);
  font: 13px/1.5 ui-monospace, monospace; white-space: pre-wrap }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: .8rem;
  margin: 0 } .facts dt { color: var(--pale); font-size: .8125rem }
.facts dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums }
.index { columns: 9.5rem; padding: 0; list-style: none; font-size: .9375rem }
section { margin-top: 1.2rem; padding: 1rem 0; border-top: 1px solid var(--line) }
.two { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 26rem); gap: 0 1.5rem }
.two > *, .facts { min-width: 0 }
@media (max-width: 760px) { .two { grid-template-columns: minmax(0, 1fr) } }
figure { margin: 0 } figure svg { display: block; width: 100%; max-width: 27rem }
.diagnosis { margin: .6rem 0; padding: .5rem .8rem .5rem 1.6rem; border-left: 3px solid var(--bad);
  background: var(--bad-page) }
summary { margin-top: .6rem; cursor: pointer; color: var(--link) }
.wide { overflow-x: auto } table { border-collapse: collapse; margin: .5rem 0; font-size: .875rem }
caption { text-align: left; font-weight: 600; padding: .3rem 0 }
th, td { padding: .2rem .9rem .2rem 0; text-align: left; white-space: nowrap;
  border-bottom: 1px solid var(--line) } th { color: var(--pale); font-weight: 400 }
@media (max-width: 760px) { table { font-size: .8125rem } th, td { padding-right: .5rem }
  td:first-child { white-space: normal; min-width: 5.5rem } }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
</style>
)";

inline constexpr const char* page_lead =
    R"(<p class="lead">xgrad is a library for training small neural networks. Training needs derivatives,
and each operation of the library computes its own by a formula that somebody wrote down. On this page,
every formula is compared with derivatives that were measured.</p>
)";

inline constexpr const char* page_introduction =
    R"(<h2>What is checked here</h2>
<p>A network learns by following the <em>gradient</em> of its error: the derivatives by each of its
numbers. An operation's formula carries the gradient back from its output to its inputs. A mistake in it
crashes nothing; networks only learn worse, and nobody knows why.</p>
<p>A <em>gradient check</em> finds the mistake. It changes one input a little, by a step <i>h</i> up and
down, and looks how far the output moves: (f(x + h) − f(x − h)) / 2h is the derivative, found
<em>numerically</em>, without any formula. That is too slow for training, and just right for comparing
with the <em>analytic</em> derivative, that of the formula.</p>
)";

inline constexpr const char* page_on_ops =
    R"(<p>Each operation was run on samples, inputs of several shapes with several options. Both derivatives
of a randomly weighted sum of its outputs were computed in double precision, by every element of every
input, or along random directions where an input is large. The <em>float32 drift</em> is how far gradients
in single precision, which networks are trained with, are from those.</p>
)";

inline constexpr const char* page_on_models =
    R"(<p>Here, whole models were checked: from the loss back through all operations, and all steps of a
sequence, to every parameter and every input. Both derivatives were computed in double precision, by every
element of the small ones and along random directions of the large ones.</p>
)";

inline constexpr const char* page_on_errors =
    R"(<p>The <em>relative error</em> is the difference of the two in proportion to their size. It is not quite
zero, as numerical derivatives are not exact, but that of a right formula stays below the <em>bound</em>:
10<sup>−6</sup>, or 10<sup>−8</sup> for sums and products, whose numerical derivatives are exact but for
rounding. Wrong formulas mostly miss it by a factor of thousands. At <em>kinks</em>, such as relu’s at
zero, there are two derivatives, one to each side; the formula must give one of them, and the element is
counted apart.</p>
)";

inline constexpr const char* page_how_to_read =
    R"(<h2>How to read the curves</h2>
<div class="two"><div>
<p>Each curve shows how much the two derivatives differ (up) for steps of different lengths (across),
along one random direction through all inputs. Both axes are logarithmic.</p>
<p>If the formula is <span class="good">right</span>, the curve is a <b>V</b>. On its right side the step
is too long to tell the slope at a point from the slope nearby; with a step ten times shorter, this error
is a hundred times smaller. The exponent of that, 2, is the <em>order</em>. On its left side the step is
so short that the rounding of numbers to 16 digits takes over. Where nothing is curved to begin with, as
in sums, the right branch is missing; where long steps cross kinks, as with relu and max-pooling, it ends
in a cliff.</p>
<p>If the formula is <span class="bad">wrong</span>, no step helps: the curve runs level, at the height
of the mistake.</p>
<p>The dashed line is the bound. The check itself looks for a good step at each element and corrects for
its length, so its errors are smaller than those at the bottom of the V.</p>
</div><figure>)";

}  // namespace xgrad::command
