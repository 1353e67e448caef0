// Building the page and saying numbers: the only places that do.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...children.filter(Boolean));
}

export function money(amount) {
  const value = Number(amount);
  const digits = Math.abs(value) >= 100 ? 0 : 2;
  const text = Math.abs(value).toLocaleString("en-US", { style: "currency", currency: "USD", minimumFractionDigits: digits, maximumFractionDigits: digits });
  return value < 0 ? `\u2212${text}` : text;
}

export const percent = (value) => (value === null || value === undefined ? "–" : `${Math.round(Number(value))}%`.replace("-", "\u2212"));

export const when = (time) =>
  time ? new Date(time).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }) : "–";
