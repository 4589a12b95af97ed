// SPDX-License-Identifier: MIT
// Line charts of the last minute, and the row of bars with one for each core. Both draw on a canvas
// when told to, in the colours that the style sheet gives its element.

export const WINDOW_MS = 60000;

const GAP_MS = 2500; // a longer silence shows as a gap in the line
const GUTTER = { left: 58, right: 8, top: 8, bottom: 20 }; // CSS pixels around the plot
const TICKS_Y = 4;
const TICK_X_MS = 15000;
const BAR_PITCH = 22;

/** The smallest of 1, 2, 5, 10, 20... that cuts `top` into at most TICKS_Y steps. */
function niceStep(top) {
  const rough = top / TICKS_Y;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((n) => n * power >= rough) ?? 10);
}

/** 0, step, 2 step... and `top` itself, which takes the place of a step close below it. */
function ticks(top, step) {
  const values = [];
  for (let value = 0; value < top - step * 0.4; value += step) values.push(value);
  return [...values, top];
}

/** A canvas as sharp as the screen, drawn in CSS pixels. Sends "resized": it must be drawn anew. */
class Surface {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.width = this.height = 0;
    this.colors = null;
    new ResizeObserver(() => this.#measure()).observe(canvas);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", () => (this.colors = null));
  }

  #measure() {
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.dispatchEvent(new Event("resized", { bubbles: true }));
  }

  /** Clears and returns the context, or null where there is nothing to see. */
  begin() {
    if (!this.colors) this.#readColors();
    const scale = window.devicePixelRatio || 1;
    const width = Math.round(this.width * scale);
    const height = Math.round(this.height * scale);
    if (!width || !height) return null;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.context.clearRect(0, 0, this.width, this.height);
    return this.context;
  }

  #readColors() {
    const style = getComputedStyle(this.canvas);
    const color = (name) => style.getPropertyValue(name).trim();
    this.colors = {
      series: [color("--series-1"), color("--series-2"), color("--series-3")],
      card: color("--card"),
      grid: color("--grid"),
      axis: color("--grid-strong"),
      label: color("--muted"),
    };
    this.font = `11px ${style.fontFamily}`;
  }
}

export class Chart {
  /**
   * options: series, how many lines; the first is filled below. More values than that in a row are
   * thin lines behind. floor: the axis reaches at least to this. top(): fixed end of the axis.
   * axis(value): text of a label; unit: what the labels count in steps of (1024 ** 3, say).
   */
  constructor(canvas, { series, floor = 1, top = null, axis = String, unit = 1 }) {
    this.surface = new Surface(canvas);
    this.options = { series, floor, top, axis, unit };
    this.rows = []; // { t, values }, oldest first
  }

  push(t, values) {
    const rows = this.rows;
    if (rows.length && t < rows.at(-1).t) rows.length = 0; // another clock: start again
    rows.push({ t, values });
    // one row older than the window stays, so that the line reaches the edge
    while (rows.length > 2 && rows[1].t < t - WINDOW_MS) rows.shift();
  }

  /** The row nearest to time t; undefined when there is none. */
  rowAt(t) {
    let low = 0;
    let high = this.rows.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rows[middle].t < t) low = middle + 1;
      else high = middle;
    }
    const before = this.rows[low - 1];
    return before && t - before.t < this.rows[low].t - t ? before : this.rows[low];
  }

  /** Least and greatest value of a line in view. */
  range(index) {
    const values = this.rows.map((row) => row.values[index]).filter(Number.isFinite);
    return values.length ? [Math.min(...values), Math.max(...values)] : [NaN, NaN];
  }

  /** How far before the right edge the pointer is, in ms; null outside the plot. */
  agoAt(x) {
    const width = this.surface.width - GUTTER.left - GUTTER.right;
    const part = (x - GUTTER.left) / width;
    return part >= 0 && part <= 1 ? (1 - part) * WINDOW_MS : null;
  }

  /** edge: time at the right end; cursor: time of the cross-hair, or null. */
  draw(edge, cursor) {
    const context = this.surface.begin();
    if (!context) return;
    const { width, height } = this.surface;
    const plot = {
      left: GUTTER.left,
      right: width - GUTTER.right,
      top: GUTTER.top,
      bottom: height - GUTTER.bottom,
    };
    const top = this.#top();
    const scale = {
      x: (t) => plot.right - ((edge - t) / WINDOW_MS) * (plot.right - plot.left),
      y: (value) => plot.bottom - (Math.min(value, top) / top) * (plot.bottom - plot.top),
    };
    this.#drawGrid(context, plot, scale, top);
    context.save();
    context.beginPath();
    context.rect(plot.left, 0, plot.right - plot.left + GUTTER.right, plot.bottom + 6);
    context.clip();
    this.#drawLines(context, plot, scale);
    const marked = cursor === null ? this.rows.at(-1) : this.rowAt(cursor);
    if (marked) this.#drawMarks(context, plot, scale, marked, cursor !== null);
    context.restore();
  }

  #top() {
    const { series, floor, top, unit } = this.options;
    if (top) return top() || 1;
    let highest = floor;
    for (const row of this.rows) {
      for (let i = 0; i < series; i++) if (row.values[i] > highest) highest = row.values[i];
    }
    const step = niceStep((highest * 1.05) / unit) * unit;
    return Math.ceil((highest * 1.05) / step) * step;
  }

  #drawGrid(context, plot, scale, top) {
    const { grid, axis, label } = this.surface.colors;
    const step = niceStep(top / this.options.unit) * this.options.unit;
    context.font = this.surface.font;
    context.fillStyle = label;
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of ticks(top, step)) {
      const y = Math.round(scale.y(value)) + 0.5;
      context.strokeStyle = value === 0 ? axis : grid;
      context.beginPath();
      context.moveTo(plot.left, y);
      context.lineTo(plot.right, y);
      context.stroke();
      context.fillText(this.options.axis(value), plot.left - 8, y);
    }
    context.textBaseline = "alphabetic";
    const every = plot.right - plot.left < 260 ? TICK_X_MS * 2 : TICK_X_MS;
    for (let ago = 0; ago <= WINDOW_MS; ago += every) {
      const x = plot.right - (ago / WINDOW_MS) * (plot.right - plot.left);
      context.textAlign = ago === 0 ? "right" : ago === WINDOW_MS ? "left" : "center";
      context.fillText(ago === 0 ? "now" : `${ago / 1000} s`, x, plot.bottom + 15);
    }
  }

  #drawLines(context, plot, scale) {
    const { series } = this.options;
    const count = this.rows.at(-1)?.values.length ?? 0;
    const colors = this.surface.colors.series;
    const paths = Array.from({ length: count }, (_, i) => this.#path(i, scale));
    if (count) this.#fill(context, plot, paths[0].area, colors[0]);
    context.lineJoin = "round";
    for (let i = count - 1; i >= 0; i--) {
      const behind = i >= series;
      context.strokeStyle = colors[behind ? 0 : i % colors.length];
      context.lineWidth = behind ? 1 : 1.75;
      context.globalAlpha = behind ? 0.45 : 1;
      context.stroke(paths[i].line);
      context.globalAlpha = 1;
    }
  }

  /** The line of one series with its gaps, and the area between it and the axis. */
  #path(index, scale) {
    const line = new Path2D();
    const area = new Path2D();
    const zero = scale.y(0);
    let last = null;
    for (const { t, values } of this.rows) {
      const value = values[index];
      if (!Number.isFinite(value)) continue;
      const x = scale.x(t);
      const y = scale.y(value);
      if (last && t - last.t <= GAP_MS) {
        line.lineTo(x, y);
      } else {
        if (last) area.lineTo(last.x, zero);
        line.moveTo(x, y);
        area.moveTo(x, zero);
      }
      area.lineTo(x, y);
      last = { t, x };
    }
    if (last) area.lineTo(last.x, zero);
    return { line, area };
  }

  #fill(context, plot, area, color) {
    const shade = context.createLinearGradient(0, plot.top, 0, plot.bottom);
    shade.addColorStop(0, color);
    shade.addColorStop(1, `${color}40`); // the style sheet writes these colours as #rrggbb
    context.fillStyle = shade;
    context.globalAlpha = 0.28;
    context.fill(area);
    context.globalAlpha = 1;
  }

  #drawMarks(context, plot, scale, row, crosshair) {
    const { series, card, axis } = this.surface.colors;
    const x = scale.x(row.t);
    if (crosshair) {
      context.strokeStyle = axis;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(x, plot.top);
      context.lineTo(x, plot.bottom);
      context.stroke();
    }
    for (let i = Math.min(this.options.series, row.values.length) - 1; i >= 0; i--) {
      if (!Number.isFinite(row.values[i])) continue;
      context.beginPath();
      context.arc(x, scale.y(row.values[i]), 3.5, 0, 2 * Math.PI);
      context.fillStyle = series[i];
      context.fill();
      context.strokeStyle = card;
      context.lineWidth = 1.5;
      context.stroke();
    }
  }
}

/** Upright bars side by side at the right, 0 to 100 percent each. */
export class Bars {
  constructor(canvas) {
    this.surface = new Surface(canvas);
  }

  draw(values) {
    const context = this.surface.begin();
    if (!context || !values.length) return;
    const { width, height, colors } = this.surface;
    const pitch = Math.min(BAR_PITCH, width / values.length);
    const gap = pitch >= 8 ? 4 : pitch >= 3 ? 1 : 0;
    values.forEach((value, i) => {
      const x = width - (values.length - i) * pitch + gap;
      const filled = (Math.min(Math.max(value, 0), 100) / 100) * height;
      context.fillStyle = colors.grid;
      context.fillRect(x, 0, pitch - gap, height);
      context.fillStyle = colors.series[0];
      context.fillRect(x, height - filled, pitch - gap, filled);
    });
  }
}
