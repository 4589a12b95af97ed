// SPDX-License-Identifier: MIT
// The cards of the dashboard: what each shows, and the element that shows it.

import { Bars, Chart } from "./charts.js";
import {
  bytesPerSecond,
  count,
  fixed,
  label,
  memory,
  milliseconds,
  plural,
  text,
} from "./units.js";

const LINES_MAX = 8; // cores with a line of their own
const coresOf = ({ cores }) => (Array.isArray(cores) ? cores : []);
const GIB = 1024 ** 3;

// figures: one for each line of the chart, in its order. value: of the data of a message
// and of the Pace of all messages.
export const CARDS = [
  {
    id: "cpu",
    title: "CPU",
    channel: "demo:cpu",
    figures: [{ label: "All cores", value: (d) => d.total, write: fixed(1, "%") }],
    bars: coresOf,
    note: (d) => plural(coresOf(d).length, "core"),
    chart: { top: () => 100, axis: label.percent },
  },
  {
    id: "memory",
    title: "Memory",
    channel: "demo:memory",
    figures: [{ label: "Used", value: (d) => d.used, write: memory }],
    note: (d) =>
      `${((100 * d.used) / d.total).toFixed(0)} % of ${text(memory(d.total))}` +
      (d.swap_used > 0 ? ` · swap ${text(memory(d.swap_used))}` : ""),
    chart: { top: (d) => d.total, axis: label.memory, unit: GIB },
  },
  {
    id: "load",
    title: "Load average",
    channel: "demo:load",
    figures: [
      { label: "1 min", value: (d) => d.load1, write: fixed(2) },
      { label: "5 min", value: (d) => d.load5, write: fixed(2) },
      { label: "15 min", value: (d) => d.load15, write: fixed(2) },
    ],
    note: (d) => plural(d.tasks, "task"),
    chart: { floor: 0.9, axis: label.count },
  },
  {
    id: "network",
    title: "Network",
    channel: "demo:network",
    figures: [
      { label: "In", value: (d) => d.rx, write: bytesPerSecond },
      { label: "Out", value: (d) => d.tx, write: bytesPerSecond },
    ],
    chart: { floor: 9000, axis: label.bytes },
  },
  {
    id: "disk",
    title: "Disk",
    channel: "demo:disk",
    figures: [
      { label: "Read", value: (d) => d.read, write: bytesPerSecond },
      { label: "Write", value: (d) => d.write, write: bytesPerSecond },
    ],
    chart: { floor: 90000, axis: label.bytes },
  },
  {
    id: "connections",
    title: "Connections",
    channel: "demo:server",
    figures: [{ label: "Open", value: (d) => d.connections, write: count() }],
    note: (d) => plural(d.subscriptions, "subscription"),
    chart: { floor: 3.5, axis: label.count },
  },
  {
    id: "deliveries",
    title: "Throughput",
    channel: "demo:server",
    figures: [
      { label: "Deliveries", value: (d) => d.deliveries, write: count("/s") },
      { label: "Publications", value: (d) => d.publications, write: count("/s") },
    ],
    note: (d) => `${text(bytesPerSecond(d.bytes))} sent`,
    chart: { floor: 90, axis: label.count },
  },
  {
    id: "latency",
    title: "Latency",
    channel: "demo:server",
    figures: [
      { label: "Event loop", value: (d) => d.loop_lag_us / 1000, write: milliseconds },
      { label: "To this page", value: (d, pace) => pace.age, write: milliseconds },
    ],
    chart: { floor: 1.9, axis: label.time },
  },
];

function clone(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

export class Card {
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
    this.element.querySelector(".summary").append(canvas);
    this.bars = new Bars(canvas);
  }

  // A server of another version may leave fields out: those are gaps in the line.
  push(data, pace) {
    const cores = this.spec.bars?.(data) ?? [];
    const values = this.spec.figures.map(({ value }) => Number(value(data, pace) ?? NaN));
    this.#latest = data;
    this.chart.push(data.t, cores.length <= LINES_MAX ? values.concat(cores) : values);
    this.element.dataset.points = String(++this.#points);
  }

  draw(edge, cursor) {
    this.chart.draw(edge, cursor);
    this.bars?.draw(this.spec.bars(this.#latest));
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
    const summary = `${this.spec.title}, the last minute: ${lines.join("; ")}`;
    this.canvas.setAttribute("aria-label", summary);
  }
}
