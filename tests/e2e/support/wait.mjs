// SPDX-License-Identifier: MIT
// Waiting: always for something, and never without an end.

export const PATIENCE_MS = 15000;

/** The promise, or an error that names what did not happen in time. */
export async function within(promise, what, ms = PATIENCE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks until the answer is true (or truthy), and returns it. For what tells nobody when it changes. */
export async function until(condition, what, ms = PATIENCE_MS) {
  const end = performance.now() + ms;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (performance.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The first argument that the emitter's next `event` comes with. */
export function next(emitter, event, ms = PATIENCE_MS) {
  return within(new Promise((resolve) => emitter.once(event, resolve)), `the event ${event}`, ms);
}
