// SPDX-License-Identifier: MIT
// Takes a picture of the dashboard when its charts are full. For docs/dashboard.png, at the top:
//   ./dev build && GCAST_SERVER=build/release/bin/gracecast \
//     node tests/e2e/support/screenshot.mjs docs/dashboard.png [light|dark] [SECONDS]

import { launch, openDashboard, untilPoints } from "./browser.mjs";
import { Server } from "./server.mjs";

const [path, colorScheme = "light", seconds = "60"] = process.argv.slice(2);
if (!path) throw new Error("which file?");

const server = await Server.start(["--demo"]);
const browser = await launch();
const context = await browser.newContext({ colorScheme, viewport: { width: 1280, height: 800 } });
const page = await openDashboard(context, server.port);
await untilPoints(page, 10 * Number(seconds), 2000 * Number(seconds) + 20000);
await page.screenshot({ path, fullPage: true });
await browser.close();
await server.stop();
