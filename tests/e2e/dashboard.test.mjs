// SPDX-License-Identifier: MIT
// The demo dashboard in a browser.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { launch, openDashboard, pictures, untilPoints, untilState } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";
import { until } from "./support/wait.mjs";

const PICTURES = process.env.GCAST_PICTURES ?? join(tmpdir(), "gracecast-pictures");
const CHARTS = ["cpu", "memory", "load", "network", "disk", "connections", "deliveries", "latency"];

describe("the demo dashboard", () => {
  let server;
  let browser;
  before(async () => {
    mkdirSync(PICTURES, { recursive: true });
    server = await Server.start(["--demo", "--client.insecure=false"]);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server.stop();
  });

  /** A window of its own, which goes with the test. */
  const newWindow = async (t, options) => {
    const context = await browser.newContext(options);
    t.after(() => context.close());
    return context;
  };

  for (const colorScheme of ["light", "dark"]) {
    test(`${colorScheme}: every chart moves, and nothing complains`, async (t) => {
      const context = await newWindow(t, { colorScheme, viewport: { width: 1280, height: 800 } });
      const page = await openDashboard(context, server.port);
      await untilState(page, "live");
      await untilPoints(page, 20);
      assert.deepEqual(Object.keys(await pictures(page)).sort(), [...CHARTS].sort());
      const updates = Number(await page.evaluate(() => document.body.dataset.updates));
      const first = await pictures(page);
      const standing = async () => {
        const now = await pictures(page);
        return CHARTS.filter((chart) => now[chart] === first[chart]);
      };
      await until(async () => (await standing()).length === 0, "all charts to move");
      assert.ok(Number(await page.evaluate(() => document.body.dataset.updates)) > updates);
      const picture = await page.screenshot({
        path: join(PICTURES, `dashboard-${colorScheme}.png`),
        fullPage: true,
      });
      assert.ok(picture.length > 20000, "an empty page");
      assert.deepEqual(page.complaints, []);
    });
  }

  test("the two schemes look different", async (t) => {
    const grounds = [];
    for (const colorScheme of ["light", "dark"]) {
      const context = await newWindow(t, { colorScheme });
      const page = await openDashboard(context, server.port);
      grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    }
    assert.notEqual(grounds[0], grounds[1]);
  });

  test("figures are shown, ten samples a second", async (t) => {
    const context = await newWindow(t);
    const page = await openDashboard(context, server.port);
    await untilPoints(page, 20);
    const rate = () => page.locator("#rate").textContent().then(Number);
    await until(async () => (await rate()) >= 50, "six channels at ten samples a second");
    const figures = await page.locator("[data-chart] .figure b").allTextContents();
    assert.ok(figures.length >= CHARTS.length);
    for (const figure of figures) assert.match(figure, /\d/);
  });

  test("on a telephone nothing sticks out", async (t) => {
    const context = await newWindow(t, { viewport: { width: 360, height: 740 } });
    const page = await openDashboard(context, server.port);
    await untilPoints(page, 5);
    const [pageWidth, windowWidth] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      innerWidth,
    ]);
    assert.ok(pageWidth <= windowWidth, `${pageWidth} > ${windowWidth}`);
  });

  test("ten tabs at once", async () => {
    await until(async () => (await server.info()).num_clients === 0, "earlier tabs to be gone");
    const context = await browser.newContext();
    const pages = await Promise.all(
      Array.from({ length: 10 }, () => openDashboard(context, server.port)),
    );
    await Promise.all(pages.map((page) => untilPoints(page, 20, 40000)));
    assert.equal((await server.info()).num_clients, 10);
    for (const page of pages) {
      assert.equal(await page.evaluate(() => document.body.dataset.state), "live");
      assert.deepEqual(page.complaints, []);
    }
    await context.close();
    await until(async () => (await server.info()).num_clients === 0, "the tabs to be gone");
  });
});

test("the server is started again: the page says so, and is live again by itself", async () => {
  const first = await Server.start(["--demo"]);
  const browser = await launch();
  const page = await openDashboard(await browser.newContext(), first.port);
  await untilState(page, "live");
  await untilPoints(page, 10);
  await first.stop();
  await untilState(page, "reconnecting");
  assert.match(await page.locator("#state").textContent(), /Reconnecting/);
  const before = Number(await page.evaluate(() => document.body.dataset.updates));

  const second = await Server.start(["--demo"], { port: first.port });
  await untilState(page, "live", 30000);
  await page.waitForFunction((from) => Number(document.body.dataset.updates) > from + 30, before);
  const complaints = page.complaints.filter(
    (text) => !/WebSocket connection to .* failed/.test(text),
  );
  assert.deepEqual(complaints, []);
  await browser.close();
  await second.stop();
});
