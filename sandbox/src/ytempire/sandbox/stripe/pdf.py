"""An invoice as a PDF: one page of plain lines, without a library."""

from ytempire.sandbox.stripe.objects import Doc

_LEFT, _TOP, _STEP, _SIZE = 56, 780, 20, 11
_MOST_LINES = 34


def invoice_pdf(invoice: Doc) -> bytes:
    """The page of an invoice that is final."""
    lines = [f"Invoice {invoice['number']}", f"Status: {invoice['status']}", str(invoice["customer_email"] or ""), ""]
    lines += [f"{_amount(line['amount'])}   {line['description']}" for line in invoice["lines"]["data"]]
    currency = str(invoice["currency"]).upper()
    lines += ["", *(f"{_amount(minor)} {currency}   {name}" for name, minor in sums(invoice))]
    lines += ["", *remarks(invoice)]
    return _document(_page(lines[:_MOST_LINES]))


def sums(invoice: Doc) -> list[tuple[str, int]]:
    """The totals of an invoice, from net to what was paid."""
    percents = {rate["id"]: f"{rate['display_name']} {rate['percentage']:g} %" for rate in invoice["default_tax_rates"]}
    off = sum(part["amount"] for part in invoice["total_discount_amounts"])
    taxes = [(percents[tax["tax_rate_details"]["tax_rate"]], tax["amount"]) for tax in invoice["total_taxes"]]
    return [
        ("Subtotal", invoice["subtotal"]),
        *([("Discount", -off)] if off else []),
        ("Total without tax", invoice["total_excluding_tax"]),
        *taxes,
        ("Total", invoice["total"]),
        ("Paid", invoice["amount_paid"]),
    ]


def remarks(invoice: Doc) -> list[str]:
    """What the law wants to read on an invoice: numbers for tax, and who owes it."""
    numbers = [f"VAT number of the customer: {each['value']}" for each in invoice["customer_tax_ids"]]
    owed = "Reverse charge: the customer owes the VAT." if invoice["customer_tax_exempt"] == "reverse" else None
    return [*numbers, *([owed] if owed else [])]


def _amount(minor: int) -> str:
    return f"{minor / 100:,.2f}"


def _page(lines: list[str]) -> bytes:
    shown = " ".join(f"({_escaped(line)}) Tj 0 -{_STEP} Td" for line in lines)
    return f"BT /F1 {_SIZE} Tf {_LEFT} {_TOP} Td {shown} ET".encode("latin-1", "replace")


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _document(content: bytes) -> bytes:
    """Header, five objects, the table of where each begins, trailer."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    made, begins = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        begins.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % begin for begin in begins)
    count = len(objects) + 1
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return made + end % (count, table, count, len(made))
