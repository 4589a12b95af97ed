// SPDX-License-Identifier: MIT
// How numbers are written. A writer takes a value and returns [number, unit], both texts.

const SI = ["B", "kB", "MB", "GB", "TB"];
const IEC = ["B", "KiB", "MiB", "GiB", "TiB"];
const NONE = ["–", ""];

/** Three digits, as many as a glance takes in. */
function threeDigits(value) {
  if (value === 0) return "0";
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}

function bytes(value, units, base) {
  if (!Number.isFinite(value)) return NONE;
  let step = 0;
  while (value >= base * 0.9995 && step < units.length - 1) {
    value /= base;
    step++;
  }
  return [step ? threeDigits(value) : value.toFixed(0), units[step]];
}

/** A writer with so many decimals. */
export function fixed(decimals, unit = "") {
  return (value) => (Number.isFinite(value) ? [value.toFixed(decimals), unit] : NONE);
}

/** A writer of whole numbers. */
export function count(unit = "") {
  return (value) =>
    Number.isFinite(value) ? [Math.round(value).toLocaleString("en"), unit] : NONE;
}

export function memory(value) {
  return bytes(value, IEC, 1024);
}

export function bytesPerSecond(value) {
  const [number, unit] = bytes(value, SI, 1000);
  return [number, unit && `${unit}/s`];
}

export function milliseconds(value) {
  return Number.isFinite(value) ? [threeDigits(value), "ms"] : NONE;
}

/** "1.5 MB": a number and its unit in one text. */
export function text([number, unit]) {
  return unit ? `${number} ${unit}` : number;
}

export function plural(number, thing) {
  return `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`;
}

/** The label of a tick: as short as it can be. */
export const label = {
  percent: (value) => `${value} %`,
  memory: (value) => shortBytes(value, IEC, 1024),
  bytes: (value) => shortBytes(value, SI, 1000),
  count(value) {
    if (value >= 1e6) return `${short(value / 1e6)}M`;
    return value >= 1e4 ? `${short(value / 1e3)}k` : String(short(value));
  },
  time(value) {
    if (value === 0) return "0";
    return value < 1000 ? `${short(value)} ms` : `${short(value / 1000)} s`;
  },
};

/** Without the digits that binary fractions add: 0.30000000000000004. */
function short(value) {
  return Number(value.toPrecision(3));
}

function shortBytes(value, units, base) {
  const [number, unit] = bytes(value, units, base);
  return value === 0 ? "0" : `${Number(number)} ${unit}`;
}
