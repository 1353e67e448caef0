"""One scene of every template, for people to look at and for the tests to draw: short, usual and long texts."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from ytempire.media.studio.abstract import FIGURES
from ytempire.media.studio.kit import KITS, Kit, kit_for
from ytempire.media.studio.sprite import Canvas
from ytempire.media.studio.stage import build
from ytempire.media.studio.still import rgb
from ytempire.media.studio.storyboard import Item, Number, Scene

_LONG = "A very long sentence about *something complicated* that nobody would ever want to read in one go"


def _scene(template: str, ground: str, **fields: object) -> Scene:
    given = {
        "template": template,
        "start": 0,
        "frames": 150,
        "ground": ground,
        "motif": "arcs",
        "chapter": 0,
        "seed": 3,
    }
    return Scene.model_validate({**given, **fields})


def _items(*rows: tuple[str, str, int]) -> tuple[Item, ...]:
    return tuple(Item(label=label, picture=picture, at=at) for label, picture, at in rows)


def scenes() -> list[Scene]:
    """A usual scene of every template, and every procedural set."""
    source = "Marc Levinson, The Box (2006)"
    dollars = [Number(value=v, decimals=2, prefix="$") for v in (5.86, 0.16)]
    teu = {1980: 36, 1990: 88, 1995: 145, 2000: 225, 2005: 400, 2010: 545, 2015: 690, 2020: 798}
    stops = (
        ("Factory", "factory", 16),
        ("Truck", "truck", 40),
        ("Crane", "crane-tower", 64),
        ("Shop", "storefront", 88),
    )
    events = (
        ("1956", "Ideal X leaves Newark"),
        ("1966", "First box ship crosses the Atlantic"),
        ("1968", "One size for all"),
    )
    sets = [
        _scene(
            "scenic", "night", title="24,000 boxes and a crew of *two dozen*", kicker="At sea", picture=f"set:{name}"
        )
        for name in ("sea", "hills", "skyline", "field", "space", "network", "blocks")
    ]
    return [
        _scene(
            "hook",
            "night",
            title="A steel box made *the world* smaller",
            kicker="How the box won",
            picture="set:blocks",
        ),
        _scene(
            "hook",
            "night",
            title="Your brain is busiest when *you sleep*",
            picture="brain",
            extras=("zzz", "full-moon"),
        ),
        _scene("chapter", "brand", title="The standard", chapter=1),
        _scene(
            "number",
            "paper",
            kicker="About",
            number=Number(value=90, suffix="%"),
            picture="ship",
            body="of everything you own came to you *by sea*",
            source=source,
        ),
        _scene(
            "number",
            "night",
            title="The largest ships carry",
            number=Number(value=24000),
            picture="ship",
            body="boxes with a crew of *two dozen*",
        ),
        _scene(
            "dial",
            "brand",
            body="of all cargo travels *in a box*",
            number=Number(value=34, suffix="%"),
            picture="package",
        ),
        _scene(
            "bars",
            "night",
            title="Loading one ton *of cargo*",
            kicker="US$ per ton",
            source=source,
            number=Number(value=36, suffix="×"),
            body="less",
            items=(
                Item(label="By hand", number=dollars[0], picture="hand-palm"),
                Item(label="By box", number=dollars[1], picture="shipping-container", at=50),
            ),
        ),
        _scene(
            "line",
            "paper",
            title="Boxes moved *in a year*",
            unit="million containers",
            items=tuple(Item(label=str(y), number=Number(value=v)) for y, v in teu.items()),
        ),
        _scene(
            "timeline",
            "night",
            title="Twelve years to *one size*",
            frames=200,
            items=tuple(Item(label=y, detail=d, picture="ship", at=14 + 60 * i) for i, (y, d) in enumerate(events)),
        ),
        _scene("process", "paper", title="One box, *four stops*", items=_items(*stops)),
        _scene(
            "versus",
            "paper",
            items=(
                Item(
                    label="Break bulk",
                    detail="A hundred dockers and a week in port",
                    number=dollars[0],
                    picture="construction-worker",
                ),
                Item(label="The box", picture="package", number=dollars[1], detail="A dozen people and one day", at=40),
            ),
            unit="per ton",
        ),
        _scene(
            "list",
            "brand",
            title="Three costs that *simply vanished*",
            picture="package",
            items=_items(("Theft", "lock-key", 16), ("Waiting", "hourglass", 40), ("Breakage", "package", 64)),
        ),
        _scene(
            "trio",
            "paper",
            title="Three things that *steal* your deep sleep",
            items=_items(
                ("Coffee after two", "hot-beverage", 12),
                ("Blue light", "mobile-phone", 30),
                ("A nightcap", "beer-mug", 48),
            ),
        ),
        _scene(
            "spot",
            "night",
            title="Your brain takes out *its own trash*",
            body="Fluid washes waste out between the cells.",
            picture="brain",
            extras=("battery", "crescent-moon", "zzz"),
        ),
        _scene("quote", "paper", title="A ship earns money only when *she is at sea*", body="Malcom McLean"),
        _scene("question", "paper", title="So what happens if you *stop sleeping?*"),
        _scene(
            "kinetic",
            "brand",
            items=_items(("Sleep", "", 0), ("is not", "", 30), ("rest", "", 60)),
            captions=False,
            hud=False,
        ),
        _scene(
            "map",
            "night",
            title="The most travelled road *is water*",
            items=_items(("Shanghai", "", 16), ("Singapore", "", 50), ("Rotterdam", "", 90)),
        ),
        _scene(
            "step",
            "paper",
            title="Weigh 18 g of *fresh beans*",
            number=Number(value=2),
            unit="6",
            picture="balance-scale",
        ),
        *[
            _scene("statement", g, title="That is *not the point* of it", picture=name)
            for g, name in zip(("night", "paper", "brand", "night"), FIGURES[1:], strict=True)
        ],
        _scene(
            "definition", "paper", title="Crema", body="The golden foam on *a fresh espresso*", picture="hot-beverage"
        ),
        _scene("statement", "brand", title="Nobody had planned for *this kind of success*", kicker="1956"),
        *sets,
        _scene("end", "brand", title="Next: *the pallet*"),
    ]


def stretched() -> list[Scene]:
    """The same scenes with texts far longer than any should be: nothing may leave the frame."""
    out = []
    for scene in scenes():
        items = tuple(i.model_copy(update={"label": f"{i.label} and what came after it"}) for i in scene.items)
        out.append(scene.model_copy(update={"title": _LONG, "body": _LONG.lower(), "items": items, "kicker": _LONG}))
    return out


def gallery(kit: Kit, out: Path, columns: int = 4, width: int = 640, long_texts: bool = False) -> int:
    """Draws a late frame of every gallery scene into one PNG; returns how many there are."""
    shown = stretched() if long_texts else scenes()
    height, canvas = width * 9 // 16, Canvas()
    rows = -(-len(shown) // columns)
    sheet = Image.new("RGB", (columns * (width + 8) + 8, rows * (height + 8) + 8), (17, 17, 17))
    for i, scene in enumerate(shown):
        build(kit, scene)(canvas, scene.frames * 0.8)
        picture = Image.fromarray(rgb(canvas)).resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(picture, (8 + (i % columns) * (width + 8), 8 + (i // columns) * (height + 8)))
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(out)
    return len(shown)


def main(arguments: list[str]) -> int:
    """``python -m ytempire.media.studio.gallery SHEET.png [KIT] [long]``."""
    if not arguments or (len(arguments) > 1 and arguments[1] not in KITS):
        print(f"usage: SHEET.png [{'|'.join(sorted(KITS))}] [long]", file=sys.stderr)
        return 2
    kit = kit_for(arguments[1] if len(arguments) > 1 else "harbor")
    print(f"{arguments[0]}: {gallery(kit, Path(arguments[0]), long_texts='long' in arguments[2:])} scenes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
