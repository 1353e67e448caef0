const button = document.getElementById("verify");
const state = document.getElementById("state");
const token = new URLSearchParams(location.search).get("token") ?? "";
// the same key for every press: pressing twice verifies once
const key = crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16)).join("");

async function verify() {
  button.disabled = true;
  state.textContent = "Verifying";
  try {
    const answer = await fetch("/api/v1/auth/verify", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
      body: JSON.stringify({ token }),
    });
    const said = await answer.json();
    if (answer.status === 202) {
      state.textContent = "This takes a moment longer.";
      setTimeout(verify, 1500);
      return;
    }
    if (!answer.ok) throw new Error(said.detail);
    state.textContent = "Your address is verified.";
    button.hidden = true;
    document.getElementById("onward").hidden = false;
  } catch (error) {
    state.textContent = error instanceof TypeError ? "No connection. Try again." : error.message;
    button.disabled = false;
  }
}

button.addEventListener("click", verify);
