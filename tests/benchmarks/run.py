# SPDX-License-Identifier: Apache-2.0
"""Compares caudal with its peers in one run and prints a Markdown table.

CAUDAL_PEERS=FOLDER python tests/benchmarks/run.py [--rounds N] [BENCHMARK ...]

make_peers.sh makes the environments in FOLDER. Every contender is a process of its own; they take
turns, round by round, so that a busy machine disturbs all alike. A ratio is the median over rounds
of (time of the peer / time of caudal): above 1, caudal is faster. Checkpoints are written below the
current folder, or below CAUDAL_DISK.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

WORKERS = pathlib.Path(__file__).parent / "workers"
PEERS = pathlib.Path(os.environ.get("CAUDAL_PEERS", "build/peers"))
STEPS = {
    "scalar": "`sess.run(x + y)`, two fed scalars",
    "iris": "Iris step (4-4-3-3, 90 samples, SGD)",
    "lenet": "LeNet step (batch 50, Adam)",
    "tfnet": "tfnet step (3.3 M weights, batch 50, Adam)",
    "lstm": "dynamic LSTM step (28 steps, 128 units, batch 128, Adam)",
    "word2vec": "word2vec step (50,000 words, 128 wide, 64 sampled, batch 128, NCE, SGD)",
    "gan": "GAN step (100-128-784, 784-128-1, batch 128, two Adams)",
}
# Not every peer has one of these.
ONLY = {
    "scalar": ("caudal", "TF 2.21", "torch", "JAX"),
    "word2vec": ("caudal", "TF 2.21"),
    "gan": ("caudal", "TF 2.21", "torch", "torch.compile"),
}
PARTS = ("graphs", "checkpoints", "keras")
GRAPHS = (1000, 10000, 100000)
CHECKPOINTS = {
    "save": "save 1 GB of variables, onto the disk",
    "restore": "restore 1 GB of variables",
    "open": "open a checkpoint of 10,000 variables",
}
CONTENDERS = {
    "caudal": (sys.executable, "graph_worker.py", "caudal"),
    "TF 2.21": (PEERS / "tf2/bin/python", "graph_worker.py", "tensorflow"),
    "torch": (PEERS / "torch/bin/python", "torch_worker.py", "eager"),
    "torch.compile": (PEERS / "torch/bin/python", "torch_worker.py", "compile"),
    "JAX": (PEERS / "jax/bin/python", "jax_worker.py", "jit"),
}
KERAS_MODELS = {
    "mlp": "MLP 784-512-512-10 with dropout",
    "small": "MLP 784-128-10",
    "lenet": "LeNet",
}
# The loop over batches is written by hand, of placeholders and `session.run`.
KERAS = {
    "caudal": (sys.executable, "keras_worker.py", "caudal"),
    "loop": (sys.executable, "keras_worker.py", "loop"),
    "Keras 3, TF 2.21": (PEERS / "tf2/bin/python", "keras_worker.py", "tensorflow"),
    "Keras 3, torch": (PEERS / "torch/bin/python", "keras_worker.py", "torch"),
}
# "plain" writes and reads the same bytes without any format.
KEEPERS = {
    "caudal": (sys.executable, "checkpoint_worker.py", "caudal"),
    "plain": (sys.executable, "checkpoint_worker.py", "plain"),
    "TF 2.21": (PEERS / "tf2/bin/python", "checkpoint_worker.py", "tensorflow"),
    "TF 1.15": (PEERS / "tf1/bin/python", "checkpoint_worker.py", "tensorflow1"),
}


def command(name, *arguments, table=CONTENDERS):
    python, script, mode = table[name]
    return [str(python), str(WORKERS / script), mode, *map(str, arguments)]


class Worker:
    """One contender's process in one benchmark."""

    def __init__(self, arguments):
        self.process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.answer()

    def answer(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(self.process.stderr.read()[-2000:])

    def round(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def present(table=CONTENDERS):
    names = [n for n, (python, _, _) in table.items() if pathlib.Path(python).exists()]
    for name in table.keys() - set(names):
        print(f"{name} is missing: no {table[name][0]}", file=sys.stderr)
    return names


def measure(benchmark, commands, rounds):
    """{name: (median seconds, median ratio to caudal, peak bytes)}"""
    workers, times, peaks = {}, {}, {}
    for name, arguments in commands.items():
        try:
            workers[name] = Worker(arguments)
        except RuntimeError as error:
            print(f"{name} cannot run {benchmark}: {error}", file=sys.stderr)
    for index in range(rounds):
        order = list(workers) if index % 2 == 0 else list(workers)[::-1]
        for name in order:
            result = workers[name].round()
            times.setdefault(name, []).append(result["seconds"])
            peaks[name] = result["peak"]
    for worker in workers.values():
        worker.close()
    base = times["caudal"]
    return {
        name: (
            statistics.median(values),
            statistics.median(v / b for v, b in zip(values, base)),
            peaks[name],
        )
        for name, values in times.items()
    }


def duration(seconds):
    return f"{seconds * 1e6:.3g} us" if seconds < 1e-3 else f"{seconds * 1e3:.3g} ms"


def row(cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def table_head(names):
    row(["", *names])
    row(["---"] * (len(names) + 1))


def report_steps(chosen, names, rounds):
    table_head(names)
    for benchmark in chosen:
        takers = [n for n in names if n in ONLY.get(benchmark, names)]
        results = measure(benchmark, {n: command(n, benchmark) for n in takers}, rounds)
        cells = []
        for name in names:
            if name not in results:
                cells.append("-")
                continue
            seconds, ratio, _ = results[name]
            cells.append(duration(seconds) + ("" if name == "caudal" else f" ({ratio:.2f}x)"))
        row([STEPS[benchmark], *cells])
        if benchmark == "tfnet":
            peaks = [f"{results[n][2] / 2**20:.0f} MB" if n in results else "-" for n in names]
            row(["peak memory of tfnet training", *peaks])


def graph_times(name, nodes):
    done = subprocess.run(command(name, "graph", nodes), capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise RuntimeError(done.stderr[-2000:])
    result = json.loads(lines[-1])
    # Both count all nodes, those of the gradients too, per node in microseconds.
    return {k: result[k] / result["nodes"] * 1e6 for k in ("build", "gradients", "run")}


def report_graphs(names):
    names = [n for n in names if n in ("caudal", "TF 2.21")]
    print()
    row(["us per node: build / gradients / first run", *names])
    row(["---"] * (len(names) + 1))
    for nodes in GRAPHS:
        cells = []
        for name in names:
            try:
                t = graph_times(name, nodes)
                cells.append(f"{t['build']:.1f} / {t['gradients']:.1f} / {t['run']:.1f}")
            except RuntimeError as error:
                print(f"{name} cannot run a graph of {nodes}: {error}", file=sys.stderr)
                cells.append("fails")
        row([f"{nodes:,} forward nodes", *cells])


def report_checkpoints(rounds):
    names = present(KEEPERS)
    print()
    table_head(names)
    for benchmark, what in CHECKPOINTS.items():
        with tempfile.TemporaryDirectory(dir=os.environ.get("CAUDAL_DISK", ".")) as folder:
            commands = {
                n: command(n, benchmark, folder, table=KEEPERS)
                for n in names
                if (n, benchmark) != ("plain", "open")
            }
            results = measure(benchmark, commands, rounds)
        cells = []
        for name in names:
            seconds, ratio, _ = results.get(name, (0, 0, 0))
            shown = duration(seconds) + ("" if name == "caudal" else f" ({ratio:.2f}x)")
            cells.append(shown if seconds else "-")
        row([what, *cells])


def report_keras(rounds):
    names = present(KERAS)
    print()
    table_head(names)
    for what in ("fit", "predict"):
        for model, title in KERAS_MODELS.items():
            for size in (32, 128):
                benchmark = f"{model}-{size}-{what}"
                commands = {n: command(n, benchmark, table=KERAS) for n in names}
                results = measure(benchmark, commands, rounds)
                cells = []
                for name in names:
                    seconds, ratio, _ = results.get(name, (0, 0, 0))
                    shown = duration(seconds) + ("" if name == "caudal" else f" ({ratio:.2f}x)")
                    cells.append(shown if seconds else "-")
                row([f"`{what}`, {title}, a batch of {size}", *cells])


def processor():
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmarks", nargs="*", choices=[*STEPS, *PARTS, []])
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    chosen = arguments.benchmarks or [*STEPS, *PARTS]
    names = present()
    cores = len(os.sched_getaffinity(0))
    print(
        f"{datetime.date.today()}, {processor()}, {cores} cores, Python {platform.python_version()}"
    )
    print()
    steps = [b for b in STEPS if b in chosen]
    if steps:
        report_steps(steps, names, arguments.rounds)
    if "graphs" in chosen:
        report_graphs(names)
    if "checkpoints" in chosen:
        report_checkpoints(arguments.rounds)
    if "keras" in chosen:
        report_keras(arguments.rounds)


if __name__ == "__main__":
    main()
