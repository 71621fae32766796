// SPDX-License-Identifier: GPL-2.0-or-later
import * as api from "./api";

function Meter({ part, text }: { part: number; text: string }) {
  return (
    <div class="meter" role="img" aria-label={text}>
      <progress max={1} value={Math.min(1, Math.max(0, part))} /> <span class="quiet">{text}</span>
    </div>
  );
}

export function HostCard({ host }: { host: api.Host }) {
  const info = host.info ?? (host as unknown as api.HostInfo);
  const away = host.reachable === false || host.state === "unreachable";
  const total = info.memory_mib ?? 0;
  const free = info.memory_free_mib ?? 0;
  const gib = (mib: number) => (mib / 1024).toFixed(1);
  return (
    <article class="card host">
      <h3><span class={away ? "dot failed" : "dot running"} /> {host.id}
        {host.duty && host.duty !== "active" && <small class="quiet"> {host.duty}</small>}</h3>
      {away && <p class="problem">{host.problem ?? "does not answer; its phones are kept as they were last seen"}</p>}
      {total > 0 && <Meter part={(total - free) / total} text={`${gib(total - free)} of ${gib(total)} GiB in use`} />}
      <p class="quiet">
        {info.phones && <>{info.phones.running} running, {info.phones.off} off · </>}
        {info.cpus && <>{info.cpus} processors · </>}
        {info.qemu && <>QEMU {info.qemu.version} · </>}
        {info.accelerator && <abbr title={info.accelerator.reason ?? ""}>{info.accelerator.name}</abbr>}
      </p>
    </article>
  );
}
