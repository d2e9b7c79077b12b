"""Builds the documentation site in build/site: English, Chinese below zh/, and the browser page as a live demo.

    python scripts/make_site.py [MODEL ...] [--output build/site]

Without model folders the demo has the model that `make demo` trains. Where that is missing the site is built all the
same; the demo's page then says how to get the model, and so does this program. The site asks nothing of the network
when it is read. It is checked while it is built: a link that leads nowhere or an equation that cannot be shown ends
the build.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomlkit

import web
from site_pages import Pages, navigation

ROOT = Path(__file__).parents[1]
PARTS, BUILD = ROOT / "docs" / "site", ROOT / "build"
MODEL = ROOT / "demo" / "model"
EXPORTED = BUILD / "demo-model" / "english-words"
WORD = "?text=knowledgeable"
"""What the demo begins with, where it has the model of `make demo`."""
FRAME = '<iframe class="demo" src="{path}" title="{title}"></iframe>'
TITLES = {"en": "The demo", "zh": "演示"}
MISSING = {
    "en": """!!! warning "This copy of the site has no model"

    The demo needs the model that `make demo` trains, in a few minutes. It was not there when this site was built.
    To add it, run in the repository:

    ```bash
    make demo
    make site
    ```
""",
    "zh": """!!! warning "本站的这一份没有模型"

    演示需要 `make demo` 训练的模型（只需几分钟）。构建本站时没有找到它。要加上它，请在仓库中运行：

    ```bash
    make demo
    make site
    ```
""",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL", help="exported model folders for the demo")
    parser.add_argument("--output", type=Path, default=BUILD / "site")
    given = parser.parse_args()
    try:
        models = given.models or demo_model()
        build(models, given.output)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"\n{given.output} is ready for any host of static files; to read it here:")
    print(f"    python -m http.server --directory {given.output}")
    if not models:
        print(f"\nThe live demo has NO MODEL, because {MODEL.relative_to(ROOT)} does not exist.")
        print("To have it in the site: make demo (a few minutes), then make site again.")
    return 0


def demo_model() -> list[Path]:
    """The model of `make demo` with its graph, which is exported once; empty where there is no such model."""
    manifest = MODEL / "manifest.json"
    if not manifest.is_file():
        return []
    remembered = EXPORTED.parent / "manifest.json"
    if not remembered.is_file() or remembered.read_bytes() != manifest.read_bytes():
        shutil.rmtree(EXPORTED.parent, ignore_errors=True)
        EXPORTED.parent.mkdir(parents=True)
        command = [sys.executable, "-m", "seqloom", "export", str(MODEL), "--output", str(EXPORTED)]
        subprocess.run(command, check=True)
        shutil.copy(manifest, remembered)
    return [EXPORTED]


def build(models: Sequence[Path], output: Path) -> None:
    """Builds both languages beside the output, puts them together, and replaces what an earlier build left."""
    katex = web.installed("katex", PARTS / "package.json", BUILD / "npm-site")
    work = output.with_name(f"{output.name}-work")
    shutil.rmtree(work, ignore_errors=True)
    english, chinese = (built(language, katex, models, work / language) for language in ("en", "zh"))
    shutil.rmtree(english / "zh", ignore_errors=True)
    chinese.rename(english / "zh")
    node = shutil.which("node")
    if node is None:
        raise FileNotFoundError("Node.js must be installed to render the equations")
    subprocess.run([node, str(PARTS / "equations.mjs"), str(katex), str(english)], check=True)
    shorten_search(english / "search.json")
    if models:
        web.build(models, english / "live", web.runtime())
    shutil.rmtree(output, ignore_errors=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    english.rename(output)
    shutil.rmtree(work)


def shorten_search(index: Path) -> None:
    """Lets search find the parts of the package by name, and settings by what they do.

    The texts of a thousand classes and methods would otherwise stand before the guides, whatever is looked for.
    """
    found = json.loads(index.read_text(encoding="utf-8"))
    for item in found["items"]:
        if item["location"].startswith("reference/modules/") and not item["title"].endswith("Config"):
            item["text"] = ""
    index.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


def built(language: str, katex: Path, models: Sequence[Path], work: Path) -> Path:
    """The folder of the site in one language."""
    settings: dict[str, Any] = tomlkit.parse((PARTS / "zensical.toml").read_text(encoding="utf-8")).unwrap()
    sections = settings.pop("section")
    path = "live/index.html" if language == "en" else "../live/index.html"
    path += WORD if EXPORTED in models else ""
    frame = FRAME.format(path=path, title=TITLES[language])
    pages = Pages(language, demo=frame if models else MISSING[language])
    project = settings["project"]
    project["nav"] = navigation(pages, sections)
    project["theme"]["language"] = language
    if language == "zh":
        for entry in project["extra"]["alternate"]:
            entry["link"] = f".{entry['link']}" if entry["lang"] == "en" else "./"
    pages.write(work / "docs")
    assets = work / "docs" / "assets"
    (assets / "katex").mkdir(parents=True, exist_ok=True)
    shutil.copy(katex / "dist" / "katex.min.css", assets / "katex")
    shutil.copytree(
        katex / "dist" / "fonts", assets / "katex" / "fonts", ignore=shutil.ignore_patterns("*.ttf", "*.woff")
    )
    for name in ("site.css", "site.js", "favicon.svg"):
        shutil.copy(PARTS / name, assets)
    (work / "zensical.toml").write_text(tomlkit.dumps(settings), encoding="utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(work / "zensical.toml")]
    subprocess.run(command, check=True, cwd=work)
    return work / "site"


if __name__ == "__main__":
    sys.exit(main())
