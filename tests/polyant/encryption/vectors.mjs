// Test vectors of the stored format, computed with Node's own `crypto` and without a line of ours:
//
//     node tests/polyant/encryption/vectors.mjs > tests/polyant/encryption/vectors.json
//
// Keys and nonces are fixed, so the output is the same each time. Never use a fixed nonce elsewhere.
import { createCipheriv, createHash } from "node:crypto";

const LABEL = "polyant encryption key id v1\0";

/** The first eight bytes of SHA-256 over the label and the key, in hex. */
function keyId(key) {
  return createHash("sha256").update(LABEL).update(key).digest("hex").slice(0, 16);
}

/** Each part as UTF-8 behind its length in four big-endian bytes; the format is the first part. */
function associatedData(place) {
  return Buffer.concat(
    ["v1", ...place].flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(Buffer.byteLength(part, "utf8"));
      return [length, Buffer.from(part, "utf8")];
    }),
  );
}

/** v1.<key id>.<base64url(nonce ‖ ciphertext ‖ tag)> */
function seal({ key, nonce, place, plaintext }) {
  const keyBytes = Buffer.from(key, "hex");
  const nonceBytes = Buffer.from(nonce, "hex");
  const cipher = createCipheriv("aes-256-gcm", keyBytes, nonceBytes, { authTagLength: 16 });
  cipher.setAAD(associatedData(place));
  const ciphertext = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]);
  const payload = Buffer.concat([nonceBytes, ciphertext, cipher.getAuthTag()]);
  return `v1.${keyId(keyBytes)}.${payload.toString("base64url")}`;
}

const key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const instance = "6f9619ff-8b86-4d11-b42d-00c04fc964ff";
const secret = (name) => ["instance_secrets", "value", instance, name];

const vectors = [
  {
    name: "a credential",
    key,
    nonce: "000000000000000000000001",
    place: secret("openai_api_key"),
    plaintext: "sk-proj-0123456789",
  },
  { name: "no text", key, nonce: "000000000000000000000002", place: secret("empty"), plaintext: "" },
  {
    name: "Unicode text",
    key,
    nonce: "ffffffffffffffffffffffff",
    place: secret("unicode"),
    plaintext: "пароль \u0000 é e\u0301 密码 👩‍👩‍👧 \u{10ffff}",
  },
  {
    name: "Unicode in the place",
    key,
    nonce: "000000000000000000000003",
    place: ["таблица", "значение", instance, "ключ 🔑"],
    plaintext: "sk-1",
  },
  {
    name: "a character moved between the parts of the place",
    key,
    nonce: "000000000000000000000004",
    place: ["instance_secrets", "value", "a", "bc"],
    plaintext: "sk-1",
  },
  {
    name: "and back",
    key,
    nonce: "000000000000000000000004",
    place: ["instance_secrets", "value", "ab", "c"],
    plaintext: "sk-1",
  },
  {
    name: "JSON under another key, in another table",
    key: "ff".repeat(32),
    nonce: "0123456789abcdef01234567",
    place: ["instance_channels", "credentials", instance, "telegram"],
    plaintext: '{"botToken":"123:abc"}',
  },
  {
    name: "all the bound columns of a skill's variable",
    key,
    nonce: "000000000000000000000005",
    place: ["instance_skill_env", "value", instance, "weather", "API_KEY", "True"],
    plaintext: "x".repeat(100),
  },
];

const rows = vectors.map((vector) => ({
  ...vector,
  associatedData: associatedData(vector.place).toString("hex"),
  keyId: keyId(Buffer.from(vector.key, "hex")),
  stored: seal(vector),
}));
process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
