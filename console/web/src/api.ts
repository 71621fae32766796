// SPDX-License-Identifier: GPL-2.0-or-later
// The console's API as this page uses it. Every failure is a Problem whose text can be shown.

export interface Phone {
  uuid: string;
  name?: string;
  state: string;
  reason?: string;
  host: string;
  pool?: string;
  template?: string;
  user?: string;
  lease?: string | { id: string; user: string };
  created?: string;
  clone_ms?: number;
  screen?: { width: number; height: number };
}

export interface Host {
  id: string;
  reachable?: boolean;
  state?: string;
  duty?: "active" | "draining" | "maintenance";
  problem?: string;
  info?: HostInfo;
}

export interface HostInfo {
  version?: string;
  accelerator?: { name: string; reason?: string };
  qemu?: { version: string };
  cpus?: number;
  memory_mib?: number;
  memory_free_mib?: number;
  phones?: { total: number; running: number; off: number };
  uptime_s?: number;
}

export interface Pool {
  name: string;
  template: string;
  ready: number;
  max: number;
  ready_now: number;
  leased: number;
  creating: number;
}

export class Problem extends Error {
  constructor(readonly status: number, detail: string) {
    super(detail);
  }
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { "X-QVMI-Client": "browser" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch {
    throw new Problem(0, "The console does not answer. Is it running?");
  }
  const text = await response.text();
  let answer: unknown;
  try {
    answer = text === "" ? {} : JSON.parse(text);
  } catch {
    throw new Problem(response.status, `The console gave an answer that is not understood (${response.status}).`);
  }
  if (!response.ok) {
    const problem = answer as { detail?: string; title?: string };
    throw new Problem(response.status, problem.detail ?? problem.title ?? `Error ${response.status}`);
  }
  return answer as T;
}

const id = encodeURIComponent;

export const whoAmI = () => call<{ user: string }>("GET", "/v1/whoami");
export interface Administrator {
  user: string;
  recovery_codes?: string[];
}

// The first half of a sign-in is done; the second factor is asked for.
export interface Challenge {
  challenge: string;
  enrolment?: { secret: string; qr: string[] };
}

export const signIn = (user: string, password: string) =>
  call<Administrator | Challenge>("POST", "/v1/login", { user, password });
export const showSecondFactor = (challenge: string, code: string) =>
  call<Administrator>("POST", "/v1/login/second-factor", { challenge, code });
export const signOut = () => call("POST", "/v1/logout", {});
export const phones = () => call<{ phones: Phone[]; next?: string }>("GET", "/v1/phones?limit=500");
export const hosts = () => call<{ hosts: Host[] }>("GET", "/v1/hosts");
export const pools = () => call<{ pools: Pool[] }>("GET", "/v1/pools");
export const startPhone = (uuid: string) => call("POST", `/v1/phones/${id(uuid)}/start`, {});
export const stopPhone = (uuid: string) => call("POST", `/v1/phones/${id(uuid)}/stop`, {});
// The page has asked already: a phone that somebody holds goes with its lease.
export const destroyPhone = (uuid: string) => call("DELETE", `/v1/phones/${id(uuid)}?force=true`);
export const createPhone = (pool: string) => call<Phone>("POST", "/v1/phones", { pool });
export const thumbnailPath = (uuid: string, width: number, stamp: number) =>
  `/v1/phones/${id(uuid)}/thumbnail?width=${width}&at=${stamp}`;

export function userOf(phone: Phone): string | undefined {
  return phone.user ?? (typeof phone.lease === "object" ? phone.lease?.user : undefined);
}
