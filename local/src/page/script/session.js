// Being signed in: tokens from /auth/v1, kept in this browser, renewed shortly before they end.

const STORED = "hearth.session";
const config = await (await fetch("/page-config.json")).json();

class Problem extends Error {
  constructor(status, body) {
    const envelope = body?.error && typeof body.error === "object" ? body.error : body;
    super(envelope?.detail || envelope?.msg || envelope?.message || envelope?.title || `The server answered ${status}.`);
    this.status = status;
    this.code = envelope?.code || envelope?.error_code;
  }
}

async function refuse(response) {
  throw new Problem(response.status, await response.json().catch(() => null));
}

async function auth(path, body) {
  const response = await fetch(`/auth/v1/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", apikey: config.publishable_key },
    body: JSON.stringify(body),
  });
  return response.ok ? response.json() : refuse(response);
}

const session = {
  get stored() {
    return JSON.parse(localStorage.getItem(STORED) || "null");
  },
  keep(granted) {
    const ends = Date.now() / 1000 + granted.expires_in;
    const { access_token, refresh_token } = granted;
    localStorage.setItem(STORED, JSON.stringify({ access_token, refresh_token, ends, email: granted.user?.email }));
  },
  async enter(email, password) {
    this.keep(await auth("token?grant_type=password", { email, password }));
  },
  async create(email, password) {
    this.keep(await auth("signup", { email, password }));
  },
  forget() {
    localStorage.removeItem(STORED);
  },
  async leave() {
    const token = this.stored?.access_token;
    this.forget();
    if (token) {
      const headers = { authorization: `Bearer ${token}`, apikey: config.publishable_key };
      await fetch("/auth/v1/logout?scope=local", { method: "POST", headers }).catch(() => {});
    }
  },
  fresh() {
    const stored = this.stored;
    return stored && stored.ends > Date.now() / 1000 + 60 ? stored.access_token : null;
  },
  // A refresh token works once, and other tabs share it: one of them renews, the others wait and find the new one.
  async token() {
    const renew = async () => {
      if (this.fresh()) return this.fresh();
      const refresh_token = this.stored?.refresh_token;
      if (!refresh_token) throw new Problem(401, { msg: "Please sign in." });
      this.keep(await auth("token?grant_type=refresh_token", { refresh_token }));
      return this.fresh();
    };
    return this.fresh() || (navigator.locks ? navigator.locks.request(STORED, renew) : renew());
  },
};

// Every call of the API. A 401 means that the session ended elsewhere.
async function call(method, path, body, headers = {}, signal = undefined) {
  const authorization = `Bearer ${await session.token()}`;
  if (body) headers["content-type"] = "application/json";
  const response = await fetch(path, { method, headers: { authorization, ...headers }, body: body && JSON.stringify(body), signal });
  return response.ok ? response : refuse(response);
}

async function json(method, path, body) {
  const response = await call(method, path, body);
  return response.status === 204 ? null : response.json();
}

// RFC 9562: 48 bits of milliseconds, then chance. crypto.randomUUID is missing where a page is not on a secure origin.
function uuid7() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let time = Date.now();
  for (let at = 5; at >= 0; at--, time = Math.floor(time / 256)) bytes[at] = time % 256;
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
