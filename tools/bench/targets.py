"""What tools/bench/compare measures, and what each row should reach."""

from collections import namedtuple

# Least ratios to libtorch in fp32: to tuned on one and on two threads, and to the tutorials' way.
Target = namedtuple("Target", "tuned_one tuned_two tutorials", defaults=(None, None, None))
Case = namedtuple("Case", "workload variant precision", defaults=("", "fp32"))

TARGETS = {
    Case("lenet_bn", "batch 64"): Target(1.8, 1.8, 3.5),
    Case("lenet_bn", "batch 256"): Target(1.8, 1.8, 3.5),
    Case("lenet_bn", "batch 16"): Target(1.8, 1.8, 3.3),
    Case("lenet_bn", "batch 1"): Target(2.5, 2.5, 4.5),
    Case("lenet_bn", "batch 64", "bf16"): Target(4, 4, 8),
    Case("lenet5", "batch 64"): Target(2, 2),
    Case("torchex", "batch 64"): Target(1.4, 1.4, 2),
    Case("lenet_bn_inference", "batch 1"): Target(2, 2),
    Case("lenet_bn_inference", "batch 256"): Target(1.2, 1.2),
    Case("charrnn_tanh_H128_T50_B32"): Target(2.2, 3),
    Case("charrnn_tanh_H256_T64_B32"): Target(1.8, 2.2),
    Case("charrnn_tanh_H512_T64_B64"): Target(1.5, 1.8),
    Case("charrnn_lstm_H128_T50_B32"): Target(2.3, 3),
    Case("charrnn_lstm_H256_T64_B32"): Target(2.2, 2.5),
    Case("charrnn_lstm_H256_T64_B32", "", "bf16"): Target(4, 4),
    Case("charrnn_lstm_H512_T64_B64"): Target(1.6, 1.8),
    Case("charrnn_gru_H128_T50_B32"): Target(2.3, 3),
    Case("charrnn_gru_H256_T64_B32"): Target(2.2, 2.5),
    Case("charrnn_gru_H512_T64_B64"): Target(1.6, 1.8),
    Case("memory"): Target(3),
    Case("size"): Target(5),
    Case("startup"): Target(3),
    Case("node"): Target(),
    Case("unrolled_cell"): Target(),
    Case("xor"): Target(),
}
# Too small for threads, or none of their business.
ONE_THREAD = {"memory", "size", "startup", "node", "unrolled_cell", "xor"}
# These have absolute targets: ns, us, us.
AT_MOST = {"node": 200, "unrolled_cell": 2, "xor": 3.5}
# Shares of the floor to be reached in fp32, by how a row's name begins.
FLOOR_TARGETS = {"lenet_bn batch 64": 0.80, "charrnn": 0.75}
# How far losses may be apart, relative above 1. In bf16 a number has 8 significant bits, so that
# rounding moves it by up to 2^-8 of itself. A product's thousand roundings are of either sign and
# mostly cancel: what is left in a loss must not be more than the rounding of one number.
LOSS_AGREEMENT = {"fp32": 1e-4, "bf16": 2.0**-8}


def name_of(case):
    """As the tables have it: "lenet_bn batch 64, bf16"."""
    name = f"{case.workload} {case.variant}".strip()
    if case.precision == "fp32":
        return name
    return f"{name}{',' if case.variant else ''} {case.precision}"


def tuned_target(case, threads):
    target = TARGETS[case]
    return target.tuned_one if threads == 1 else target.tuned_two


def floor_target(case):
    if case.precision != "fp32":
        return None
    return next((share for start, share in FLOOR_TARGETS.items()
                 if name_of(case).startswith(start)
                 and name_of(case)[len(start):][:1] in ("", "_")), None)


def misses(case, row):
    """What the row should reach and does not, in words."""
    found = []
    for name, target in (("tuned", tuned_target(case, row["threads"])),
                         ("tutorials", TARGETS[case].tutorials)):
        if target and name in row["ratios"] and row["ratios"][name] < target:
            found.append(f"{row['ratios'][name]:.2f} × {name}, not {target}")
    limit, ours = AT_MOST.get(case.workload), row["medians"]["xgrad"]
    if limit and ours > limit:
        found.append(f"{ours:.4g} {row['unit']}, not {limit}")
    share = floor_target(case)
    if share and row["floor_share"] and row["floor_share"] < share:
        found.append(f"{row['floor_share']:.0%} of the floor, not {share:.0%}")
    if differs(case, row):
        found.append(f"losses differ by {row['loss_disagreement']:.1e}")
    return found


def differs(case, row):
    """True if the losses are not those of the same work."""
    return (row["loss_disagreement"] or 0) > LOSS_AGREEMENT[case.precision]
