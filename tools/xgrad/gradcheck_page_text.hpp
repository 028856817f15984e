#pragma once
// The fixed parts of the page that `xgrad gradcheck --report` writes.

namespace xgrad::command {

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
