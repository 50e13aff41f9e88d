"""Runs the code cells of a notebook in this process, one after the other: run-notebook.py NOTEBOOK NAME=VALUE...

It has no kernel: it executes the source of the cells, which is plain Python. After the last cell it stays, as a kernel does, until
its input is closed. NAME=VALUE replaces the value of an assignment
at the start of a line, such as PORT=9000 for `PORT = 8080`.
"""

import json
import re
import sys

path, *settings = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    cells = ["".join(cell["source"]) for cell in json.load(file)["cells"] if cell["cell_type"] == "code"]
for setting in settings:
    name, value = setting.split("=", 1)
    pattern = re.compile(rf"^{name} = [^#\n]*", re.MULTILINE)
    if not any(pattern.search(cell) for cell in cells):
        sys.exit(f"no cell sets {name}")
    cells = [pattern.sub(f"{name} = {value}  ", cell) for cell in cells]
variables = {"__name__": "__main__"}
for number, cell in enumerate(cells, 1):
    print(f"[{number}]", flush=True)
    exec(compile(cell, f"cell {number}", "exec"), variables)
sys.stdin.read()
