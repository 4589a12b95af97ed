// SPDX-License-Identifier: MIT
// The dashboard: feeds the cards with what the client receives, and draws as often as a display
// deserves: the charts ten times a second, the figures four times, nothing while nobody looks.

import { CARDS, Card } from "./cards.js";
import { Gracecast } from "./gracecast.js";
import { milliseconds } from "./units.js";

const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const DRAW_MS = 90;
const DRAW_CALM_MS = 1000;
const FIGURES_MS = 250;
const DESCRIBE_MS = 5000; // for screen readers, the text of a chart
const IDLE_MS = 3000; // live and nothing published for so long: say so

const byId = (id) => document.getElementById(id);

// ---- messages per second and their age, over the last second

class Pace {
  #recent = []; // { at, age }
  #skew = 0; // how far this clock is behind the server's, as far as that shows: ages below 0

  add(age) {
    const at = performance.now();
    if (age < this.#skew) this.#skew = age;
    this.#recent.push({ at, age });
    while (this.#recent[0].at < at - 1000) this.#recent.shift();
  }

  get rate() {
    const from = performance.now() - 1000;
    return this.#recent.filter(({ at }) => at >= from).length;
  }

  /** Mean age in ms; NaN without messages. */
  get age() {
    const sum = this.#recent.reduce((total, { age }) => total + age, 0);
    return sum / this.#recent.length - this.#skew;
  }
}

const pace = new Pace();

const cards = CARDS.map((spec) => new Card(spec));
for (const card of cards) {
  byId(card.spec.channel === "demo:server" ? "server-cards" : "machine").append(card.element);
}

// ---- drawing

let received = 0;
let receivedAt = 0; // performance.now() of the last message
let serverTime = 0; // its timestamp
let pointerAgo = null; // where the pointer is on a chart: ms before the right edge
let drawnAt = 0;
let writtenAt = 0;
let describedAt = 0;
let frameWanted = false;

/** The time at the right edge: the server's, going on while it is silent. */
function edgeTime() {
  const silence = performance.now() - receivedAt;
  return serverTime + Math.max(0, silence - 1000);
}

function writeFigures(edge, cursor) {
  for (const card of cards) card.write(edge, cursor);
  byId("rate").textContent = pace.rate;
  byId("delay").textContent = milliseconds(pace.age)[0];
  byId("received").textContent = received.toLocaleString("en");
}

function draw() {
  const now = performance.now();
  const edge = edgeTime();
  const cursor = pointerAgo === null ? null : edge - pointerAgo;
  frameWanted = false;
  drawnAt = now;
  for (const card of cards) card.draw(edge, cursor);
  if (now - writtenAt >= (CALM.matches ? DRAW_CALM_MS : FIGURES_MS)) {
    writtenAt = now;
    writeFigures(edge, cursor);
  }
  if (now - describedAt >= DESCRIBE_MS) {
    describedAt = now;
    for (const card of cards) card.describe();
  }
}

/** Asks for a frame; `now`: without regard to when the last one was. */
function wantDraw(now = false) {
  if (document.hidden || frameWanted || !received) return;
  const pause = CALM.matches ? DRAW_CALM_MS : DRAW_MS;
  if (!now && performance.now() - drawnAt < pause) return;
  frameWanted = true;
  requestAnimationFrame(draw);
}

function wantEverything() {
  writtenAt = 0;
  wantDraw(true);
}

for (const card of cards) {
  const follow = (event) => {
    pointerAgo = card.chart.agoAt(event.offsetX);
    wantEverything();
  };
  card.canvas.addEventListener("pointermove", follow);
  card.canvas.addEventListener("pointerdown", follow);
  card.canvas.addEventListener("pointerleave", () => {
    pointerAgo = null;
    wantEverything();
  });
}
document.addEventListener("resized", wantEverything);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", wantEverything);

// ---- the connection

const client = new Gracecast();
let state = { name: "connecting" };
let stateSince = performance.now();
let refusal = ""; // why a subscription was refused

function stateText() {
  const seconds = Math.ceil((state.retryAt - Date.now()) / 1000);
  switch (state.name) {
    case "live":
      return "Live";
    case "reconnecting":
      return seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting…";
    case "closed":
      return state.reason ? `Closed: ${state.reason}` : "Closed";
    default:
      return "Connecting…";
  }
}

function setText(id, value) {
  if (byId(id).textContent !== value) byId(id).textContent = value;
}

function writeNotice() {
  const silentFor = performance.now() - Math.max(stateSince, receivedAt);
  const idle = state.name === "live" && silentFor > IDLE_MS;
  const message = refusal || (idle ? "Connected, but nothing is published on demo:*." : "");
  byId("notice").hidden = !message;
  setText("notice", message);
}

const ANNOUNCEMENTS = {
  live: "Live: the figures are up to date.",
  reconnecting: "Connection lost. Reconnecting.",
  closed: "The server closed the connection.",
};

client.onstate = (next) => {
  if (next.name !== state.name) setText("announcer", ANNOUNCEMENTS[next.name] ?? "");
  state = next;
  stateSince = performance.now();
  document.body.dataset.state = state.name;
  document.title = `Gracecast · ${state.name === "live" ? "live dashboard" : state.name}`;
  byId("retry").hidden = state.name !== "closed" && !state.retryAt;
  setText("state", stateText());
  if (state.name === "live") {
    refusal = "";
    setText("server", [location.host, state.version].filter(Boolean).join(" · "));
  }
};

client.onerror = (channel, error) => {
  refusal = `${channel}: ${error.message} (${error.code})`;
};

function receive(channel, data) {
  if (!Number.isFinite(data?.t)) return;
  received++;
  receivedAt = performance.now();
  serverTime = data.t;
  pace.add(Date.now() - data.t);
  for (const card of cards) if (card.spec.channel === channel) card.push(data, pace);
  document.body.dataset.updates = String(received);
  wantDraw();
}

for (const channel of new Set(CARDS.map((card) => card.channel))) {
  client.subscribe(channel, (data) => receive(channel, data));
}

byId("retry").addEventListener("click", () => client.connect());
addEventListener("online", () => client.connect());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  if (state.name === "reconnecting") client.connect(); // timers of a hidden page may be late
  wantEverything();
});

// The countdown, the notice, and the charts moving on while nothing comes in.
setInterval(() => {
  if (document.hidden) return;
  setText("state", stateText());
  writeNotice();
  if (performance.now() - receivedAt > 1000) wantEverything();
}, 500);

client.connect();
