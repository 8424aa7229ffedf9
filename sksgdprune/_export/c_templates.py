"""The C of an exported network, as templates with $names."""

from string import Template

FILE = Template("""\
/* A multilayer perceptron, written by sksgdprune with dtype="$dtype".
 *
 * void ${name}_predict(const $real *x, $real *y)
 *   x[$n_features]: features, finite, as the estimator takes them$features
 *   y[$n_outputs]: $meaning$labels
 *   x and y must not overlap.
$of_class *
 * Only y is written: several threads may call it at once. Link with -lm.
 *
 * The functions of the layers:
$about *
 * Constants take $n_bytes bytes, arrays on the stack $n_stack.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>

void ${name}_predict(const $real *x, $real *y);
$declared
$stages
$end""")

OF_CLASS = Template("""\
 * int ${name}_class(const $real *x)
 *   returns the number of the most probable class (of equals the first).
""")

TABLE = Template("""\
    static const $type $name[$size] = {
$values
    };
""")

INPUTS = Template("""\
static void ${name}_$function(const $real *x, $real *y)
{
$tables    for (size_t i = 0; i < $n_out; i++) {
        $real z = x[$source];
$changes        y[i] = z;
    }
}
""")

DENSE = Template("""\
static void ${name}_$function(const $real *x, $real *y)
{
$tables    const $weight *w = weights;
    for (size_t unit = 0; unit < $n_out; unit++) {
        $real z = 0;
        for (size_t i = 0; i < $n_in; i++)
            z += $cast*w++ * x[i];
        ${scaled}z += biases[unit];
        y[unit] = $value;
    }
}
""")

# The weights of a unit lie one after another, each with the step to its input from that of the one
# before.
SPARSE = Template("""\
static void ${name}_$function(const $real *x, $real *y)
{
$tables    const $weight *w = weights;
    const $step *step = steps;
    for (size_t unit = 0; unit < $n_out; unit++) {
        const $real *input = x;
        $real z = 0;
        for (size_t left = counts[unit]; left > 0; left--) {
            input += *step++;
            z += $cast*w++ * *input;
        }
        ${scaled}z += biases[unit];
        y[unit] = $value;
    }
}
""")

FORWARD = Template("""\
${static}void ${name}_$function(const $real *x, $real *y)
{
$calls
}
""")

CLASS_DECLARED = Template("""\
int ${name}_class(const $real *x);
""")

SOFTMAX = Template("""\
void ${name}_predict(const $real *x, $real *y)
{
    $real most, sum = 0;
    ${name}_outputs(x, y);
    most = y[0];
    for (size_t i = 1; i < $n_outputs; i++)
        most = y[i] > most ? y[i] : most;
    for (size_t i = 0; i < $n_outputs; i++) {
        y[i] = exp$f(y[i] - most);
        sum += y[i];
    }
    for (size_t i = 0; i < $n_outputs; i++)
        y[i] /= sum;
}

int ${name}_class(const $real *x)
{
    $real y[$n_outputs];
    size_t best = 0;
    ${name}_outputs(x, y);
    for (size_t i = 1; i < $n_outputs; i++)
        best = y[i] > y[best] ? i : best;
    return (int)best;
}
""")
