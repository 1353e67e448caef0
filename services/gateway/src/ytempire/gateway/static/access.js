// The ways into an account: choosing a password by a link, asking for such a link, confirming a new address.

import { Problem, logIn, loggedIn, newKey, post } from "/static/api.js";

const $ = (id) => document.getElementById(id);
const token = new URLSearchParams(location.search).get("token") ?? "";

const PAGES = {
  "/verify": {
    title: "Choose a password",
    lead: "It opens your account, which is ready then.",
    fields: ["password"],
    button: "Open my account",
    path: "/auth/verify",
    done: "Your account is open. Log in with your address and this password.",
  },
  "/reset": {
    title: "Choose a new password",
    lead: "Everybody who is logged in to your account is logged out.",
    fields: ["password"],
    button: "Use this password",
    path: "/auth/password/reset",
    done: "Your password is changed. Log in with it.",
  },
  "/forgot": {
    title: "Get a link by mail",
    lead: "With it you choose a password. It works for new accounts and for a password you have forgotten.",
    fields: ["email"],
    button: "Send the link",
    path: "/auth/password/forgot",
    done: "If there is an account with this address, or one that waits to be opened, a link is on its way. Look into the mailbox.",
  },
  "/confirm-email": {
    title: "Use this e-mail address",
    lead: loggedIn() ? "From now on you log in with it." : "Log in with your old address once more. From then on you use the new one.",
    // a session is a tab's own, and the link of a mail opens a new tab
    fields: loggedIn() ? [] : ["email", "password"],
    button: "Use this address",
    path: "/auth/email/confirm",
    done: "Your address is changed.",
  },
  "/invitation": {
    title: "Accept the invitation",
    lead: loggedIn()
      ? "You work in somebody else’s account then, and keep your own."
      : "Log in with the address that was invited. If you have no account yet, sign up with it first, then open the link again.",
    fields: loggedIn() ? [] : ["email", "password"],
    button: "Accept",
    path: "/invitations/accept",
    done: "You belong to the account now.",
  },
};

const page = PAGES[location.pathname];
// pages that are used by somebody who is logged in
const personal = page === PAGES["/confirm-email"] || page === PAGES["/invitation"];
const form = $("form");
// the same key for every press: pressing twice does it once; another password is another request
let key = newKey();

function show() {
  document.title = `${page.title} – YTEMPIRE`;
  $("title").textContent = page.title;
  $("state").textContent = page.lead;
  for (const name of page.fields) $(name).hidden = false;
  $("password-help").hidden = personal || !page.fields.includes("password");
  form.querySelector("button").textContent = page.button;
  form.hidden = false;
  if (personal) form.elements.password.autocomplete = "current-password";
  form.addEventListener("input", () => {
    key = newKey();
  });
  form.addEventListener("submit", submit);
  form.querySelector("label:not([hidden]) input")?.focus();
}

function complain(errors, text) {
  for (const place of form.querySelectorAll(".field-error")) place.textContent = "";
  let placed = false;
  for (const error of errors) {
    const place = form.querySelector(`[data-for="${CSS.escape((error.pointer ?? "").replace("/", ""))}"]`);
    if (place && !place.previousElementSibling?.hidden) {
      place.textContent = error.detail;
      placed = true;
    }
  }
  form.querySelector(".form-error").textContent = placed ? "" : text;
  $("again").hidden = !errors.some((error) => error.pointer === "/token") || personal;
}

// Whoever is logged in may be somebody else than the one who was invited.
function asSomebodyElse() {
  page.fields = ["email", "password"];
  for (const name of page.fields) $(name).hidden = false;
  form.querySelector("button").textContent = "Log in and accept";
  key = newKey();
}

async function asPerson(body) {
  if (page.fields.length && (await logIn(body.email, body.password)))
    throw new Error("Your account asks for a code. Log in at the overview, then open this link in the same tab.");
  await ask({ token });
}

async function ask(body) {
  while (true) {
    const said = await post(page.path, body, key);
    if (said?.status !== "pending") return said;
    $("state").textContent = "This takes a moment longer.";
    await new Promise((done) => setTimeout(done, 1500));
  }
}

async function submit(event) {
  event.preventDefault();
  const body = Object.fromEntries(page.fields.map((name) => [name, form.elements[name].value]));
  const button = form.querySelector("button");
  button.disabled = true;
  complain([], "");
  try {
    if (personal) await asPerson(body);
    else await ask(page === PAGES["/forgot"] ? body : { ...body, token });
    form.hidden = true;
    $("state").textContent = page.done;
    $("title").focus();
    $("onward").textContent = personal ? "Go to overview" : "Log in";
    $("onward").hidden = false;
  } catch (error) {
    if (error instanceof Problem) complain(error.errors, error.message);
    else complain([], error instanceof TypeError ? "No connection. Try again." : error.message);
    if (page === PAGES["/invitation"] && error.code === "invitation_not_found") asSomebodyElse();
  } finally {
    button.disabled = false;
  }
}

show();
