// SPDX-License-Identifier: MIT
// Chromium without a window, on the demo's page.

import { chromium } from "playwright-core";

const PROGRAM = process.env.GCAST_CHROMIUM ?? "/usr/bin/chromium";

export function launch() {
  return chromium.launch({
    executablePath: PROGRAM,
    args: ["--disable-gpu", "--disable-dev-shm-usage"],
  });
}

/** A tab with the dashboard. `complaints` has what its console and its scripts complain about. */
export async function openDashboard(context, port) {
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("requestfailed", (request) => page.complaints.push(`failed: ${request.url()}`));
  await page.goto(`http://127.0.0.1:${port}/`);
  return page;
}

/** Waits until the page shows this state. */
export function untilState(page, state, timeout = 20000) {
  return page.waitForFunction((wanted) => document.body.dataset.state === wanted, state, {
    timeout,
  });
}

/** Waits until every chart has this many points. */
export function untilPoints(page, count, timeout = 20000) {
  return page.waitForFunction(
    (wanted) => {
      const charts = [...document.querySelectorAll("[data-chart]")];
      return charts.length > 0 && charts.every((chart) => Number(chart.dataset.points) >= wanted);
    },
    count,
    { timeout },
  );
}

/** What the charts look like, by their names. */
export function pictures(page) {
  return page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll("[data-chart]")].map((chart) => [
        chart.dataset.chart,
        chart.querySelector("canvas").toDataURL(),
      ]),
    ),
  );
}
