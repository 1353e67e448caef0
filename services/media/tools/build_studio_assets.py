"""Rebuilds the studio's packaged fonts, icons, spot illustrations and map from their npm packages.

Only needed when a new version of one of them is wanted; the results are part of the repository. Install the npm
packages named in ``PACKAGES`` and the Python packages fonttools and brotli, then run::

    python build_studio_assets.py path/to/node_modules path/to/ytempire/media/studio
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path

PACKAGES = (
    "@fontsource-variable/archivo@5.3.0",
    "@fontsource-variable/fraunces@5.3.0",
    "@fontsource-variable/bricolage-grotesque@5.3.0",
    "@fontsource-variable/hanken-grotesk@5.3.0",
    "@fontsource/jetbrains-mono@5.3.0",
    "@phosphor-icons/core@2.1.1",
    "@iconify-json/fluent-emoji-flat@1.2.6",
    "emojilib@4.0.3",
    "world-atlas@2.0.2",
)
FONTS = {
    "archivo": "@fontsource-variable/archivo/files/archivo-{s}-standard-normal.woff2",
    "fraunces": "@fontsource-variable/fraunces/files/fraunces-{s}-standard-normal.woff2",
    "fraunces-italic": "@fontsource-variable/fraunces/files/fraunces-{s}-standard-italic.woff2",
    "bricolage": "@fontsource-variable/bricolage-grotesque/files/bricolage-grotesque-{s}-standard-normal.woff2",
    "hanken": "@fontsource-variable/hanken-grotesk/files/hanken-grotesk-{s}-wght-normal.woff2",
    "jetbrains-mono": "@fontsource/jetbrains-mono/files/jetbrains-mono-{s}-500-normal.woff2",
}
GRID = 50
"""Map coordinates are stored as whole 1/50 degrees."""


def _write(path: Path, value: object) -> None:
    raw = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    path.write_bytes(gzip.compress(raw, 9, mtime=0))
    print(path.name, len(raw), path.stat().st_size)


def fonts(modules: Path, out: Path) -> None:
    from fontTools.ttLib import TTFont

    for name, pattern in FONTS.items():
        for subset, suffix in (("latin", ""), ("latin-ext", "-ext")):
            font = TTFont(modules / pattern.format(s=subset))
            font.flavor = None
            font.save(out / f"{name}{suffix}.ttf")
        licence = modules / "/".join(pattern.split("/")[:2]) / "LICENSE"
        (out / f"OFL-{pattern.split('/')[1]}.txt").write_text(licence.read_text("utf-8").strip() + "\n", "utf-8")


def spots(modules: Path, out: Path) -> None:
    icons = json.loads((modules / "@iconify-json/fluent-emoji-flat/icons.json").read_text("utf-8"))["icons"]
    library = json.loads((modules / "emojilib/dist/emoji-en-US.json").read_text("utf-8"))
    tags = {words[0].replace("_", "-"): [w.replace("_", " ") for w in words[1:]] for words in library.values()}
    tone = re.compile(r"-(light|medium-light|medium|medium-dark|dark)$")
    kept = {
        name: [icon["body"], tags.get(name, [])]
        for name, icon in icons.items()
        if not tone.search(name) and "gradient" not in icon["body"].lower()
    }
    _write(out / "spots.json.gz", kept)


def icons(modules: Path, out: Path) -> None:
    index = (modules / "@phosphor-icons/core/dist/index.mjs").read_text("utf-8")
    tags: dict[str, list[str]] = {}
    for block in re.finditer(r'name: "([^"]+)".*?tags: \[(.*?)\]', index, re.S):
        tags[block[1]] = [t for t in re.findall(r'"([^"]+)"', block[2]) if not t.startswith("*")]
    kept = {}
    for path in sorted((modules / "@phosphor-icons/core/assets/duotone").glob("*.svg")):
        name = path.stem.removesuffix("-duotone")
        if name.endswith("-logo"):
            continue
        body = re.sub(r"^<svg[^>]*>|</svg>$", "", path.read_text("utf-8").strip())
        soft = re.findall(r'<[^>]*opacity="0\.2"[^>]*/>', body)
        hard = body
        for shape in soft:
            hard = hard.replace(shape, "")
        kept[name] = ["".join(soft).replace(' opacity="0.2"', ""), hard, tags.get(name, [])]
    _write(out / "icons.json.gz", kept)


def land(modules: Path, out: Path) -> None:
    atlas = json.loads((modules / "world-atlas/countries-50m.json").read_text("utf-8"))
    (sx, sy), (tx, ty) = atlas["transform"]["scale"], atlas["transform"]["translate"]
    arcs = []
    for arc in atlas["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((round((x * sx + tx) * GRID), round((y * sy + ty) * GRID)))
        arcs.append(points)

    def ring(ids: list[int]) -> list[int]:
        points: list[tuple[int, int]] = []
        for i in ids:
            part = arcs[i] if i >= 0 else arcs[~i][::-1]
            points += part[1:] if points else part
        flat, last = [], (0, 0)
        for p in dict.fromkeys(points):
            flat += [p[0] - last[0], p[1] - last[1]]
            last = p
        return flat

    countries: dict[str, list[list[int]]] = {}
    for geometry in atlas["objects"]["countries"]["geometries"]:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        rings = [ring(polygon[0]) for polygon in polygons]
        countries[geometry["properties"]["name"]] = [r for r in rings if len(r) >= 10]
    _write(out / "land.json.gz", countries)


if __name__ == "__main__":
    source, studio = Path(sys.argv[1]), Path(sys.argv[2])
    fonts(source, studio / "fonts")
    spots(source, studio / "data")
    icons(source, studio / "data")
    land(source, studio / "data")
