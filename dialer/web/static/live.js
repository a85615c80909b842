// The Live page: one card per call, fed by /ws/live. Losing the socket loses nothing: a snapshot comes first again.
"use strict";
const byId = (id) => document.getElementById(id);
const cards = new Map();

function card(call) {
  let found = cards.get(call.call_id);
  if (!found) {
    const element = byId("card").content.firstElementChild.cloneNode(true);
    found = { element, since: Date.now(), turns: new Map() };
    cards.set(call.call_id, found);
    byId("calls").append(element);
  }
  if (call.name !== undefined) found.element.querySelector(".who").textContent = call.name || "Unnamed lead";
  if (call.phone) found.element.querySelector(".phone").textContent = call.phone;
  const pill = found.element.querySelector(".state");
  const state = call.outcome || call.state || (call.status === "active" ? "talking" : "");
  if (state) { pill.textContent = state.replaceAll("_", " "); pill.dataset.state = state; }
  count();
  return found;
}

// A transcript may come after the answer to it: its place in the conversation decides where it stands.
function turn(call_id, who, { text, item, position }) {
  const { element, turns } = card({ call_id });
  const list = element.querySelector(".turns");
  let line = turns.get(item);
  if (!line) {
    line = document.createElement("li");
    line.dataset.who = who === "ava" ? "AVA" : "Student";
    turns.set(item, line);
    line.dataset.position = position ?? list.children.length;
    const later = [...list.children].find((other) => Number(other.dataset.position) > Number(line.dataset.position));
    list.insertBefore(line, later ?? null);
  }
  line.textContent = text;
  list.scrollTop = list.scrollHeight;
}

function end(message) {
  const found = cards.get(message.call_id);
  if (!found) return;
  card(message);
  cards.delete(message.call_id);
  byId("ended").prepend(found.element);
  while (byId("ended").children.length > 12) byId("ended").lastElementChild.remove();
  count();
}

function count() {
  const live = byId("calls").children.length;
  byId("count").textContent = String(live);
  byId("empty").hidden = live > 0;
}

const on = {
  snapshot(message) {
    cards.clear();
    byId("calls").replaceChildren();
    for (const call of message.calls) {
      card(call);
      for (const each of call.turns) turn(call.call_id, each.who, each);
    }
    count();
  },
  clientConnected: (message) => card({ ...message, state: "talking" }),
  callStatus: (message) => (message.status === "active" ? card(message) : end(message)),
  ava_response: (message) => turn(message.call_id, "ava", message),
  user_transcript: (message) => turn(message.call_id, "student", message),
  clientDisconnected: end,
};

let wait = 500;
function connect() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/live`);
  const pill = byId("connection");
  socket.onopen = () => { wait = 500; pill.textContent = "Connected"; pill.dataset.state = "connected"; health(); };
  socket.onmessage = (event) => { const message = JSON.parse(event.data); on[message.type]?.(message); };
  socket.onclose = () => {
    pill.textContent = "Disconnected"; pill.dataset.state = "disconnected";
    setTimeout(connect, wait); wait = Math.min(wait * 2, 10000);
  };
}

async function health() {
  const answer = await (await fetch("/health")).json();
  byId("health").textContent = `health: ${answer.status}, worker ${answer.worker}`;
}

byId("ring").addEventListener("submit", async (event) => {
  event.preventDefault();
  const response = await fetch("/api/calls", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ phone: byId("phone").value }),
  });
  const answer = await response.json();
  byId("answer").textContent = answer.message || answer.detail;
});

setInterval(() => {
  for (const { element, since } of cards.values()) {
    const seconds = Math.floor((Date.now() - since) / 1000);
    element.querySelector(".timer").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}, 500);
connect();
