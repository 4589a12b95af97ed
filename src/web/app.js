// SPDX-License-Identifier: MIT
// The dashboard: puts the cards on the page, feeds them with what the client receives, and draws
// as often as a display deserves: the charts ten times a second, the figures four times, nothing
// while nobody looks.

import { Bars, Chart } from "./charts.js";
import { Gracecast } from "./gracecast.js";

const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const DRAW_MS = 90;
const DRAW_CALM_MS = 1000;
const FIGURES_MS = 250;
const DESCRIBE_MS = 5000; // for screen readers, the text of a chart
const IDLE_MS = 3000; // live and nothing published for so long: say so
const LINES_MAX = 8; // cores with a line of their own

// ---- how numbers are written: [number, unit]

const SI = ["B", "kB", "MB", "GB", "TB"];
const IEC = ["B", "KiB", "MiB", "GiB", "TiB"];

function digits(value) {
  const shown = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return value.toFixed(value === 0 ? 0 : shown);
}

function bytes(value, units, base) {
  if (!Number.isFinite(value)) return ["–", ""];
  let step = 0;
  while (value >= base * 0.9995 && step < units.length - 1) {
    value /= base;
    step++;
  }
  return [step ? digits(value) : value.toFixed(0), units[step]];
}

const fixed = (decimals, unit) => (value) =>
  Number.isFinite(value) ? [value.toFixed(decimals), unit] : ["–", ""];
const perSecond = (value) => bytes(value, SI, 1000).map((part, i) => (i && part ? `${part}/s` : part));
const inMemory = (value) => bytes(value, IEC, 1024);
const count = (unit) => (value) =>
  Number.isFinite(value) ? [Math.round(value).toLocaleString("en"), unit] : ["–", ""];
const milliseconds = (value) => (Number.isFinite(value) ? [digits(value), "ms"] : ["–", ""]);
const text = ([number, unit]) => (unit ? `${number} ${unit}` : number);
const short = (value, unit) => `${+value.toPrecision(3)}${unit}`;

function shortCount(value) {
  if (value >= 1e6) return short(value / 1e6, "M");
  return value >= 1e4 ? short(value / 1e3, "k") : short(value, "");
}

function shortBytes(value, units, base) {
  const [number, unit] = bytes(value, units, base);
  return value ? `${+number} ${unit}` : "0";
}

const plural = (number, thing) => `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`;

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

// ---- the cards

const GIB = 1024 ** 3;
const MEMORY_AXIS = (value) => shortBytes(value, IEC, 1024);
const BYTES_AXIS = (value) => shortBytes(value, SI, 1000);

// figures: one for each line of the chart, in its order. value: the line's; from: data of a message.
const CARDS = [
  {
    id: "cpu",
    title: "CPU",
    channel: "demo:cpu",
    figures: [{ label: "All cores", value: (d) => d.total, write: fixed(1, "%") }],
    bars: (d) => d.cores,
    note: (d) => plural(d.cores.length, "core"),
    chart: { top: () => 100, axis: (value) => `${value} %` },
  },
  {
    id: "memory",
    title: "Memory",
    channel: "demo:memory",
    figures: [{ label: "Used", value: (d) => d.used, write: inMemory }],
    note: (d) =>
      `${((100 * d.used) / d.total).toFixed(0)} % of ${text(inMemory(d.total))}` +
      (d.swap_used > 0 ? ` · swap ${text(inMemory(d.swap_used))}` : ""),
    chart: { top: (d) => d.total, axis: MEMORY_AXIS, unit: GIB },
  },
  {
    id: "load",
    title: "Load average",
    channel: "demo:load",
    figures: [
      { label: "1 min", value: (d) => d.load1, write: fixed(2, "") },
      { label: "5 min", value: (d) => d.load5, write: fixed(2, "") },
      { label: "15 min", value: (d) => d.load15, write: fixed(2, "") },
    ],
    note: (d) => plural(d.tasks, "task"),
    chart: { floor: 0.9, axis: shortCount },
  },
  {
    id: "network",
    title: "Network",
    channel: "demo:network",
    figures: [
      { label: "In", value: (d) => d.rx, write: perSecond },
      { label: "Out", value: (d) => d.tx, write: perSecond },
    ],
    chart: { floor: 9000, axis: BYTES_AXIS },
  },
  {
    id: "disk",
    title: "Disk",
    channel: "demo:disk",
    figures: [
      { label: "Read", value: (d) => d.read, write: perSecond },
      { label: "Write", value: (d) => d.write, write: perSecond },
    ],
    chart: { floor: 90000, axis: BYTES_AXIS },
  },
  {
    id: "connections",
    title: "Connections",
    channel: "demo:server",
    figures: [{ label: "Open", value: (d) => d.connections, write: count("") }],
    note: (d) => plural(d.subscriptions, "subscription"),
    chart: { floor: 3.5, axis: shortCount },
  },
  {
    id: "deliveries",
    title: "Throughput",
    channel: "demo:server",
    figures: [
      { label: "Deliveries", value: (d) => d.deliveries, write: count("/s") },
      { label: "Publications", value: (d) => d.publications, write: count("/s") },
    ],
    note: (d) => `${text(perSecond(d.bytes))} sent`,
    chart: { floor: 90, axis: shortCount },
  },
  {
    id: "latency",
    title: "Latency",
    channel: "demo:server",
    figures: [
      { label: "Event loop", value: (d) => d.loop_lag_us / 1000, write: milliseconds },
      { label: "To this page", value: () => pace.age, write: milliseconds },
    ],
    chart: { floor: 1.9, axis: (value) => short(value, " ms") },
  },
];

const byId = (id) => document.getElementById(id);

function clone(id) {
  return byId(id).content.firstElementChild.cloneNode(true);
}

class Card {
  #values = []; // element and writer of each figure
  #points = 0;
  #latest = {};

  constructor(spec) {
    this.spec = spec;
    this.element = clone("card");
    this.element.dataset.chart = spec.id;
    this.element.dataset.points = "0";
    this.element.querySelector("h3").textContent = spec.title;
    this.note = this.element.querySelector(".note");
    this.canvas = this.element.querySelector("canvas");
    for (const { label, write } of spec.figures) this.#addFigure(label, write);
    const top = spec.chart.top && (() => spec.chart.top(this.#latest));
    this.chart = new Chart(this.canvas, { ...spec.chart, top, series: spec.figures.length });
    if (spec.bars) this.#addBars();
  }

  #addFigure(label, write) {
    const figure = clone("figure");
    const [number, unit] = figure.querySelectorAll("dd > *");
    figure.querySelector("dt span").textContent = label;
    this.element.querySelector(".figures").append(figure);
    this.#values.push({ number, unit, write });
  }

  #addBars() {
    const canvas = document.createElement("canvas");
    canvas.className = "bars";
    canvas.setAttribute("aria-hidden", "true"); // the chart's text says it
    this.element.append(canvas);
    this.bars = new Bars(canvas);
  }

  // A server of another version may leave fields out: those are gaps in the line.
  push(data) {
    const cores = this.spec.bars?.(data) ?? [];
    const values = this.spec.figures.map(({ value }) => Number(value(data) ?? NaN));
    this.#latest = data;
    this.chart.push(data.t, cores.length <= LINES_MAX ? values.concat(cores) : values);
    this.element.dataset.points = String(++this.#points);
  }

  draw(edge, cursor) {
    this.chart.draw(edge, cursor);
    this.bars?.draw(this.spec.bars(this.#latest) ?? []);
  }

  /** The figures at the cross-hair, or the latest. */
  write(edge, cursor) {
    const row = cursor === null ? this.chart.rows.at(-1) : this.chart.rowAt(cursor);
    if (!row) return;
    this.#values.forEach(({ number, unit, write }, i) => {
      const [shown, shownUnit] = write(row.values[i]);
      number.textContent = shown;
      unit.textContent = shownUnit;
    });
    const ago = ((edge - row.t) / 1000).toFixed(1);
    this.note.textContent = cursor === null ? this.#noteOfLatest() : `${ago} s ago`;
  }

  #noteOfLatest() {
    try {
      return this.spec.note?.(this.#latest) ?? "";
    } catch {
      return ""; // made of fields this server does not send
    }
  }

  describe() {
    const lines = this.spec.figures.map(({ label, write }, i) => {
      const [low, high] = this.chart.range(i);
      return `${label} from ${text(write(low))} to ${text(write(high))}`;
    });
    this.canvas.setAttribute("aria-label", `${this.spec.title}, the last minute: ${lines.join("; ")}`);
  }
}

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
addEventListener("resize", wantEverything);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", wantEverything);

// ---- the connection

const client = new Gracecast();
let state = { name: "connecting" };
let stateSince = performance.now();

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

function notify(message) {
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
  document.title = state.name === "live" ? "Gracecast · live dashboard" : `Gracecast · ${state.name}`;
  byId("retry").hidden = state.name !== "closed" && !state.retryAt;
  setText("state", stateText());
  if (state.name === "live") {
    notify("");
    setText("server", [location.host, state.version].filter(Boolean).join(" · "));
  }
};

client.onerror = (channel, error) => notify(`${channel}: ${error.message} (${error.code})`);

function receive(channel, data) {
  if (!Number.isFinite(data?.t)) return;
  received++;
  receivedAt = performance.now();
  serverTime = data.t;
  pace.add(Date.now() - data.t);
  for (const card of cards) if (card.spec.channel === channel) card.push(data);
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

// The countdown, and the charts moving on while nothing comes in.
setInterval(() => {
  if (document.hidden) return;
  setText("state", stateText());
  const now = performance.now();
  if (state.name === "live" && now - Math.max(stateSince, receivedAt) > IDLE_MS) {
    notify("Connected, but nothing is being published on the demo channels.");
  } else if (state.name === "live" && now - receivedAt < IDLE_MS && !byId("notice").hidden) {
    notify("");
  }
  if (now - receivedAt > 1000) wantEverything();
}, 500);

client.connect();
