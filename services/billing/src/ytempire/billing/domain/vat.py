"""Value added tax: which rate a country has on a day, what a VAT number looks like, and who owes the tax.

Prices are without tax. A service that is sold by network is taxed where the customer is; a business there that has a
number which its registry knows owes the tax itself, unless the seller is of the same country.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Treatment = Literal["vat", "reverse_charge", "none"]
"""VAT is charged; the customer owes it; or none is due where the customer is."""
VatId = Literal["none", "pending", "verified", "unverified"]
"""What the registry says of a customer's number: there is none, it is being asked, it knows it, it does not."""


@dataclass(frozen=True)
class Rate:
    country: str
    valid_from: date
    percent: str


@dataclass(frozen=True)
class Taxation:
    """How an invoice is taxed."""

    country: str
    treatment: Treatment
    percent: str = "0"


@dataclass(frozen=True)
class Seller:
    """Who sells, and what is known of rates."""

    country: str
    rates: tuple[Rate, ...]
    eu: frozenset[str]

    def rate(self, country: str, at: datetime) -> Rate | None:
        """A country's standard rate on the day of a moment; None if no VAT is charged there."""
        known = [rate for rate in self.rates if rate.country == country and rate.valid_from <= at.date()]
        return max(known, key=lambda rate: rate.valid_from, default=None)

    def taxation(self, country: str, vat_id: VatId, at: datetime) -> Taxation:
        """How somebody there is taxed at a moment. A number counts once its registry knows it."""
        rate = self.rate(country, at)
        if rate is None:
            return Taxation(country, "none")
        if vat_id == "verified" and country != self.country:
            return Taxation(country, "reverse_charge")
        return Taxation(country, "vat", rate.percent)


_FORMS = {
    "AT": r"ATU\d{8}",
    "BE": r"BE[01]\d{9}",
    "BG": r"BG\d{9,10}",
    "HR": r"HR\d{11}",
    "CY": r"CY\d{8}[A-Z]",
    "CZ": r"CZ\d{8,10}",
    "DK": r"DK\d{8}",
    "EE": r"EE\d{9}",
    "FI": r"FI\d{8}",
    "FR": r"FR[A-HJ-NP-Z0-9]{2}\d{9}",
    "DE": r"DE\d{9}",
    "GR": r"EL\d{9}",
    "HU": r"HU\d{8}",
    "IE": r"IE\d[A-Z0-9+*]\d{5}[A-Z]{1,2}",
    "IT": r"IT\d{11}",
    "LV": r"LV\d{11}",
    "LT": r"LT(\d{9}|\d{12})",
    "LU": r"LU\d{8}",
    "MT": r"MT\d{8}",
    "NL": r"NL\d{9}B\d{2}",
    "PL": r"PL\d{10}",
    "PT": r"PT\d{9}",
    "RO": r"RO\d{2,10}",
    "SK": r"SK\d{10}",
    "SI": r"SI\d{8}",
    "ES": r"ES([A-Z]\d{7}[A-Z0-9]|\d{8}[A-Z])",
    "SE": r"SE\d{12}",
    "GB": r"GB(\d{9}|\d{12})",
}
"""What VAT numbers look like, by country. Greece writes EL."""


def plain_vat_id(text: str) -> str:
    """A number without what people put between its parts."""
    return re.sub(r"[\s.\-/]", "", text).upper()


def vat_id_fault(country: str, vat_id: str) -> tuple[str, str, str] | None:
    """Code, field and sentence, if a number cannot be one of this country."""
    form = _FORMS.get(country)
    if form is None:
        text = "VAT numbers are for countries of the European Union and Great Britain. Leave it out."
        return "vat_id_not_used", "vat_id", text
    if re.fullmatch(form, vat_id):
        return None
    prefix = "EL" if country == "GR" else country
    if vat_id[:2].isalpha() and vat_id[:2] != prefix:
        text = f"The number begins with {vat_id[:2]}, the address is in {country}. Both must be of one country."
        return "vat_id_of_another_country", "vat_id", text
    text = f"This is no VAT number of {country}. Write it with the letters of its country and all its digits."
    return "vat_id_malformed", "vat_id", text


def kind_of(country: str) -> Literal["eu_vat", "gb_vat"]:
    """The kind of number at the payment provider."""
    return "gb_vat" if country == "GB" else "eu_vat"
