"""The sums of an invoice: what discounts take off each line, the tax of what is left, and the totals."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Doc = dict[str, Any]


def total_up(invoice: Doc, reductions: list[tuple[Doc, Doc]]) -> Doc:
    """Write discounts and taxes into the lines of an invoice and its totals into the invoice.

    Discounts come first, in their order, each on what the ones before left; tax is of the rest. A line's tax is rounded
    by itself, half up.

    :param reductions: each discount with its coupon.
    """
    lines = invoice["lines"]["data"]
    for line in lines:
        line.update(discount_amounts=[], taxes=[])
    for discount, coupon in reductions:
        _take_off(lines, discount, coupon)
    rates = invoice["default_tax_rates"] if invoice["customer_tax_exempt"] == "none" else []
    for line in lines:
        line["taxes"] = [_tax(_net(line), rate) for rate in rates]
    subtotal = sum(line["amount"] for line in lines)
    off = [amount for line in lines for amount in line["discount_amounts"]]
    taxes = [tax for line in lines for tax in line["taxes"]]
    left = subtotal - sum(amount["amount"] for amount in off)
    added = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")
    inside = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "inclusive")
    total = left + added
    return invoice | {
        "discounts": [discount["id"] for discount, _ in reductions],
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - inside,
        "total_discount_amounts": _summed(off, "discount"),
        "total_taxes": _tax_sums(taxes),
        "total_excluding_tax": left - inside,
        "total": total,
        "amount_due": max(0, total),
        "amount_remaining": max(0, total),
    }


def _net(line: Doc) -> int:
    """What is left of a line after its discounts."""
    return int(line["amount"]) - sum(int(off["amount"]) for off in line["discount_amounts"])


def _take_off(lines: list[Doc], discount: Doc, coupon: Doc) -> None:
    open_lines = [line for line in lines if line["discountable"] and _net(line) > 0]
    nets = [_net(line) for line in open_lines]
    if coupon["percent_off"] is not None:
        share = Decimal(str(coupon["percent_off"])) / 100
        amounts = [_round(net * share) for net in nets]
    else:
        amounts = _split(min(coupon["amount_off"], sum(nets)), nets)
    for line, amount in zip(open_lines, amounts, strict=True):
        line["discount_amounts"].append({"amount": amount, "discount": discount["id"]})


def _split(amount: int, weights: list[int]) -> list[int]:
    """Shares by weight that sum to the amount: the largest remainders get the cents that are left."""
    total = sum(weights)
    if not total:
        return [0 for _ in weights]
    shares = [amount * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: -(amount * weights[i] % total))
    for i in order[: amount - sum(shares)]:
        shares[i] += 1
    return shares


def _tax(net: int, rate: Doc) -> Doc:
    percent = Decimal(str(rate["percentage"]))
    amount = _round(net * percent / (100 + percent) if rate["inclusive"] else net * percent / 100)
    return {
        "amount": amount,
        "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": "not_available",
        "taxable_amount": net - amount if rate["inclusive"] else net,
        "type": "tax_rate_details",
    }


def _tax_sums(taxes: list[Doc]) -> list[Doc]:
    sums: dict[str, Doc] = {}
    for tax in taxes:
        kept = sums.setdefault(tax["tax_rate_details"]["tax_rate"], {**tax, "amount": 0, "taxable_amount": 0})
        kept["amount"] += tax["amount"]
        kept["taxable_amount"] += tax["taxable_amount"]
    return list(sums.values())


def _summed(parts: list[Doc], by: str) -> list[Doc]:
    sums: dict[str, int] = {}
    for part in parts:
        sums[part[by]] = sums.get(part[by], 0) + part["amount"]
    return [{"amount": amount, by: name} for name, amount in sums.items()]


def _round(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
