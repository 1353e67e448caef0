"""Writes docs/errors.md: every error a customer can cause, read from the source.

    python tools/errors_page.py            writes the page; what people wrote into it is kept
    python tools/errors_page.py --check    says what differs, and ends with 1 if anything does

An error is a call or a tuple in which a code is followed by a sentence, and perhaps by the field in between. The
columns "what to do" and "test" are people's: a new row gets the message's last sentences and a test that mentions the
code, if there is one, as a suggestion.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ytempire.gateway.problems import from_rejection

ROOT = Path(__file__).parents[1]
PAGE = Path("docs/errors.md")
SERVICES = ("gateway", "onboarding", "billing", "media", "publisher", "support")
_ROOMS = ("", "http", "features", "domain", "adapters", "writer")
_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_WORDS_ALONE = ("BriefError", "NotEnoughFacts", "UnfaithfulScript", "RefusedByYouTubeError", "Problem")
"""Whose codes may be a single word; elsewhere one word is a word."""
_NOT_FOR_CUSTOMERS = ("FieldError", "MailWithheld", "PaymentFailed", "Finding", "add", "Draft")
_FIELDS = {"PaymentRefusedError": "payment_method_id", "ConsentError": "consent", "NumberRefusedError": "vat_id"}
"""What is at fault when an adapter refuses."""
_LATER = (
    "media/writer/",
    "media/features/produce.py",
    "publisher/features/upload.py",
    "onboarding/features/sign_up.py",
)
"""What these files refuse was answered long before; it is told in a mail, or shown with the video."""
_TOLD_LATER = ("RefusedByYouTubeError", "VideoRefusedError")
"""The same, wherever it is refused."""
_NOBODY_CAN = ("unknown_topic", "unreadable", "unfaithful", "unknown_email")
"""Codes of faults of ours, and what is told to nobody: who asks for a link must not learn who has an account."""
_HEADER = """\
# Errors

Every error a customer can cause, with the test that causes it. `make errors` writes this page from the source and keeps
the last two columns, which people write; a test compares each row with the source.

An answer that refuses is a problem document (RFC 9457): `code` and `field` are stable, the message is for people and
may be reworded. Parts in braces are filled in. *Later* means that the request was accepted: the error is told in a
mail, shown with the video, or, of a sign-up, to nobody, so that no stranger learns who has an account. Several wrong
fields at once are listed under `errors`, each with its own code; a field that is not named here is the one the request
had wrong. Others' words are passed on: where Stripe declines a card, its own code may stand in the place of
`card_declined`; where YouTube refuses, its reason is the code; and a video that fails while it is made has the failing
stage's code.

| status | code | field | message | what to do | test |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    status: str
    code: str
    field: str
    message: str
    service: str
    advice: str = ""
    test: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the source says."""
        return (self.status, self.code, self.field, self.message)

    def line(self) -> str:
        cells = (self.status, f"`{self.code}`", self.field and f"`{self.field}`", self.message, self.advice, self.test)
        return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


class Reader(ast.NodeVisitor):
    """Finds the errors of one file."""

    def __init__(self, path: str, tree: ast.Module) -> None:
        self._path, self._tree = path, tree
        self._inside: list[ast.AST] = []
        self.rows: list[Row] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def _function(self, node: ast.AST) -> None:
        self._inside.append(node)
        self.generic_visit(node)
        self._inside.pop()

    def visit_Call(self, node: ast.Call) -> None:
        called = ast.unparse(node.func)
        if called.rpartition(".")[2] not in _NOT_FOR_CUSTOMERS and not called.startswith("log."):
            named = {k.arg: self._texts(k.value, node.lineno) for k in node.keywords if k.arg}
            if "code" in named:
                self._keep(called, node, named["code"], named.get("field", []), named.get("message", []))
            else:
                self._in_order(called, node, node.args, named.get("field", []))
        self.generic_visit(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        if isinstance(node.ctx, ast.Load):
            self._in_order("", node, node.elts, [])
        self.generic_visit(node)

    def _in_order(self, called: str, node: ast.expr, items: list[ast.expr], field: list[str]) -> None:
        """A code, perhaps a field, a sentence."""
        texts = [self._texts(item, node.lineno) for item in items]
        for begin, codes in enumerate(texts):
            for end in range(begin + 1, min(begin + 3, len(texts))):
                between = texts[begin + 1] if end == begin + 2 else field
                if self._keep(called, node, codes, between, texts[end]):
                    return

    def _keep(self, called: str, node: ast.expr, codes: list[str], fields: list[str], messages: list[str]) -> bool:
        codes = [code for code in codes if _CODE.fullmatch(code) and self._may_be(code, called)]
        if codes and not messages and called == "Problem":
            messages = self._handed_in(node)
        messages = [message for message in messages if _is_sentence(message)]
        if len(codes) == len(messages):
            pairs = list(zip(codes, messages, strict=True))
        else:
            pairs = [(code, message) for code in codes for message in messages]
        for code, message in pairs if not set(codes) & set(_NOBODY_CAN) else []:
            for field in fields or [self._field_of(called)]:
                self.rows.append(self._row(called, node, code, field, message))
        return bool(pairs)

    def _handed_in(self, node: ast.expr) -> list[str]:
        """The sentences that a function which makes one problem of each is called with."""
        function = self._inside[-1] if self._inside else None
        if not isinstance(node, ast.Call) or not isinstance(function, ast.FunctionDef):
            return []
        parameters = {argument.arg for argument in function.args.args}
        if not any(isinstance(given, ast.Name) and given.id in parameters for given in node.args):
            return []
        calls = [c for c in ast.walk(self._tree) if isinstance(c, ast.Call) and ast.unparse(c.func) == function.name]
        return [text for call in calls for given in call.args for text in self._texts(given, call.lineno)]

    def _field_of(self, called: str) -> str:
        """The field that a function, or else a module, names beside every code it passes on."""
        if called in _FIELDS or called in ("Problem", "PydanticCustomError", "TokenError"):
            return _FIELDS.get(called, "")
        for scope in (*reversed(self._inside), self._tree):
            named = {
                field
                for call in ast.walk(scope)
                if isinstance(call, ast.Call)
                for given in [{k.arg: k.value for k in call.keywords}]
                if isinstance(given.get("code"), ast.Name) and "field" in given
                for field in self._texts(given["field"], call.lineno)
            }
            if len(named) == 1:
                return named.pop()
        return ""

    def _may_be(self, code: str, called: str) -> bool:
        alone = called.rpartition(".")[2] in _WORDS_ALONE or self._path == "gateway/http/validation.py"
        return "_" in code or alone

    def _row(self, called: str, node: ast.expr, code: str, field: str, message: str) -> Row:
        service = self._path.split("/")[0]
        if self._path.startswith(_LATER) or called.endswith(_TOLD_LATER):
            return Row("later", code, field, message, service)
        if service != "gateway":
            problem = from_rejection({"code": code, "field": field, "message": message})
            return Row(str(problem.status), code, problem.field or "", message, service)
        if called == "TokenError":
            return Row("401", code, field, message, service)
        status = "422"
        if called == "Problem" and isinstance(node, ast.Call):
            first = node.args[0]
            status = str(first.value) if isinstance(first, ast.Constant) else "4xx"
        return Row(status, code, field, message, service)

    def _texts(self, node: ast.expr, line: int, depth: int = 0) -> list[str]:
        """The texts an expression may be; parts that are computed stand in braces."""
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr(values=values):
                return ["".join(self._part(value, line, depth) for value in values)]
            case ast.IfExp(body=body, orelse=orelse):
                return self._texts(body, line, depth) + self._texts(orelse, line, depth)
            case ast.BoolOp(values=alternatives):
                return [text for value in alternatives for text in self._texts(value, line, depth)]
            case ast.Name(id=name) if depth < 4:
                return self._assigned(name, line, depth)
        return []

    def _part(self, value: ast.expr, line: int, depth: int) -> str:
        match value:
            case ast.Constant(value=text):
                return str(text)
            case ast.FormattedValue(value=ast.Name() as name) if len(known := self._texts(name, line, depth)) == 1:
                return known[0]
            case ast.FormattedValue(value=inner):
                return f"{{{_spoken(inner)}}}"
        return ""

    def _assigned(self, name: str, line: int, depth: int) -> list[str]:
        """What a name was given last before a line, in the functions around it or in the module."""
        for scope in [*reversed(self._inside), self._tree]:
            nodes: Iterable[ast.AST] = self._tree.body if scope is self._tree else ast.walk(scope)
            given = [
                n for n in nodes if name in _targets(n) and (scope is self._tree or getattr(n, "lineno", 0) < line)
            ]
            if given:
                last = max(given, key=lambda n: getattr(n, "lineno", 0))
                value = getattr(last, "value", None)
                return self._texts(value, getattr(last, "lineno", line), depth + 1) if value else []
        return []


def _targets(node: ast.AST) -> set[str]:
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _spoken(node: ast.expr) -> str:
    """A computed part as a word: the last name in it."""
    names = re.findall(r"[A-Za-z_]{2,}", ast.unparse(node))
    return names[-1].strip("_").lower() if names else "..."


def _is_sentence(text: str) -> bool:
    begins = text[:1].isupper() or text.startswith("{")
    return begins and " " in text and text.rstrip().endswith((".", "?", "}"))


def collected(root: Path = ROOT) -> list[Row]:
    """Every error of the source, each once, in the page's order."""
    found: dict[tuple[str, str, str, str], Row] = {}
    for service in SERVICES:
        package = root / "services" / service / "src" / "ytempire" / service
        for file in sorted(f for room in _ROOMS for f in (package / room).glob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            reader = Reader(file.relative_to(package.parent).as_posix(), tree)
            reader.visit(tree)
            for row in reader.rows:
                found.setdefault(row.key, row)
    found = {key: replace(row, message=row.message.replace("|", "/")) for key, row in found.items()}
    return sorted(found.values(), key=lambda row: (row.code, row.message, row.field, row.status))


def written(root: Path = ROOT) -> list[Row]:
    """The rows of the page."""
    page = root / PAGE
    lines = page.read_text(encoding="utf-8").splitlines() if page.exists() else []
    cells = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines if re.match(r"\| (\d|later)", line)]
    return [
        Row(status, code.strip("`"), field.strip("`"), message, "", advice, test)
        for status, code, field, message, advice, test in cells
    ]


def every_test(root: Path) -> Iterator[tuple[str, str, str]]:
    """File, name and text of every test, decorators included."""
    for folder in ("services", "tests"):
        for file in sorted((root / folder).rglob("test_*.py")):
            text = file.read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                    lines = text.splitlines()[first - 1 : node.end_lineno]
                    yield file.relative_to(root).as_posix(), node.name, "\n".join(lines)


def _mention(code: str) -> str:
    return rf"""["']{code}["']"""


def linked(file: str, name: str) -> str:
    return f"[{name.removeprefix('test_').replace('_', ' ')}](../{file})"


def page(root: Path = ROOT) -> str:
    """The page as it should be: what people wrote stays, unless the test they named is gone."""
    kept = {row.key: row for row in written(root)}
    by_message = {(row.code, row.message): row for row in kept.values()}
    tests = list(every_test(root))
    names = {linked(file, name): text for file, name, text in tests}
    lines = []
    for row in collected(root):
        before = kept.get(row.key) or by_message.get((row.code, row.message)) or row
        good = re.search(_mention(row.code), names.get(before.test, ""))
        advice = before.advice or _suggested_advice(row.message)
        test = before.test if good else _suggested_test(row, tests)
        lines.append(replace(row, advice=advice, test=test).line())
    return _HEADER + "\n".join(lines) + "\n"


def _suggested_advice(message: str) -> str:
    """The end of the message, for people to look at."""
    sentences = re.split(r"(?<=[.?]) +", message)
    advice = " ".join(sentences[1:]) or message.partition("; ")[2] or message
    return advice[:1].upper() + advice[1:]


def _suggested_test(row: Row, tests: list[tuple[str, str, str]]) -> str:
    """The first test of the owner that mentions the code, for people to look at."""
    mentioning = [(file, name) for file, name, text in tests if re.search(_mention(row.code), text)]
    owners = [found for found in mentioning if found[0].startswith(f"services/{row.service}/")]
    return linked(*(owners or mentioning)[0]) if mentioning else ""


def findings(root: Path = ROOT) -> list[str]:
    """What is wrong with the page."""
    said, meant = {row.key: row for row in written(root)}, {row.key for row in collected(root)}
    wrong = [f"not in the source any more: {key}" for key in said if key not in meant]
    wrong += [f"not on the page: {key}" for key in meant if key not in said]
    known = {linked(file, name): text for file, name, text in every_test(root)}
    for row in said.values():
        if not row.advice:
            wrong.append(f"{row.code}: says nothing of what to do")
        if row.test not in known:
            wrong.append(f"{row.code}: no such test: {row.test or 'none is named'}")
        elif not re.search(_mention(row.code), known[row.test]):
            wrong.append(f"{row.code}: {row.test} does not mention it")
    return wrong


def main() -> None:
    if "--check" not in sys.argv:
        (ROOT / PAGE).write_text(page(), encoding="utf-8")
    found = findings()
    print("\n".join(found) or f"errors: {len(written())} rows, nothing found")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
