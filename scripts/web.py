"""Puts the page together: web/, ONNX Runtime for browsers from npm, and model folders, for any host of static files.

    python scripts/web.py [MODEL ...] [--output build/web]

Of a model folder only what the page reads is copied: manifest, configuration, tokenizers, lexicons, graphs. The folder
that is written holds nothing else and may be copied anywhere.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE, PACKAGES = ROOT / "web", ROOT / "build" / "npm"
RUNTIME = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
GRAPHS = ("model.onnx", "model.int8.onnx")
TOKENIZERS = ("tokenizer.json", "tokenizer.source.json", "tokenizer.target.json")
LISTS = ("shortlist.safetensors", "exceptions.jsonl", "memory.jsonl", "confidence.json")
READ = ("manifest.json", "config.toml", *TOKENIZERS, *LISTS, *GRAPHS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL", help="model folders to put beside the page")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "web")
    given = parser.parse_args()
    try:
        build(given.models, given.output, runtime())
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    sizes = {path.relative_to(given.output): path.stat().st_size for path in given.output.rglob("*") if path.is_file()}
    for path, size in sorted(sizes.items()):
        print(f"{size:>12,}  {path}")
    print(f"\n{given.output} is ready for any host of static files; to try it here:")
    print(f"    python -m http.server --directory {given.output}")
    return 0


def runtime() -> Path:
    """The folder of ONNX Runtime's files; what web/package.json names is installed once into build/npm."""
    return installed("onnxruntime-web", PAGE / "package.json", PACKAGES) / "dist"


def installed(name: str, manifest: Path, folder: Path) -> Path:
    """The folder of a package from npm, in the version that a manifest names, installed once into `folder`."""
    wanted = json.loads(manifest.read_text())["dependencies"][name]
    package = folder / "node_modules" / name
    found = package / "package.json"
    if not found.is_file() or json.loads(found.read_text())["version"] != wanted:
        npm = shutil.which("npm")
        if npm is None:
            raise FileNotFoundError(f"npm must be installed to fetch {name}")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(manifest, folder)
        command = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
        command.append("--loglevel=error")
        if subprocess.run(command, check=False).returncode:
            raise OSError(f"npm could not install {name} {wanted}")
    return package


def build(models: Sequence[Path], output: Path, runtime: Path) -> None:
    """Writes the page, the runtime and the models; what an earlier build put there is replaced."""
    names = [model.resolve().name for model in models]
    if len(set(names)) != len(names):
        raise ValueError(f"model folders must have different names, not {', '.join(sorted(names))}")
    for model in models:
        if not any((model / graph).is_file() for graph in GRAPHS):
            raise FileNotFoundError(f"{model} must hold {' or '.join(GRAPHS)} (hint: seqloom export {model})")
    shutil.copytree(PAGE, output, dirs_exist_ok=True, ignore=shutil.ignore_patterns("package.json"))
    (output / "ort").mkdir(exist_ok=True)
    for file in RUNTIME:
        shutil.copy(runtime / file, output / "ort")
    shutil.rmtree(output / "models", ignore_errors=True)
    listed = []
    for name, model in zip(names, models, strict=True):
        folder = output / "models" / name
        folder.mkdir(parents=True)
        for file in READ:
            if (model / file).is_file():
                shutil.copy(model / file, folder)
        graphs = [graph for graph in GRAPHS if (folder / graph).is_file()]
        listed.append({"name": name, "folder": f"models/{name}", "graphs": graphs})
    (output / "models.json").write_text(json.dumps(listed, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
