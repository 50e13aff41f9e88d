"""A training run that is limited by time and can be stopped and continued: clock, schedule, averages, log and state."""

import csv
import math
import os
import time

import torch


def add_arguments(parser):
    parser.add_argument("out", help="folder for state, log and checkpoint; an existing run is continued")
    parser.add_argument(
        "--minutes",
        type=float,
        required=True,
        help="computing time of the whole run; the learning rate falls to zero at its end",
    )
    parser.add_argument("--slice", type=float, default=math.inf, help="maximum minutes of this call")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=float, default=120, help="seconds")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--steps", type=int, default=None, help="stop this call after this number of steps")
    parser.add_argument("--pause-file", default=None, help="the run pauses while this file exists")


def set_up(args):
    """Returns the device. On a CPU it uses one thread, or OMP_NUM_THREADS."""
    torch.manual_seed(args.seed)
    if torch.cuda.is_available():
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.benchmark = True
        return "cuda"
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    return "cpu"


class Run:
    def __init__(self, args, name):
        self.args, self.name, self.step, self.spent, self.began = args, name, 0, 0.0, time.time()
        os.makedirs(args.out, exist_ok=True)
        self.path, self.saved, self.tick, self.first = f"{args.out}/{name}.state.pt", time.time(), time.time(), None
        self.state = torch.load(self.path, map_location="cpu") if os.path.exists(self.path) else None
        if self.state:
            self.step, self.spent = self.state["step"], self.state["spent"]
        self.log = open(f"{args.out}/{name}.csv", "a", newline="")
        self._wait()

    def _wait(self):
        while self.args.pause_file and os.path.exists(self.args.pause_file):
            time.sleep(2)

    @property
    def done(self):
        """The completed part of the run, 0..1."""
        return min(1.0, self.spent / (self.args.minutes * 60))

    def going(self):
        """Call it before each step. It counts the time, and waits while the pause file exists."""
        now = time.time()
        if self.first is None:
            self.first = (self.step, now)
        else:
            self.spent += now - self.tick
        self._wait()
        self.tick = time.time()
        enough = self.args.steps is not None and self.step - self.first[0] >= self.args.steps
        return self.done < 1 and self.tick - self.began < self.args.slice * 60 and not enough

    def rate(self, warm=100, cool=0.35):
        """The relative learning rate: it rises over `warm` steps, and falls to zero over the last part `cool` of the
        time.
        """
        return min(1.0, (self.step + 1) / warm) * min(1.0, (1 - self.done) / cool + 0.005)

    def row(self, **values):
        values = {"step": self.step, "seconds": round(self.spent, 1), **{k: f"{v:.5g}" for k, v in values.items()}}
        if self.log.tell() == 0:
            csv.writer(self.log).writerow(values)
        csv.writer(self.log).writerow(values.values())
        self.log.flush()
        print(" ".join(f"{k} {v}" for k, v in values.items()), flush=True)

    def save(self, state, force=False):
        """Writes `state()` atomically, if it is time to."""
        if not force and time.time() - self.saved < self.args.save_every:
            return False
        torch.save({**state(), "step": self.step, "spent": self.spent}, self.path + ".new")
        os.replace(self.path + ".new", self.path)
        self.saved = time.time()
        return True


class Average:
    """Exponential averages of parameters, which are the result of a run. The horizon grows to `horizon` steps."""

    def __init__(self, params, horizon=1500):
        self.params, self.horizon = list(params), horizon
        self.values = [p.detach().clone() for p in self.params]

    @torch.no_grad()
    def update(self, step):
        torch._foreach_lerp_(self.values, [p.detach() for p in self.params], max(1 / self.horizon, 5 / (step + 10)))

    def state_of(self, module):
        """The state dict of a module with the averages in place of the parameters."""
        at = {id(p): v for p, v in zip(self.params, self.values)}
        return {n: at.get(id(v), v.detach()) for n, v in module.state_dict(keep_vars=True).items()}
