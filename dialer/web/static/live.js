// The Live page: one card per call, fed by /ws/live. After a reconnect a snapshot comes first, so nothing is lost.
"use strict";
const byId = (id) => document.getElementById(id);
const cards = new Map();
const SPEAKS_MS = 4000, MOST_ENDED = 12;
const DID = { note: "Sent to AVA.", transfer: "Transferring the call.", "hang-up": "Ending the call." };
const LABELS = JSON.parse(byId("card").dataset.labels);
const RANKS = ["intent", "placing", "unknown", "placed", "ringing", "talking"];

function card(call) {
  let found = cards.get(call.call_id);
  if (!found) {
    const element = byId("card").content.firstElementChild.cloneNode(true);
    found = { element, since: Date.now(), turns: new Map(), fields: new Map(), spoke: 0 };
    cards.set(call.call_id, found);
    element.querySelector(".open").href = `/calls/${call.call_id}`;
    byId("calls").append(element);
    hands(call.call_id, found);
  }
  if (call.for_s !== undefined) found.since = Date.now() - call.for_s * 1000;
  if (call.name !== undefined) {
    found.named = true;
    found.element.querySelector(".who").textContent = call.name || "Unnamed lead";
    found.element.setAttribute("aria-label", `Call to ${call.name || "an unnamed lead"}`);
  }
  if (call.campaign) found.element.querySelector(".campaign").textContent = call.campaign;
  if (call.phone) found.element.querySelector(".phone").textContent = call.phone;
  const pill = found.element.querySelector(".state");
  const state = call.outcome || call.state || (call.status === "active" ? "talking" : "");
  // A state only moves up: a late carrier event never moves it back.
  if (state && (call.outcome || RANKS.indexOf(state) < 0 || RANKS.indexOf(state) >= RANKS.indexOf(pill.dataset.state))) {
    pill.textContent = label(state);
    pill.dataset.state = state;
    found.element.querySelector(".hands")?.toggleAttribute("hidden", state !== "talking");
  }
  count();
  return found;
}

// A transcript can arrive after the response to it, so lines are ordered by their position in the conversation.
function turn(call_id, who, { text, item, position }, isNew = true) {
  const found = card({ call_id });
  const list = found.element.querySelector(".turns");
  let line = found.turns.get(item);
  if (!line) {
    line = document.createElement("li");
    line.dataset.who = who === "ava" ? "AVA" : "Student";
    found.turns.set(item, line);
    line.dataset.position = position ?? list.children.length;
    const later = [...list.children].find((other) => Number(other.dataset.position) > Number(line.dataset.position));
    list.insertBefore(line, later ?? null);
  }
  line.textContent = text;
  list.scrollTop = list.scrollHeight;
  if (isNew) { found.spoke = Date.now(); speaks(found, line.dataset.who); }
}

function label(code) {
  const words = code.replaceAll("_", " ");
  return LABELS[code] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

function speaks(found, who) {
  const line = found.element.querySelector(".speaks");
  line.textContent = who ? `${who} is speaking` : "";
  line.dataset.who = who;
}

function fields(call_id, saved) {
  const found = card({ call_id });
  for (const [name, value] of Object.entries(saved)) {
    let chip = found.fields.get(name);
    if (!chip) {
      chip = document.createElement("li");
      const title = document.createElement("b");
      title.textContent = `${label(name)} `;
      chip.append(title, document.createElement("span"));
      found.fields.set(name, chip);
      found.element.querySelector(".fields").append(chip);
    }
    chip.lastChild.textContent = String(value);
  }
}

function end(message) {
  const found = cards.get(message.call_id);
  if (!found) return;
  card(found.named ? message : { ...message, name: message.name ?? "" });
  speaks(found, "");
  found.stop?.();
  found.element.querySelector(".hands")?.remove();
  cards.delete(message.call_id);
  byId("ended").prepend(found.element);
  byId("none").hidden = true;
  while (byId("ended").children.length > MOST_ENDED) byId("ended").lastElementChild.remove();
  count();
}

function count() {
  const live = byId("calls").children.length;
  byId("count").textContent = String(live);
  byId("empty").hidden = live > 0;
}

// Actions on a call; each shows its result on the card.
function hands(call_id, found) {
  const told = found.element.querySelector(".told");
  const listen = found.element.querySelector("[data-do=listen]");
  listen?.addEventListener("click", () => {
    if (found.stop) { found.stop(); found.stop = null; }
    else found.stop = listenTo(call_id, (why) => { found.stop = null; pressed(); told.textContent = why; });
    pressed();
  });
  function pressed() {
    listen.setAttribute("aria-pressed", String(Boolean(found.stop)));
    listen.textContent = found.stop ? "Stop listening" : "Listen";
  }
  for (const form of found.element.querySelectorAll("[data-form]")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector("button"), panel = form.closest("details");
      const body = form.dataset.form === "hang-up" ? { now: form.elements.now.checked } : Object.fromEntries(new FormData(form));
      button.disabled = true;
      const answer = await ask(`/api/calls/${call_id}/${form.dataset.form}`, body);
      button.disabled = false;
      told.textContent = answer.done ? DID[form.dataset.form] : answer.detail;
      told.dataset.state = answer.done ? "done" : "failed";
      if (answer.done) form.reset(); // what was refused may be sent again as it stands
      panel.open = false;
      panel.querySelector("summary").focus();
    });
  }
}

async function ask(path, body) {
  const token = document.querySelector("meta[name=csrf]").content;
  const headers = { "content-type": "application/json", accept: "application/json", "x-csrf": token };
  try {
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    if (answer.status === 401) signedOut();
    return await answer.json();
  } catch {
    return { detail: "The dialer cannot be reached. Try again." };
  }
}

const on = {
  snapshot(message) {
    const going = new Set(message.calls.map(({ call_id }) => call_id));
    for (const [call_id, { element, stop }] of [...cards]) {
      if (going.has(call_id)) continue; // its card stays, with what is being written on it
      stop?.();
      cards.delete(call_id);
      element.remove();
    }
    for (const call of message.calls) {
      card(call);
      for (const each of call.turns) turn(call.call_id, each.who, each, false);
      fields(call.call_id, call.fields);
    }
    count();
  },
  clientConnected: (message) => card({ ...message, state: "talking" }),
  callStatus: (message) => (message.status === "active" ? card(message) : end(message)),
  ava_response: (message) => turn(message.call_id, "ava", message),
  user_transcript: (message) => turn(message.call_id, "student", message),
  field: (message) => message.result?.saved && fields(message.call_id, message.result.saved),
  clientDisconnected: end,
  halted: () => htmx.ajax("GET", location.pathname, { target: "#halted", select: "#halted", swap: "outerHTML" }),
};

let wait = 500;
function connect() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/live`);
  socket.onopen = () => { wait = 500; says("connected", "Connected"); health(); };
  socket.onmessage = (event) => { const message = JSON.parse(event.data); on[message.type]?.(message); };
  socket.onclose = async ({ code }) => {
    says("disconnected", "Disconnected");
    if (code === 4401 || !(await mayRead())) { says("disconnected", "Signed out"); signedOut(); return; }
    setTimeout(connect, wait); wait = Math.min(wait * 2, 10000);
  };
}

function says(state, words) {
  const pill = byId("connection");
  pill.textContent = words;
  pill.dataset.state = state;
}

// A refused socket does not say why, so ask for the page itself. If the server cannot be reached, try again.
async function mayRead() {
  try {
    return ![401, 403].includes((await fetch(location.pathname, { headers: { accept: "application/json" } })).status);
  } catch {
    return true;
  }
}

async function health() {
  try {
    const answer = await (await fetch("/health")).json();
    byId("health").textContent = answer.status === "ok" && answer.redis === "ok" ? "System OK" : "Calls cannot start right now.";
  } catch {
    byId("health").textContent = "";
  }
}

byId("ring").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await ask("/api/calls", { phone: byId("phone").value });
  byId("answer").textContent = answer.message || answer.detail;
});

setInterval(() => {
  for (const found of cards.values()) {
    const seconds = Math.floor((Date.now() - found.since) / 1000);
    found.element.querySelector(".timer").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (found.spoke && Date.now() - found.spoke > SPEAKS_MS) { found.spoke = 0; speaks(found, ""); }
  }
}, 500);
connect();
