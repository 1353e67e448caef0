// Talks to the gateway: tokens, idempotency keys, problem documents, the live stream.

const STORE = "ytempire.session";
const API = "/api/v1";
let session = JSON.parse(sessionStorage.getItem(STORE) ?? "null");
let refreshing = null;

export class Problem extends Error {
  constructor(status, document) {
    super(document.detail ?? "The request failed. Try again.");
    this.status = status;
    this.code = document.code;
    this.errors = document.errors ?? (document.field ? [{ pointer: document.field, detail: document.detail }] : []);
  }
}

export const loggedIn = () => session !== null;

function keep(next) {
  session = next;
  if (next) sessionStorage.setItem(STORE, JSON.stringify(next));
  else sessionStorage.removeItem(STORE);
}

export const newKey = () =>
  crypto.randomUUID?.() ??
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

async function send(method, path, body, key) {
  const headers = { Accept: "application/json" };
  if (session) headers.Authorization = `Bearer ${session.access_token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const url = path.startsWith("/api/") ? path : API + path;
  return fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

async function read(answer) {
  if (answer.status === 204) return null;
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, said);
  return said;
}

async function refresh() {
  // several requests may meet the end of the token together: one of them refreshes for all
  refreshing ??= send("POST", "/auth/refresh", { refresh_token: session?.refresh_token ?? "-" })
    .then(read)
    .then(keep)
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

async function request(method, path, body, key) {
  let answer = await send(method, path, body, key);
  if (answer.status === 401 && session) {
    try {
      await refresh();
    } catch (error) {
      if (error instanceof Problem) keep(null);
      throw error;
    }
    answer = await send(method, path, body, key);
  }
  const said = await read(answer);
  return answer.status === 202 && said?.operation_url ? settle(said.operation_url) : said;
}

async function settle(operation) {
  for (const wait of [1000, 2000, 5000, 5000, 10000, 10000, 15000]) {
    await new Promise((done) => setTimeout(done, wait));
    const state = await get(operation);
    if (state.status === "rejected") throw new Problem(state.problem.status, state.problem);
    if (state.status === "succeeded") return state.result;
  }
  throw new Error("This takes unusually long. Nothing is lost; look again later.");
}

export const get = (path) => request("GET", path);
export const post = (path, body, key = newKey()) => request("POST", path, body, key);

// The challenge, if a code of the second factor is needed to go on.
export async function logIn(email, password) {
  const said = await send("POST", "/auth/login", { email, password }).then(read);
  if (said.challenge) return said.challenge;
  keep(said);
  return null;
}

export async function logInWithCode(challenge, code) {
  keep(await send("POST", "/auth/login/code", { challenge, code }).then(read));
}

export async function logOut() {
  const token = session?.refresh_token;
  try {
    await post("/auth/logout", { refresh_token: token });
  } finally {
    keep(null);
  }
}

// EventSource cannot send the token, so the stream is read by fetch. Calls `on(topic, data)` until aborted.
export async function listen(on, onState, signal) {
  const waits = [1000, 2000, 4000, 8000, 15000];
  let tries = 0;
  while (!signal.aborted && session) {
    try {
      const answer = await send("GET", "/events");
      if (answer.status === 401) {
        await refresh();
        continue;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      tries = 0;
      onState(true);
      await follow(answer.body.getReader(), on, signal);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        keep(null);
        on("ended", {});
        return;
      }
    }
    if (signal.aborted) return;
    onState(false);
    const wait = waits[Math.min(tries, waits.length - 1)] * (0.75 + Math.random() / 2);
    tries += 1;
    await new Promise((done) => {
      setTimeout(done, wait);
      addEventListener("online", done, { once: true });
    });
  }
}

async function follow(reader, on, signal) {
  const decoder = new TextDecoder();
  let text = "";
  signal.addEventListener("abort", () => reader.cancel(), { once: true });
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const parts = text.split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const field = (name) => part.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field("data");
      if (data) on(field("event") ?? "message", JSON.parse(data));
    }
  }
}
