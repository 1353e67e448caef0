// The overview: figures, running work, player, channels, tickets. User text is only ever set as text.

import { Problem, get, listen, logIn, logInWithCode, logOut, loggedIn, newKey, post } from "/static/api.js";
import { fill, h, money, percent, when } from "/static/dom.js";
import { showPlayer } from "/static/player.js";

const $ = (id) => document.getElementById(id);
const jobs = new Map();
let channels = [];
let stream = null;
let pending = null;
let challenged = null;

const WORDS = {
  requested: "Waiting for a place",
  rendering: "Making",
  rendered: "Finished",
  scheduled: "Scheduled",
  uploading: "Uploading",
  published: "Published",
  rejected: "Refused",
  failed: "Failed",
  publish_failed: "Not published",
};
const RUNNING = ["requested", "rendering", "scheduled", "uploading"];
const LINGER_MS = 10_000;

function say(text) {
  $("said").textContent = text;
}

function show(isIn) {
  $("login").hidden = isIn;
  $("overview").hidden = !isIn;
  $("logout").hidden = !isIn;
  $("connection").hidden = !isIn;
}

async function start() {
  show(loggedIn());
  if (!loggedIn()) {
    $("login-form").elements.email.focus();
    return;
  }
  stream?.abort();
  stream = new AbortController();
  await load();
  listen(onLive, onConnection, stream.signal);
}

async function load() {
  try {
    const [dashboard, listed] = await Promise.all([get("/dashboard"), get("/tickets?limit=10")]);
    $("notice").hidden = true;
    showDashboard(dashboard);
    showTickets(listed.tickets);
  } catch (error) {
    if (!loggedIn()) return ended();
    $("notice").hidden = false;
    fill($("notice"), "The figures could not be loaded. Nothing is lost. ", h("button", { class: "button", type: "button", onclick: load }, "Try again"));
  }
}

function ended() {
  stream?.abort();
  show(false);
  say("The session ended. Log in again.");
}

// what changed several times in a moment is read once
function loadSoon() {
  clearTimeout(pending);
  pending = setTimeout(load, 500);
}

function onLive(topic, data) {
  if (topic === "ended") return ended();
  if (topic === "hello") return void (jobs.size && loadSoon());
  if (topic === "progress") return progress(data);
  if (topic === "video") {
    keepJob(data);
    if (!RUNNING.includes(data.status)) loadSoon();
    return;
  }
  loadSoon();
}

function onConnection(isThere) {
  $("connection").textContent = isThere ? "Live" : "Reconnecting";
  $("connection").classList.toggle("lost", !isThere);
}

function showDashboard(d) {
  const month = d.pnl_month;
  const recent = d.pnl_30_days;
  const now = new Date(d.at);
  const date = now.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", timeZone: d.timezone });
  $("subtitle").textContent = `${date}, ${d.timezone}${d.account.plan ? `, ${d.account.plan.plan} plan` : ""}`;
  $("profit").textContent = money(month.profit);
  $("target").textContent = `of ${money(month.target)} by month end`;
  const share = Math.max(0, Math.min(100, (100 * Number(month.profit)) / Number(month.target)));
  $("hero-fill").style.width = `${share}%`;
  $("hero-note").textContent = month.known_at
    ? `Revenue ${money(month.revenue)}, costs ${money(month.costs)}, plan ${money(month.subscription_cost)}.`
    : "No figures yet. They come a day or two after a video is published.";
  const usage = d.usage;
  const kpis = [
    ["Revenue, 30 days", money(recent.revenue), null],
    ["Profit, 30 days", money(recent.profit), null],
    ["Margin", percent(recent.margin), null],
    ["Videos published", String(d.totals.videos_published), `${d.totals.videos} made`],
    ["Videos today", String(usage.videos_today), usage.videos_per_day_limit ? `of ${usage.videos_per_day_limit}` : null],
    ["Channels", String(d.totals.channels), usage.channels_limit ? `of ${usage.channels_limit}` : null],
  ];
  fill($("kpis"), ...kpis.map(([name, value, note]) => h("div", {}, h("dt", {}, name), h("dd", {}, value, note && h("small", {}, note)))));
  channels = d.channels;
  showChannels(d.channels, recent);
  for (const video of d.videos) if (RUNNING.includes(video.status) || jobs.has(video.video_id)) keepJob(video);
  showJobs();
  showChoices(d.videos);
  const latest = d.videos.find((v) => v.rendered_at);
  showPlayer($("player"), latest?.video_id ?? null, say, loadSoon);
}

function showChannels(list, total) {
  const rows = [...list].sort((a, b) => Number(b.pnl_30_days?.profit ?? 0) - Number(a.pnl_30_days?.profit ?? 0));
  const cells = (p) => [
    h("td", { class: "num" }, p ? money(p.revenue) : "–"),
    h("td", { class: "num" }, p ? money(p.costs) : "–"),
    h("td", { class: p && Number(p.profit) < 0 ? "num loss" : "num" }, p ? money(p.profit) : "–"),
    h("td", { class: "num" }, p ? percent(p.margin) : "–"),
  ];
  if (!rows.length) {
    fill($("channels"), h("tr", {}, h("td", { colspan: "6" }, h("p", { class: "empty" }, "No channels yet. Connect one, and what it earns appears here."))));
    fill($("channels-total"));
    return;
  }
  fill(
    $("channels"),
    ...rows.map((c) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, c.title ?? "Connecting", h("small", {}, c.niche_id ?? "")),
        h("td", {}, h("span", { class: c.status === "connected" ? "chip good" : "chip" }, c.status)),
        ...cells(c.pnl_30_days),
      ),
    ),
  );
  fill($("channels-total"), h("tr", {}, h("th", { scope: "row" }, "All, with the plan"), h("td"), ...cells(total)));
}

function keepJob(video) {
  const known = jobs.get(video.video_id) ?? {};
  const job = { ...known, ...video };
  // a signal may be ahead of the read model: a bar never goes back
  job.percent = Math.max(known.percent ?? 0, video.percent ?? 0);
  if (known.status && RUNNING.includes(known.status) && !RUNNING.includes(job.status)) {
    say(`${job.title ?? "A video"}: ${WORDS[job.status]}`);
    job.until = Date.now() + LINGER_MS;
    setTimeout(showJobs, LINGER_MS + 50);
  }
  if (RUNNING.includes(job.status) || job.until) jobs.set(video.video_id, job);
  showJobs();
}

function progress(signal) {
  const known = jobs.get(signal.video_id);
  if (!known) return loadSoon();
  if (known.status === "rendering" || known.status === "requested") {
    keepJob({ ...known, status: "rendering", stage: signal.stage, percent: signal.percent, detail: signal.detail });
  }
}

let frame = 0;
function showJobs() {
  // many signals, few paints
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    for (const [id, job] of jobs) if (job.until && job.until < Date.now()) jobs.delete(id);
    const running = [...jobs.values()].filter((job) => !job.until).length;
    $("jobs-dot").hidden = running === 0;
    $("jobs-count").textContent = running ? `${running} in work` : "";
    if (!jobs.size) return fill($("jobs"), h("li", { class: "empty" }, "Nothing is being made. Start a video, and you can watch it grow."));
    fill($("jobs"), ...[...jobs.values()].map(jobCard));
  });
}

function jobCard(job) {
  const title = job.title ?? job.topic ?? "New video";
  const failed = ["failed", "rejected", "publish_failed"].includes(job.status);
  const stage = failed ? job.failure?.message : [WORDS[job.status], job.stage, job.detail].filter(Boolean).join(" · ");
  const part = 100 / 7;
  const ticks = Array.from({ length: 7 }, (_, n) => {
    const share = Math.max(0, Math.min(1, (job.percent - n * part) / part));
    const bar = h("b");
    bar.style.width = `${share * 100}%`;
    return h("i", { class: share > 0 && share < 1 ? "now" : "" }, bar);
  });
  return h(
    "li",
    { class: "job" },
    h("strong", {}, title),
    h("span", { class: "figure" }, `${job.percent}%`),
    h("span", { class: "state" }, stage ?? ""),
    h("span", { class: "figure" }, job.cost_limit ? `${money(job.cost?.amount ?? "0")} of ${money(job.cost_limit.amount)}` : ""),
    h("div", { class: "ticks", role: "progressbar", "aria-label": title, "aria-valuenow": String(job.percent), "aria-valuemin": "0", "aria-valuemax": "100" }, ...ticks),
  );
}

function showTickets(list) {
  if (!list.length) return fill($("tickets"), h("li", { class: "empty" }, "No tickets. Ask when something is wrong; the failing video goes with it."));
  fill(
    $("tickets"),
    ...list.map((t) =>
      h(
        "li",
        { class: "ticket" },
        h("span", {}, h("strong", {}, (t.category ?? "received").replaceAll("_", " ")), " ", h("span", { class: t.status === "resolved" ? "chip good" : "chip live" }, t.status), " ", t.priority && h("span", { class: "chip" }, `${t.priority} priority`)),
        h("small", { class: "quiet" }, `Asked ${when(t.requested_at)}`, t.estimated_response_at ? `, answer by ${when(t.estimated_response_at)}` : ""),
      ),
    ),
  );
}

function showChoices(videos) {
  const mine = $("video-form").elements.channel_id;
  const about = $("ticket-form").elements.video_id;
  const [channel, video] = [mine.value, about.value];
  fill(mine, ...channels.filter((c) => c.status === "connected").map((c) => h("option", { value: c.channel_id }, c.title ?? c.niche_id)));
  fill(about, h("option", { value: "" }, "None"), ...videos.map((v) => h("option", { value: v.video_id }, v.title ?? v.topic ?? "New video")));
  if (channel) mine.value = channel;
  about.value = video;
}

function wire(form, act) {
  let key = newKey();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    if (button.disabled) return;
    clearErrors(form);
    button.disabled = true;
    try {
      await act(Object.fromEntries(new FormData(form)), key);
      form.reset();
      key = newKey();
    } catch (error) {
      // after an answer the request may be changed and sent anew; without one the same key asks again
      if (error instanceof Problem) key = newKey();
      showErrors(form, error);
    } finally {
      button.disabled = false;
    }
  });
}

function clearErrors(form) {
  for (const text of form.querySelectorAll(".field-error, .form-error")) text.textContent = "";
  for (const input of form.elements) input.removeAttribute("aria-invalid");
}

function showErrors(form, error) {
  let first = null;
  for (const wrong of error.errors ?? []) {
    const name = wrong.pointer?.slice(1);
    const place = name && form.querySelector(`[data-for="${CSS.escape(name)}"]`);
    if (!place) continue;
    place.textContent = wrong.detail;
    form.elements[name].setAttribute("aria-invalid", "true");
    first ??= form.elements[name];
  }
  if (first) return first.focus();
  form.querySelector(".form-error").textContent = error instanceof TypeError ? "No connection. Try again." : error.message;
}

function askForCode(challenge) {
  challenged = challenge;
  $("login-form").hidden = challenge !== null;
  $("code-form").hidden = challenge === null;
  if (challenge) $("code-form").elements.code.focus();
}

async function entered() {
  await start();
  document.querySelector("#overview h1").focus();
}

wire($("login-form"), async ({ email, password }) => {
  const challenge = await logIn(email, password);
  if (challenge) askForCode(challenge);
  else await entered();
});
wire($("code-form"), async ({ code }) => {
  try {
    await logInWithCode(challenged, code);
  } catch (error) {
    if (error.code !== "challenge_over") throw error;
    askForCode(null);
    return showErrors($("login-form"), error);
  }
  askForCode(null);
  await entered();
});
wire($("video-form"), async (values, key) => {
  const body = { channel_id: values.channel_id, length_s: Number(values.length_s) || undefined };
  if (values.topic) body.topic = values.topic;
  if (values.brief) body.brief = values.brief;
  await post("/videos/generate", body, key);
  $("new-video").open = false;
  say("The video is being made.");
  await load();
});
wire($("ticket-form"), async ({ subject, message, video_id }, key) => {
  await post("/tickets", { subject, message, video_id: video_id || null }, key);
  say("Your ticket was received.");
  await load();
});
$("logout").addEventListener("click", async () => {
  stream?.abort();
  jobs.clear();
  await logOut().catch(() => {});
  show(false);
  $("login-form").elements.email.focus();
});

start();
