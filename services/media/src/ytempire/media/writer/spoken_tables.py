"""Tables of the spoken form: units, currencies, abbreviations, acronyms."""

from __future__ import annotations

from ytempire.media.writer.wordlist import listed

UNITS: dict[str, tuple[str, str]] = {
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "mph": ("mile per hour", "miles per hour"),
    "m/s": ("meter per second", "meters per second"),
    "km²": ("square kilometer", "square kilometers"),
    "km2": ("square kilometer", "square kilometers"),
    "km³": ("cubic kilometer", "cubic kilometers"),
    "m²": ("square meter", "square meters"),
    "m2": ("square meter", "square meters"),
    "m³": ("cubic meter", "cubic meters"),
    "m3": ("cubic meter", "cubic meters"),
    "cm²": ("square centimeter", "square centimeters"),
    "cm³": ("cubic centimeter", "cubic centimeters"),
    "sq ft": ("square foot", "square feet"),
    "sq mi": ("square mile", "square miles"),
    "ft²": ("square foot", "square feet"),
    "km": ("kilometer", "kilometers"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "µm": ("micrometer", "micrometers"),
    "μm": ("micrometer", "micrometers"),
    "nm": ("nanometer", "nanometers"),
    "mi": ("mile", "miles"),
    "ft": ("foot", "feet"),
    "yd": ("yard", "yards"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "kg": ("kilogram", "kilograms"),
    "mg": ("milligram", "milligrams"),
    "µg": ("microgram", "micrograms"),
    "μg": ("microgram", "micrograms"),
    "ml": ("milliliter", "milliliters"),
    "mL": ("milliliter", "milliliters"),
    "GWh": ("gigawatt-hour", "gigawatt-hours"),
    "MWh": ("megawatt-hour", "megawatt-hours"),
    "TWh": ("terawatt-hour", "terawatt-hours"),
    "kWh": ("kilowatt-hour", "kilowatt-hours"),
    "Wh": ("watt-hour", "watt-hours"),
    "kW": ("kilowatt", "kilowatts"),
    "MW": ("megawatt", "megawatts"),
    "GW": ("gigawatt", "gigawatts"),
    "TW": ("terawatt", "terawatts"),
    "mAh": ("milliamp-hour", "milliamp-hours"),
    "mA": ("milliamp", "milliamps"),
    "kV": ("kilovolt", "kilovolts"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "Hz": ("hertz", "hertz"),
    "kB": ("kilobyte", "kilobytes"),
    "KB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"),
    "PB": ("petabyte", "petabytes"),
    "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
    "Mb/s": ("megabit per second", "megabits per second"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "dB": ("decibel", "decibels"),
    "lx": ("lux", "lux"),
    "hPa": ("hectopascal", "hectopascals"),
    "kPa": ("kilopascal", "kilopascals"),
    "MPa": ("megapascal", "megapascals"),
    "psi": ("pound per square inch", "pounds per square inch"),
    "kJ": ("kilojoule", "kilojoules"),
    "MJ": ("megajoule", "megajoules"),
    "kcal": ("kilocalorie", "kilocalories"),
    "ppm": ("part per million", "parts per million"),
    "ppb": ("part per billion", "parts per billion"),
    "%": ("percent", "percent"),
    "pp": ("percentage point", "percentage points"),
    "ha": ("hectare", "hectares"),
    "px": ("pixel", "pixels"),
    "fps": ("frame per second", "frames per second"),
    "rpm": ("revolution per minute", "revolutions per minute"),
    "min": ("minute", "minutes"),
    "sec": ("second", "seconds"),
    "hrs": ("hour", "hours"),
    "hr": ("hour", "hours"),
    "yrs": ("year", "years"),
    "yr": ("year", "years"),
    "m": ("meter", "meters"),
    "g": ("gram", "grams"),
    "l": ("liter", "liters"),
    "L": ("liter", "liters"),
    "h": ("hour", "hours"),
    "s": ("second", "seconds"),
    "t": ("tonne", "tonnes"),
    "W": ("watt", "watts"),
    "V": ("volt", "volts"),
    "J": ("joule", "joules"),
}
"""Symbol to (singular, plural); ``in`` is left out because it is a preposition far more often."""

PER: dict[str, str] = {"year": "year", "yr": "year", "day": "day", "d": "day", "month": "month", "mo": "month"}
PER |= {"week": "week", "wk": "week", "person": "person", "hour": "hour", "min": "minute", "night": "night"}
PER |= {"ton": "ton", "user": "user", "piece": "piece", "kg": "kilogram", "sec": "second"}

CURRENCIES: dict[str, tuple[str, str, str, str]] = {
    "US$": ("U S dollar", "U S dollars", "cent", "cents"),
    "C$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "A$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "USD": ("U S dollar", "U S dollars", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "GBP": ("pound", "pounds", "penny", "pence"),
    "CHF": ("Swiss franc", "Swiss francs", "centime", "centimes"),
    "JPY": ("yen", "yen", "sen", "sen"),
}
"""Symbol or code to (singular, plural, subunit, subunits)."""

MAGNITUDES = {"thousand": "thousand", "million": "million", "billion": "billion", "trillion": "trillion"}
MAGNITUDES |= {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million"}
MAGNITUDES |= {"b": "billion", "B": "billion", "bn": "billion", "tn": "trillion", "T": "trillion"}

ABBREVIATIONS: dict[str, str] = {
    "Dr.": "Doctor",
    "Mr.": "Mister",
    "Mrs.": "Missus",
    "Ms.": "Miz",
    "Prof.": "Professor",
    "Gen.": "General",
    "Capt.": "Captain",
    "Lt.": "Lieutenant",
    "Col.": "Colonel",
    "Sen.": "Senator",
    "Gov.": "Governor",
    "Rev.": "Reverend",
    "Hon.": "Honorable",
    "Jr.": "Junior",
    "Sr.": "Senior",
    "Inc.": "Incorporated",
    "Corp.": "Corporation",
    "Ltd.": "Limited",
    "Co.": "Company",
    "Bros.": "Brothers",
    "Ave.": "Avenue",
    "Blvd.": "Boulevard",
    "Mt.": "Mount",
    "Ft.": "Fort",
    "approx.": "approximately",
    "dept.": "department",
    "est.": "established",
    "vs.": "versus",
    "vs": "versus",
    "fig.": "figure",
    "Fig.": "Figure",
    "vol.": "volume",
    "Vol.": "Volume",
    "incl.": "including",
    "max.": "maximum",
    "min.": "minimum",
    "w/o": "without",
    "w/": "with",
}

MONTHS = listed("January February March April May June July August September October November December")
MONTH_SHORT = {m[:3]: m for m in MONTHS if m != "May"} | {"Sept": "September"}

SPOKEN_ACRONYMS = frozenset(
    listed(
        "NASA UNESCO NATO OPEC UNICEF FIFA UEFA LASER RADAR SONAR RAM SIM PIN GIF JPEG COVID AIDS IKEA SWAT NAFTA "
        "NOAA DARPA FEMA IMAX NAND OLED LEGO SCUBA TASER CAPTCHA NASDAQ SARS LIDAR ASEAN CERN DRAM GIS MIDI SATA REIT"
    )
)
SHOUTED_WORDS = frozenset(
    listed(
        "NOT ALL THE AND NEVER ONE NO YES VERY MORE ONLY NOW THIS THAT EVER MUST FREE NEW BIG BEST STOP READ YOU "
        "YOUR WHY HOW WHAT WHO IS ARE WAS DO DON'T CAN WILL LESS MOST FIRST LAST SAME BOTH EACH EVERY TWO THREE "
        "NOTE OF IN TO FOR ON BUT OR WE THEY HE SHE MY ME BE SO UP OUT OFF OVER GO GET LOW HIGH HOT COLD"
    )
)
GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "λ": "lambda", "π": "pi", "σ": "sigma", "ω": "omega"}
GREEK |= {"θ": "theta", "Ω": "ohms", "Δ": "delta", "ε": "epsilon", "τ": "tau", "φ": "phi"}
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
FRACTIONS = {
    "½": (1, 2),
    "⅓": (1, 3),
    "⅔": (2, 3),
    "¼": (1, 4),
    "¾": (3, 4),
    "⅕": (1, 5),
    "⅖": (2, 5),
    "⅗": (3, 5),
    "⅘": (4, 5),
    "⅙": (1, 6),
    "⅛": (1, 8),
    "⅜": (3, 8),
    "⅝": (5, 8),
    "⅞": (7, 8),
}
