// SPDX-License-Identifier: GPL-2.0-or-later
import { useState } from "preact/hooks";
import * as api from "./api";
import { HostCard } from "./host_card";
import { PhoneCard } from "./phone_card";
import { useLive } from "./live";

const PERIOD_MS = 1500;

function matches(phone: api.Phone, words: string, state: string): boolean {
  if (state === "running" && phone.state !== "running") return false;
  if (state === "off" && phone.state === "running") return false;
  if (state === "used" && !api.userOf(phone)) return false;
  const text = [phone.uuid, phone.name, phone.host, phone.pool, phone.template, api.userOf(phone), phone.state]
    .join(" ").toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function PoolLine({ pool, create }: { pool: api.Pool; create: (pool: string) => void }) {
  return (
    <li>
      <b>{pool.name}</b>
      <span class="quiet">
        {pool.ready_now} of {pool.ready} ready, {pool.leased} in use, at most {pool.max}
      </span>
      <button onClick={() => create(pool.name)}>New phone</button>
    </li>
  );
}

export function Overview({ user, signedOut }: { user: string; signedOut: () => void }) {
  const [words, setWords] = useState("");
  const [state, setState] = useState("all");
  const [notice, setNotice] = useState("");
  const phones = useLive(api.phones, PERIOD_MS, signedOut);
  const hosts = useLive(api.hosts, 2 * PERIOD_MS, signedOut);
  const pools = useLive(api.pools, PERIOD_MS, signedOut);

  async function act(what: () => Promise<unknown>) {
    setNotice("");
    try {
      await what();
    } catch (error) {
      setNotice((error as Error).message);
    }
    phones.refresh();
    pools.refresh();
  }

  const all = phones.value?.phones ?? [];
  const shown = all.filter((phone) => matches(phone, words, state));
  const running = all.filter((phone) => phone.state === "running").length;
  const problem = notice || phones.problem || hosts.problem || pools.problem;

  return (
    <>
      <header class="bar">
        <h1><img src="icon.svg" alt="" /> QVMI</h1>
        <span class="quiet">{all.length} phones, {running} running</span>
        <span class="grow" />
        <span class="quiet">{user}</span>
        <button onClick={() => api.signOut().then(signedOut, signedOut)}>Sign out</button>
      </header>
      {problem && <p class="problem" role="alert">{problem}</p>}
      <main>
        <section aria-label="Hosts">
          <h2>Hosts</h2>
          <div class="hosts">{(hosts.value?.hosts ?? []).map((host) => <HostCard key={host.id} host={host} />)}</div>
        </section>
        <section aria-label="Pools">
          <h2>Pools</h2>
          <ul class="pools">
            {(pools.value?.pools ?? []).map((pool) =>
              <PoolLine key={pool.name} pool={pool} create={(name) => act(() => api.createPhone(name))} />)}
          </ul>
        </section>
        <section aria-label="Phones">
          <div class="tools">
            <h2>Phones</h2>
            <input type="search" placeholder="User, host, pool, identifier…" aria-label="Find phones" value={words}
              onInput={(e) => setWords(e.currentTarget.value)} />
            <select aria-label="State" value={state} onChange={(e) => setState(e.currentTarget.value)}>
              <option value="all">all</option>
              <option value="running">running</option>
              <option value="used">in use</option>
              <option value="off">not running</option>
            </select>
          </div>
          {shown.length === 0 && (
            <p class="quiet">{all.length === 0 ? "There are no phones yet." : "No phone matches."}</p>
          )}
          <div class="phones">
            {shown.map((phone) => <PhoneCard key={phone.uuid} phone={phone} act={act} />)}
          </div>
        </section>
      </main>
    </>
  );
}
