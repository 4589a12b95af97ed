// SPDX-License-Identifier: MIT
// Tokens made by Node's own cryptography, as an application's backend would make them.

import { createHmac, generateKeyPairSync, sign } from "node:crypto";

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Seconds since 1970. */
export const nowS = () => Math.floor(Date.now() / 1000);

/** `key`: the secret of HS..., the private key of RS... and ES... */
export function token(claims, key, alg = "HS256") {
  const content = `${encode({ alg, typ: "JWT" })}.${encode(claims)}`;
  const hash = `sha${alg.slice(2)}`;
  const signature = alg.startsWith("HS")
    ? createHmac(hash, key).update(content).digest()
    : sign(hash, Buffer.from(content), { key, dsaEncoding: "ieee-p1363" });
  return `${content}.${signature.toString("base64url")}`;
}

/** A pair of keys in PEM. */
export function keyPair(type, options) {
  return generateKeyPairSync(type, {
    ...options,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}
